/**
 * The bots of one process: connects them at the wanted rate, sends every intent at the time it is due, whatever the
 * server does meanwhile, measures a window in the middle, and leaves. Every phase has a deadline.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Bot } from "./bot.js";
import { GuestTickets } from "./guest-tickets.js";
import { Looks } from "./looks.js";
import { type FleetReport, Measures } from "./measures.js";
import { atRate, OpenLoop } from "./open-loop.js";
import type { BotOptions } from "./options.js";

const PUMP_MS = 1;
/** Sends made before the event loop gets its turn: reading must not wait for a backlog of writing. */
const SENDS_PER_TURN_MAX = 512;
const SWEEP_MS = 250;
const CONNECT_MS_MAX = 30_000;
const PLACED_MS_MAX = 10_000;
/** Long enough for the last steps and border crossings to be shown. */
const STILL_MS = 300;
const SETTLE_MS_MAX = 3000;
const LEAVE_MS_MAX = 2000;
const POLL_MS = 10;
const CONNECTS_AT_ONCE = 64;

/** Which of all bots these are. */
export interface FleetShare {
  readonly first: number;
  readonly count: number;
}

/** What a fleet tells while it runs. Waits for what the hooks return, so that processes measure together. */
export interface FleetHooks {
  onConnected(connected: number): Promise<void> | void;
  onWarm(): Promise<void> | void;
  onWindowEnd(): Promise<void> | void;
  /** Everybody stands still, is in sight of themselves, and has all intents acknowledged, or the time for it is up. */
  onSettled(): Promise<void> | void;
  onProgress(progress: Progress): void;
}

export interface Progress {
  readonly phase: "connecting" | "warming up" | "measuring" | "leaving";
  readonly live: number;
  readonly messages: number;
  readonly bytes: number;
  readonly intents: number;
  readonly errors: number;
  /** NaN until something was measured. */
  readonly p99Ms: number;
}

export async function runFleet(
  options: BotOptions,
  share: FleetShare,
  hooks: FleetHooks,
): Promise<FleetReport> {
  const fleet = new Fleet(options, share);
  const progress = setInterval(() => hooks.onProgress(fleet.progress()), 1000);
  try {
    await fleet.connect();
    fleet.play();
    await fleet.enter();
    await hooks.onConnected(fleet.live);
    fleet.phase = "warming up";
    fleet.startWindow();
    await delay(options.warmupSeconds * 1000);
    await hooks.onWarm();
    fleet.phase = "measuring";
    fleet.startWindow();
    await delay(options.seconds * 1000);
    fleet.measures.endWindow(fleet.measures.now());
    await hooks.onWindowEnd();
    fleet.phase = "leaving";
    await fleet.settle();
    await hooks.onSettled();
    return await fleet.finish();
  } finally {
    clearInterval(progress);
    fleet.stop();
  }
}

class Fleet {
  readonly measures = new Measures();
  readonly #options: BotOptions;
  readonly #bots: Bot[] = [];
  phase: Progress["phase"] = "connecting";
  #settled = 0;
  #connected = 0;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #isActing = false;
  #acts: OpenLoop | undefined;
  #sweeps: OpenLoop | undefined;
  readonly #share: FleetShare;
  #looks: Looks | undefined;

  constructor(options: BotOptions, share: FleetShare) {
    this.#options = options;
    this.#share = share;
    for (let at = 0; at < share.count; at++) {
      this.#bots.push(
        new Bot({
          index: share.first + at,
          options,
          measures: this.measures,
          onSettled: (bot) => {
            this.#settled++;
            if (bot.isLive) this.#connected++;
          },
          onClock: (nowMs) => this.#actDue(nowMs),
        }),
      );
    }
  }

  /** Measures from here on, as if nothing had been measured before. */
  startWindow(): void {
    const { sightCheck, decodeEvery, clients } = this.#options;
    if (sightCheck !== undefined) {
      const isAll = this.#share.count === clients;
      this.#looks = new Looks(this.#bots, { ...sightCheck, isAll, decodeEvery });
    }
    this.measures.startWindow(this.measures.now());
  }

  get live(): number {
    let live = 0;
    for (const bot of this.#bots) if (bot.isLive) live++;
    return live;
  }

  /** Tickets and sockets for all, at the wanted rate; resolves when every bot is in or will never be. */
  async connect(): Promise<void> {
    const tickets = new GuestTickets(this.#options);
    const everyMs = 1000 / (this.#options.connectsPerSecond * (this.#bots.length / this.#options.clients));
    await atRate({ count: this.#bots.length, everyMs, atOnce: CONNECTS_AT_ONCE }, async (at) => {
      const bot = this.#bots[at]!;
      try {
        bot.connect(await tickets.fetch(botName(this.#options.seed, bot.index)));
      } catch (error) {
        this.#settled++;
        this.measures.errors.add("refusedConnection", `bot ${bot.index}: ${(error as Error).message}`);
      }
    });
    tickets.close();
    await this.#until(() => this.#settled >= this.#bots.length, CONNECT_MS_MAX);
    for (const bot of this.#bots) {
      if (bot.state !== "connecting") continue;
      this.measures.errors.add("refusedConnection", `bot ${bot.index}: no welcome in ${CONNECT_MS_MAX} ms`);
      bot.destroy();
    }
  }

  /** Begins to send and to look after the bots. */
  play(): void {
    const startMs = this.measures.now();
    const count = this.#bots.length;
    this.#acts = new OpenLoop({ count, periodMs: 1000 / this.#options.intentsPerSecond, startMs });
    this.#sweeps = new OpenLoop({ count, periodMs: SWEEP_MS, startMs });
    this.#isActing = this.#options.behaviour !== "idle" && this.#options.intentsPerSecond > 0;
    this.#pump();
  }

  /** Until every bot has seen itself in the world. Those who do not are counted by their own check. */
  async enter(): Promise<void> {
    await this.#until(() => this.#bots.every((bot) => !bot.isLive || bot.isPlaced), PLACED_MS_MAX);
  }

  /** Ends the acting; what was on its way may arrive. */
  async settle(): Promise<void> {
    if (this.#isActing) for (const bot of this.#bots) bot.halt();
    this.#isActing = false;
    await delay(STILL_MS);
    await this.#until(
      () => this.#bots.every((bot) => bot.isSettled && (bot.isPlaced || !bot.isLive)),
      SETTLE_MS_MAX,
    );
  }

  async finish(): Promise<FleetReport> {
    const liveAtEnd = this.live;
    const placedAtEnd = this.#bots.filter((bot) => bot.isLive && bot.isPlaced).length;
    this.stop();
    for (const bot of this.#bots) bot.leave();
    await this.#until(
      () => this.#bots.every((bot) => bot.state === "closed" || bot.state === "new"),
      LEAVE_MS_MAX,
    );
    for (const bot of this.#bots) bot.destroy();
    const report = this.measures.report({
      clients: this.#bots.length,
      connected: this.#connected,
      liveAtEnd,
      placedAtEnd,
    });
    return this.#looks === undefined ? report : { ...report, sight: this.#looks.report() };
  }

  stop(): void {
    this.#isActing = false;
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
    if (this.phase !== "leaving") for (const bot of this.#bots) bot.destroy();
  }

  progress(): Progress {
    const { messages, bytes, intentsSent } = this.measures.totals;
    return {
      phase: this.phase,
      live: this.live,
      messages,
      bytes,
      intents: intentsSent,
      errors: this.measures.errors.total,
      p99Ms: this.measures.latenessP99Ms(),
    };
  }

  /** Whoever is due acts, also between the reads of one turn: thousands of them take longer than sends may wait. */
  #actDue(nowMs: number): number {
    return this.#isActing ? this.#acts!.run(nowMs, SENDS_PER_TURN_MAX, this.#act) : 0;
  }

  readonly #act = (index: number, dueMs: number, nowMs: number): void => {
    const bot = this.#bots[index]!;
    if (!bot.isLive) return;
    if (this.measures.isMeasuring) this.measures.generatorLateness.record(nowMs - dueMs);
    bot.act(dueMs);
  };

  #pump(): void {
    const nowMs = this.measures.now();
    const sent = this.#actDue(nowMs);
    this.#sweeps!.run(nowMs, this.#bots.length, (index) => this.#bots[index]!.sweep(nowMs));
    if (this.measures.isMeasuring) this.#looks?.lookIfDue(nowMs);
    if (sent === SENDS_PER_TURN_MAX) this.#timer = setImmediate(() => this.#pump());
    else this.#timer = setTimeout(() => this.#pump(), PUMP_MS);
  }

  async #until(isTrue: () => boolean, deadlineMs: number): Promise<void> {
    const endMs = this.measures.now() + deadlineMs;
    while (!isTrue() && this.measures.now() < endMs) await delay(POLL_MS);
  }
}

/** At most sixteen letters and numbers, different for every bot and the same for the same seed. */
export function botName(seed: number, index: number): string {
  return `bot ${seed.toString(36)} ${index}`.slice(0, 16);
}
