/**
 * Arrivals of frames by tick. Lateness is measured against the pace that the server itself keeps: a server whose timer
 * runs at 19.9 Hz is not late by ever more, and how often it really tells its clients is a figure of its own.
 */
import { Tally } from "./bots/tally.js";

const CHUNK = 1 << 16;

export interface FramePace {
  readonly periodMs: number;
  readonly lateness: Tally;
}

export class FrameTimes {
  #ticks = new Float64Array(CHUNK);
  #arrivals = new Float64Array(CHUNK);
  #count = 0;

  /** A frame of this tick came to a client. */
  record(tick: number, arrivalMs: number): void {
    if (this.#count === this.#ticks.length) {
      this.#ticks = grown(this.#ticks);
      this.#arrivals = grown(this.#arrivals);
    }
    this.#ticks[this.#count] = tick;
    this.#arrivals[this.#count] = arrivalMs;
    this.#count++;
  }

  /** The period is the slope of each tick's first arrival (least squares); the best tick is in time, by definition. */
  pace(): FramePace {
    const lateness = new Tally();
    const periodMs = this.#slope();
    let bestMs = Number.POSITIVE_INFINITY;
    for (let at = 0; at < this.#count; at++) {
      bestMs = Math.min(bestMs, this.#arrivals[at]! - this.#ticks[at]! * periodMs);
    }
    for (let at = 0; at < this.#count; at++) {
      lateness.record(this.#arrivals[at]! - this.#ticks[at]! * periodMs - bestMs);
    }
    return { periodMs, lateness };
  }

  #slope(): number {
    const first = new Map<number, number>();
    for (let at = 0; at < this.#count; at++) {
      const tick = this.#ticks[at]!;
      const arrival = this.#arrivals[at]!;
      if (arrival < (first.get(tick) ?? Number.POSITIVE_INFINITY)) first.set(tick, arrival);
    }
    let sumTick = 0;
    let sumArrival = 0;
    for (const [tick, arrival] of first) {
      sumTick += tick;
      sumArrival += arrival;
    }
    const meanTick = sumTick / first.size;
    const meanArrival = sumArrival / first.size;
    let products = 0;
    let squares = 0;
    for (const [tick, arrival] of first) {
      products += (tick - meanTick) * (arrival - meanArrival);
      squares += (tick - meanTick) ** 2;
    }
    return products / squares;
  }
}

function grown(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}
