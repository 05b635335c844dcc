/** Time of one of many calls, as the median of several rounds. */
import { systemClock } from "../../engine/time.js";
import { median } from "../median.js";

/** Nanoseconds of one call. */
export function nanosecondsOf(run: () => void): number {
  const startMs = systemClock.nowMs();
  run();
  return (systemClock.nowMs() - startMs) * 1e6;
}

/** Calls `run` once a round, after one round to warm up; nanoseconds for each of its `count` items. */
export function nanosecondsEach(rounds: number, count: number, run: () => void): number {
  const figures: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const ns = nanosecondsOf(run);
    if (round > 0) figures.push(ns / count);
  }
  return median(figures);
}
