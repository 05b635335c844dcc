/**
 * The smallest game in which everything is durable, for tests that kill the server. Load it by its file:
 * `games: ["<dist>/games/testing/durable-game.js"]`, `world.field: "durable-test"`.
 *
 * Field "durable-test": people stand in the middle of the world's first or last cell, by their seed, and stay there.
 *
 *   intent 1 openTally   no body          opens a tally and makes the sender its first member; refused tooManyRooms
 *   intent 2 joinTally   JoinTally {room} makes the sender a member; refused by the code of joinRoom. Same shard only
 *   intent 3 earn        Earn {amount}    durable: the sender gains gold, one ledger line "earn", one save
 *   intent 4 pay         Pay {entity, amount}  durable: the sender loses gold (ledger "pay"), the person who is that
 *                        entity, on the same shard, is granted it (ledger "paid"); refused noSuchEntity, or notEnoughGold
 *   grant  1 gold        f64 amount, then the ledger's reason as text: what the receiver gains
 *
 * Room "tally", durable, 10 ticks a second:
 *
 *   intent 1 add         Add {n}          adds n; everybody is told `sum`. For 64 players in all; more: roomFull
 *   intent 2 finish      no body          20 world ticks later everybody is told `over`, everybody who has added
 *                        anything is granted as much gold (ledger "tally"), a result row is appended, the room closes
 *   event  1 sum         {@link SumEvent}   after every `add`, to all members
 *   event  2 beat        {@link BeatEvent}  every ten room ticks, to all members: a roll of the room's dice each
 *   event  3 over        {@link SumEvent}   the last; session and n are 0
 *   event  4 welcome     {@link SumEvent}   to who has joined or is back: where things stand; session and n are 0
 *
 * The bodies of intents are FlatBuffers tables (games/testing/schema), those of events packed little-endian numbers.
 */
import { Builder, ByteBuffer } from "flatbuffers";
import {
  ByteReader,
  ByteWriter,
  type Field,
  type FieldContext,
  type FieldMember,
  type FieldType,
  type Game,
  type Grant,
  type Intent,
  NO_ROW,
  type Room,
  type RoomContext,
  type RoomMember,
  type RoomPlayer,
  type RoomType,
  refusals,
} from "../../engine/room/game.js";
import { Add } from "./generated/add.js";
import { AddSchema, EarnSchema, JoinTallySchema, PaySchema } from "./generated/durable-schema.js";
import { Earn } from "./generated/earn.js";
import { JoinTally } from "./generated/join-tally.js";
import { Pay } from "./generated/pay.js";

export const durableFieldIntents = { openTally: 1, joinTally: 2, earn: 3, pay: 4 } as const;
export const tallyIntents = { add: 1, finish: 2 } as const;
export const tallyEvents = { sum: 1, beat: 2, over: 3, welcome: 4 } as const;
const grantKinds = { gold: 1 } as const;

/** Refusal code of `pay`. */
export const NOT_ENOUGH_GOLD = 1900;

const BEAT_TICKS = 10;
const FINISH_TICKS = 20;
const FINISH_TIMER = 0;

/** u32 count, f64 sum, u32 session, u32 n. */
export interface SumEvent {
  /** Numbers added so far. */
  readonly count: number;
  readonly sum: number;
  /** Who added the last one, and what. */
  readonly session: number;
  readonly n: number;
}
/** u32 tick, u32 roll. */
export interface BeatEvent {
  /** The room's. */
  readonly tick: number;
  /** 0 to 999,999. */
  readonly roll: number;
}

export function readSumEvent(body: Uint8Array): SumEvent {
  const from = new ByteReader(body);
  return { count: from.u32(), sum: from.f64(), session: from.u32(), n: from.u32() };
}
export function readBeatEvent(body: Uint8Array): BeatEvent {
  const from = new ByteReader(body);
  return { tick: from.u32(), roll: from.u32() };
}

function finished(build: (builder: Builder) => number): Uint8Array {
  const builder = new Builder(32);
  builder.finish(build(builder));
  return builder.asUint8Array();
}
export const joinTallyBody = (room: number) =>
  finished((builder) => JoinTally.createJoinTally(builder, room));
export const earnBody = (amount: number) => finished((builder) => Earn.createEarn(builder, amount));
export const payBody = (entity: number, amount: number) =>
  finished((builder) => Pay.createPay(builder, entity, amount));
export const addBody = (n: number) => finished((builder) => Add.createAdd(builder, n));

function goldBody(amount: number, reason: string): Uint8Array {
  return new ByteWriter(64).f64(amount).text(reason).bytes();
}

class Tally implements Room {
  readonly #context: RoomContext;
  readonly #out = new ByteWriter(64);
  /** What each player has added, by playerId, with who they were. */
  readonly #added = new Map<string, { readonly player: RoomPlayer; amount: number }>();
  #sum = 0;
  #count = 0;

  constructor(context: RoomContext) {
    this.#context = context;
  }

  onJoin(member: RoomMember): void {
    this.#context.tell(member, tallyEvents.welcome, this.#stand(0, 0));
  }

  onReconnect(member: RoomMember): void {
    this.#context.tell(member, tallyEvents.welcome, this.#stand(0, 0));
  }

  onIntent(member: RoomMember, intent: Intent): void {
    if (intent.kind === tallyIntents.finish) {
      this.#context.setTimer(FINISH_TIMER, FINISH_TICKS);
      return;
    }
    const { playerId } = member.player;
    const added = this.#added.get(playerId) ?? { player: member.player, amount: 0 };
    if (!this.#added.has(playerId) && this.#added.size >= tally.membersMax) {
      this.#context.refuse(member, intent.seq, refusals.roomFull.code);
      return;
    }
    const n = Add.getRootAsAdd(new ByteBuffer(intent.body)).n();
    this.#sum += n;
    this.#count++;
    added.amount += n;
    this.#added.set(playerId, added);
    this.#context.tellAll(tallyEvents.sum, this.#stand(member.session, n));
  }

  onTick(): void {
    const { tick } = this.#context;
    if (tick % BEAT_TICKS !== 0) return;
    const roll = this.#context.chanceBelow(1_000_000);
    this.#context.tellAll(tallyEvents.beat, this.#out.clear().u32(tick).u32(roll).bytes());
  }

  onTimer(): void {
    const context = this.#context;
    context.tellAll(tallyEvents.over, this.#stand(0, 0));
    for (const { player, amount } of this.#added.values()) {
      if (amount > 0) context.grant(player, grantKinds.gold, goldBody(amount, "tally"));
    }
    context.appendResult({
      battleId: context.newRowId(),
      roomType: tally.name,
      endedAtMs: context.wallMs,
      ticks: context.tick,
      winningSide: -1,
      fighters: [...this.#added.values()].map(({ player, amount }) => {
        const { playerId, name } = player;
        return { playerId, name, side: 0, outcome: "draw", experience: 0, gold: amount };
      }),
    });
    context.close();
  }

  checkpoint(out: ByteWriter): void {
    out.f64(this.#sum).u32(this.#count).u16(this.#added.size);
    for (const { player, amount } of this.#added.values()) {
      out.hex16(player.playerId).text(player.name).u16(player.level);
      out.u32(player.entityId).u32(player.cell).f64(amount);
    }
  }

  restore(from: ByteReader): void {
    this.#sum = from.f64();
    this.#count = from.u32();
    for (let left = from.u16(); left > 0; left--) {
      const [playerId, name, level] = [from.hex16(), from.text(), from.u16()];
      const player = { playerId, name, level, entityId: from.u32(), cell: from.u32() };
      this.#added.set(playerId, { player, amount: from.f64() });
    }
  }

  #stand(session: number, n: number): Uint8Array {
    return this.#out.clear().u32(this.#count).f64(this.#sum).u32(session).u32(n).bytes();
  }
}

export const tally: RoomType = {
  name: "tally",
  tickHz: 10,
  membersMax: 64,
  isDurable: true,
  onSocketLost: "stay",
  intents: [
    { kind: tallyIntents.add, name: "add", schema: AddSchema, perSecond: 1000, burst: 2000 },
    { kind: tallyIntents.finish, name: "finish", schema: null, perSecond: 10, burst: 20 },
  ],
  create: (context) => new Tally(context),
};

class DurableField implements Field {
  readonly #context: FieldContext;

  constructor(context: FieldContext) {
    this.#context = context;
  }

  onTick(): void {}

  onIntent(member: FieldMember, intent: Intent): void {
    const refusal = this.#apply(member, intent);
    if (refusal !== 0) this.#context.refuse(member, intent.seq, refusal);
  }

  onGrant(member: FieldMember, grant: Grant): void {
    const from = new ByteReader(grant.body);
    const gold = from.f64();
    member.player.gold += gold;
    this.#context.book(member, { reason: from.text(), gold });
  }

  #apply(member: FieldMember, intent: Intent): number {
    const context = this.#context;
    const body = new ByteBuffer(intent.body);
    switch (intent.kind) {
      case durableFieldIntents.openTally: {
        const cell = context.entities.cell[member.row]!;
        const room = context.openRoom(tally.name, cell, new Uint8Array(0));
        return room === 0 ? refusals.tooManyRooms.code : this.#join(member, room);
      }
      case durableFieldIntents.joinTally:
        return this.#join(member, JoinTally.getRootAsJoinTally(body).room());
      case durableFieldIntents.earn: {
        const gold = Earn.getRootAsEarn(body).amount();
        member.player.gold += gold;
        context.book(member, { reason: "earn", gold });
        context.save(member);
        return 0;
      }
      default: {
        const wish = Pay.getRootAsPay(body);
        return this.#pay(member, wish.entity(), wish.amount());
      }
    }
  }

  #pay(member: FieldMember, entity: number, amount: number): number {
    const context = this.#context;
    const row = context.entities.rowOf(entity);
    const receiver = row === NO_ROW ? undefined : context.memberAt(row);
    if (receiver === undefined || receiver === member) return refusals.noSuchEntity.code;
    if (member.player.gold < amount) return NOT_ENOUGH_GOLD;
    const { playerId } = receiver.player;
    const to = { playerId, entityId: entity, cell: context.entities.cell[row]! };
    context.grant(member, to, grantKinds.gold, goldBody(amount, "paid"));
    member.player.gold -= amount;
    context.book(member, { reason: "pay", gold: -amount });
    context.save(member);
    return 0;
  }

  #join(member: FieldMember, room: number): number {
    const { playerId, name, level } = member.player;
    const cell = this.#context.entities.cell[member.row]!;
    return this.#context.joinRoom(room, member.session, {
      playerId,
      name,
      level,
      entityId: member.entityId,
      cell,
    });
  }
}

export const durableField: FieldType = {
  name: "durable-test",
  columns: {},
  intents: [
    { kind: durableFieldIntents.openTally, name: "openTally", schema: null, perSecond: 10, burst: 20 },
    {
      kind: durableFieldIntents.joinTally,
      name: "joinTally",
      schema: JoinTallySchema,
      perSecond: 10,
      burst: 20,
    },
    {
      kind: durableFieldIntents.earn,
      name: "earn",
      schema: EarnSchema,
      perSecond: 1000,
      burst: 2000,
      isDurable: true,
    },
    {
      kind: durableFieldIntents.pay,
      name: "pay",
      schema: PaySchema,
      perSecond: 1000,
      burst: 2000,
      isDurable: true,
    },
  ],
  spawn: (grid, seed) => {
    const half = grid.cellSizeMeters / 2;
    const isFirst = (seed & 1) === 0;
    return isFirst ? { x: half, y: half } : { x: grid.widthMeters - half, y: grid.heightMeters - half };
  },
  create: (context) => new DurableField(context),
};

export default { fields: [durableField], rooms: [tally] } satisfies Game;
