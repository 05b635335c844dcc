/**
 * Durations counted in equal buckets, fine enough to read percentiles to a twentieth of a millisecond and to be
 * shifted once the zero is known: lateness is measured from the best tick of the run, which only the end tells.
 */
const BUCKET_MS = 0.05;
const BUCKETS = 60_000; // three seconds; what is longer counts as that long, and `maxMs` says how long it was

/** A tally as it travels between processes. */
export interface TallySnapshot {
  readonly count: number;
  readonly sumMs: number;
  readonly maxMs: number;
  /** Bucket and count, in turn, for those that are not empty. */
  readonly buckets: readonly number[];
}

export interface Percentiles {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export class Tally {
  readonly #buckets = new Float64Array(BUCKETS);
  count = 0;
  sumMs = 0;
  maxMs = 0;

  record(ms: number): void {
    const value = Math.max(ms, 0);
    const bucket = (value / BUCKET_MS) | 0;
    this.#buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]! += 1;
    this.count += 1;
    this.sumMs += value;
    if (value > this.maxMs) this.maxMs = value;
  }

  /** What was recorded, each less by `shiftMs`. */
  snapshot(shiftMs = 0): TallySnapshot {
    const buckets: number[] = [];
    const shift = Math.round(shiftMs / BUCKET_MS);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.#buckets[bucket]!;
      if (count > 0) buckets.push(Math.max(0, bucket - shift), count);
    }
    const sumMs = Math.max(0, this.sumMs - this.count * shiftMs);
    return { count: this.count, sumMs, maxMs: Math.max(0, this.maxMs - shiftMs), buckets };
  }

  add(other: TallySnapshot): void {
    for (let at = 0; at < other.buckets.length; at += 2) {
      this.#buckets[other.buckets[at]!]! += other.buckets[at + 1]!;
    }
    this.count += other.count;
    this.sumMs += other.sumMs;
    this.maxMs = Math.max(this.maxMs, other.maxMs);
  }

  clear(): void {
    this.#buckets.fill(0);
    this.count = 0;
    this.sumMs = 0;
    this.maxMs = 0;
  }

  /** The value that at least `fraction` of the recorded ones do not exceed: the end of its bucket. */
  quantileMs(fraction: number): number {
    const rank = Math.max(1, Math.ceil(this.count * fraction));
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      below += this.#buckets[bucket]!;
      if (below >= rank) return Math.min((bucket + 1) * BUCKET_MS, this.maxMs);
    }
    return this.maxMs;
  }

  percentiles(): Percentiles {
    const round = (ms: number) => Math.round(ms * 100) / 100;
    return {
      count: this.count,
      meanMs: round(this.count === 0 ? 0 : this.sumMs / this.count),
      p50Ms: round(this.quantileMs(0.5)),
      p90Ms: round(this.quantileMs(0.9)),
      p99Ms: round(this.quantileMs(0.99)),
      p999Ms: round(this.quantileMs(0.999)),
      maxMs: round(this.maxMs),
    };
  }
}
