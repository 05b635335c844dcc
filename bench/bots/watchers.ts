/**
 * Clients who stand still and look: how old is what they see of others who walk all the time? The age of an entity is
 * the time since the tick of which its place was last told. All are of one process, so one clock and one best tick.
 */
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../engine/time.js";
import {
  decodeFrames,
  decodeSight,
  decodeWelcome,
  encodeEventAck,
  encodeGoodbye,
  encodePing,
  type FrameSink,
} from "../../engine/wire/codec.js";
import { messageTypes } from "../../engine/wire/message-types.js";
import { botName } from "./fleet.js";
import { GuestTickets } from "./guest-tickets.js";
import { nearestTick } from "./measures.js";
import type { BotOptions } from "./options.js";
import { Tally, type TallySnapshot } from "./tally.js";
import { BotSocket } from "./websocket.js";

export interface WatchersOptions {
  /** Where to; `clients` is how many watch. */
  readonly bots: BotOptions;
}

export interface WatchReport {
  /** Of every walker in sight, at every look within the window. */
  readonly ages: TallySnapshot;
  /** Walkers in sight, on average. */
  readonly inSight: number;
  /** What went wrong, in words. */
  readonly problems: readonly string[];
}

const WELCOME_MS_MAX = 10_000;
/** Not a divisor of any tick's period, so that looks fall everywhere within ticks. */
const LOOK_MS = 37;
const PING_EVERY_MS = 5000;

/** Time of ticks on this process's clock: the best tick of the run arrived in no time. */
class TickTimes {
  periodMs = 50;
  #tick = 0;
  #bestMs = Number.POSITIVE_INFINITY;

  begin(tick: number, periodMs: number): void {
    this.periodMs = periodMs;
    if (this.#tick === 0) this.#tick = tick;
  }

  /** The whole number of a tick that travels modulo 65,536, noting that it arrived now. */
  arrived(tick16: number, nowMs: number): number {
    const tick = nearestTick(this.#tick, tick16);
    this.#tick = Math.max(tick, this.#tick);
    this.#bestMs = Math.min(this.#bestMs, nowMs - tick * this.periodMs);
    return tick;
  }

  ageMs(tick: number, nowMs: number): number {
    return nowMs - this.#bestMs - tick * this.periodMs;
  }
}

class Watcher implements FrameSink {
  readonly #socket: BotSocket;
  readonly #times: TickTimes;
  /** By cell: id and tick of the last word, by slot. */
  readonly #cells = new Map<number, { id: number; tick: number }[]>();
  #current: { id: number; tick: number }[] = [];
  #tick = 0;
  #events = 0;
  entity = 0;
  problem: string | null = null;

  constructor(options: { readonly bots: BotOptions; readonly ticket: string; readonly times: TickTimes }) {
    const { bots, ticket, times } = options;
    this.#times = times;
    const protocols = ["gridshard.1", `ticket.${ticket}`, "client.watchers-1.0.0"];
    this.#socket = new BotSocket(
      { host: bots.host, port: bots.port, path: "/ws", protocols },
      {
        onOpen: () => {},
        onBytes: () => {},
        onMessage: (bytes) => this.#onMessage(bytes),
        onClose: (code, reason, problem) => {
          this.problem = problem ?? `closed with ${code} ${reason}`;
        },
      },
    );
  }

  #onMessage(bytes: Uint8Array): void {
    switch (bytes[0]) {
      case messageTypes.welcome: {
        const welcome = decodeWelcome(bytes);
        this.entity = welcome.entity;
        this.#times.begin(welcome.tick, welcome.tickPeriodMs);
        return;
      }
      case messageTypes.sight: {
        const listed = new Set(decodeSight(bytes).cells);
        for (const cell of this.#cells.keys()) if (!listed.has(cell)) this.#cells.delete(cell);
        return;
      }
      case messageTypes.event:
        this.#socket.send(encodeEventAck(++this.#events));
        return;
      case messageTypes.cellFrames:
        decodeFrames(bytes, this);
    }
  }

  onFrame(cell: number, tick: number, isKeyframe: boolean): void {
    this.#tick = this.#times.arrived(tick, systemClock.nowMs());
    let slots = this.#cells.get(cell);
    if (slots === undefined || isKeyframe) {
      slots = [];
      this.#cells.set(cell, slots);
    }
    this.#current = slots;
  }

  onAppear(id: number, _x: number, _y: number, slot: number): void {
    this.#current[slot] = { id, tick: this.#tick };
  }

  onLeave(slot: number): void {
    delete this.#current[slot];
  }

  onChange(): void {}

  onMove(slot: number): void {
    const seen = this.#current[slot];
    if (seen !== undefined) seen.tick = this.#tick;
  }

  /** Notes the age of everybody in sight but those who stand still. Returns how many that are. */
  look(nowMs: number, standing: ReadonlySet<number>, ages: Tally): number {
    let count = 0;
    for (const slots of this.#cells.values()) {
      for (const seen of slots) {
        if (seen === undefined || standing.has(seen.id)) continue;
        count++;
        ages.record(this.#times.ageMs(seen.tick, nowMs));
      }
    }
    return count;
  }

  ping(nowMs: number): void {
    this.#socket.send(encodePing(Math.floor(nowMs) >>> 0));
  }

  leave(): void {
    this.#socket.send(encodeGoodbye());
    this.#socket.close();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

export interface WatchHooks {
  onReady(): void;
  /** Resolves when the window begins, and when it has ended. */
  heard(word: "look" | "enough"): Promise<void>;
}

export async function runWatchers(options: WatchersOptions, hooks: WatchHooks): Promise<WatchReport> {
  const { bots } = options;
  const tickets = new GuestTickets(bots);
  const times = new TickTimes();
  const watchers: Watcher[] = [];
  try {
    for (let index = 0; index < bots.clients; index++) {
      const ticket = await tickets.fetch(botName(bots.seed, index));
      watchers.push(new Watcher({ bots, ticket, times }));
    }
    const endMs = systemClock.nowMs() + WELCOME_MS_MAX;
    while (watchers.some(({ entity }) => entity === 0) && systemClock.nowMs() < endMs) await delay(1);
    const standing = new Set(watchers.map(({ entity }) => entity));
    const pings = setInterval(() => {
      for (const watcher of watchers) watcher.ping(systemClock.nowMs());
    }, PING_EVERY_MS);
    hooks.onReady();
    await hooks.heard("look");
    const report = await lookUntil(hooks.heard("enough"), { watchers, standing });
    clearInterval(pings);
    for (const watcher of watchers) watcher.leave();
    return report;
  } finally {
    tickets.close();
    for (const watcher of watchers) watcher.destroy();
  }
}

async function lookUntil(
  isEnough: Promise<void>,
  { watchers, standing }: { readonly watchers: readonly Watcher[]; readonly standing: ReadonlySet<number> },
): Promise<WatchReport> {
  const ages = new Tally();
  let isOver = false;
  void isEnough.then(() => {
    isOver = true;
  });
  let looks = 0;
  let seen = 0;
  while (!isOver) {
    for (const watcher of watchers) {
      seen += watcher.look(systemClock.nowMs(), standing, ages);
      looks++;
    }
    await delay(LOOK_MS);
  }
  const problems = watchers.flatMap(({ problem }) => problem ?? []);
  return { ages: ages.snapshot(), inSight: looks === 0 ? 0 : seen / looks, problems };
}
