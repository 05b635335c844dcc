/**
 * Durations in microseconds, kept as counts in buckets that grow with the value, in shared memory: one thread
 * records, any thread reads. Nothing is allocated after construction. Values are whole; tearing is ruled out as
 * in counters.ts. A reader that looks while a record is made may be off by that one.
 */
import { assert } from "../assert.js";

/** A histogram's memory, as it travels to another thread by structured clone. */
export interface HistogramMemory {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
}

/** A pool's memory, as it travels to another thread by structured clone. */
export interface HistogramPoolMemory {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly slots: number;
}

/** Buckets of a {@link Histogram}: four to the octave from 1 µs to 2²⁴ µs (16.8 s), and one for what is longer. */
export const histogramBucketCount = 93;
const LAST_BUCKET = histogramBucketCount - 1;
const RANGE_US = 0x100_0000;

/** Values of one histogram: count, sum, greatest, then the buckets. */
const COUNT_VALUE = 0;
const SUM_VALUE = 1;
const MAX_VALUE = 2;
const BUCKET_VALUE = 3;
const HISTOGRAM_VALUES = BUCKET_VALUE + histogramBucketCount;

/** The first duration, in µs, that is too long for this bucket; infinite for the last one. */
export function histogramBucketEndUs(bucket: number): number {
  if (bucket >= LAST_BUCKET) return Number.POSITIVE_INFINITY;
  if (bucket < 4) return bucket + 1;
  return (5 + (bucket & 3)) * 2 ** ((bucket >> 2) - 1);
}

export function createHistogram(): HistogramMemory {
  return { buffer: new SharedArrayBuffer(HISTOGRAM_VALUES * 8), byteOffset: 0 };
}

/** One end of a histogram: the recorder's, or a reader's. */
export class Histogram {
  readonly #values: Float64Array;

  constructor(memory: HistogramMemory) {
    this.#values = new Float64Array(memory.buffer, memory.byteOffset, HISTOGRAM_VALUES);
  }

  /** Durations recorded. */
  get count(): number {
    return this.#values[COUNT_VALUE]!;
  }

  /** All durations together, in µs. */
  get sum(): number {
    return this.#values[SUM_VALUE]!;
  }

  /** The longest duration, in µs. */
  get max(): number {
    return this.#values[MAX_VALUE]!;
  }

  /** Records one duration in µs. What is not above 0 counts as 0: clocks of two threads may differ by a hair. */
  record(us: number): void {
    const values = this.#values;
    let value = us;
    if (!(value > 0)) value = 0;
    let bucket = LAST_BUCKET;
    if (value < RANGE_US) {
      const whole = value | 0;
      if (whole < 4) bucket = whole;
      else {
        const octave = 31 - Math.clz32(whole);
        bucket = ((octave - 1) << 2) + ((whole >> (octave - 2)) & 3);
      }
    }
    values[BUCKET_VALUE + bucket]! += 1;
    values[COUNT_VALUE]! += 1;
    values[SUM_VALUE]! += value;
    if (value > values[MAX_VALUE]!) values[MAX_VALUE] = value;
  }

  /** How many durations fell into this bucket, 0 to `histogramBucketCount - 1`. */
  inBucket(bucket: number): number {
    return this.#values[BUCKET_VALUE + bucket]!;
  }

  /**
   * A duration in µs that at least `p` per cent of the recorded ones do not exceed: the end of the bucket, so
   * never less than the true percentile, and at most a quarter (or 1 µs) more. 0 when nothing is recorded.
   */
  percentile(p: number): number {
    // Counted from the buckets, not from `count`, so that a record made meanwhile cannot lead past the end.
    let total = 0;
    for (let bucket = 0; bucket < histogramBucketCount; bucket++) total += this.inBucket(bucket);
    if (total === 0) return 0;
    const rank = Math.max(1, Math.ceil((total * p) / 100));
    let below = 0;
    for (let bucket = 0; bucket < histogramBucketCount; bucket++) {
      below += this.inBucket(bucket);
      if (below >= rank) return Math.min(histogramBucketEndUs(bucket), this.max);
    }
    return this.max;
  }

  /** Adds everything recorded in `other`. Only the thread that records here may. */
  merge(other: Histogram): void {
    const values = this.#values;
    const added = other.#values;
    for (let index = 0; index < HISTOGRAM_VALUES; index++) {
      if (index !== MAX_VALUE) values[index]! += added[index]!;
    }
    values[MAX_VALUE] = Math.max(values[MAX_VALUE]!, added[MAX_VALUE]!);
  }

  /** Forgets everything. Only the thread that records may. */
  clear(): void {
    this.#values.fill(0);
  }
}

/** Buckets of one slot of a {@link HistogramPool}: one to the octave; the first ends at 4 µs, the last is open. */
export const poolBucketCount = 16;
const POOL_FIRST_BUCKET_BITS = 2;

/** The first duration, in µs, that is too long for this bucket of a slot; infinite for the last one. */
export function poolBucketEndUs(bucket: number): number {
  return bucket >= poolBucketCount - 1 ? Number.POSITIVE_INFINITY : 2 ** (bucket + POOL_FIRST_BUCKET_BITS);
}

export function createHistogramPool(slots: number): HistogramPoolMemory {
  assert(Number.isInteger(slots) && slots > 0, "a pool has a whole number of slots");
  return { buffer: new SharedArrayBuffer(slots * (poolBucketCount + 1) * 4), byteOffset: 0, slots };
}

/**
 * Many small histograms, 64 bytes each, one per room: enough to see which room is slow and how slow. Octaves from
 * 4 µs to 65 ms, past the longest tick period anybody uses. Counts wrap at 2³²: 6 years of 20 ticks a second.
 */
export class HistogramPool {
  readonly slots: number;
  readonly #counts: Uint32Array;
  /** Whose a slot is, behind all counts. */
  readonly #labels: Uint32Array;

  constructor(memory: HistogramPoolMemory) {
    this.slots = memory.slots;
    const countsLengthBytes = memory.slots * poolBucketCount * 4;
    this.#counts = new Uint32Array(memory.buffer, memory.byteOffset, memory.slots * poolBucketCount);
    this.#labels = new Uint32Array(memory.buffer, memory.byteOffset + countsLengthBytes, memory.slots);
  }

  /** The number its owner gave the slot when it began with it; 0 when it never has. */
  label(slot: number): number {
    return this.#labels[slot]!;
  }

  /** The slots with the highest percentiles `p`, slowest first, at most `countMax`. For people: it looks at every slot. */
  slowest(
    p: number,
    countMax: number,
  ): { readonly label: number; readonly count: number; readonly us: number }[] {
    const found: { label: number; count: number; us: number }[] = [];
    for (let slot = 0; slot < this.slots; slot++) {
      const count = this.label(slot) === 0 ? 0 : this.count(slot);
      if (count > 0) found.push({ label: this.label(slot), count, us: this.percentile(slot, p) });
    }
    return found.sort((a, b) => b.us - a.us || b.count - a.count).slice(0, countMax);
  }

  /** Records one duration in µs. */
  record(slot: number, us: number): void {
    const whole = us > 0 ? Math.min(us, 0x7fff_ffff) | 0 : 0;
    const bits = 32 - Math.clz32(whole);
    const bucket = Math.min(Math.max(bits - POOL_FIRST_BUCKET_BITS, 0), poolBucketCount - 1);
    this.#counts[slot * poolBucketCount + bucket]! += 1;
  }

  /** How many durations of this slot fell into this bucket. */
  inBucket(slot: number, bucket: number): number {
    return this.#counts[slot * poolBucketCount + bucket]!;
  }

  /** Durations recorded in this slot. */
  count(slot: number): number {
    let total = 0;
    for (let bucket = 0; bucket < poolBucketCount; bucket++) total += this.inBucket(slot, bucket);
    return total;
  }

  /** The end, in µs, of the bucket that holds this percentile: infinite past 65 ms, 0 when nothing is recorded. */
  percentile(slot: number, p: number): number {
    const total = this.count(slot);
    if (total === 0) return 0;
    const rank = Math.max(1, Math.ceil((total * p) / 100));
    let below = 0;
    for (let bucket = 0; bucket < poolBucketCount; bucket++) {
      below += this.inBucket(slot, bucket);
      if (below >= rank) return poolBucketEndUs(bucket);
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Forgets a slot, for its next owner: a room's id, or 0 for nobody. */
  clear(slot: number, label = 0): void {
    this.#labels[slot] = label;
    this.#counts.fill(0, slot * poolBucketCount, (slot + 1) * poolBucketCount);
  }
}
