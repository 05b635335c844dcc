/**
 * Whether the bots of a process see who they should: now and then one of them looks around, and what it sees is judged by
 * where everybody knows themselves. Where the bots are spread over processes, only people of the same one are judged.
 */
import { type PersonPlace, SightCheck, type SightCheckOptions, type SightReport } from "../sight-check.js";
import type { Bot } from "./bot.js";

const LOOK_MS = 50;
/** So many look in turn, each twice, before the next ones do: what one sees wrongly counts when it sees it again. */
const IN_TURN = 8;
const STEP = 61;

export class Looks {
  readonly #check: SightCheck;
  readonly #bots: readonly Bot[];
  /** Who reads everything. */
  readonly #observers: readonly Bot[];
  /** Everybody in the world is a bot of this process: who is nobody of them is nobody. */
  readonly #isAll: boolean;
  #nextMs = Number.NEGATIVE_INFINITY;
  #looked = 0;

  constructor(
    bots: readonly Bot[],
    options: SightCheckOptions & { readonly isAll: boolean; readonly decodeEvery: number },
  ) {
    this.#bots = bots;
    this.#observers = bots.filter(({ index }) => index % options.decodeEvery === 0);
    this.#check = new SightCheck(options);
    this.#isAll = options.isAll;
  }

  lookIfDue(nowMs: number): void {
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + LOOK_MS;
    const turn = Math.floor(this.#looked / (IN_TURN * 2)) * IN_TURN + (this.#looked % IN_TURN);
    this.#looked++;
    // A step that shares no factor with usual counts of bots: everybody's turn comes.
    const observer = this.#observers[(turn * STEP) % this.#observers.length]!.sight;
    if (observer === undefined || !observer.isPlaced) return;
    const places = new Map<number, PersonPlace>();
    for (const { trail, isLive } of this.#bots) {
      if (isLive && trail !== undefined && !Number.isNaN(trail.ownX))
        places.set(trail.ownId, { x: trail.ownX, y: trail.ownY });
    }
    const seen = new Map<number, PersonPlace>();
    for (const { id, x, y } of observer.others()) {
      if (this.#isAll || places.has(id)) seen.set(id, { x, y });
    }
    this.#check.look(observer.ownId, places, seen);
  }

  report(): SightReport {
    return this.#check.report();
  }
}
