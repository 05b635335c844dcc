/**
 * Clients who come, see and go, at a given rate whatever the server does meanwhile: the n-th is due at start + n / rate.
 * How long it took counts from when it was due until its client sees all there is to see: the Welcome, a keyframe of
 * every cell in sight, its own entity in one of them.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Bot } from "./bot.js";
import { botName } from "./fleet.js";
import { GuestTickets } from "./guest-tickets.js";
import { Measures } from "./measures.js";
import type { BotOptions } from "./options.js";
import { Tally, type TallySnapshot } from "./tally.js";

export interface ChurnOptions {
  /** Where to, and everything else that clients are told. */
  readonly bots: BotOptions;
  readonly perSecond: number;
  /** Length of the measured window; clients come for `staySeconds` before it, so that as many go as come. */
  readonly seconds: number;
  readonly staySeconds: number;
  /** `new`: each asks for a ticket when it comes. `known`: all have theirs, and come again when they have gone. */
  readonly players: "new" | "known";
}

export interface ChurnReport {
  /** Clients that were due within the window. */
  readonly due: number;
  /** Of those, how many saw everything, and how many within {@link IN_TIME_MS}. */
  readonly placed: number;
  readonly placedInTime: number;
  /** Of those that were placed, from when they were due. */
  readonly placing: TallySnapshot;
  readonly generatorLateMsP99: number;
  readonly generatorCores: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly errorSamples: readonly string[];
}

export interface ChurnHooks {
  onWindowStart(): void;
  onWindowEnd(): void;
}

/** A client that has waited longer was not served as it was asked to be. */
export const IN_TIME_MS = 1000;
const PLACED_MS_MAX = 5000;
const LEAVE_MS_MAX = 3000;
const PUMP_MS = 1;
/** Known players rest as long between two stays, so that the one before is over. */
const REST_SECONDS = 3;
const TICKETS_AT_ONCE = 8;
const DESKS = 32;

interface Client {
  readonly bot: Bot;
  readonly ticket: string;
  readonly dueMs: number;
  readonly isMeasured: boolean;
  leaveAtMs: number;
}

export async function runChurn(options: ChurnOptions, hooks: ChurnHooks): Promise<ChurnReport> {
  const churn = new Churn(options);
  try {
    await churn.prepare();
    return await churn.run(hooks);
  } finally {
    churn.stop();
  }
}

class Churn {
  readonly #options: ChurnOptions;
  readonly #measures = new Measures();
  readonly #placing = new Tally();
  /** Several, each with a few requests at once: who is due must not wait for another's answer. */
  readonly #desks: readonly GuestTickets[];
  /** Of known players that are away, the longest gone first. */
  #known: string[] = [];
  #arriving: Client[] = [];
  #staying: Client[] = [];
  #leaving: Client[] = [];
  #asking = 0;
  #begun = 0;
  #due = 0;
  #placed = 0;
  #placedInTime = 0;
  #isOver = false;

  constructor(options: ChurnOptions) {
    this.#options = options;
    this.#desks = Array.from({ length: DESKS }, () => new GuestTickets(options.bots));
  }

  /** Tickets of all known players. */
  async prepare(): Promise<void> {
    const { players, perSecond, staySeconds, bots } = this.#options;
    if (players === "new") return;
    const count = Math.ceil(perSecond * (staySeconds + REST_SECONDS));
    let next = 0;
    const fetchSome = async () => {
      while (next < count) this.#known.push(await this.#desks[0]!.fetch(botName(bots.seed, next++)));
    };
    await Promise.all(Array.from({ length: TICKETS_AT_ONCE }, fetchSome));
  }

  async run(hooks: ChurnHooks): Promise<ChurnReport> {
    const { seconds, staySeconds } = this.#options;
    const measures = this.#measures;
    const startMs = measures.now();
    const windowMs = startMs + staySeconds * 1000;
    const endMs = windowMs + seconds * 1000;
    while (measures.now() < endMs) {
      const nowMs = measures.now();
      if (!measures.isMeasuring && nowMs >= windowMs) {
        measures.startWindow(nowMs);
        hooks.onWindowStart();
      }
      this.#begin(startMs, { fromMs: windowMs, toMs: endMs });
      this.#look();
      await delay(PUMP_MS);
    }
    measures.endWindow(measures.now());
    hooks.onWindowEnd();
    await this.#until(() => this.#arriving.length === 0 && this.#asking === 0, PLACED_MS_MAX);
    for (const client of this.#staying) client.leaveAtMs = 0;
    await this.#until(() => this.#staying.length + this.#leaving.length === 0, LEAVE_MS_MAX);
    return this.#report();
  }

  /** Clients that are due by now. */
  #begin(startMs: number, window: { readonly fromMs: number; readonly toMs: number }): void {
    const { perSecond, players } = this.#options;
    const nowMs = this.#measures.now();
    for (;;) {
      const dueMs = startMs + (this.#begun * 1000) / perSecond;
      if (dueMs > nowMs || dueMs >= window.toMs) return;
      const isMeasured = dueMs >= window.fromMs;
      const index = this.#begun++;
      if (isMeasured) {
        this.#due++;
        this.#measures.generatorLateness.record(nowMs - dueMs);
      }
      if (players === "new") void this.#ask(index, dueMs, isMeasured);
      else {
        const ticket = this.#known.shift();
        if (ticket === undefined)
          this.#measures.errors.add("refusedConnection", "every player is there already");
        else this.#connect(index, ticket, dueMs, isMeasured);
      }
    }
  }

  async #ask(index: number, dueMs: number, isMeasured: boolean): Promise<void> {
    this.#asking++;
    try {
      const ticket = await this.#desks[index % DESKS]!.fetch(botName(this.#options.bots.seed, index));
      if (!this.#isOver) this.#connect(index, ticket, dueMs, isMeasured);
    } catch (error) {
      this.#measures.errors.add("refusedConnection", (error as Error).message);
    } finally {
      this.#asking--;
    }
  }

  #connect(index: number, ticket: string, dueMs: number, isMeasured: boolean): void {
    const bot = new Bot({
      index,
      options: this.#options.bots,
      measures: this.#measures,
      onSettled: () => {},
    });
    bot.connect(ticket);
    this.#arriving.push({ bot, ticket, dueMs, isMeasured, leaveAtMs: Number.POSITIVE_INFINITY });
  }

  /** Who has been placed stays, who has stayed long enough leaves, who has left is forgotten. */
  #look(): void {
    const nowMs = this.#measures.now();
    this.#arriving = this.#arriving.filter((client) => !this.#hasArrived(client, nowMs));
    let leavers = 0;
    // All stay equally long, so they leave in the order they came; at the very end, all at once.
    while (leavers < this.#staying.length && this.#staying[leavers]!.leaveAtMs <= nowMs) {
      const client = this.#staying[leavers++]!;
      client.bot.leave();
      this.#leaving.push(client);
    }
    if (leavers > 0) this.#staying = this.#staying.slice(leavers);
    this.#leaving = this.#leaving.filter(({ bot, ticket }) => {
      if (bot.state !== "closed") return true;
      if (this.#options.players === "known") this.#known.push(ticket);
      return false;
    });
  }

  #hasArrived(client: Client, nowMs: number): boolean {
    const { bot, dueMs, isMeasured } = client;
    const tookMs = nowMs - dueMs;
    if (bot.isWhole()) {
      if (isMeasured) {
        this.#placed++;
        if (tookMs <= IN_TIME_MS) this.#placedInTime++;
        this.#placing.record(tookMs);
      }
      client.leaveAtMs = nowMs + this.#options.staySeconds * 1000;
      this.#staying.push(client);
      return true;
    }
    if (bot.state !== "closed" && tookMs < PLACED_MS_MAX) return false;
    if (bot.state !== "closed") {
      this.#measures.errors.add("refusedConnection", `not placed within ${PLACED_MS_MAX} ms`);
      bot.destroy();
    }
    return true;
  }

  async #until(isTrue: () => boolean, deadlineMs: number): Promise<void> {
    const endMs = this.#measures.now() + deadlineMs;
    for (;;) {
      this.#look();
      if (isTrue() || this.#measures.now() >= endMs) return;
      await delay(PUMP_MS);
    }
  }

  #report(): ChurnReport {
    const fleet = this.#measures.report({ clients: 0, connected: 0, liveAtEnd: 0, placedAtEnd: 0 });
    return {
      due: this.#due,
      placed: this.#placed,
      placedInTime: this.#placedInTime,
      placing: this.#placing.snapshot(),
      generatorLateMsP99: this.#measures.generatorLateness.percentiles().p99Ms,
      generatorCores: fleet.generatorCpu,
      errors: fleet.errors,
      errorSamples: fleet.errorSamples,
    };
  }

  stop(): void {
    this.#isOver = true;
    for (const desk of this.#desks) desk.close();
    for (const { bot } of [...this.#arriving, ...this.#staying, ...this.#leaving]) bot.destroy();
  }
}
