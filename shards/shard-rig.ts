/**
 * Shards in one thread under a hand-cranked clock, with the plainest net there can be: it routes by session, answers
 * `memberMoved` with a marker and `memberAdrift` with a load, and keeps every record it hears; and the plainest store, which keeps everything at once
 * and tells a shard that begins what survived. For tests.
 */
import { configSchema } from "../engine/config-schema.js";
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { LaneWriter } from "../engine/lane/lane.js";
import { type MemberRecord, readMember, toNet } from "../engine/lane/to-net.js";
import {
  toShard,
  writeJoin,
  writeMarker,
  writeRoomSession,
  writeSession,
  writeSight,
} from "../engine/lane/to-shard.js";
import type { GrantRecord } from "../engine/lane/to-store.js";
import { type Log, silentLog } from "../engine/log.js";
import type { JournalState } from "../engine/memory/control-block.js";
import { ControlBlock } from "../engine/memory/control-block.js";
import { Doorbell } from "../engine/memory/doorbell.js";
import { OwnershipTable } from "../engine/memory/ownership-table.js";
import { type RingMemory, RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import { newPlayer, type PlayerRow } from "../engine/player.js";
import type { FieldType, RoomType, TableSpec } from "../engine/room/game.js";
import type { GameTables } from "../engine/room/game-tables.js";
import { cellAt, createGrid, type Grid } from "../engine/space/grid.js";
import { ManualClock } from "../engine/time.js";
import { messageTypes } from "../engine/wire/message-types.js";
import { createWiring, type Wiring } from "../engine/wiring.js";
import { KeptJournal } from "./kept-journal.js";
import { Shard } from "./shard.js";

export interface HeardRecord {
  readonly shard: number;
  readonly type: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

export interface RigOptions {
  readonly shards: number;
  readonly field: FieldType;
  readonly rooms?: readonly RoomType[];
  readonly widthCells?: number;
  readonly heightCells?: number;
  readonly cellSizeMeters?: number;
  readonly handoffIntentsMax?: number;
  readonly entitiesMax?: number;
  readonly movesPerCellMax?: number;
  readonly tables?: readonly TableSpec[];
  /** Default: {@link tables} as they are shipped. */
  readonly gameTables?: GameTables;
  readonly checkpointSeconds?: number;
  readonly roomsMax?: number;
  readonly ringBytes?: number;
  /** Default: nothing is said. */
  readonly log?: Log;
  /** The process before this one, which has died: time goes on, and what it kept is restored. */
  readonly after?: ShardRig;
}

export class ShardRig {
  readonly clock: ManualClock;
  /** What the store kept. */
  readonly kept: KeptJournal;
  readonly wiring: Wiring;
  readonly control: ControlBlock;
  readonly grid: Grid;
  readonly shards: (Shard | undefined)[] = [];
  /** The store's thread reads what shards write; it stands still otherwise. */
  isStoreReading = true;
  /** Every record heard so far. */
  readonly heard: HeardRecord[] = [];
  /** Shard of each session, as the rig's net believes. */
  readonly route = new Map<number, number>();
  readonly joinEpochs = new Map<number, number>();
  /** Where {@link join} put each session. */
  readonly #spawns = new Map<number, { readonly x: number; readonly y: number }>();
  readonly #options: RigOptions;
  readonly #config;
  readonly #inbound: RingReader[];
  readonly #lanes: LaneWriter[];
  readonly #stores: RingReader[];
  readonly #storeLanes: LaneWriter[];
  /** Shards that have been told what survived of the process before this one. */
  readonly #begun = new Set<number>();
  readonly #out = new ByteWriter();

  constructor(options: RigOptions) {
    this.#options = options;
    this.clock = new ManualClock(options.after?.clock.nowMs() ?? 1000);
    this.kept = options.after?.kept ?? new KeptJournal();
    this.kept.voidOpenGroups();
    this.#config = configSchema.parse({
      world: {
        widthCells: options.widthCells ?? 4,
        heightCells: options.heightCells ?? 2,
        cellSizeMeters: options.cellSizeMeters ?? 10,
        movesPerCellMax: options.movesPerCellMax ?? 128,
      },
      shards: {
        count: options.shards,
        roomsMax: options.roomsMax ?? 1000,
        ...(options.ringBytes === undefined ? {} : { ringBytes: options.ringBytes }),
        entitiesMax: options.entitiesMax ?? 1000,
        handoffIntentsMax: options.handoffIntentsMax ?? 64,
      },
      journal: { checkpointSeconds: options.checkpointSeconds ?? 10 },
    });
    const { widthCells, heightCells, cellSizeMeters } = this.#config.world;
    this.grid = createGrid(widthCells, heightCells, cellSizeMeters);
    this.wiring = createWiring(this.#config);
    this.control = new ControlBlock(this.wiring.control);
    this.control.originMs = options.after?.control.originMs ?? this.clock.nowMs();
    if (options.after !== undefined) {
      const { control } = options.after;
      const incarnations = Array.from({ length: control.shardCountMax }, (_, shard) =>
        control.incarnation(shard),
      );
      this.control.setIncarnationBase(Math.max(...incarnations));
    }
    const ownership = new OwnershipTable(this.wiring.ownership);
    // Vertical stripes: easy to walk across.
    for (let cell = 0; cell < this.grid.cellCount; cell++) {
      ownership.assign(cell, Math.floor(((cell % widthCells) * options.shards) / widthCells));
    }
    this.#inbound = this.wiring.lanes.toNet.map((ring) => new RingReader(ring));
    this.#stores = this.wiring.lanes.toStore.map((ring) => new RingReader(ring));
    const lane = (ring: RingMemory, shard: number) =>
      new LaneWriter(new RingWriter(ring), new Doorbell(this.wiring.doorbells.shards[shard]!), {
        outboxBytesMax: 1 << 26,
      });
    this.#lanes = this.wiring.lanes.toShard.map(lane);
    this.#storeLanes = this.wiring.lanes.storeToShard.map(lane);
    for (let shard = 0; shard < options.shards; shard++) this.start(shard);
  }

  /** Starts a shard, or starts it again with what the store kept, as the supervisor does. */
  start(shard: number): Shard {
    const incarnation = this.control.raiseIncarnation(shard);
    const host = new Shard({
      wiring: this.wiring,
      config: this.#config,
      shard,
      incarnation,
      games: {
        field: this.#options.field,
        rooms: new Map((this.#options.rooms ?? []).map((type) => [type.name, type])),
        tables: { list: this.#options.tables ?? [], checks: [] },
      },
      ...(this.#options.gameTables === undefined ? {} : { tables: this.#options.gameTables }),
      clock: this.clock,
      log: this.#options.log ?? silentLog,
    });
    this.shards[shard] = host;
    this.#keep();
    return host;
  }

  /** The shard's thread is gone: whatever it had not made visible is lost. */
  kill(shard: number): void {
    this.shards[shard] = undefined;
  }

  /** One tick period: every shard's duty, then what net does with what they said. */
  step(order: readonly number[] = this.shards.map((_, index) => index)): void {
    this.clock.advance(1000 / this.#config.world.tickHz);
    for (const shard of order) this.shards[shard]?.duty(this.clock.nowMs());
    this.hear();
    for (const lane of [...this.#lanes, ...this.#storeLanes]) lane.flush();
  }

  /** What can be kept safe, as the store's thread tells everybody. */
  setJournalState(state: JournalState): void {
    this.control.setJournalState(state);
  }

  run(ticks: number): void {
    for (let tick = 0; tick < ticks; tick++) this.step();
  }

  /** What shards have made visible is read, by net and by the store. */
  hear(): void {
    const ticks = new Map<number, number>();
    const adrift: MemberRecord[] = [];
    this.#inbound.forEach((ring, shard) => {
      ring.drain((type, at, length) => {
        const payload = ring.bytes.slice(at, at + length) as Uint8Array<ArrayBuffer>;
        this.heard.push({ shard, type, payload });
        if (type === toNet.memberMoved) this.#onMoved(shard, readMember(new ByteReader(payload)));
        if (type === toNet.memberAdrift) adrift.push(readMember(new ByteReader(payload)));
        if (type === toNet.tickDone) ticks.set(shard, new ByteReader(payload).u32());
      }, 100_000);
    });
    this.#keep();
    for (const { session, joinEpoch } of adrift)
      if (joinEpoch === this.joinEpochs.get(session)) this.loadAnew(session);
    for (const [shard, tick] of ticks) this.kept.netHas(shard, tick);
  }

  /** The store reads what shards have made visible, and net does not: as if it died before it could. */
  keep(): void {
    this.#keep();
  }

  #keep(): void {
    if (!this.isStoreReading) return;
    this.#stores.forEach((ring, shard) => {
      ring.drain((type, at, length) => {
        const payload = ring.bytes.slice(at, at + length) as Uint8Array<ArrayBuffer>;
        const incarnation = this.kept.take(shard, type, payload);
        if (incarnation !== undefined) this.#restore(shard, incarnation);
      }, 100_000);
    });
  }

  #restore(shard: number, incarnation: number): void {
    this.kept.answer(this.#storeLanes[shard]!, {
      incarnation,
      owns: (cell) => this.ownerOf(cell) === shard,
      cellOf: ({ x, y }) => cellAt(this.grid, x, y),
      withEntities: this.#options.after !== undefined && !this.#begun.has(shard),
    });
    this.#begun.add(shard);
  }

  #onMoved(shard: number, record: MemberRecord): void {
    const from = this.route.get(record.session)!;
    const { session, joinEpoch } = record;
    if (joinEpoch !== this.joinEpochs.get(session)) return;
    this.route.set(session, shard);
    this.#send(from, toShard.routeMarker, writeMarker(this.#out, { ...this.#session(from, session), shard }));
  }

  /** The player of a session as the store knows him now; who was never saved is where he came in. */
  loadOf(session: number): PlayerRow {
    const playerId = playerIdOf(session);
    return this.kept.playerOf(playerId) ?? { ...newPlayer(playerId, ""), ...this.#spawns.get(session)! };
  }

  /** Whoever is nowhere is joined anew as the store knows him, behind everything that was written of him. */
  loadAnew(session: number, player = this.loadOf(session)): void {
    const { playerId, x, y } = player;
    const shard = this.ownerAt(x, y);
    this.joinEpochs.set(session, this.joinEpochs.get(session)! + 1);
    this.route.set(session, shard);
    const grants = this.kept.grantsOf(playerId);
    this.joinAs(session, { shard, x, y, player, grants, isRelocated: true });
  }

  /** Records of one type, decoded. */
  members(type: number): (MemberRecord & { readonly shard: number })[] {
    return this.heard
      .filter((record) => record.type === type)
      .map((record) => ({ ...readMember(new ByteReader(record.payload)), shard: record.shard }));
  }

  join(session: number, x: number, y: number, shard = this.ownerAt(x, y)): void {
    const joinEpoch = (this.joinEpochs.get(session) ?? 0) + 1;
    this.joinEpochs.set(session, joinEpoch);
    this.route.set(session, shard);
    this.#spawns.set(session, { x, y });
    const player = newPlayer(playerIdOf(session), `player ${session}`);
    this.joinAs(session, { shard, x, y, player });
  }

  /** As {@link join}, once its epoch and route are known, with all that net could say. */
  joinAs(
    session: number,
    join: {
      readonly shard: number;
      readonly x: number;
      readonly y: number;
      readonly player: PlayerRow;
      readonly grants?: readonly GrantRecord[];
      readonly isRelocated?: boolean;
    },
  ): void {
    const { shard, x, y, player, grants = [], isRelocated = false } = join;
    const record = {
      ...this.#session(shard, session),
      x,
      y,
      isRelocated,
      isSuspended: false,
      player,
      grants,
    };
    this.#send(shard, toShard.join, writeJoin(this.#out, record));
  }

  /** A record about a session in a room: leave, drop, reconnect. */
  roomSession(type: number, session: number, roomId: number, shard: number): void {
    const record = { incarnation: this.control.incarnation(shard), session, roomId };
    this.#send(shard, type, writeRoomSession(this.#out, record));
  }

  /** A session record (leave, drop, reconnect, evict) to the shard net believes in, or to a named one. */
  session(type: number, session: number, shard = this.route.get(session)!): void {
    this.#send(shard, type, writeSession(this.#out, this.#session(shard, session)));
  }

  sight(cell: number, subscribers: number): void {
    const shard = this.ownerOf(cell);
    const record = { incarnation: this.control.incarnation(shard), cell, subscribers };
    this.#send(shard, toShard.sight, writeSight(this.#out, record));
  }

  wantKeyframe(cell: number): void {
    const shard = this.ownerOf(cell);
    const record = { incarnation: this.control.incarnation(shard), cell, subscribers: 0 };
    this.#send(shard, toShard.keyframeWanted, writeSight(this.#out, record));
  }

  /** Makes every cell awake, as if somebody saw it. */
  seeEverything(): void {
    for (let cell = 0; cell < this.grid.cellCount; cell++) this.sight(cell, 1);
  }

  move(session: number, dx: number, dy: number): void {
    this.#intent(session, 0, [messageTypes.moveIntent, 0, dx & 0xff, dy & 0xff, 0, 0, 0, 0]);
  }

  /** A reliable field intent. */
  intent(session: number, kind: number, seq: number, body: Uint8Array = new Uint8Array()): void {
    const head = new ByteWriter().u8(messageTypes.fieldIntent).u8(0).u16(kind).u32(seq).raw(body);
    this.#intent(session, 0, head.bytes());
  }

  roomIntent(
    session: number,
    shard: number,
    roomId: number,
    kind: number,
    seq: number,
    body: Uint8Array = new Uint8Array(),
  ): void {
    const head = new ByteWriter()
      .u8(messageTypes.roomIntent)
      .u8(0)
      .u16(kind)
      .u32(seq)
      .u32(roomId)
      .u32(0)
      .raw(body);
    this.#intent(session, roomId, head.bytes(), shard);
  }

  #intent(
    session: number,
    roomId: number,
    message: ArrayLike<number>,
    shard = this.route.get(session)!,
  ): void {
    const { incarnation, joinEpoch } = this.#session(shard, session);
    const out = this.#out.clear().u32(incarnation).u32(session).u32(joinEpoch).u32(roomId);
    this.#send(shard, toShard.intent, out.raw(Uint8Array.from(message)));
  }

  #session(shard: number, session: number) {
    return {
      incarnation: this.control.incarnation(shard),
      session,
      joinEpoch: this.joinEpochs.get(session) ?? 0,
    };
  }

  #send(shard: number, type: number, out: ByteWriter): void {
    this.#lanes[shard]!.sendWriter(type, out);
    this.#lanes[shard]!.flush();
  }

  /** Believes of its sessions what another rig believes of them: after its shard was restored from the other's. */
  adopt(other: ShardRig): void {
    for (const [session, shard] of other.route) this.route.set(session, shard);
    for (const [session, joinEpoch] of other.joinEpochs) this.joinEpochs.set(session, joinEpoch);
  }

  ownerOf(cell: number): number {
    return new OwnershipTable(this.wiring.ownership).owner(cell);
  }

  ownerAt(x: number, y: number): number {
    return this.ownerOf(cellAt(this.grid, x, y));
  }

  /** Shards on which the session's member is, real and unfrozen. */
  holders(session: number): number[] {
    return this.shards.flatMap((shard, index) => (shard?.field.members.has(session) === true ? [index] : []));
  }
}

/** The player that a rig's session is. */
export function playerIdOf(session: number): string {
  return session.toString(16).padStart(32, "0");
}
