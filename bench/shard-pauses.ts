/**
 * Garbage collections of a shard's thread, told by the game module that a bench runs in it: the world stands still for
 * each, so what counts is the longest.
 */
import { PerformanceObserver, performance } from "node:perf_hooks";
import { stderrSink } from "../engine/log.js";

/** How often {@link reportPauses} writes. */
export const PAUSES_PERIOD_MS = 2000;

/** What it writes: for each pause when it began, in ms since 1970, and how long it was. */
export const pausesLine = /^bench pauses((?: \d+:[\d.]+)*)$/;

/** Writes this thread's pauses to stderr, a line of its own every two seconds, though there be none. */
export function reportPauses(): void {
  let told: string[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      told.push(`${Math.round(performance.timeOrigin + startTime)}:${duration.toFixed(3)}`);
  });
  observer.observe({ entryTypes: ["gc"] });
  setInterval(() => {
    stderrSink(["bench pauses", ...told].join(" ").concat("\n"));
    told = [];
  }, PAUSES_PERIOD_MS).unref();
}

export interface Pause {
  readonly atMs: number;
  readonly ms: number;
}

/** The pauses of what {@link pausesLine} matched. */
export function pausesOf(matched: readonly string[]): Pause[] {
  return matched
    .flatMap((line) => line.split(" "))
    .filter((pause) => pause !== "")
    .map((pause) => {
      const [atMs, ms] = pause.split(":").map(Number);
      return { atMs: atMs!, ms: ms! };
    });
}
