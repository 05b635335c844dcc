/**
 * Arrivals of frames by tick. Lateness is measured as a player's client feels it: against the best tick of the last ones,
 * at the pace that the server itself keeps. A server whose timer runs at 19.9 Hz is not late by ever more, and one that gives up
 * the ticks of a stall is forgiven after a while; how often it really tells its clients is a figure of its own.
 */
import { Tally } from "./bots/tally.js";
import { median } from "./median.js";

const CHUNK = 1 << 16;
/** A second, at twenty a second. */
const LAST_TICKS = 20;

export interface FramePace {
  readonly periodMs: number;
  /** Different ticks that anybody was told of. */
  readonly ticks: number;
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

  /** The period is the slope of each tick's first arrival. */
  pace(): FramePace {
    const lateness = new Tally();
    const first = this.#firstArrivals();
    const periodMs = slopeOf(first);
    const best = bestOffsets(first, periodMs);
    for (let at = 0; at < this.#count; at++) {
      const tick = this.#ticks[at]!;
      lateness.record(this.#arrivals[at]! - tick * periodMs - best.get(tick)!);
    }
    return { periodMs, ticks: first.size, lateness };
  }

  #firstArrivals(): Map<number, number> {
    const first = new Map<number, number>();
    for (let at = 0; at < this.#count; at++) {
      const tick = this.#ticks[at]!;
      const arrival = this.#arrivals[at]!;
      if (arrival < (first.get(tick) ?? Number.POSITIVE_INFINITY)) first.set(tick, arrival);
    }
    return first;
  }
}

/** By tick, the least that it or one of those before it came after it was due. */
function bestOffsets(arrivals: ReadonlyMap<number, number>, periodMs: number): Map<number, number> {
  const ticks = inOrder(arrivals);
  const offsets = ticks.map((tick) => arrivals.get(tick)! - tick * periodMs);
  return new Map(
    ticks.map((tick, at) => [tick, Math.min(...offsets.slice(Math.max(0, at - LAST_TICKS), at + 1))]),
  );
}

const inOrder = (arrivals: ReadonlyMap<number, number>) => [...arrivals.keys()].sort((a, b) => a - b);

/** Median over pairs of ticks half the run apart: a stall, however long, tilts only the pairs it falls into. */
function slopeOf(arrivals: ReadonlyMap<number, number>): number {
  const ticks = inOrder(arrivals);
  const half = Math.floor(ticks.length / 2);
  return median(
    ticks
      .slice(half)
      .map((tick, at) => (arrivals.get(tick)! - arrivals.get(ticks[at]!)!) / (tick - ticks[at]!)),
  );
}

function grown(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}
