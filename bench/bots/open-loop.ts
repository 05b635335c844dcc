/** Open-loop schedules: what is due is due, however late the one before was. */
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../../engine/time.js";

/**
 * Deeds of many at a steady rate, whatever the server does meanwhile: the n-th of all is due at start + n · period / count,
 * and is number n's (modulo count). The schedule needs no more memory than n.
 */
export class OpenLoop {
  readonly #count: number;
  readonly #startMs: number;
  readonly #spacingMs: number;
  #done = 0;

  /** Each of `count` acts once in `periodMs`. */
  constructor(options: { readonly count: number; readonly periodMs: number; readonly startMs: number }) {
    this.#count = options.count;
    this.#startMs = options.startMs;
    this.#spacingMs = options.periodMs / options.count;
  }

  /** Has act who is due by `nowMs`, at most `most` of them. Returns how many. */
  run(nowMs: number, most: number, act: (index: number, dueMs: number, nowMs: number) => void): number {
    let acted = 0;
    for (; acted < most; acted++) {
      const dueMs = this.#startMs + this.#done * this.#spacingMs;
      if (dueMs > nowMs) break;
      act(this.#done++ % this.#count, dueMs, nowMs);
    }
    return acted;
  }
}

/** Runs `task` for 0 … count - 1, one every `everyMs` from now on, and no more than `atOnce` at a time. Resolves when all are done. */
export async function atRate(
  rate: { readonly count: number; readonly everyMs: number; readonly atOnce: number },
  task: (index: number) => Promise<void>,
): Promise<void> {
  const { count, everyMs, atOnce } = rate;
  const startMs = systemClock.nowMs();
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < count; at = next++) {
      const waitMs = startMs + at * everyMs - systemClock.nowMs();
      if (waitMs > 1) await delay(waitMs);
      await task(at);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
}
