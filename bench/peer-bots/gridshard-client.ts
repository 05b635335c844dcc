/** gridshard's own bot, as it is: it decodes all it is sent anyway, for it checks every frame. */
import { Bot } from "../bots/bot.js";
import { GuestTickets } from "../bots/guest-tickets.js";
import { type BotOptions, parseBotOptions } from "../bots/options.js";
import type { PersonKey, PersonPlace } from "../sight-check.js";
import { isSampled, type PeerClient, type PeerClientOptions, type PeerLoad } from "./peer-client.js";

export class GridshardClient implements PeerClient {
  readonly #options: PeerClientOptions;
  readonly #bot: Bot;

  constructor(options: PeerClientOptions) {
    this.#options = options;
    const { index, load, measures } = options;
    this.#bot = new Bot({ index, options: botOptions(load), measures, onSettled: () => {} });
  }

  get key(): PersonKey | undefined {
    return this.#bot.sight?.ownId;
  }

  get isLive(): boolean {
    return this.#bot.isLive;
  }

  get place(): PersonPlace | undefined {
    const sight = this.#bot.sight;
    return sight === undefined || Number.isNaN(sight.ownX) ? undefined : { x: sight.ownX, y: sight.ownY };
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
    const sight = this.#bot.sight;
    if (!isSampled(this.#options) || sight === undefined) return undefined;
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
  ]);
  if (parsed === "help") throw new Error("no help is asked for");
  return parsed;
}
