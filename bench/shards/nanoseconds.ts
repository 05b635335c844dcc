/** Time of one of many calls, round by round. */
import { systemClock } from "../../engine/time.js";
import type { Figures } from "../measured.js";

/** Nanoseconds of one call. */
export function nanosecondsOf(run: () => void): number {
  const startMs = systemClock.nowMs();
  run();
  return (systemClock.nowMs() - startMs) * 1e6;
}

/** Calls `run` once a round, after one round to warm up; nanoseconds for each of its `count` items, round by round. */
export function nanosecondsEach(rounds: number, count: number, run: () => void): Figures[] {
  const figures: Figures[] = [];
  for (let round = 0; round <= rounds; round++) {
    const ns = nanosecondsOf(run);
    if (round > 0) figures.push({ ns: ns / count });
  }
  return figures;
}
