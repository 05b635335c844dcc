/** Where the time comes from. The only file that reads a clock; everything else is handed one. */
export interface Clock {
  /** Monotonic milliseconds with a fraction, on one scale for every thread of the process. */
  nowMs(): number;
  /** Wall-clock milliseconds since 1970, for what people and rows show. Never used to measure. */
  wallMs(): number;
}

/**
 * performance.now() counts from each thread's own start; the kernel's monotonic clock is shared by all. A thread may be
 * put aside between the two readings, and the first reading of each takes long: the closest pair of several tells.
 */
const threadStartMs = (() => {
  let startMs = 0;
  let apartMs = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 16; attempt++) {
    const beforeMs = performance.now();
    const [seconds, nanoseconds] = process.hrtime();
    const afterMs = performance.now();
    if (afterMs - beforeMs >= apartMs) continue;
    apartMs = afterMs - beforeMs;
    startMs = seconds * 1000 + nanoseconds / 1e6 - (beforeMs + afterMs) / 2;
  }
  return startMs;
})();

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => threadStartMs + performance.now(),
  wallMs: () => Date.now(),
};

/** A clock that stands still until it is cranked: for tests and for the one-thread simulation. */
export class ManualClock implements Clock {
  #nowMs: number;

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Whole, as the machine's is. */
  wallMs(): number {
    return 1_700_000_000_000 + Math.floor(this.#nowMs);
  }

  /** Moves time on by `ms`. */
  advance(ms: number): void {
    this.#nowMs += ms;
  }
}
