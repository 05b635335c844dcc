/**
 * A whole server and its players in one thread, under one seed: the same seed does the same, to the byte. A run has
 * four acts: everybody plays while things go wrong; everything comes to rest; everybody leaves; the store is compared.
 */
import { AssertionFailed } from "../../engine/assert.js";
import type { Log } from "../../engine/log.js";
import { Prng } from "../../engine/prng.js";
import { EventQueue } from "./event-queue.js";
import { type FaultFamily, type Faults, faultFamilies, hasCrashes } from "./faults.js";
import { GameRecord } from "./game-record.js";
import {
  checkEntities,
  checkRest,
  checkStore,
  checkTick,
  remains,
  type Stage,
  unrest,
} from "./invariants.js";
import type { PlantedBug } from "./planted-bugs.js";
import { simField, simRooms } from "./sim-game.js";
import { SimPlayer } from "./sim-player.js";
import { deaths as kinds } from "./sim-process.js";
import { SimServer } from "./sim-server.js";
import { Trace } from "./trace.js";

export interface SimulationOptions {
  readonly seed: number;
  readonly family: FaultFamily;
  /** Ticks of play. */
  readonly ticks?: number;
  /** Default: 1 to 4, by the seed. */
  readonly shards?: number;
  /** Default: 3 to 7, by the seed. */
  readonly players?: number;
  readonly bug?: PlantedBug;
  readonly log?: Log;
}

export interface SimulationResult {
  /** Of everything that happened. */
  readonly hash: string;
  readonly events: number;
  readonly intentsApplied: number;
  readonly eventsTold: number;
  readonly frames: number;
  readonly rows: number;
  /** What went wrong, and how often: a run that meets no trouble shows nothing. */
  readonly troubles: Readonly<Record<string, number>>;
  /** Connections ended, by close code. */
  readonly ends: ReadonlyMap<number, number>;
}

/** Something that must never happen has happened. The seed does it again. */
export class SimulationFailed extends AssertionFailed {}

/** One shard has no borders, so most runs have more. */
const shardCounts = [1, 2, 2, 3, 3, 4, 4, 4] as const;
const START_MS = 1000;
const TICK_MS = 50;
const REST_MS_MAX = 40_000;
const LOOK_EVERY_MS = 100;
const RETRY_MS = 100;
const SETTLE_MS = 500;
const LOGINS_MAX = 8;
const ENTITIES_EVERY_TICKS = 10;

export async function runSimulation(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options);
  await simulation.run();
  return simulation.result();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #prng: Prng;
  readonly #queue: EventQueue;
  readonly #trace = new Trace();
  readonly #faults: Faults;
  readonly #record: GameRecord;
  readonly #server: SimServer;
  readonly #players: SimPlayer[] = [];
  readonly #stage: Stage;
  #isCalm = false;
  #failure: SimulationFailed | null = null;

  constructor(options: SimulationOptions) {
    const { seed, family, log } = options;
    this.#options = options;
    this.#prng = new Prng(seed);
    this.#queue = new EventQueue(this.#prng.next(), START_MS);
    this.#faults = faultFamilies[family];
    this.#record = new GameRecord(this.#fail);
    this.#server = new SimServer({
      seed: this.#prng.next(),
      shards: options.shards ?? shardCounts[this.#prng.below(shardCounts.length)]!,
      queue: this.#queue,
      trace: this.#trace,
      faults: this.#faults,
      record: this.#record,
      games: {
        field: simField(this.#record),
        rooms: new Map(simRooms(this.#record).map((type) => [type.name, type])),
      },
      fail: this.#fail,
      promised: () => this.#promised(),
      bug: options.bug,
      ...(log === undefined ? {} : { log }),
    });
    const queue = this.#queue;
    this.#stage = {
      get nowMs() {
        return queue.nowMs;
      },
      server: this.#server,
      players: this.#players,
      record: this.#record,
      hasDeaths: this.#faults.deaths > 0 || hasCrashes(this.#faults),
    };
  }

  readonly #fail = (message: string): never => {
    const { seed, family } = this.#options;
    const atMs = this.#queue.nowMs - START_MS;
    // The first is the cause: it may be caught on its way out.
    this.#failure ??= new SimulationFailed(`seed ${seed}, ${family}, at ${atMs} ms: ${message}`);
    throw this.#failure;
  };

  async run(): Promise<void> {
    this.#server.start();
    await this.#runUntil(START_MS);
    const count = this.#options.players ?? 3 + this.#prng.below(5);
    for (let number = 1; number <= count; number++) {
      this.#queue.after(this.#prng.unit() * 1000, () => this.#welcome(number));
    }
    this.#planFaults();
    await this.#play(this.#options.ticks ?? 240);
    this.#calmDown();
    await this.#waitUntilNothingIs(unrest);
    // What was held back until it was safe is still on its way.
    await this.#runUntil(this.#queue.nowMs + SETTLE_MS);
    await this.#waitUntilNothingIs(unrest);
    checkRest(this.#stage, this.#fail);
    await this.#collectGrants();
    for (const player of this.#players) player.depart();
    await this.#waitUntilNothingIs(remains);
    checkStore(this.#stage, this.#fail);
  }

  /** Of clients that nobody but a crash can part from their sessions. */
  #promised(): Map<number, number> {
    const { goodbyes, halfOpens, secondLogins } = this.#faults;
    const promised = new Map<number, number>();
    if (goodbyes + halfOpens + secondLogins > 0 || this.#isCalm) return promised;
    for (const { isLive, witness } of this.#players) {
      if (isLive && !witness.isOrphaned && witness.durableEvent > 0)
        promised.set(witness.session, witness.durableEvent);
    }
    return promised;
  }

  /** Players who were not where the giver had seen them are given it when they log in. */
  async #collectGrants(): Promise<void> {
    for (let tries = 0; tries < LOGINS_MAX; tries++) {
      if (this.#server.process!.persistence!.image.grants.size === 0) return;
      // Who is back before the server has heard of the farewell has not left.
      for (const player of this.#players) player.logInAnew();
      await this.#waitUntilNothingIs(unrest);
    }
    this.#fail("granted, and not given at the next login");
  }

  /** As soon as there is somebody to ask for a ticket. */
  #welcome(number: number): void {
    if (this.#server.transport.isListening) this.#players.push(this.#newPlayer(number));
    else this.#queue.after(RETRY_MS, () => this.#welcome(number));
  }

  #newPlayer(number: number): SimPlayer {
    return new SimPlayer({
      name: `Player ${number}`,
      queue: this.#queue,
      prng: new Prng(this.#prng.next()),
      transport: this.#server.transport,
      faults: this.#faults,
      record: this.#record,
      fail: this.#fail,
    });
  }

  async #play(ticks: number): Promise<void> {
    for (let tick = 0; tick < ticks; tick++) {
      await this.#runUntil(START_MS + (tick + 1) * TICK_MS);
      checkTick(this.#stage, this.#fail);
      if (tick % ENTITIES_EVERY_TICKS === 0) checkEntities(this.#stage, this.#fail);
    }
  }

  #calmDown(): void {
    this.#isCalm = true;
    this.#server.isCalm = true;
    this.#server.isStoreAway = false;
    this.#server.isDiskAway = false;
    this.#record.isStill = true;
    for (const player of this.#players) player.calmDown();
  }

  async #waitUntilNothingIs(wrong: (stage: Stage) => string | null): Promise<void> {
    const deadlineMs = this.#queue.nowMs + REST_MS_MAX;
    for (;;) {
      await this.#runUntil(this.#queue.nowMs + LOOK_EVERY_MS);
      checkTick(this.#stage, this.#fail);
      const problem = wrong(this.#stage);
      if (problem === null) return;
      if (this.#queue.nowMs > deadlineMs) this.#fail(`never at rest: ${problem}`);
    }
  }

  async #runUntil(timeMs: number): Promise<void> {
    // Time stops at the boundary also when nothing happens there.
    this.#queue.at(timeMs, () => {});
    while (this.#queue.nextMs <= timeMs) {
      this.#queue.step();
      if (this.#server.mustTurn) {
        this.#server.mustTurn = false;
        await new Promise(setImmediate);
      }
      this.#server.listen();
      if (this.#failure !== null) throw this.#failure;
    }
  }

  // ---- faults of the server's own --------------------------------------------------------------------------

  #planFaults(): void {
    const { deaths, stalls, outages, kills, powerCuts, diskStalls, diskOutages } = this.#faults;
    const shards = this.#server.config.shards.count;
    this.#every(deaths * shards, () => {
      this.#server.kill(this.#prng.below(shards), kinds[this.#prng.below(kinds.length)]!);
    });
    this.#every(kills, () => this.#server.crash("kill"));
    this.#every(powerCuts, () => this.#server.crash("power"));
    this.#every(diskStalls, () => this.#server.stallDisk(this.#prng.unit() ** 3 * 5000));
    this.#every(diskOutages, () => {
      this.#server.isDiskAway = true;
      this.#queue.after(this.#prng.unit() ** 2 * 2000, () => {
        this.#server.isDiskAway = false;
      });
    });
    this.#every(stalls, () => this.#server.stall(this.#prng.unit() ** 2 * 400));
    this.#every(outages, () => {
      this.#server.isStoreAway = true;
      this.#queue.after(this.#prng.unit() * 1500, () => {
        this.#server.isStoreAway = false;
      });
    });
  }

  #every(perSecond: number, act: () => void): void {
    if (perSecond === 0) return;
    this.#queue.after((this.#prng.unit() * 2000) / perSecond, () => {
      if (this.#isCalm) return;
      act();
      this.#every(perSecond, act);
    });
  }

  #troubles(): Record<string, number> {
    const server = this.#server;
    const net = server.netCount.bind(server);
    return {
      crashes: server.crashes,
      restarts: server.restarts,
      handoffs: server.shardCount("handoffs_accepted_total"),
      handoffsAdrift: server.shardCount("handoffs_adrift_total"),
      framesSkipped: server.shardCount("frames_skipped_total"),
      ticksForfeited: server.shardCount("ticks_forfeited_total"),
      roomsFailed: server.shardCount("rooms_failed_total"),
      intentsRefusedByShards: server.shardCount("intents_refused_total"),
      staleRecords: server.shardCount("records_stale_total"),
      roomsRestored: server.shardCount("rooms_restored_total"),
      roomsQuarantined: server.shardCount("rooms_quarantined_total"),
      roomsStood: server.shardCount("rooms_stood_total"),
      notDurable: server.shardCount("intents_not_durable_total"),
      entitiesReturned: server.shardCount("entities_returned_total"),
      grantsTaken: server.shardCount("grants_taken_total"),
      sessionsRestored: net("sessions_restored_total"),
      eventsHeld: net("events_held_total"),
      eventsRepeated: net("events_repeated_total"),
      resumes: net("resumes_total"),
      takeovers: net("takeovers_total"),
      eventsReplayed: net("events_replayed_total"),
      stateSkipped: net("state_skipped_total"),
      backPressure: net("intents_refused_total"),
      lateFlushes: net("flush_late_total"),
      staleAtNet: net("records_stale_total"),
      storeFailures: server.storeFailures,
      diskFailures: server.diskFailures,
      messagesDropped: server.transport.dropped,
    };
  }

  result(): SimulationResult {
    const ends = new Map<number, number>();
    let frames = 0;
    for (const player of this.#players) {
      frames += player.witness.frames;
      for (const [code, count] of player.ends) ends.set(code, (ends.get(code) ?? 0) + count);
    }
    return {
      hash: this.#trace.hash,
      events: this.#queue.count,
      intentsApplied: this.#record.intentsApplied,
      eventsTold: this.#record.eventsTold,
      frames,
      rows: this.#server.tap.rows,
      troubles: this.#troubles(),
      ends,
    };
  }
}
