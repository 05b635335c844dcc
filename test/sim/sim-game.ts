/**
 * The game the simulation plays: shards/walking-field.ts, and rooms, with everything that is applied or told written
 * down where no thread can lose it.
 */
import {
  type Act,
  ByteWriter,
  type Field,
  type FieldContext,
  type FieldMember,
  type FieldType,
  type Grant,
  type Intent,
  type Room,
  type RoomContext,
  type RoomMember,
  type RoomType,
  refusals,
} from "../../engine/room/game.js";
import { walkingField } from "../../shards/walking-field.js";
import { reasons } from "./durable-truth.js";
import type { GameRecord } from "./game-record.js";
import { GRANT_GOLD, lastingRoom, readLastingGrant } from "./lasting-room.js";
import { fieldIntents, roomIntents, specs } from "./sim-intents.js";

/** Kind of the events that carry a number of {@link GameRecord.told}. */
export const TOLD = 1;

const TOLD_BYTES = 8;
const EARNED = 10;

function toldBody(stream: number, number: number): Uint8Array {
  return new ByteWriter(TOLD_BYTES).u32(stream).u32(number).bytes();
}

class SimField implements Field {
  readonly #context: FieldContext;
  readonly #record: GameRecord;
  readonly #walking: Field;
  readonly #applied: Uint32Array;
  readonly #stream: number;
  /** Rooms opened last on this shard. */
  #room = 0;
  #lastingRoom = 0;

  constructor(context: FieldContext, record: GameRecord) {
    this.#context = context;
    this.#record = record;
    this.#walking = walkingField.create(context);
    this.#applied = context.entities.column("applied", "u32");
    this.#stream = record.newStream();
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

  onAct(row: number, act: Act): void {
    this.#walking.onAct!(row, act);
  }

  onTick(): void {
    this.#record.mayDie();
    if (!this.#record.isStill) this.#walking.onTick();
  }

  onJoin(member: FieldMember): void {
    this.#record.joined(member.session);
  }

  onIntent(member: FieldMember, intent: Intent): void {
    const { session, row } = member;
    this.#record.mayDie();
    this.#record.applied({ session, room: 0, seq: intent.seq });
    this.#applied[row]!++;
    switch (intent.kind) {
      case fieldIntents.fail:
      case fieldIntents.greet:
        this.#walking.onIntent!(member, intent);
        return;
      case fieldIntents.openRoom:
        this.#room = this.#openRoom(member, intent, "staying") || this.#room;
        return;
      case fieldIntents.openBriefRoom:
        this.#room = this.#openRoom(member, intent, "brief") || this.#room;
        return;
      case fieldIntents.openLastingRoom:
        this.#lastingRoom = this.#openRoom(member, intent, "lasting") || this.#lastingRoom;
        return;
      case fieldIntents.joinRoom:
      case fieldIntents.joinLastingRoom: {
        const room = intent.kind === fieldIntents.joinRoom ? this.#room : this.#lastingRoom;
        const code = this.#join(member, room);
        if (code !== 0) this.#context.refuse(member, intent.seq, code);
        return;
      }
      case fieldIntents.earn:
        member.player.gold += EARNED;
        this.#record.earned(member.player.playerId, EARNED);
        this.#record.durable.earned(session, intent.seq);
        this.#context.book(member, { reason: reasons.earned(session, intent.seq), gold: EARNED });
        this.#context.save(member);
        return;
      case fieldIntents.tell:
        this.#context.tell(member, TOLD, toldBody(this.#stream, this.#record.told(session, this.#stream)));
        return;
      default:
        return;
    }
  }

  onGrant(member: FieldMember, grant: Grant): void {
    const { room, session, seq } = readLastingGrant(grant.body);
    member.player.gold += GRANT_GOLD;
    this.#record.earned(member.player.playerId, GRANT_GOLD);
    this.#context.book(member, { reason: reasons.granted(room, session, seq), gold: GRANT_GOLD });
  }

  /** Returns the room, 0 when it was refused. */
  #openRoom(member: FieldMember, intent: Intent, type: string): number {
    const cell = this.#context.entities.cell[member.row]!;
    const room = this.#context.openRoom(type, cell, new Uint8Array());
    if (room === 0) this.#context.refuse(member, intent.seq, refusals.tooManyRooms.code);
    else this.#join(member, room);
    return room;
  }

  #join(member: FieldMember, roomId: number): number {
    const { playerId, name, level } = member.player;
    const cell = this.#context.entities.cell[member.row]!;
    return this.#context.joinRoom(roomId, member.session, {
      playerId,
      name,
      level,
      entityId: member.entityId,
      cell,
    });
  }
}

class SimRoom implements Room {
  readonly #context: RoomContext;
  readonly #record: GameRecord;
  readonly #stream: number;
  #ticks = 0;

  constructor(context: RoomContext, record: GameRecord) {
    this.#context = context;
    this.#record = record;
    this.#stream = record.newStream();
  }

  onTick(): void {
    this.#ticks++;
    if (!this.#record.isStill) {
      this.#context.broadcast(1, new ByteWriter(8).u32(this.#stream).u32(this.#ticks).bytes());
    }
  }

  onJoin(member: RoomMember): void {
    this.#tell(member);
    if (this.#context.members.size === 2) this.#context.setTimer(1, 5);
  }

  onTimer(): void {
    for (const member of this.#context.members.values()) this.#tell(member);
  }

  onIntent(member: RoomMember, intent: Intent): void {
    const { session } = member;
    this.#record.applied({ session, room: this.#context.roomId, seq: intent.seq });
    switch (intent.kind) {
      case roomIntents.leave:
        this.#context.remove(member);
        return;
      case roomIntents.fail:
        throw new Error("asked to fail");
      case roomIntents.close:
        this.#context.close();
        return;
      case roomIntents.tellAll:
        for (const other of this.#context.members.values()) this.#tell(other);
        return;
      default:
        this.#tell(member);
    }
  }

  onLeave(): void {
    if (this.#context.members.size === 0) this.#context.close();
  }

  #tell(member: RoomMember): void {
    this.#context.tell(member, TOLD, toldBody(this.#stream, this.#record.told(member.session, this.#stream)));
  }
}

export function simField(record: GameRecord): FieldType {
  return {
    ...walkingField,
    name: "simulated",
    intents: specs(fieldIntents, [fieldIntents.earn]),
    columns: { ...walkingField.columns, applied: "u32" },
    create: (context) => new SimField(context, record),
  };
}

export function simRooms(record: GameRecord): RoomType[] {
  const common = { membersMax: 3, intents: specs(roomIntents) };
  const create = (context: RoomContext): Room => new SimRoom(context, record);
  return [
    { ...common, name: "staying", tickHz: 10, onSocketLost: "stay", create },
    { ...common, name: "brief", tickHz: 20, onSocketLost: "leave", create },
    lastingRoom(record.durable),
  ];
}
