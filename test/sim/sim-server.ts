/**
 * The server's threads as they are composed in server.ts, but all of them in one: the real gateway, the real shards, the
 * real persistence, on real lanes, each with duty cycles of its own. Shards die and are started again as the
 * supervisor would.
 */
import { unreachable } from "../../engine/assert.js";
import { type Config, configSchema } from "../../engine/config-schema.js";
import { LaneWriter } from "../../engine/lane/lane.js";
import { toShard } from "../../engine/lane/to-shard.js";
import { type Log, silentLog } from "../../engine/log.js";
import { ControlBlock } from "../../engine/memory/control-block.js";
import { Counters } from "../../engine/memory/counters.js";
import { Doorbell } from "../../engine/memory/doorbell.js";
import { OwnershipTable } from "../../engine/memory/ownership-table.js";
import { RingReader, RingWriter } from "../../engine/memory/spsc-ring.js";
import { netCatalogue, persistenceCatalogue, shardCatalogue, shardMetric } from "../../engine/metrics.js";
import type { PlayerRow } from "../../engine/player.js";
import { Prng } from "../../engine/prng.js";
import type { GameCatalogue } from "../../engine/room/load-games.js";
import { createGrid, type Grid } from "../../engine/space/grid.js";
import { createWiring, type Wiring } from "../../engine/wiring.js";
import { Gateway } from "../../net/gateway.js";
import { messageBytesMax } from "../../net/limits.js";
import { type NetLanes, openNetLanes } from "../../net/net-lanes.js";
import type { Peer } from "../../net/session.js";
import { Persistence } from "../../persistence/persistence.js";
import { persistenceLimits } from "../../persistence/persistence-limits.js";
import { Shard } from "../../shards/shard.js";
import type { EventQueue } from "./event-queue.js";
import type { Faults } from "./faults.js";
import type { Fail, GameRecord } from "./game-record.js";
import { MemoryStore, type Mood, StoredRows } from "./memory-store.js";
import type { PlantedBug } from "./planted-bugs.js";
import { RowTap } from "./row-tap.js";
import { SimThread } from "./sim-thread.js";
import { SimTransport } from "./sim-transport.js";
import { SimulatedDeath } from "./simulated-death.js";
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
  readonly bug?: PlantedBug | undefined;
  readonly log?: Log;
}

/** When a shard dies: at once between two duty cycles, or at the next chance of the kind. */
export const deaths = ["now", "within a hook", "having offered", "having accepted"] as const;
export type Death = (typeof deaths)[number];

const RESTART_NOTICED_MS_MAX = 60;
const RESTART_MS_MAX = 200;
const STORE_MS_MAX = 80;

export class SimServer {
  readonly config: Config;
  readonly grid: Grid;
  readonly wiring: Wiring;
  readonly control: ControlBlock;
  readonly ownership: OwnershipTable;
  readonly transport: SimTransport<Peer>;
  readonly gateway: Gateway;
  readonly persistence: Persistence;
  readonly rows = new StoredRows();
  readonly store: MemoryStore;
  readonly counters: { readonly net: Counters; readonly persistence: Counters };
  /** Every row that a shard made visible. */
  readonly tap: RowTap;
  readonly shards: (Shard | undefined)[];
  /** Times a shard has been started again. */
  restarts = 0;
  /** Somebody awaits what has been settled: the event loop must turn before time goes on. */
  mustTurn = false;
  isStoreAway = false;
  /** The store does not fail by itself any more. */
  isCalm = false;
  readonly #parts: SimServerParts;
  readonly #prng: Prng;
  readonly #netThread: SimThread;
  readonly #storeThread: SimThread;
  readonly #shardThreads: SimThread[] = [];
  /** Shards that are to die behind the duty cycle in which one of these counters moves. */
  readonly #doomed = new Map<number, { readonly metric: number; readonly count: number }>();

  constructor(parts: SimServerParts) {
    this.#parts = parts;
    const { queue, trace, faults, seed } = parts;
    this.#prng = new Prng(seed ^ 0x5e77e7);
    const prng = this.#prng;
    this.config = configOf(parts, prng);
    const { widthCells, heightCells, cellSizeMeters } = this.config.world;
    this.grid = createGrid(widthCells, heightCells, cellSizeMeters);
    this.wiring = createWiring(this.config);
    this.control = new ControlBlock(this.wiring.control);
    this.control.originMs = queue.nowMs;
    this.ownership = new OwnershipTable(this.wiring.ownership);
    this.#cutWorld();
    this.transport = new SimTransport<Peer>({
      queue,
      prng: new Prng(prng.next()),
      trace,
      messageBytesMax: messageBytesMax(this.config),
      bufferedBytesMax: faults.bufferedBytesMax,
      idleTimeoutMs: 4000,
      tamper: parts.bug?.message,
    });
    this.counters = {
      net: new Counters(this.wiring.counters.net, netCatalogue),
      persistence: new Counters(this.wiring.counters.persistence, persistenceCatalogue),
    };
    this.gateway = this.#newGateway();
    this.store = new MemoryStore(this.rows, (call) => this.#mood(call));
    this.tap = new RowTap(parts.fail);
    this.persistence = this.#newPersistence();
    this.shards = Array.from({ length: parts.shards }, () => undefined);
    this.#netThread = this.#thread(0, {
      bell: new Doorbell(this.wiring.doorbells.net),
      duty: (nowMs) => this.gateway.duty(nowMs),
      waitMs: (nowMs) => this.gateway.sleepMs(nowMs),
      hasInput: () => false,
    });
    this.#storeThread = this.#thread(1, {
      bell: new Doorbell(this.wiring.doorbells.store),
      duty: (nowMs) => {
        this.mustTurn = true;
        return this.persistence.duty(nowMs);
      },
      waitMs: (nowMs) => this.persistence.waitMs(nowMs),
      hasInput: () => false,
    });
    for (let shard = 0; shard < parts.shards; shard++)
      this.#start(shard, this.control.raiseIncarnation(shard));
  }

  /** Opens the doors. */
  async open(): Promise<void> {
    await this.store.open();
    await this.gateway.start();
  }

  /** Lets every thread hear what was rung since. */
  listen(): void {
    this.#netThread.listen();
    this.#storeThread.listen();
    for (const thread of this.#shardThreads) thread.listen();
  }

  #newGateway(): Gateway {
    const { queue, games, log, bug } = this.#parts;
    const secrets = new Prng(this.#prng.next());
    const secretBytes = (length: number) => Uint8Array.from({ length }, () => secrets.below(256));
    return new Gateway({
      config: this.config,
      games,
      lanes: tamperedLanes(openNetLanes(this.wiring), bug),
      clock: queue.clock,
      log: log ?? silentLog,
      transport: this.transport,
      ticketKey: secretBytes(32),
      secretBytes,
      serverVersion: "0.0.0",
      files: null,
      wake: () => this.#netThread.wake(),
    });
  }

  #newPersistence(): Persistence {
    const { queue, log } = this.#parts;
    const limits = persistenceLimits(this.config);
    return new Persistence({
      store: this.store,
      clock: queue.clock,
      log: log ?? silentLog,
      limits,
      counters: this.counters.persistence,
      fromShards: this.wiring.lanes.toStore.map((ring) => this.tap.reader(ring)),
      fromNet: new RingReader(this.wiring.lanes.netToStore),
      toNet: new LaneWriter(
        new RingWriter(this.wiring.lanes.storeToNet),
        new Doorbell(this.wiring.doorbells.net),
        limits,
      ),
      wake: () => this.#storeThread.wake(),
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

  life(shard: number): string {
    return `${shard}#${this.control.incarnation(shard)}`;
  }

  #start(shard: number, incarnation: number): void {
    const { queue, games, record, log } = this.#parts;
    const life = this.life(shard);
    record.life = life;
    const host = new Shard({
      wiring: this.wiring,
      config: this.config,
      shard,
      incarnation,
      games,
      clock: queue.clock,
      log: log ?? silentLog,
    });
    this.shards[shard] = host;
    this.#shardThreads[shard] = this.#thread(2 + shard, {
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
        if (!(error instanceof SimulatedDeath)) this.#parts.fail(`shard ${life} died: ${describe(error)}`);
        this.#hasDied(shard);
      },
    });
  }

  /** Ends a shard at once, or when it comes to a certain step. */
  kill(shard: number, when: Death): void {
    const thread = this.#shardThreads[shard];
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
        this.restarts++;
        this.#start(shard, incarnation);
      });
    });
  }

  /** A thread, any, does not get the processor for so long. */
  stall(ms: number): void {
    const threads = [this.#netThread, this.#storeThread, ...this.#shardThreads];
    threads[this.#prng.below(threads.length)]!.stall(ms);
  }

  /** Who owns what: stripes, blocks, or a patchwork in which every step crosses a border. */
  #cutWorld(): void {
    const { shards } = this.#parts;
    const { widthCells, cellCount } = this.grid;
    const pattern = this.#prng.below(3);
    for (let cell = 0; cell < cellCount; cell++) {
      const column = cell % widthCells;
      const owner =
        pattern === 0
          ? Math.floor((column * shards) / widthCells)
          : pattern === 1
            ? Math.floor((cell * shards) / cellCount)
            : this.#prng.below(shards);
      this.ownership.assign(cell, owner);
    }
  }

  // ---- the store -------------------------------------------------------------------------------------------

  #mood(call: "read" | "write"): Mood {
    const { queue, faults, bug } = this.#parts;
    const prng = this.#prng;
    const delayMs = prng.unit() * STORE_MS_MAX;
    const isFailing = this.isStoreAway || (!this.isCalm && prng.unit() < faults.storeFailures);
    return {
      isForgotten: call === "write" && bug?.batch?.() === "drop",
      fails: !isFailing ? "never" : prng.below(3) === 0 ? "after" : "before",
      delay: () =>
        new Promise<void>((resolve) => {
          queue.after(delayMs, () => {
            this.mustTurn = true;
            resolve();
          });
        }),
    };
  }

  /** A counter of all shards together. */
  shardCount(name: keyof typeof shardMetric): number {
    return this.wiring.counters.shards.reduce(
      (sum, memory) => sum + new Counters(memory, shardCatalogue).get(shardMetric[name]),
      0,
    );
  }

  /** The newest row of a player that the store has. */
  stored(playerId: string): PlayerRow | undefined {
    return this.rows.players.get(playerId);
  }
}

/** Net's lanes to the shards, with a planted bug's fingers in them. */
function tamperedLanes(lanes: NetLanes, bug: PlantedBug | undefined): NetLanes {
  const tamper = bug?.record;
  if (tamper === undefined) return lanes;
  for (const lane of lanes.toShards) {
    const send = lane.send.bind(lane);
    lane.send = (type, out) => {
      const tampering = tamper(type);
      if (tampering === "twice") send(type, out);
      return tampering === "drop" || send(type, out);
    };
    const offerIntent = lane.offerIntent.bind(lane);
    lane.offerIntent = (session, joinEpoch, room, message) => {
      const tampering = tamper(toShard.intent);
      if (tampering === "twice") offerIntent(session, joinEpoch, room, message);
      return tampering === "drop" || offerIntent(session, joinEpoch, room, message);
    };
  }
  return lanes;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** A small world with small rings: borders are near, and lanes do fill. */
function configOf(parts: SimServerParts, prng: Prng): Config {
  const config = configSchema.parse({
    net: {
      payloadBytesMax: 256,
      connectionsMax: 64,
      bufferedBytesMax: Math.max(4096, parts.faults.bufferedBytesMax),
    },
    session: { graceMs: 1000 + prng.below(2000), eventsKeptMax: 64, eventBytesKeptMax: 4096 },
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
      roomsMax: 16,
      handoffIntentsMax: 1 << prng.below(6),
    },
    store: { flushMs: 1 + prng.below(200), batchRowsMax: 1 + prng.below(8), pendingRowsMax: 100 },
  });
  const ringBytes = 4096 << prng.below(3);
  const peerRingBytes = 4096 << prng.below(3);
  return { ...config, shards: { ...config.shards, ringBytes, peerRingBytes } };
}
