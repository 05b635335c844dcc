/** `npm run soak -- store`: a database frozen for a minute, and down for a minute, under 5,000 rows a second. */
import { LINES } from "../test/crash/saving-game.js";
import { type PhaseFigures, runStoreAway } from "../test/crash/store-away.js";

const ROWS_PER_SECOND = 5000;
const TICK_HZ = 20;
/** What ticks may be longer with the database away than with it there. */
const TICK_RATIO_MAX = 1.05;
const DRAIN_RATIO_MIN = 3;
/** Memory beside what waits for the database, which has its own bound. */
const BYTES_PER_WAITING_ROW = 1024;

export interface StoreSoak {
  /** Of each of five phases. */
  readonly phaseSeconds: number;
  readonly say: (line: string) => void;
}

/** False when a figure is not what is wanted; throws when a row is missing. */
export async function soakStore({ phaseSeconds, say }: StoreSoak): Promise<boolean> {
  const players = Math.ceil(ROWS_PER_SECOND / (TICK_HZ * (LINES + 1)));
  const figures = await runStoreAway({ players, phaseMs: phaseSeconds * 1000, windows: 6, say });
  const { phases, inflowRowsPerSecond, drainRowsPerSecond, rows } = figures;
  const there = phases.filter(({ isAway }) => !isAway).flatMap(({ tickP99Ms }) => tickP99Ms);
  const away = phases.filter(({ isAway }) => isAway).flatMap(({ tickP99Ms }) => tickP99Ms);
  const ratio = median(away) / median(there);
  // What windows with the database there differ by among themselves says nothing about the database.
  const noise = Math.max(...there) / median(there);
  const drainRatio = drainRowsPerSecond / inflowRowsPerSecond;
  const [isQuiet, isBounded] = [ratio <= Math.max(TICK_RATIO_MAX, noise), isMemoryBounded(phases)];
  say(`rows saved              ${rows}, 0 lost`);
  say(`inflow                  ${inflowRowsPerSecond.toFixed(0)} rows/s`);
  say(`drain                   ${drainRowsPerSecond.toFixed(0)} rows/s, ${drainRatio.toFixed(1)} x (want 3)`);
  say(`tick p99, there         ${median(there).toFixed(2)} ms; windows differ by ${percent(noise)}`);
  say(`tick p99, away          ${median(away).toFixed(2)} ms, ${percent(ratio)} (want 5 %, or the noise)`);
  say(`memory bounded          ${isBounded ? "yes" : "NO"}`);
  return isQuiet && isBounded && drainRatio >= DRAIN_RATIO_MIN;
}

function isMemoryBounded(phases: readonly PhaseFigures[]): boolean {
  const first = phases[0]!.residentMegabytes;
  return phases.every(
    ({ residentMegabytes, pendingRows }) =>
      residentMegabytes <= first * 2 + (pendingRows * BYTES_PER_WAITING_ROW) / 2 ** 20,
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

function percent(ratio: number): string {
  return `${ratio >= 1 ? "+" : ""}${((ratio - 1) * 100).toFixed(1)} %`;
}
