/**
 * One process of the server: its threads as they are composed in server.ts, but all of them in one: the real gateway,
 * the real shards, the real persistence, on real lanes, each with duty cycles of its own. Shards die and are started
 * again as the supervisor would. All of it is gone when the process ends: see sim-server.ts for what is not.
 */
import { unreachable } from "../../engine/assert.js";
import type { Config } from "../../engine/config-schema.js";
import { LaneWriter } from "../../engine/lane/lane.js";
import { type Log, silentLog } from "../../engine/log.js";
import { ControlBlock } from "../../engine/memory/control-block.js";
import { Counters } from "../../engine/memory/counters.js";
import { Doorbell, type DoorbellMemory } from "../../engine/memory/doorbell.js";
import { OwnershipTable } from "../../engine/memory/ownership-table.js";
import { createRing, type RingMemory, RingWriter } from "../../engine/memory/spsc-ring.js";
import { netCatalogue, persistenceCatalogue, shardCatalogue, shardMetric } from "../../engine/metrics.js";
import { Prng } from "../../engine/prng.js";
import type { GameCatalogue } from "../../engine/room/load-games.js";
import type { Grid } from "../../engine/space/grid.js";
import { createWiring, type Wiring } from "../../engine/wiring.js";
import { Gateway } from "../../net/gateway.js";
import { openNetLanes } from "../../net/net-lanes.js";
import type { Peer } from "../../net/session.js";
import { Journal } from "../../persistence/journal/journal.js";
import { Persistence } from "../../persistence/persistence.js";
import { journalLimits, persistenceLimits } from "../../persistence/persistence-limits.js";
import { Shard } from "../../shards/shard.js";
import type { EventQueue } from "./event-queue.js";
import type { Fail, GameRecord, ShardLife } from "./game-record.js";
import type { MemoryStore } from "./memory-store.js";
import type { PlantedBug } from "./planted-bugs.js";
import type { RowTap } from "./row-tap.js";
import type { SimDisk } from "./sim-disk.js";
import { SimThread } from "./sim-thread.js";
import type { SimTransport } from "./sim-transport.js";
import { SimulatedDeath } from "./simulated-death.js";
import { tamperedNet, tamperedWriter } from "./tampered-lanes.js";
import type { Trace } from "./trace.js";

export interface SimProcessParts {
  /** 0, 1, 2 … on one machine. */
  readonly number: number;
  readonly config: Config;
  readonly grid: Grid;
  readonly queue: EventQueue;
  readonly prng: Prng;
  readonly trace: Trace;
  readonly record: GameRecord;
  readonly games: GameCatalogue;
  readonly transport: SimTransport<Peer>;
  readonly store: MemoryStore;
  readonly disk: SimDisk;
  readonly tap: RowTap;
  readonly ticketKey: Uint8Array;
  /** Owner of each cell. */
  readonly owners: Uint8Array;
  readonly fail: Fail;
  readonly hasCrashes: boolean;
  readonly bug?: PlantedBug | undefined;
  readonly log?: Log | undefined;
  /** Somebody awaits what has been settled: the event loop must turn before time goes on. */
  turn(): void;
}

/** When a shard dies: at once between two duty cycles, or at the next chance of the kind. */
export const deaths = ["now", "within a hook", "having offered", "having accepted"] as const;
export type Death = (typeof deaths)[number];

const RESTART_NOTICED_MS_MAX = 60;
const RESTART_MS_MAX = 200;
const STORE_RING_BYTES_MIN = 32_768;

export class SimProcess {
  readonly number: number;
  readonly wiring: Wiring;
  readonly control: ControlBlock;
  readonly ownership: OwnershipTable;
  readonly gateway: Gateway;
  readonly counters: { readonly net: Counters; readonly persistence: Counters };
  readonly shards: (Shard | undefined)[];
  journal: Journal | null = null;
  persistence: Persistence | null = null;
  /** Times a shard has been started again. */
  restarts = 0;
  isAlive = true;
  readonly #parts: SimProcessParts;
  readonly #prng: Prng;
  /** Store, net, and the shards. */
  readonly #threads: (SimThread | undefined)[] = [];
  /** Shards that are to die behind the duty cycle in which one of these counters moves. */
  readonly #doomed = new Map<number, { readonly metric: number; readonly count: number }>();

  constructor(parts: SimProcessParts) {
    this.#parts = parts;
    const { config } = parts;
    this.number = parts.number;
    this.#prng = parts.prng;
    this.wiring = roomyWiring(config, this.#prng, parts.hasCrashes);
    this.control = new ControlBlock(this.wiring.control);
    this.ownership = new OwnershipTable(this.wiring.ownership);
    parts.owners.forEach((owner, cell) => {
      this.ownership.assign(cell, owner);
    });
    this.counters = {
      net: new Counters(this.wiring.counters.net, netCatalogue),
      persistence: new Counters(this.wiring.counters.persistence, persistenceCatalogue),
    };
    this.gateway = this.#newGateway();
    this.shards = Array.from({ length: config.shards.count }, () => undefined);
  }

  /** Reads what there is, starts the threads, and opens the doors. Never settles when the process ends before. */
  async start(): Promise<void> {
    const { config, queue, turn } = this.#parts;
    const journal = await this.#openJournal();
    this.journal = journal;
    const persistence = this.#newPersistence(journal);
    this.persistence = persistence;
    await persistence.recover();
    // Ticks and incarnations go on behind those of the process before.
    const { lastTick, incarnation } = persistence.image;
    this.control.originMs = queue.nowMs - ((lastTick + 1) * 1000) / config.world.tickHz;
    this.control.setIncarnationBase(incarnation);
    this.#threads[0] = this.#thread(1, {
      bell: new Doorbell(this.wiring.doorbells.store),
      duty: (nowMs) => {
        turn();
        return persistence.duty(nowMs);
      },
      waitMs: (nowMs) => persistence.waitMs(nowMs),
      hasInput: () => false,
    });
    for (let shard = 0; shard < config.shards.count; shard++)
      this.#startShard(shard, this.control.raiseIncarnation(shard));
    this.#threads[1] = this.#thread(0, {
      bell: new Doorbell(this.wiring.doorbells.net),
      duty: (nowMs) => this.gateway.duty(nowMs),
      waitMs: (nowMs) => this.gateway.sleepMs(nowMs),
      hasInput: () => false,
    });
    await this.gateway.start();
  }

  /** Whether every shard has restored what it should. */
  get isRestored(): boolean {
    return this.shards.every((shard) => shard?.isRestored === true);
  }

  /** Ends everything where it stands. */
  end(): void {
    this.isAlive = false;
    for (const thread of this.#threads) thread?.kill();
    for (let shard = 0; shard < this.shards.length; shard++) this.#parts.record.dead.add(this.life(shard));
  }

  /** Lets every thread hear what was rung since. */
  listen(): void {
    for (const thread of this.#threads) thread?.listen();
  }

  #newGateway(): Gateway {
    const { config, queue, games, transport, ticketKey, log, bug } = this.#parts;
    const secrets = new Prng(this.#prng.next());
    return new Gateway({
      config,
      games,
      lanes: tamperedNet(openNetLanes(this.wiring), bug),
      clock: queue.clock,
      log: log ?? silentLog,
      transport,
      ticketKey,
      secretBytes: (length) => Uint8Array.from({ length }, () => secrets.below(256)),
      serverVersion: "0.0.0",
      files: null,
      wake: () => this.#threads[1]!.wake(),
    });
  }

  #openJournal(): Promise<Journal> {
    const { config, queue, disk, log } = this.#parts;
    return Journal.open({
      disk,
      clock: queue.clock,
      log: log ?? silentLog,
      limits: { ...journalLimits(config), backoffMsMax: 1000 },
      newId: () => Array.from({ length: 32 }, () => this.#prng.below(16).toString(16)).join(""),
      wake: () => this.#threads[0]?.wake(),
    });
  }

  #newPersistence(journal: Journal): Persistence {
    const { config, grid, queue, store, tap, log, bug } = this.#parts;
    const { doorbells, lanes } = this.wiring;
    const limits = persistenceLimits(config);
    const lane = (ring: RingMemory, bell: DoorbellMemory) =>
      tamperedWriter(new LaneWriter(new RingWriter(ring), new Doorbell(bell), limits), bug);
    return new Persistence({
      store,
      journal,
      clock: queue.clock,
      log: log ?? silentLog,
      limits,
      counters: this.counters.persistence,
      control: this.control,
      grid,
      ownerOf: (cell) => this.ownership.owner(cell),
      fromShards: lanes.toStore.map((ring) => tap.reader(ring)),
      fromNet: tap.reader(lanes.netToStore),
      toShards: lanes.storeToShard.map((ring, shard) => lane(ring, doorbells.shards[shard]!)),
      toNet: lane(lanes.storeToNet, doorbells.net),
      netBell: new Doorbell(doorbells.net),
      wake: () => this.#threads[0]?.wake(),
      rest: () => Promise.resolve(),
    });
  }

  #thread(
    number: number,
    parts: {
      readonly bell: Doorbell;
      duty(nowMs: number): number;
      waitMs(nowMs: number): number;
      hasInput(): boolean;
      onDeath?(error: unknown): void;
    },
  ): SimThread {
    const { queue, trace, fail } = this.#parts;
    return new SimThread({
      onDeath: (error) => fail(`thread ${number} died: ${describe(error)}`),
      ...parts,
      queue,
      prng: this.#prng,
      onDuty: (work) => trace.note(queue.nowMs * 64, number, work),
    });
  }

  // ---- shards ----------------------------------------------------------------------------------------------

  life(shard: number): ShardLife {
    return `${this.number}/${shard}#${this.control.incarnation(shard)}`;
  }

  #startShard(shard: number, incarnation: number): void {
    const { config, queue, games, record, log, fail } = this.#parts;
    const life = this.life(shard);
    record.life = life;
    const host = new Shard({
      wiring: this.wiring,
      config,
      shard,
      incarnation,
      games,
      clock: queue.clock,
      log: log ?? silentLog,
    });
    this.shards[shard] = host;
    this.#threads[2 + shard] = this.#thread(2 + shard, {
      bell: new Doorbell(this.wiring.doorbells.shards[shard]!),
      duty: (nowMs) => {
        record.life = life;
        const work = host.duty(nowMs);
        const doom = this.#doomed.get(shard);
        if (doom !== undefined && host.counters.get(doom.metric) > doom.count) throw new SimulatedDeath();
        return work;
      },
      waitMs: (nowMs) => Math.min(host.waitMs(nowMs), 250),
      hasInput: () => host.hasInput(),
      onDeath: (error) => {
        if (!(error instanceof SimulatedDeath)) fail(`shard ${life} died: ${describe(error)}`);
        this.#hasDied(shard);
      },
    });
  }

  /** Ends a shard at once, or when it comes to a certain step. */
  kill(shard: number, when: Death): void {
    const thread = this.#threads[2 + shard];
    const host = this.shards[shard];
    if (host === undefined || thread?.isAlive !== true) return;
    switch (when) {
      case "now":
        thread.kill();
        this.#hasDied(shard);
        return;
      case "within a hook":
        this.#parts.record.dying = this.life(shard);
        return;
      case "having offered":
      case "having accepted": {
        const { handoffs_offered_total, handoffs_accepted_total } = shardMetric;
        const metric = when === "having offered" ? handoffs_offered_total : handoffs_accepted_total;
        this.#doomed.set(shard, { metric, count: host.counters.get(metric) });
        return;
      }
      default:
        unreachable(when);
    }
  }

  #hasDied(shard: number): void {
    const { queue, record, trace } = this.#parts;
    trace.note(queue.nowMs * 64, 100 + shard);
    record.dead.add(this.life(shard));
    this.#doomed.delete(shard);
    this.shards[shard] = undefined;
    queue.after(this.#prng.unit() ** 2 * RESTART_NOTICED_MS_MAX, () => {
      const incarnation = this.control.raiseIncarnation(shard);
      queue.after(this.#prng.unit() ** 2 * RESTART_MS_MAX, () => {
        if (!this.isAlive) return;
        this.restarts++;
        this.#startShard(shard, incarnation);
      });
    });
  }

  /** A thread, any, does not get the processor for so long. */
  stall(ms: number): void {
    this.#threads[this.#prng.below(2 + this.shards.length)]?.stall(ms);
  }

  /** A counter of all shards together. */
  shardCount(name: keyof typeof shardMetric): number {
    return this.wiring.counters.shards.reduce(
      (sum, memory) => sum + new Counters(memory, shardCatalogue).get(shardMetric[name]),
      0,
    );
  }
}

/** What goes to the store and comes from it may be larger than what the other lanes are to be filled with. */
function roomyWiring(config: Config, prng: Prng, hasJoins: boolean): Wiring {
  const wiring = createWiring(config);
  const ringBytes = STORE_RING_BYTES_MIN << prng.below(3);
  const ring = () => createRing(ringBytes);
  const { toStore, storeToShard, toShard } = wiring.lanes;
  return {
    ...wiring,
    lanes: {
      ...wiring.lanes,
      toStore: toStore.map(ring),
      // A join, with all that waits for its player.
      toShard: toShard.map((lane) => (hasJoins ? ring() : lane)),
      storeToShard: storeToShard.map(ring),
      netToStore: ring(),
      storeToNet: ring(),
    },
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
