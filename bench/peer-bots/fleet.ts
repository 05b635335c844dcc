/**
 * All clients of one server, in one process, so that everybody's own place is known where somebody's sight is judged.
 * Directions are due at fixed times, whatever the server does meanwhile, as those of bench/bots are.
 */
import { setTimeout as delay } from "node:timers/promises";
import { atRate, OpenLoop } from "../bots/open-loop.js";
import type { Percentiles } from "../bots/tally.js";
import { type PersonKey, type PersonPlace, SightCheck, type SightReport } from "../sight-check.js";
import { ColyseusClient } from "./colyseus-client.js";
import { GridshardClient } from "./gridshard-client.js";
import {
  isSampled,
  type PeerClient,
  type PeerClientOptions,
  type PeerLoad,
  PeerMeasures,
} from "./peer-client.js";
import { SocketIoClient } from "./socket-io-client.js";
import { WsClient } from "./ws-client.js";

const PUMP_MS = 1;
/** Reading must not wait for a backlog of writing. */
const SENDS_PER_TURN_MAX = 512;
/** One of the sample looks around at least this often, so that looks fall everywhere between two ticks. */
const LOOK_MS = 7;
/** The same one looks again after this time at the least: longer than frames of the same tick are on their way. */
const LOOK_AGAIN_MS = 350;
const POLL_MS = 20;
const ENTER_MS_MAX = 30_000;
const LEAVE_MS = 300;
const CONNECTS_AT_ONCE = 16;

const METERS_PER_SECOND = 5;
/** gridshard lets people go a meter over a border; two steps of a tick may be on their way. */
const TOLERANCE_METERS = 1.5;

export interface PeerFleetReport {
  readonly liveAtEnd: number;
  readonly windowSeconds: number;
  readonly bytes: number;
  readonly messages: number;
  /** Different ticks that clients were told of. */
  readonly ticks: number;
  readonly intentsSent: number;
  readonly lateness: Percentiles;
  readonly generatorCpuCores: number;
  readonly generatorLateness: Percentiles;
  readonly sight: SightReport;
  readonly errors: Readonly<Record<string, number>>;
  readonly errorSamples: readonly string[];
}

/** Each is waited for. */
export interface PeerFleetHooks {
  onWarm(): Promise<void> | void;
  onWindowEnd(): Promise<void> | void;
}

export async function runPeerFleet(load: PeerLoad, hooks: PeerFleetHooks): Promise<PeerFleetReport> {
  const fleet = new PeerFleet(load);
  await fleet.connect();
  fleet.play();
  try {
    await fleet.enter();
    await delay(load.warmupSeconds * 1000);
    await hooks.onWarm();
    fleet.measures.startWindow(fleet.measures.now());
    await delay(load.seconds * 1000);
    fleet.measures.endWindow(fleet.measures.now());
    await hooks.onWindowEnd();
    return fleet.report();
  } finally {
    await fleet.leave();
  }
}

function clientOf(options: PeerClientOptions): PeerClient {
  switch (options.load.protocol) {
    case "gridshard":
      return new GridshardClient(options);
    case "colyseus":
      return new ColyseusClient(options);
    case "socket.io":
      return new SocketIoClient(options);
    case "ws":
      return new WsClient(options);
  }
}

class PeerFleet {
  readonly measures = new PeerMeasures();
  readonly #load: PeerLoad;
  readonly #clients: PeerClient[];
  /** Those who are asked what they see. */
  readonly #observers: PeerClient[];
  readonly #check: SightCheck;
  readonly #lookMs: number;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #startMs = 0;
  #acts: OpenLoop | undefined;
  #looked = 0;

  constructor(load: PeerLoad) {
    this.#load = load;
    this.#clients = Array.from({ length: load.clients }, (_, index) =>
      clientOf({ index, load, measures: this.measures }),
    );
    this.#observers = this.#clients.filter((_, index) => isSampled({ index, load }));
    this.#lookMs = Math.max(LOOK_MS, LOOK_AGAIN_MS / this.#observers.length);
    this.#check = new SightCheck({
      cellSizeMeters: load.world.cellSizeMeters,
      metersPerSecond: METERS_PER_SECOND,
      toleranceMeters: TOLERANCE_METERS,
      needsSecondLook: true,
    });
  }

  /** Everybody asks to come in, at the wanted rate. */
  async connect(): Promise<void> {
    const everyMs = 1000 / this.#load.connectsPerSecond;
    await atRate({ count: this.#clients.length, everyMs, atOnce: CONNECTS_AT_ONCE }, async (at) => {
      try {
        await this.#clients[at]!.connect();
      } catch (error) {
        this.measures.errors.add("refusedConnection", `client ${at}: ${(error as Error).message}`);
      }
    });
  }

  /** Until everybody knows where they are, or the time for it is up; who never comes is not live at the end. */
  async enter(): Promise<void> {
    const endMs = this.measures.now() + ENTER_MS_MAX;
    const isIn = () => this.#clients.every((client) => client.place !== undefined);
    while (!isIn() && this.measures.now() < endMs) await delay(POLL_MS);
  }

  play(): void {
    this.#startMs = this.measures.now();
    const periodMs = 1000 / this.#load.intentsPerSecond;
    this.#acts = new OpenLoop({ count: this.#clients.length, periodMs, startMs: this.#startMs });
    this.#pump();
  }

  report(): PeerFleetReport {
    const { lateness, ticks } = this.measures.frames.pace();
    const report = this.measures.report({ clients: 0, connected: 0, liveAtEnd: 0, placedAtEnd: 0 });
    return {
      liveAtEnd: this.#clients.filter((client) => client.isLive).length,
      windowSeconds: report.windowSeconds,
      bytes: report.window.bytes,
      messages: report.window.messages,
      ticks,
      intentsSent: report.window.intentsSent,
      lateness: lateness.percentiles(),
      generatorCpuCores: report.generatorCpu,
      generatorLateness: this.measures.generatorLateness.percentiles(),
      sight: this.#check.report(),
      errors: report.errors,
      errorSamples: report.errorSamples,
    };
  }

  async leave(): Promise<void> {
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
    for (const client of this.#clients) client.leave();
    await delay(LEAVE_MS);
  }

  #pump(): void {
    const { measures } = this;
    const nowMs = measures.now();
    const sent = this.#acts!.run(nowMs, SENDS_PER_TURN_MAX, (index, dueMs) => {
      if (measures.isMeasuring) measures.generatorLateness.record(nowMs - dueMs);
      this.#clients[index]!.act(dueMs);
    });
    if (
      measures.isMeasuring &&
      this.#observers.length > 0 &&
      nowMs >= this.#startMs + this.#looked * this.#lookMs
    ) {
      this.#look();
      this.#looked = Math.floor((nowMs - this.#startMs) / this.#lookMs) + 1;
    }
    if (sent === SENDS_PER_TURN_MAX) this.#timer = setImmediate(() => this.#pump());
    else this.#timer = setTimeout(() => this.#pump(), PUMP_MS);
  }

  #look(): void {
    const observer = this.#observers[this.#looked % this.#observers.length]!;
    const seen = observer.seen();
    if (observer.key === undefined || seen === undefined) return;
    const places = new Map<PersonKey, PersonPlace>();
    for (const { key, place } of this.#clients) {
      if (key !== undefined && place !== undefined) places.set(key, place);
    }
    this.#check.look(observer.key, places, seen);
  }
}
