/** A gateway on one thread, its clock cranked by hand, with the shards' and the store's ends of its lanes. For tests. */
import { type Config, configSchema } from "../engine/config-schema.js";
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { LaneWriter } from "../engine/lane/lane.js";
import {
  CELL_PROMOTES,
  CELL_TO_PENDING,
  type EventRecord,
  type MemberRecord,
  type RoomJoinedRecord,
  toNet,
  writeAdrift,
  writeApplied,
  writeEvent,
  writeMember,
  writeRoomJoined,
  writeRoomLeft,
} from "../engine/lane/to-net.js";
import { readJoin, readSession, toShard } from "../engine/lane/to-shard.js";
import { silentLog } from "../engine/log.js";
import { ControlBlock } from "../engine/memory/control-block.js";
import { Doorbell } from "../engine/memory/doorbell.js";
import { OwnershipTable } from "../engine/memory/ownership-table.js";
import { RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import type { netMetric } from "../engine/metrics.js";
import { netMetric as metric } from "../engine/metrics.js";
import { newPlayer, type PlayerRow } from "../engine/player.js";
import type { FieldType, RoomType } from "../engine/room/game.js";
import { ManualClock } from "../engine/time.js";
import {
  decodeEvent,
  decodeFrames,
  decodeWelcome,
  FRAMES_HEAD_BYTES,
  frameLength,
  type WelcomeFields,
  writeAppear,
  writeFrameHead,
  writeFramesHead,
  writeMove,
} from "../engine/wire/codec.js";
import { RefusedSchema } from "../engine/wire/generated/session-schema.js";
import { messageTypes } from "../engine/wire/message-types.js";
import { createWiring, type Wiring } from "../engine/wiring.js";
import { Gateway } from "./gateway.js";
import { type MemoryClient, MemoryTransport } from "./memory-transport.js";
import { openNetLanes } from "./net-lanes.js";
import { nobodySurvived, RigJournal, type Survivors } from "./rig-journal.js";
import type { Peer } from "./session.js";
import { issueTicket } from "./tickets.js";

/** Intents of the rig's field and of its rooms. */
export const rigIntents = { bare: 1, table: 2, rare: 3, roomBare: 7 } as const;

const rigField = {
  name: "rig",
  columns: {},
  intents: [
    { kind: rigIntents.bare, name: "bare", schema: null, perSecond: 100, burst: 200 },
    { kind: rigIntents.table, name: "table", schema: RefusedSchema, perSecond: 100, burst: 200 },
    { kind: rigIntents.rare, name: "rare", schema: null, perSecond: 1, burst: 2 },
  ],
  spawn: () => ({ x: 5, y: 5 }),
  create: () => {
    throw new Error("the rig simulates nothing");
  },
} satisfies FieldType;

const rigRoom = {
  name: "table",
  tickHz: 0,
  membersMax: 4,
  onSocketLost: "stay",
  intents: [{ kind: rigIntents.roomBare, name: "roomBare", schema: null, perSecond: 100, burst: 200 }],
  create: () => {
    throw new Error("the rig simulates nothing");
  },
} satisfies RoomType;

/** A record as its reader found it. */
export interface HeardRecord {
  readonly shard: number;
  readonly type: number;
  readonly payload: Uint8Array;
}

/** The simulated shard's end of its two lanes. */
export class RigShard {
  readonly shard: number;
  readonly #control: ControlBlock;
  readonly #net: LaneWriter;
  readonly #inbound: RingReader;
  readonly #out = new ByteWriter();
  #incarnation = 0;
  tick = 0;

  constructor(shard: number, wiring: Wiring, control: ControlBlock) {
    this.shard = shard;
    this.#control = control;
    this.#net = new LaneWriter(
      new RingWriter(wiring.lanes.toNet[shard]!),
      new Doorbell(wiring.doorbells.net),
      {
        outboxBytesMax: 1_000_000,
      },
    );
    this.#inbound = new RingReader(wiring.lanes.toShard[shard]!);
  }

  /** What net has sent since the last look. */
  hear(): HeardRecord[] {
    const heard: HeardRecord[] = [];
    this.#inbound.drain((type, at, length) => {
      heard.push({ shard: this.shard, type, payload: this.#inbound.bytes.slice(at, at + length) });
    }, 100_000);
    return heard;
  }

  hello(incarnation: number): void {
    while (this.#control.incarnation(this.shard) < incarnation) this.#control.raiseIncarnation(this.shard);
    this.#incarnation = incarnation;
    this.#net.sendWriter(toNet.hello, this.#out.clear().u32(incarnation));
  }

  member(type: number, record: MemberRecord): void {
    this.#net.sendWriter(type, writeMember(this.#out, record));
  }

  /** `refused`: what it has refused of what it held for the member. */
  adrift(record: MemberRecord, refused: readonly number[] = []): void {
    this.#net.sendWriter(toNet.memberAdrift, writeAdrift(this.#out, { ...record, refused }));
  }

  /** Answers the evictions that it was told of as the incarnation it is; the tick is still to end. */
  letGo(heard: readonly HeardRecord[]): void {
    for (const { shard, type, payload } of heard) {
      if (type !== toShard.evict || shard !== this.shard) continue;
      const { incarnation, session, joinEpoch } = readSession(new ByteReader(payload));
      if (incarnation === this.#incarnation)
        this.member(toNet.evicted, { session, joinEpoch, entityId: session, cell: 0 });
    }
  }

  /** Everything that survived has been told again. */
  restored(incarnation: number): void {
    this.#net.sendWriter(toNet.restored, this.#out.clear().u32(incarnation));
  }

  event(sessions: readonly number[], scope: number, kind: number, body = new Uint8Array(0)): void {
    this.say({ sessions, scope, kind, roomId: 0, roomSeq: 0, isDurable: false, body });
  }

  say(event: EventRecord): void {
    this.#net.sendWriter(toNet.event, writeEvent(this.#out, event));
  }

  applied(session: number, applied: number, room = 0, tick = this.tick): void {
    this.#net.sendWriter(toNet.applied, writeApplied(this.#out, { session, room, applied, tick }));
  }

  roomJoined(record: Omit<RoomJoinedRecord, "isDurable"> & { readonly isDurable?: boolean }): void {
    this.#net.sendWriter(toNet.roomJoined, writeRoomJoined(this.#out, { isDurable: false, ...record }));
  }

  roomLeft(session: number, roomId: number, code: number): void {
    this.#net.sendWriter(toNet.roomLeft, writeRoomLeft(this.#out, { session, roomId, code }));
  }

  roomMessage(roomId: number, message: Uint8Array): void {
    this.#net.sendWriter(toNet.roomMessage, this.#out.clear().u32(roomId).u32(0).raw(message));
  }

  cellMessage(cell: number, flags: number, message: Uint8Array): void {
    this.#net.sendWriter(toNet.cellMessage, this.#out.clear().u32(cell).u32(flags).raw(message));
  }

  /** As a shard answers keyframeWanted: names for those who wait, then the keyframe. */
  keyframe(cell: number, mark: number): void {
    this.cellMessage(cell, CELL_TO_PENDING, Uint8Array.of(messageTypes.profiles, mark));
    this.cellMessage(cell, CELL_TO_PENDING | CELL_PROMOTES, this.frame(cell, mark, true));
  }

  delta(cell: number, mark: number): void {
    this.cellMessage(cell, 0, this.frame(cell, mark, false));
  }

  /** A message with one frame, whose mark is the slot it speaks of. {@link marksOf} reads it. */
  frame(cell: number, mark: number, isKeyframe: boolean, moves = 1): Uint8Array {
    const counts = { appears: isKeyframe ? 1 : 0, leaves: 0, changes: 0, moves: isKeyframe ? 0 : moves };
    const bytes = new Uint8Array(FRAMES_HEAD_BYTES + frameLength(counts));
    let at = writeFrameHead(bytes, writeFramesHead(bytes, 0, this.tick), { cell, isKeyframe, ...counts });
    const rest = { kind: 0, level: 1, look: 0, state: 0, health: 255, heading: 0 };
    if (isKeyframe) writeAppear(bytes, at, { id: mark, x: 0, y: 0, slot: mark, ...rest });
    else for (let move = 0; move < moves; move++) at = writeMove(bytes, at, mark, 1, 1);
    return bytes;
  }

  /** Makes everything of this tick visible. */
  endTick(tick = this.tick++): void {
    this.tick = tick + 1;
    this.#net.sendWriter(toNet.tickDone, this.#out.clear().u32(tick));
    this.#control.setPublishedTick(this.shard, tick);
    this.#net.flush();
  }

  /** Makes it visible in mid-tick, as a shard that dies there does. */
  publishPartly(): void {
    this.#net.flush();
  }
}

/** Names and frames among messages, in their order: [profiles, mark] and [cellFrames, 1 for a keyframe, mark]. */
export function marksOf(messages: readonly Uint8Array[]): number[][] {
  const marks: number[][] = [];
  for (const bytes of messages) {
    if (bytes[0] === messageTypes.profiles) marks.push([...bytes]);
    if (bytes[0] !== messageTypes.cellFrames) continue;
    const mark = (slot: number) => {
      marks.at(-1)![2] = slot;
    };
    decodeFrames(bytes, {
      onFrame: (_cell, _tick, isKeyframe) => marks.push([messageTypes.cellFrames, isKeyframe ? 1 : 0]),
      onAppear: (_id, _x, _y, slot) => mark(slot),
      onLeave: mark,
      onChange: mark,
      onMove: mark,
    });
  }
  return marks;
}

/** What a client was told, by kind. */
export interface Told {
  readonly welcomes: WelcomeFields[];
  readonly events: { scope: number; kind: number; seq: number; room: number; body: Uint8Array }[];
  /** Types in the order of arrival. */
  readonly types: number[];
  readonly raw: Uint8Array[];
}

export class GatewayRig {
  readonly config: Config;
  readonly clock = new ManualClock(1000);
  readonly wiring: Wiring;
  readonly control: ControlBlock;
  readonly ownership: OwnershipTable;
  readonly transport: MemoryTransport<Peer>;
  readonly shards: RigShard[];
  readonly gateway: Gateway;
  readonly key = new Uint8Array(32).fill(7);
  /** The store's end. */
  readonly journal: RigJournal;
  readonly counters: { get(index: number): number };
  wakes = 0;
  #secrets = 0;

  /** `survivors`: of a process before this one. Its shards say nothing before {@link open}. */
  constructor(overrides: Record<string, unknown> = {}, survivors: Survivors | null = null) {
    this.config = configSchema.parse({
      world: { widthCells: 8, heightCells: 8, cellSizeMeters: 10, sightRadiusCells: 1, field: "rig" },
      shards: { count: 2, ringBytes: 65_536 },
      ...overrides,
    });
    this.wiring = createWiring(this.config);
    this.control = new ControlBlock(this.wiring.control);
    this.control.originMs = 0;
    this.ownership = new OwnershipTable(this.wiring.ownership);
    // The left half belongs to shard 0, the right half to shard 1.
    for (let cell = 0; cell < 64; cell++) this.ownership.assign(cell, cell % 8 < 4 ? 0 : 1);
    this.shards = [0, 1].map((shard) => new RigShard(shard, this.wiring, this.control));
    this.journal = new RigJournal(this.wiring, this.control, survivors ?? nobodySurvived);
    this.transport = new MemoryTransport({ bufferedBytesMax: this.config.net.bufferedBytesMax });
    const lanes = openNetLanes(this.wiring);
    this.counters = lanes.counters;
    this.gateway = new Gateway({
      config: this.config,
      games: { field: rigField, rooms: new Map([[rigRoom.name, rigRoom]]) },
      lanes,
      clock: this.clock,
      log: silentLog,
      transport: this.transport,
      ticketKey: this.key,
      secretBytes: (length) => new Uint8Array(length).fill(++this.#secrets),
      serverVersion: "0.0.0",
      files: null,
      wake: () => {
        this.wakes++;
      },
    });
    void this.gateway.start();
    if (survivors !== null) return;
    this.journal.restore();
    this.open();
  }

  /** Both shards have begun, with nothing. */
  open(): void {
    for (const shard of this.shards) {
      shard.hello(1);
      shard.restored(1);
      shard.endTick(0);
    }
    this.duty();
  }

  count(name: keyof typeof netMetric): number {
    return this.counters.get(metric[name]);
  }

  duty(): number {
    return this.gateway.duty(this.clock.nowMs());
  }

  /** What the thread does behind a turn of its sockets. */
  turn(): void {
    if (this.wakes === 0) return;
    this.wakes = 0;
    this.duty();
  }

  /** Both shards end the same tick, and net sends it. */
  endTick(): void {
    const tick = Math.max(...this.shards.map((shard) => shard.tick));
    for (const shard of this.shards) shard.endTick(tick);
    this.clock.advance(50);
    this.duty();
  }

  run(ticks: number): void {
    for (let left = ticks; left > 0; left--) this.endTick();
  }

  ticket(playerId: string, name = "Ann"): string {
    const issuedAt = this.clock.wallMs();
    return issueTicket({ playerId, name, issuedAt, expiresAt: issuedAt + 3_600_000 }, this.key);
  }

  /** A client at the door. `player` is one letter or digit of the hex alphabet. */
  connect(
    player: string,
    options: { resume?: { session: number; token: string }; name?: string } = {},
  ): MemoryClient {
    const { resume } = options;
    const protocols = [
      "gridshard.1",
      `ticket.${this.ticket(player.repeat(32), options.name)}`,
      "client.rig-1.0.0",
      ...(resume === undefined ? [] : [`resume.${resume.session}.${resume.token}`]),
    ];
    return this.transport.connect({ protocols: protocols.join(", ") });
  }

  /** What the store is asked. */
  takeLoads(): RigJournal["loads"] {
    this.journal.take();
    return this.journal.loads.splice(0);
  }

  answerLoad(load: { session: number; joinEpoch: number }, player: PlayerRow | null): void {
    this.journal.loaded({ ...load, player, grants: [] });
  }

  failLoad(load: { session: number; joinEpoch: number }): void {
    this.journal.loadFailed({ ...load, playerId: "0".repeat(32) });
  }

  /** Answers every load: the player stands at (x, y). */
  loadAll(x: number, y: number): void {
    this.duty();
    for (const load of this.takeLoads()) {
      this.answerLoad(load, { ...newPlayer(load.playerId, "Ann"), x, y });
    }
    this.duty();
  }

  /** What both shards have been sent. */
  hear(): HeardRecord[] {
    return this.shards.flatMap((shard) => shard.hear());
  }

  /** Lets every join that is waiting succeed. Returns what was heard. */
  admitAll(): HeardRecord[] {
    const heard = this.hear();
    for (const { shard, type, payload } of heard) {
      if (type !== toShard.join) continue;
      const { session, joinEpoch, x, y } = readJoin(new ByteReader(payload));
      const cell = Math.floor(y / 10) * 8 + Math.floor(x / 10);
      this.shards[shard]!.member(toNet.joined, { session, joinEpoch, entityId: session, cell });
    }
    this.endTick();
    return heard;
  }

  /** Every shard lets go of what it was told to. Returns what was heard. */
  letGoAll(): HeardRecord[] {
    const heard = this.hear();
    for (const shard of this.shards) shard.letGo(heard);
    this.endTick();
    return heard;
  }

  /** A client in the world at (x, y), everything it was told so far, and its Welcome. */
  enter(player: string, x = 15, y = 15): { client: MemoryClient; welcome: WelcomeFields } {
    const client = this.connect(player);
    this.loadAll(x, y);
    this.admitAll();
    const [welcome] = told(client).welcomes;
    if (welcome === undefined) throw new Error("no Welcome");
    return { client, welcome };
  }

  /** Answers every keyframe that is wanted, in the next tick. */
  answerKeyframes(mark = 0): HeardRecord[] {
    const heard = this.hear();
    for (const { shard, type, payload } of heard) {
      if (type === toShard.keyframeWanted)
        this.shards[shard]!.keyframe(new ByteReader(payload.subarray(4)).u32(), mark);
    }
    this.endTick();
    return heard;
  }
}

/** Reads what a client has got. */
export function told(client: MemoryClient): Told {
  const raw = client.take();
  return {
    raw,
    types: raw.map((bytes) => bytes[0]!),
    welcomes: raw.filter((bytes) => bytes[0] === messageTypes.welcome).map(decodeWelcome),
    events: raw.filter((bytes) => bytes[0] === messageTypes.event).map(decodeEvent),
  };
}
