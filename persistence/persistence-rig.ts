/**
 * The persistence thread in one thread, for tests: real lanes, a real journal on a simulated disk, a real store that can
 * be made slow, absent or picky, and lives that follow one another on the same disk.
 */
import assert from "node:assert/strict";
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { fromStore, readLoaded, readLoadFailed } from "../engine/lane/from-store.js";
import { LaneWriter } from "../engine/lane/lane.js";
import {
  type GrantRecord,
  toStore,
  writeGrant,
  writeGranted,
  writeLoad,
  writeNetEnd,
  writeTickEnd,
} from "../engine/lane/to-store.js";
import { createLog } from "../engine/log.js";
import { ControlBlock, createControl } from "../engine/memory/control-block.js";
import { Counters, createCounters } from "../engine/memory/counters.js";
import { createDoorbell, Doorbell } from "../engine/memory/doorbell.js";
import { createRing, RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import { persistenceCatalogue } from "../engine/metrics.js";
import {
  encodeBattleResult,
  encodeLedger,
  encodePlayer,
  type LedgerRow,
  type PlayerRow,
} from "../engine/player.js";
import { createGrid } from "../engine/space/grid.js";
import { ManualClock } from "../engine/time.js";
import { FlakyStore } from "./flaky-store.js";
import { Journal, type JournalLimits } from "./journal/journal.js";
import { SimulatedDisk } from "./journal/simulated-disk.js";
import { Persistence, type PersistenceLimits } from "./persistence.js";
import { type Batch, type Store, StoreUnavailable } from "./store.js";
import { battleRow, idOf } from "./store-contract-rows.js";

/** Loses the answer to a batch that it has applied, when asked to. */
export class LossyStore extends FlakyStore {
  /** Whether the next answer is lost. */
  losesReply: () => boolean = () => false;

  override async applyBatch(batch: Batch): Promise<void> {
    await super.applyBatch(batch);
    if (this.losesReply()) throw new StoreUnavailable("the reply was lost: wait");
  }
}

export const rigLimits: PersistenceLimits = {
  pendingRowsMax: 1000,
  batchRowsMax: 100,
  batchesInFlight: 2,
  flushMs: 200,
  backoffMs: 50,
  backoffMsMax: 400,
  heldPlayersMax: 1000,
  recordsPerLane: 50,
  loadsMax: 8,
  roundBytes: 1 << 20,
  copyBytes: 4096,
  imageBytesMax: 1 << 24,
};

export const rigJournalLimits: JournalLimits = {
  segmentBytes: 1 << 16,
  bytesMax: 1 << 24,
  pendingBytesMax: 1 << 22,
  commitMs: 0,
  commitBytes: 4096,
  backoffMs: 10,
  backoffMsMax: 100,
};

export interface RigOptions {
  readonly store: Store;
  readonly disk?: SimulatedDisk;
  readonly clock?: ManualClock;
  readonly shards?: number;
  readonly limits?: Partial<PersistenceLimits>;
  readonly journalLimits?: Partial<JournalLimits>;
  /** Bytes of each lane from the thread. */
  readonly backBytes?: number;
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A record that a thread was told. */
export interface Told {
  readonly type: number;
  readonly from: ByteReader;
}

/** One life of the thread. */
export class PersistenceRig {
  readonly store: LossyStore;
  readonly disk: SimulatedDisk;
  readonly clock: ManualClock;
  readonly logged: string[] = [];
  readonly counters = new Counters(createCounters(persistenceCatalogue), persistenceCatalogue);
  readonly control: ControlBlock;
  readonly persistence: Persistence;
  readonly journal: Journal;
  /** Times net's doorbell was rung. */
  rings = 0;
  /** Ticks of each shard, and net's groups, as they were ended here. */
  readonly ticks: number[];
  groups = 0;
  readonly #shards: RingWriter[];
  readonly #net: RingWriter;
  readonly #toNet: RingReader;
  readonly #toShards: RingReader[];
  readonly #out = new ByteWriter();
  #woken = 0;

  private constructor(parts: {
    readonly options: RigOptions;
    readonly journal: Journal;
    readonly clock: ManualClock;
    readonly disk: SimulatedDisk;
    readonly onWake: (wake: () => void) => void;
  }) {
    const { options, journal, clock, disk } = parts;
    const shards = options.shards ?? 2;
    const ring = (bytes: number) => createRing(bytes);
    const toStoreRings = Array.from({ length: shards }, () => ring(1 << 20));
    const backRings = Array.from({ length: shards }, () => ring(options.backBytes ?? 1 << 16));
    const netRing = ring(1 << 18);
    const backRing = ring(options.backBytes ?? 1 << 16);
    this.store = options.store instanceof LossyStore ? options.store : new LossyStore(options.store);
    this.disk = disk;
    this.clock = clock;
    this.journal = journal;
    this.control = new ControlBlock(createControl(shards));
    this.ticks = Array.from({ length: shards }, () => -1);
    this.#shards = toStoreRings.map((memory) => new RingWriter(memory));
    this.#net = new RingWriter(netRing);
    this.#toNet = new RingReader(backRing);
    this.#toShards = backRings.map((memory) => new RingReader(memory));
    const bell = new Doorbell(createDoorbell());
    const lane = (memory: typeof backRing) =>
      new LaneWriter(new RingWriter(memory), bell, { outboxBytesMax: 65_536 });
    const wake = () => {
      this.#woken++;
    };
    parts.onWake(wake);
    this.persistence = new Persistence({
      store: this.store,
      journal,
      clock,
      log: this.log,
      limits: { ...rigLimits, ...options.limits },
      counters: this.counters,
      control: this.control,
      // Cell n belongs to shard n modulo their number.
      grid: createGrid(16, 1, 10),
      ownerOf: (cell) => {
        assert.ok(cell < 16, "there is such a cell");
        return cell % shards;
      },
      fromShards: toStoreRings.map((memory) => new RingReader(memory)),
      fromNet: new RingReader(netRing),
      toShards: backRings.map(lane),
      toNet: lane(backRing),
      netBell: {
        ring: () => {
          this.rings++;
        },
      },
      wake,
      rest: async (ms) => {
        clock.advance(Math.max(ms, 1));
        await turn();
      },
    });
  }

  /** A process starts: opens and reads the journal. The store is opened by the first duty cycles. */
  static async start(options: RigOptions): Promise<PersistenceRig> {
    const clock = options.clock ?? new ManualClock();
    const disk = options.disk ?? new SimulatedDisk(1);
    const lines: string[] = [];
    const log = createLog("test", { level: "info", wallMs: () => 0, sink: (line) => lines.push(line) });
    let wake = () => {};
    const journal = await Journal.open({
      disk,
      clock,
      log,
      limits: { ...rigJournalLimits, ...options.journalLimits },
      newId: () => idOf(0x10c),
      wake: () => wake(),
    });
    const rig = new PersistenceRig({
      options,
      journal,
      clock,
      disk,
      onWake: (ring) => {
        wake = ring;
      },
    });
    rig.logged.push(...lines);
    await rig.persistence.recover();
    return rig;
  }

  get log() {
    return createLog("test", { level: "info", wallMs: () => 0, sink: (line) => this.logged.push(line) });
  }

  /** Writes a record to a shard's lane. It is taken once it is published, by {@link endTick} or {@link publish}. */
  say(shard: number, type: number, out: ByteWriter): void {
    assert.ok(this.#shards[shard]!.offer(type, out.bytes()));
  }

  publish(shard: number): void {
    this.#shards[shard]!.publish();
  }

  hello(shard: number, incarnation: number): void {
    this.say(shard, toStore.hello, this.#out.clear().u32(incarnation));
    this.publish(shard);
  }

  row(shard: number, row: PlayerRow): void {
    this.say(shard, toStore.player, encodePlayer(row, this.#out.clear()));
  }

  line(shard: number, row: LedgerRow): void {
    this.say(shard, toStore.ledger, encodeLedger(row, this.#out.clear()));
  }

  battle(shard: number, number: number): void {
    this.say(shard, toStore.battleResult, encodeBattleResult(battleRow(number), this.#out.clear()));
  }

  grant(shard: number, record: GrantRecord): void {
    this.say(shard, toStore.grant, writeGrant(this.#out.clear(), record));
  }

  granted(shard: number, grantId: string, playerId: string): void {
    this.say(shard, toStore.granted, writeGranted(this.#out, { grantId, playerId }));
  }

  /** Ends the shard's tick: the next one, unless another is named. Returns it. */
  endTick(shard: number, tick = this.ticks[shard]! + 1): number {
    this.ticks[shard] = tick;
    const end = { tick, wallMs: 1_700_000_000_000 + tick, stamp: this.control.nextStamp() };
    this.say(shard, toStore.tickEnd, writeTickEnd(this.#out, end));
    this.publish(shard);
    return tick;
  }

  /** A row, in a tick of its own. */
  save(shard: number, row: PlayerRow): void {
    this.row(shard, row);
    this.endTick(shard);
  }

  sayNet(type: number, out: ByteWriter): void {
    assert.ok(this.#net.offer(type, out.bytes()));
  }

  publishNet(): void {
    this.#net.publish();
  }

  /** Ends net's group: it has put into effect what the shards had said by these ticks. */
  endNet(ticks: readonly number[] = this.ticks): number {
    this.groups++;
    this.sayNet(toStore.netEnd, writeNetEnd(this.#out, { group: this.groups, ticks }));
    this.publishNet();
    return this.groups;
  }

  load(session: number, playerNumber: number): void {
    this.sayNet(toStore.load, writeLoad(this.#out, { session, joinEpoch: 7, playerId: idOf(playerNumber) }));
    this.publishNet();
  }

  /** What net was told since the last call. */
  netRecords(): Told[] {
    return recordsOf(this.#toNet);
  }

  shardRecords(shard: number): Told[] {
    return recordsOf(this.#toShards[shard]!);
  }

  /** As {@link netRecords}, as text: `loaded session/epoch version`, `failed session/epoch`, `store up`, `sessions n`. */
  told(): string[] {
    return this.netRecords().map(({ type, from }) => {
      switch (type) {
        case fromStore.storeState:
          return from.u8() === 1 ? "store up" : "store down";
        case fromStore.loadFailed: {
          const { session, joinEpoch } = readLoadFailed(from);
          return `failed ${session}/${joinEpoch}`;
        }
        case fromStore.loaded: {
          const { session, joinEpoch, player, grants } = readLoaded(from);
          const given = grants.length === 0 ? "" : ` grants ${grants.map(({ kind }) => kind).join(" ")}`;
          return `loaded ${session}/${joinEpoch} ${player?.version ?? "nobody"}${given}`;
        }
        case fromStore.sessionsRestored:
          return `sessions ${from.u32()}`;
        default:
          return `record ${type}`;
      }
    });
  }

  /** Duty cycles, with the answers of disk and store between them, until there is nothing to do at this time. */
  async settle(): Promise<void> {
    const { persistence, clock } = this;
    for (let idle = 0; idle < 2; ) {
      const seen = this.#woken;
      let done = 0;
      for (let more = 1; more > 0; done += more) more = persistence.duty(clock.nowMs());
      await turn();
      idle = done === 0 && seen === this.#woken ? idle + 1 : 0;
    }
  }

  /** Lets time pass, in steps of `stepMs`, settling after each. */
  async pass(ms: number, stepMs = 50): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left));
      await this.settle();
    }
  }
}

function recordsOf(ring: RingReader): Told[] {
  const records: Told[] = [];
  ring.drain((type, at, length) => {
    records.push({ type, from: new ByteReader(Uint8Array.from(ring.bytes.subarray(at, at + length))) });
  }, Number.MAX_SAFE_INTEGER);
  return records;
}
