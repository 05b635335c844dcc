/** gridshard's own bot, as it is. */
import { Bot } from "../bots/bot.js";
import { GuestTickets } from "../bots/guest-tickets.js";
import { type BotOptions, parseBotOptions } from "../bots/options.js";
import type { PersonKey, PersonPlace } from "../sight-check.js";
import type { PeerClient, PeerClientOptions, PeerLoad } from "./peer-client.js";

export class GridshardClient implements PeerClient {
  readonly #options: PeerClientOptions;
  readonly #bot: Bot;

  constructor(options: PeerClientOptions) {
    this.#options = options;
    const { index, load, measures } = options;
    this.#bot = new Bot({ index, options: botOptions(load), measures, onSettled: () => {} });
  }

  get key(): PersonKey | undefined {
    return this.#bot.trail?.ownId;
  }

  get isLive(): boolean {
    return this.#bot.isLive;
  }

  get place(): PersonPlace | undefined {
    const trail = this.#bot.trail;
    return trail === undefined || Number.isNaN(trail.ownX) ? undefined : { x: trail.ownX, y: trail.ownY };
  }

  async connect(): Promise<void> {
    const tickets = new GuestTickets(this.#options.load);
    try {
      this.#bot.connect(await tickets.fetch(`peer ${this.#options.index}`));
    } finally {
      tickets.close();
    }
  }

  act(dueMs: number): void {
    this.#bot.act(dueMs);
  }

  seen(): ReadonlyMap<PersonKey, PersonPlace> | undefined {
    const { sight } = this.#bot;
    if (sight === undefined) return undefined;
    const seen = new Map<PersonKey, PersonPlace>();
    for (const other of sight.others()) seen.set(other.id, other);
    return seen;
  }

  leave(): void {
    this.#bot.leave();
  }
}

function botOptions(load: PeerLoad): BotOptions {
  const parsed = parseBotOptions([
    ...["--url", `http://${load.host}:${load.port}`],
    ...["--clients", String(load.clients)],
    ...["--seed", String(load.seed)],
    ...["--intents-per-second", String(load.intentsPerSecond)],
    ...["--reliable-per-second", "0"],
    ...["--decode-every", String(load.sampleEvery || load.clients)],
  ]);
  if (parsed === "help") throw new Error("no help is asked for");
  return parsed;
}
