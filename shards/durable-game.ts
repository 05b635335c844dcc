/**
 * A game for tests of what survives: a durable room that does everything a room can, by dice; and a field that opens it,
 * joins it and gives things away.
 */
import {
  type Act,
  ByteReader,
  ByteWriter,
  type Field,
  type FieldContext,
  type FieldMember,
  type FieldType,
  type Grant,
  hash32,
  type Intent,
  type Room,
  type RoomContext,
  type RoomMember,
  type RoomType,
} from "../engine/room/game.js";
import { walkingField } from "./walking-field.js";

export const fieldKinds = { open: 1, join: 2, poke: 3, give: 4, keepSafe: 5 } as const;
export const roomKinds = {
  tell: 1,
  refuse: 2,
  time: 3,
  leave: 4,
  close: 5,
  grant: 6,
  result: 7,
  rest: 8,
  fail: 9,
} as const;
export const GIFT = 7;

class DurableRoom implements Room {
  readonly #context: RoomContext;
  #calls = 0;
  #sum = 0;

  constructor(context: RoomContext) {
    this.#context = context;
  }

  #mix(a: number, b = 0): void {
    this.#calls++;
    this.#sum = hash32(this.#sum, a, b, this.#context.chanceBelow(1 << 30));
  }

  #body(): Uint8Array {
    const { tick, wallMs } = this.#context;
    return new ByteWriter().u32(this.#sum).u32(tick).f64(wallMs).u32(this.#calls).bytes();
  }

  onCreate(options: Uint8Array): void {
    this.#mix(options[0] ?? 0);
    this.#context.setTimer(1, 2 + this.#context.chanceBelow(20));
  }

  onJoin(member: RoomMember): void {
    this.#mix(member.session, member.player.level);
    this.#context.tellAll(1, this.#body());
  }

  onDrop(member: RoomMember): void {
    this.#mix(member.session);
  }

  onReconnect(member: RoomMember): void {
    this.#mix(member.session);
    this.#context.tell(member, 2, this.#body());
  }

  onLeave(member: RoomMember): void {
    this.#mix(member.session);
    this.#context.tellAll(3, this.#body());
  }

  onIntent(member: RoomMember, intent: Intent): void {
    const context = this.#context;
    this.#mix(intent.seq, intent.kind);
    switch (intent.kind) {
      case roomKinds.tell:
        context.tell(member, 4, this.#body());
        return;
      case roomKinds.refuse:
        context.refuse(member, intent.seq, 1000, `for reason ${this.#sum}`);
        return;
      case roomKinds.time:
        context.setTimer(intent.seq % 16, 1 + context.chanceBelow(12));
        if (context.chanceBelow(3) === 0) context.clearTimer((intent.seq + 1) % 16);
        return;
      case roomKinds.leave:
        context.remove(member);
        context.tellAll(5, this.#body());
        return;
      case roomKinds.close:
        context.tellAll(6, this.#body());
        context.close();
        return;
      case roomKinds.grant:
        this.#grant(member);
        return;
      case roomKinds.result:
        this.#append();
        return;
      case roomKinds.rest:
        context.setActive(false);
        return;
      case roomKinds.fail:
        context.tellAll(7, this.#body());
        throw new Error("the room's own bug");
      default:
        return;
    }
  }

  onAct(act: Act): void {
    this.#mix(act.fromEntity, act.kind);
    this.#context.setActive(true);
  }

  onTimer(id: number): void {
    const context = this.#context;
    this.#mix(id);
    context.setActive(true);
    if (context.chanceBelow(2) === 0) context.setTimer(id, 1 + context.chanceBelow(15));
    if (context.chanceBelow(2) === 0) context.tellAll(8, this.#body());
  }

  onTick(): void {
    const context = this.#context;
    this.#mix(context.tick);
    context.broadcast(1, this.#body());
    const [first] = context.members.values();
    switch (context.chanceBelow(24)) {
      case 0:
        context.tellAll(9, this.#body());
        return;
      case 1:
        context.setActive(false);
        return;
      case 2:
        if (first !== undefined) context.act(first.player.entityId, first.player.cell, 1, this.#body());
        return;
      case 3:
        if (first !== undefined) this.#grant(first);
        return;
      case 4:
        this.#append();
        return;
      case 5:
        context.setTimer(context.chanceBelow(16), 1 + context.chanceBelow(30));
        return;
      case 6:
        context.clearTimer(context.chanceBelow(16));
        return;
      case 7:
        if (first !== undefined && context.chanceBelow(8) === 0) context.remove(first);
        return;
      case 8:
        if (context.chanceBelow(30) === 0) {
          context.tellAll(10, this.#body());
          context.close();
        }
        return;
      default:
        return;
    }
  }

  #grant({ player }: RoomMember): void {
    const { playerId, entityId, cell } = player;
    this.#context.grant(
      { playerId, entityId, cell },
      GIFT,
      new ByteWriter(4).u32(1 + (this.#sum & 7)).bytes(),
    );
  }

  #append(): void {
    const { tick, wallMs } = this.#context;
    this.#context.appendResult({
      battleId: this.#context.newRowId(),
      roomType: durableRoomName,
      endedAtMs: wallMs,
      ticks: tick,
      winningSide: -1,
      fighters: [],
    });
  }

  checkpoint(out: ByteWriter): void {
    out.u32(this.#calls).u32(this.#sum);
  }

  restore(from: ByteReader): void {
    this.#calls = from.u32();
    this.#sum = from.u32();
  }
}

const durableRoomName = "durable";

export function durableRoom(tickHz = 10): RoomType {
  return {
    name: durableRoomName,
    tickHz,
    membersMax: 4,
    intents: [],
    isDurable: true,
    onSocketLost: "stay",
    create: (context) => new DurableRoom(context),
  };
}

/** A walking field whose people open rooms, join them, poke them, and give each other gold. */
class GivingField implements Field {
  readonly #context: FieldContext;
  readonly #walking: Field;

  constructor(context: FieldContext) {
    this.#context = context;
    this.#walking = walkingField.create(context);
  }

  onCellOpen(cell: number): void {
    this.#walking.onCellOpen!(cell);
  }

  onCreatureLost(cell: number, index: number): void {
    this.#walking.onCreatureLost!(cell, index);
  }

  onMove(member: FieldMember, dx: number, dy: number): void {
    this.#walking.onMove!(member, dx, dy);
  }

  onJoin(member: FieldMember): void {
    this.#context.entities.column("came", "u8")[member.row] = 1;
  }

  onReturn(member: FieldMember): void {
    this.#context.entities.column("came", "u8")[member.row]! += 10;
  }

  onGrant(member: FieldMember, grant: Grant): void {
    const gold = new ByteReader(grant.body).u32();
    if (gold === 0) throw new Error("nothing was given");
    member.player.gold += gold;
    this.#context.book(member, { reason: "gift", gold });
  }

  onIntent(member: FieldMember, intent: Intent): void {
    const context = this.#context;
    const from = new ByteReader(intent.body);
    const cell = context.entities.cell[member.row]!;
    const { playerId, name, level } = member.player;
    const seat = { playerId, name, level, entityId: member.entityId, cell };
    switch (intent.kind) {
      case fieldKinds.open: {
        const roomId = context.openRoom(durableRoomName, cell, Uint8Array.of(intent.seq & 0xff));
        if (roomId !== 0) context.joinRoom(roomId, member.session, seat);
        return;
      }
      case fieldKinds.join: {
        const code = context.joinRoom(from.u32(), member.session, seat);
        if (code !== 0) context.refuse(member, intent.seq, code);
        return;
      }
      case fieldKinds.poke: {
        const roomId = from.u32();
        context.actRoom(member.row, roomId, from.u32(), 1, intent.body);
        return;
      }
      case fieldKinds.give: {
        const gold = from.u32();
        const to = { playerId: from.hex16(), entityId: from.u32(), cell: from.u32() };
        member.player.gold -= gold;
        context.book(member, { reason: "gift", gold: -gold });
        context.grant(member, to, GIFT, new ByteWriter(4).u32(gold).bytes());
        context.save(member);
        return;
      }
      case fieldKinds.keepSafe:
        context.save(member);
        return;
      default:
        return;
    }
  }

  onTick(): void {
    this.#walking.onTick();
  }
}

export const givingField: FieldType = {
  name: "giving",
  intents: Object.entries(fieldKinds).map(([name, kind]) => ({
    kind,
    name,
    schema: null,
    perSecond: 1000,
    burst: 1000,
    isDurable: kind === fieldKinds.keepSafe,
  })),
  columns: { ...walkingField.columns, came: "u8" },
  spawn: walkingField.spawn,
  create: (context) => new GivingField(context),
};
