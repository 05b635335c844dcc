/**
 * Clients who stop reading for a while, and then read again. They go on walking and sending numbered intents meanwhile;
 * each is answered with an event, so that what was lost can be counted. How soon each is current again counts from when
 * it has read the last of what had piled up.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Bot } from "./bot.js";
import { botName } from "./fleet.js";
import { GuestTickets } from "./guest-tickets.js";
import { Measures } from "./measures.js";
import { OpenLoop } from "./open-loop.js";
import type { BotOptions } from "./options.js";

export interface SlowFleetOptions {
  /** Where to; `clients` is how many are slow. */
  readonly bots: BotOptions;
  readonly pauseSeconds: number;
  /** Otherwise they read all the time, and are there for comparison. */
  readonly isPausing: boolean;
}

export interface SlowReport {
  readonly connected: number;
  /** From the last old frame until each sees all there is, as of now, in ms; those that never did are not in it. */
  readonly currentMs: readonly number[];
  readonly notCurrent: number;
  /** Bytes each read until its backlog was gone. */
  readonly backlogBytes: readonly number[];
  readonly reliableSent: number;
  readonly reliableLost: number;
  readonly eventsLost: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly errorSamples: readonly string[];
}

export interface SlowHooks {
  onReady(): void;
  /** About to read again: what piled up in the server is there now. */
  onResuming(): Promise<void>;
  /** "pause" begins what {@link SlowFleetOptions.pauseSeconds} says; "settle" ends it all. */
  heard(word: "pause" | "settle"): Promise<void>;
}

const READY_MS_MAX = 10_000;
const CURRENT_MS_MAX = 10_000;
const SETTLE_MS_MAX = 5000;
const LEAVE_MS_MAX = 2000;
const PUMP_MS = 1;
const SWEEP_MS = 250;
/** A frame older than this many ticks had piled up somewhere; one that is newer is as current as any. */
const OLD_TICKS = 3;
const CURRENT_TICKS = 2;

/** One client's own measures: which ticks it hears of, and how old they are by then. */
class TickAges extends Measures {
  lastOldMs = Number.NEGATIVE_INFINITY;
  bytesAtLastOld = 0;

  override frameOfTick(tick16: number): number {
    const tick = super.frameOfTick(tick16);
    if (this.nowMs - this.tickZeroMs > (tick + OLD_TICKS) * this.tickPeriodMs) {
      this.lastOldMs = this.nowMs;
      this.bytesAtLastOld = this.totals.bytes;
    }
    return tick;
  }

  /** The tick that a frame in time would be of now. */
  tickNow(): number {
    return Math.floor((this.now() - this.tickZeroMs) / this.tickPeriodMs);
  }
}

interface SlowClient {
  readonly bot: Bot;
  readonly measures: TickAges;
}

export async function runSlowFleet(options: SlowFleetOptions, hooks: SlowHooks): Promise<SlowReport> {
  const fleet = new SlowFleet(options);
  try {
    await fleet.connect();
    fleet.play();
    hooks.onReady();
    await hooks.heard("pause");
    await fleet.pause(() => hooks.onResuming());
    await hooks.heard("settle");
    return await fleet.settle();
  } finally {
    fleet.stop();
  }
}

class SlowFleet {
  readonly #options: SlowFleetOptions;
  readonly #clients: SlowClient[] = [];
  #connected = 0;
  #timer: NodeJS.Timeout | undefined;
  #isActing = false;
  #acts: OpenLoop | undefined;
  #sweeps: OpenLoop | undefined;
  #currentMs: number[] = [];
  #backlogBytes: number[] = [];
  #notCurrent = 0;

  constructor(options: SlowFleetOptions) {
    this.#options = options;
  }

  get #nowMs(): number {
    return this.#clients[0]!.measures.now();
  }

  async connect(): Promise<void> {
    const { bots } = this.#options;
    const tickets = new GuestTickets(bots);
    for (let index = 0; index < bots.clients; index++) {
      const measures = new TickAges();
      const bot = new Bot({ index, options: bots, measures, onSettled: () => {} });
      bot.connect(await tickets.fetch(botName(bots.seed, index)));
      this.#clients.push({ bot, measures });
    }
    tickets.close();
    await this.#until(() => this.#clients.every(({ bot }) => bot.isWhole()), READY_MS_MAX);
    this.#connected = this.#clients.filter(({ bot }) => bot.isLive).length;
  }

  play(): void {
    const startMs = this.#nowMs;
    const count = this.#clients.length;
    const actMs = 1000 / this.#options.bots.intentsPerSecond;
    this.#acts = new OpenLoop({ count, periodMs: actMs, startMs });
    this.#sweeps = new OpenLoop({ count, periodMs: SWEEP_MS, startMs });
    this.#isActing = true;
    this.#pump();
  }

  #pump(): void {
    const nowMs = this.#nowMs;
    const all = Number.POSITIVE_INFINITY;
    if (this.#isActing) this.#acts?.run(nowMs, all, (index, dueMs) => this.#clients[index]!.bot.act(dueMs));
    this.#sweeps?.run(nowMs, all, (index) => this.#clients[index]!.bot.sweep(nowMs));
    this.#timer = setTimeout(() => this.#pump(), PUMP_MS);
  }

  async pause(onResuming: () => Promise<void>): Promise<void> {
    const { pauseSeconds, isPausing } = this.#options;
    if (isPausing) for (const { bot } of this.#clients) bot.pause();
    await delay(pauseSeconds * 1000);
    await onResuming();
    if (!isPausing) return;
    const resumedMs = this.#nowMs;
    const bytesBefore = new Map(this.#clients.map((client) => [client, client.measures.totals.bytes]));
    for (const { bot } of this.#clients) bot.resume();
    let behind = this.#clients.filter(({ bot }) => bot.isLive);
    await this.#until(() => {
      behind = behind.filter((client) => !this.#isCurrent(client, resumedMs, bytesBefore.get(client)!));
      return behind.length === 0;
    }, CURRENT_MS_MAX);
    this.#notCurrent = behind.length;
  }

  #isCurrent({ bot, measures }: SlowClient, resumedMs: number, bytesBefore: number): boolean {
    if (!bot.isWhole(measures.tickNow() - CURRENT_TICKS)) return false;
    const nowMs = measures.now();
    const hadBacklog = measures.lastOldMs >= resumedMs;
    this.#currentMs.push(nowMs - Math.max(measures.lastOldMs, resumedMs));
    this.#backlogBytes.push(hadBacklog ? measures.bytesAtLastOld - bytesBefore : 0);
    return true;
  }

  async settle(): Promise<SlowReport> {
    this.#isActing = false;
    for (const { bot } of this.#clients) bot.halt();
    const sum = (of: (client: SlowClient) => number) =>
      this.#clients.reduce((total, client) => total + of(client), 0);
    const eventsMissing = () => sum(({ measures: { totals } }) => totals.reliableSent - totals.fieldEvents);
    await this.#until(
      () => eventsMissing() === 0 && this.#clients.every(({ bot }) => bot.isSettled),
      SETTLE_MS_MAX,
    );
    for (const { bot } of this.#clients) bot.leave();
    await this.#until(() => this.#clients.every(({ bot }) => bot.state === "closed"), LEAVE_MS_MAX);
    const errors: Record<string, number> = {};
    for (const { measures } of this.#clients)
      for (const [kind, count] of Object.entries(measures.errors.counts))
        errors[kind] = (errors[kind] ?? 0) + count;
    return {
      connected: this.#connected,
      currentMs: this.#currentMs,
      notCurrent: this.#notCurrent,
      backlogBytes: this.#backlogBytes,
      reliableSent: sum(({ measures }) => measures.totals.reliableSent),
      reliableLost: sum(({ measures: { totals } }) => totals.reliableSent - totals.reliableApplied),
      eventsLost: eventsMissing(),
      errors,
      errorSamples: this.#clients.flatMap(({ measures }) => measures.errors.samples).slice(0, 8),
    };
  }

  stop(): void {
    this.#isActing = false;
    clearTimeout(this.#timer);
    for (const { bot } of this.#clients) bot.destroy();
  }

  async #until(isTrue: () => boolean, deadlineMs: number): Promise<void> {
    const endMs = this.#nowMs + deadlineMs;
    while (!isTrue() && this.#nowMs < endMs) await delay(PUMP_MS);
  }
}
