/** Everything control can see of a running server, read from what the threads share. The admin port shows it. */
import type { Config } from "../engine/config-schema.js";
import { limits } from "../engine/limits.js";
import { ControlBlock } from "../engine/memory/control-block.js";
import { Counters } from "../engine/memory/counters.js";
import { OwnershipTable } from "../engine/memory/ownership-table.js";
import type { RingMemory } from "../engine/memory/spsc-ring.js";
import { netCatalogue, persistenceCatalogue, persistenceMetric, shardCatalogue } from "../engine/metrics.js";
import type { Clock } from "../engine/time.js";
import type { Wiring } from "../engine/wiring.js";
import type { TablesStatus } from "./table-files.js";

/** A lane, by name. */
export interface NamedLane {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly ring: RingMemory;
}

export interface ServerViewOptions {
  readonly config: Config;
  readonly wiring: Wiring;
  readonly clock: Clock;
  readonly version: string;
  /** Names of the room types, in the order of the game catalogue. */
  readonly roomTypes: readonly string[];
  /** Whether the shard's thread runs and has beaten since its start. */
  hasShardBeaten(shard: number): boolean;
  shardRestarts(shard: number): number;
  /** The tables of static game data; null before they are read. */
  tables?(): TablesStatus | null;
}

export class ServerView {
  readonly options: ServerViewOptions;
  readonly control: ControlBlock;
  readonly ownership: OwnershipTable;
  readonly shards: readonly Counters[];
  readonly net: Counters;
  readonly persistence: Counters;
  readonly lanes: readonly NamedLane[];
  readonly startedAtMs: number;
  /** False until the start is complete. */
  isStarted = false;

  constructor(options: ServerViewOptions) {
    const { wiring } = options;
    this.options = options;
    this.control = new ControlBlock(wiring.control);
    this.ownership = new OwnershipTable(wiring.ownership);
    this.shards = wiring.counters.shards.map((memory) => new Counters(memory, shardCatalogue));
    this.net = new Counters(wiring.counters.net, netCatalogue);
    this.persistence = new Counters(wiring.counters.persistence, persistenceCatalogue);
    this.lanes = lanesOf(wiring);
    this.startedAtMs = options.clock.nowMs();
  }

  get uptimeMs(): number {
    return this.options.clock.nowMs() - this.startedAtMs;
  }

  /** Names of the threads, by their numbers in the control block. */
  threadName(thread: number): string {
    if (thread === this.control.netThread) return "net";
    if (thread === this.control.storeThread) return "persistence";
    return thread === this.control.mainThread ? "main" : `shard-${thread}`;
  }

  /** Milliseconds since a thread's last beat; infinite before its first. */
  heartbeatAgeMs(thread: number): number {
    const isShard = thread < this.control.shardCountMax;
    const hasBeaten = isShard ? this.options.hasShardBeaten(thread) : this.control.heartbeat(thread) !== 0;
    return hasBeaten
      ? this.control.heartbeatAgeMs(thread, this.options.clock.nowMs())
      : Number.POSITIVE_INFINITY;
  }

  /** What keeps players from being served, in words; empty when nothing does. */
  notReady(): string[] {
    const reasons: string[] = [];
    if (!this.isStarted) reasons.push("the server is starting");
    if (this.control.phase !== "running") reasons.push(`the server is ${this.control.phase}`);
    for (const name of this.silentThreads()) reasons.push(`${name} gives no sign of life`);
    return reasons;
  }

  /**
   * What does not work though players are served, in words; empty when everything does. Such a server stays in the load
   * balancer: every other one that shares the store is as badly off.
   */
  impaired(): string[] {
    const reasons: string[] = [];
    const { journalState } = this.control;
    if (this.persistence.get(persistenceMetric.store_up) !== 1)
      reasons.push(
        "the store does not answer: rows wait in the journal, and players it does not know cannot enter",
      );
    const isImageFull = this.persistence.get(persistenceMetric.image_full) === 1;
    if (isImageFull)
      reasons.push(
        "more is to be brought back at a start than can be kept in memory: what must be durable is refused",
      );
    if (journalState === "full" && !(isImageFull && this.#hasStoreCaughtUp()))
      reasons.push("too much waits for the store: what must be durable is refused");
    if (journalState === "failing")
      reasons.push("the journal's disk does not write: what must be durable is refused");
    if (this.persistence.get(persistenceMetric.players_held) > 0)
      reasons.push("rows of some players are set aside: see dead_letters in the store");
    return reasons;
  }

  /** Whether no more rows wait for a store that answers than a full journal is opened again with. */
  #hasStoreCaughtUp(): boolean {
    const { pendingRowsMax } = this.options.config.store;
    const { bytesMax } = this.options.config.journal;
    return (
      this.persistence.get(persistenceMetric.rows_pending) <= pendingRowsMax * 0.9 &&
      this.persistence.get(persistenceMetric.journal_bytes) <= bytesMax * 0.9
    );
  }

  /** How long a thread may be silent. Persistence waits for a disk inside its store, and a disk may stall for seconds. */
  heartbeatAgeMsMax(thread: number): number {
    return thread === this.control.storeThread ? limits.threadStartMsMax : limits.heartbeatAgeMsMax;
  }

  /** Names of the threads, this one aside, that have not beaten yet or for too long. */
  silentThreads(): string[] {
    const names: string[] = [];
    for (let thread = 0; thread < this.control.threadCount; thread++) {
      if (thread === this.control.mainThread) continue;
      if (this.heartbeatAgeMs(thread) > this.heartbeatAgeMsMax(thread)) names.push(this.threadName(thread));
    }
    return names;
  }

  cellsPerShard(): number[] {
    const counts = Array.from({ length: this.shards.length }, () => 0);
    for (let cell = 0; cell < this.ownership.cellCount; cell++) {
      const owner = this.ownership.owner(cell);
      if (owner < counts.length) counts[owner]! += 1;
    }
    return counts;
  }
}

function lanesOf({ lanes }: Wiring): NamedLane[] {
  const named = (name: string, from: string, to: string, ring: RingMemory) => ({ name, from, to, ring });
  const shard = (index: number) => `shard-${index}`;
  return [
    ...lanes.toShard.map((ring, i) => named("to_shard", "net", shard(i), ring)),
    ...lanes.toNet.map((ring, i) => named("to_net", shard(i), "net", ring)),
    ...lanes.toStore.map((ring, i) => named("to_store", shard(i), "persistence", ring)),
    named("net_to_store", "net", "persistence", lanes.netToStore),
    named("store_to_net", "persistence", "net", lanes.storeToNet),
    ...lanes.storeToShard.map((ring, i) => named("store_to_shard", "persistence", shard(i), ring)),
    ...lanes.toPeer.flatMap((row, i) =>
      row.flatMap((ring, j) => (ring === null ? [] : [named("to_peer", shard(i), shard(j), ring)])),
    ),
  ];
}
