/** How many restarts a server may make within a window before it is the server itself that is broken. */
import type { Clock } from "../engine/time.js";

export class RestartBudget {
  readonly restartsMax: number;
  readonly windowMs: number;
  readonly #clock: Clock;
  /** When the restarts within the window were made; at most `restartsMax` of them. */
  #madeAtMs: number[] = [];

  constructor(clock: Clock, options: { readonly restartsMax: number; readonly windowMs: number }) {
    this.#clock = clock;
    this.restartsMax = options.restartsMax;
    this.windowMs = options.windowMs;
  }

  /** Takes one restart from the budget; false when it is spent. */
  trySpend(): boolean {
    const since = this.#clock.nowMs() - this.windowMs;
    this.#madeAtMs = this.#madeAtMs.filter((atMs) => atMs > since);
    if (this.#madeAtMs.length >= this.restartsMax) return false;
    this.#madeAtMs.push(this.#clock.nowMs());
    return true;
  }
}
