/**
 * The machine a server runs on: what is there whether or not a process runs, its disk, its store and the network with its
 * clients; and the process of the moment. A process is killed or loses power at any instant between two events; some time
 * later another one starts.
 */
import { type Config, configSchema } from "../../engine/config-schema.js";
import type { Log } from "../../engine/log.js";
import { netMetric, type shardMetric } from "../../engine/metrics.js";
import type { PlayerRow } from "../../engine/player.js";
import { Prng } from "../../engine/prng.js";
import type { GameCatalogue } from "../../engine/room/load-games.js";
import { createGrid, type Grid } from "../../engine/space/grid.js";
import { messageBytesMax } from "../../net/limits.js";
import type { Peer } from "../../net/session.js";
import { type DiskOperation, SimulatedDisk } from "../../persistence/journal/simulated-disk.js";
import type { EventQueue } from "./event-queue.js";
import { type Faults, hasCrashes } from "./faults.js";
import type { Fail, GameRecord } from "./game-record.js";
import { type Call, MemoryStore, type Mood, StoredRows } from "./memory-store.js";
import type { PlantedBug } from "./planted-bugs.js";
import { RowTap } from "./row-tap.js";
import { SimDisk } from "./sim-disk.js";
import { type Death, SimProcess } from "./sim-process.js";
import { SimTransport } from "./sim-transport.js";
import type { Trace } from "./trace.js";

export interface SimServerParts {
  readonly seed: number;
  readonly shards: number;
  readonly queue: EventQueue;
  readonly trace: Trace;
  readonly faults: Faults;
  readonly record: GameRecord;
  readonly games: GameCatalogue;
  readonly fail: Fail;
  /** Sessions that are connected, each with the newest event its client has heard that promises to last. */
  readonly promised: () => ReadonlyMap<number, number>;
  readonly bug?: PlantedBug | undefined;
  readonly log?: Log;
}

/** `kill`: what was written to the disk is there, synced or not. `power`: of what was not synced any part is lost. */
export type Crash = "kill" | "power";

const STORE_MS_MAX = 80;
/** The slowest disk's slowest operation. */
const DISK_MS_MAX = 120;
const DOWN_MS_MIN = 20;
const DOWN_MS_MAX = 1500;

/** A call of the store that is under way. */
interface Asked {
  readonly call: Call;
  readonly answer: () => void;
}

export class SimServer {
  readonly config: Config;
  readonly grid: Grid;
  readonly transport: SimTransport<Peer>;
  readonly rows = new StoredRows();
  /** Every row that a shard made visible. */
  readonly tap: RowTap;
  /** That which runs; null between a crash and the end of the next start. */
  process: SimProcess | null = null;
  /** That which runs or starts. */
  #process: SimProcess | null = null;
  crashes = 0;
  diskFailures = 0;
  /** Somebody awaits what has been settled: the event loop must turn before time goes on. */
  mustTurn = false;
  isStoreAway = false;
  /** The disk fails whatever it is asked to write. */
  isDiskAway = false;
  /** Store and disk do not fail by themselves any more. */
  isCalm = false;
  readonly #parts: SimServerParts;
  readonly #prng: Prng;
  readonly #ticketKey: Uint8Array;
  readonly #processes: SimProcess[] = [];
  readonly #diskLatencyMsMax: number;
  #medium: SimulatedDisk;
  #disk: SimDisk | null = null;
  #asked = new Set<Asked>();
  #store: MemoryStore | null = null;
  #promised: ReadonlyMap<number, number> = new Map();
  /** Of the stores of processes before this one. */
  #storeFailures = 0;

  constructor(parts: SimServerParts) {
    this.#parts = parts;
    const { queue, trace, faults, seed } = parts;
    const prng = new Prng(seed ^ 0x5e77e7);
    this.#prng = prng;
    this.config = configOf(parts, prng);
    const { widthCells, heightCells, cellSizeMeters } = this.config.world;
    this.grid = createGrid(widthCells, heightCells, cellSizeMeters);
    this.#ticketKey = Uint8Array.from({ length: 32 }, () => prng.below(256));
    this.transport = new SimTransport<Peer>({
      queue,
      prng: new Prng(prng.next()),
      trace,
      messageBytesMax: messageBytesMax(this.config),
      bufferedBytesMax: faults.bufferedBytesMax,
      idleTimeoutMs: 4000,
      tamper: parts.bug?.message,
    });
    this.tap = new RowTap(parts.fail, parts.bug);
    this.#medium = new SimulatedDisk(prng.next());
    this.#diskLatencyMsMax = 1 + prng.unit() ** 2 * DISK_MS_MAX;
  }

  /** A process starts on what is there, and opens its doors some time later. */
  start(): void {
    this.mustTurn = true;
    this.#startProcess().catch((error: unknown) => {
      try {
        this.#parts.fail(`the process does not start: ${error instanceof Error ? error.stack : error}`);
      } catch {
        // Noted by whoever was told; nobody awaits this.
      }
    });
  }

  async #startProcess(): Promise<void> {
    const { trace, record, games, fail, bug, log, queue } = this.#parts;
    this.#asked = new Set();
    const store = new MemoryStore(this.rows, (call) => this.#mood(call));
    this.#store = store;
    const turn = () => {
      this.mustTurn = true;
    };
    const disk = new SimDisk({
      disk: this.#medium,
      queue,
      prng: new Prng(this.#prng.next()),
      latencyMsMax: this.#diskLatencyMsMax,
      bug,
      turn,
    });
    this.#disk = disk;
    const process = new SimProcess({
      number: this.#processes.length,
      config: this.config,
      grid: this.grid,
      queue,
      prng: new Prng(this.#prng.next()),
      trace,
      record,
      games,
      transport: this.transport,
      store,
      disk,
      tap: this.tap,
      ticketKey: this.#ticketKey,
      owners: this.#cutWorld(),
      fail,
      hasCrashes: hasCrashes(this.#parts.faults),
      bug,
      log,
      turn,
    });
    this.#processes.push(process);
    this.#process = process;
    const promised = this.#promised;
    await process.start();
    if (this.#process !== process) return;
    this.#checkKept(process, promised);
    this.process = process;
    this.#medium.fault = (operation) => this.#diskFault(operation);
  }

  /** What had left as durable was on disk before. */
  #checkKept(process: SimProcess, promised: ReadonlyMap<number, number>): void {
    const { sessions } = process.persistence!.image;
    for (const [session, event] of promised) {
      const last = sessions.get(session)?.eventsLast ?? 0;
      if (last < event) this.#parts.fail(`session ${session} has heard event ${event}, kept are ${last}`);
    }
  }

  /** Lets every thread hear what was rung since. */
  listen(): void {
    this.#process?.listen();
  }

  // ---- faults ----------------------------------------------------------------------------------------------

  /** The process is gone; another one is started some time later. */
  crash(kind: Crash): void {
    const process = this.#process;
    if (process === null) return;
    const { queue, trace, record } = this.#parts;
    trace.note(queue.nowMs * 64, 200, kind === "kill" ? 0 : 1);
    this.crashes++;
    this.#promised = this.process === null ? this.#promised : this.#parts.promised();
    // A disk that fails leaves gaps, which are told.
    if (this.#parts.faults.diskOutages === 0) record.mustRecover = new Set(this.#promised.keys());
    process.end();
    this.#process = null;
    this.process = null;
    this.#storeFailures += this.#store!.failures;
    const downMs = DOWN_MS_MIN + this.#prng.unit() ** 2 * DOWN_MS_MAX;
    this.transport.breakAll(kind, downMs);
    this.#endCalls();
    this.#endDisk(kind);
    record.processDied();
    this.tap.processDied();
    queue.after(downMs, () => this.start());
  }

  /** What the store was doing when the process that asked went away: it does it, or it does not. */
  #endCalls(): void {
    for (const { call, answer } of this.#asked) if (call === "write" && this.#prng.below(2) === 0) answer();
    this.#asked.clear();
    this.mustTurn = true;
  }

  /** The last operations end as they may; then the medium is what the next process finds. */
  #endDisk(kind: Crash): void {
    const medium = this.#medium;
    medium.fault = () => null;
    this.#disk!.end();
    this.#parts.queue.after(0, () => {
      if (kind === "power") medium.powerLoss();
      this.#medium = medium.restart();
    });
  }

  stallDisk(ms: number): void {
    this.#disk?.stall(ms);
  }

  #diskFault(operation: DiskOperation): "EIO" | "ENOSPC" | null {
    // A disk that cannot be read is another matter: the process would not start.
    if (this.isCalm || operation === "read" || operation === "list") return null;
    const prng = this.#prng;
    if (!this.isDiskAway && prng.unit() >= this.#parts.faults.diskFailures) return null;
    this.diskFailures++;
    return operation !== "sync" && prng.below(2) === 0 ? "ENOSPC" : "EIO";
  }

  /** Ends a shard of the process. */
  kill(shard: number, when: Death): void {
    this.process?.kill(shard, when);
  }

  stall(ms: number): void {
    this.process?.stall(ms);
  }

  /** Who owns what: stripes, blocks, or a patchwork in which every step crosses a border. */
  #cutWorld(): Uint8Array {
    const { shards } = this.#parts;
    const { widthCells, cellCount } = this.grid;
    const pattern = this.#prng.below(3);
    return Uint8Array.from({ length: cellCount }, (_, cell) => {
      const column = cell % widthCells;
      return pattern === 0
        ? Math.floor((column * shards) / widthCells)
        : pattern === 1
          ? Math.floor((cell * shards) / cellCount)
          : this.#prng.below(shards);
    });
  }

  // ---- the store -------------------------------------------------------------------------------------------

  #mood(call: Call): Mood {
    const { queue, faults, bug } = this.#parts;
    const prng = this.#prng;
    const delayMs = prng.unit() * STORE_MS_MAX;
    const isFailing = this.isStoreAway || (!this.isCalm && prng.unit() < faults.storeFailures);
    const asked = this.#asked;
    return {
      isForgotten: call === "write" && bug?.batch?.() === "drop",
      fails: !isFailing ? "never" : prng.below(3) === 0 ? "after" : "before",
      delay: () =>
        new Promise<void>((resolve) => {
          const one = { call, answer: resolve };
          asked.add(one);
          queue.after(delayMs, () => {
            // Not there any more: the process that asked is not either.
            if (!asked.delete(one)) return;
            this.mustTurn = true;
            resolve();
          });
        }),
    };
  }

  /** Operations of the disk that are under way. */
  get diskUnderWay(): number {
    return this.#disk?.underWay ?? 0;
  }

  /** Calls of the store that are under way. */
  get callsUnderWay(): number {
    return this.#store?.underWay ?? 0;
  }

  /** The newest row of a player that the store has. */
  stored(playerId: string): PlayerRow | undefined {
    return this.rows.players.get(playerId);
  }

  // ---- sums over all processes -----------------------------------------------------------------------------

  netCount(name: keyof typeof netMetric): number {
    return this.#processes.reduce((sum, { counters }) => sum + counters.net.get(netMetric[name]), 0);
  }

  shardCount(name: keyof typeof shardMetric): number {
    return this.#processes.reduce((sum, process) => sum + process.shardCount(name), 0);
  }

  get restarts(): number {
    return this.#processes.reduce((sum, process) => sum + process.restarts, 0);
  }

  get storeFailures(): number {
    return this.#storeFailures + (this.process === null ? 0 : this.#store!.failures);
  }
}

/** A small world with small rings: borders are near, and lanes do fill. */
function configOf(parts: SimServerParts, prng: Prng): Config {
  const canCrash = hasCrashes(parts.faults);
  const config = configSchema.parse({
    net: {
      payloadBytesMax: 256,
      connectionsMax: 64,
      bufferedBytesMax: Math.max(4096, parts.faults.bufferedBytesMax),
    },
    session: {
      graceMs: 1000 + prng.below(2000),
      // Where processes die, what is told to nobody is to be the exception.
      eventsKeptMax: canCrash ? 1024 : 64,
      eventBytesKeptMax: canCrash ? 65_536 : 4096,
    },
    world: {
      field: parts.games.field.name,
      widthCells: 6,
      heightCells: 4,
      cellSizeMeters: 4,
      sightRadiusCells: 1,
      seed: prng.below(0x7fff_ffff),
      tickHz: 20,
      saveSeconds: 1 + prng.below(3),
    },
    shards: {
      count: parts.shards,
      entitiesMax: 96,
      // Another process cuts the world otherwise, and one shard may get the rooms of all.
      roomsMax: canCrash ? 64 : 16,
      handoffIntentsMax: 1 << prng.below(6),
    },
    store: { flushMs: 1 + prng.below(200), batchRowsMax: 1 + prng.below(8), pendingRowsMax: 100 },
    journal: { commitMs: prng.below(5), checkpointSeconds: 1 + prng.below(3) },
  });
  const ringBytes = 4096 << prng.below(3);
  // A member that moves takes along which grants it has had.
  const peerRingBytes = (canCrash ? 32_768 : 8192) << prng.below(2);
  // Short segments, so that there is something to prune; now and then so few of them that the journal is full.
  const segmentBytes = 4096 << prng.below(4);
  const bytesMax = prng.below(4) === 0 ? 262_144 : 2_097_152;
  return {
    ...config,
    shards: { ...config.shards, ringBytes, peerRingBytes },
    journal: { ...config.journal, segmentBytes, bytesMax, commitBytes: 4096 },
  };
}
