/** `npm run soak -- crash`: a server killed a hundred times with tallies, and a hundred times with battles. */
import { battlePlay } from "../test/crash/battle-play.js";
import { type KillFigures, runKillRounds } from "../test/crash/kill-rounds.js";
import { tallyPlay } from "../test/crash/tally-play.js";

const KILLS = 100;
/** From the process's start to the first tick of a world, whatever there was to restore. */
const FIRST_TICK_MS_MAX = 2000;

export interface CrashSoak {
  readonly seed: number;
  readonly say: (line: string) => void;
  /** Default 100 each. */
  readonly kills?: number;
}

/** False when a start was slow; throws when something was lost, doubled or overtaken. */
export async function soakCrash({ seed, say, kills = KILLS }: CrashSoak): Promise<boolean> {
  const plays = [
    { name: "tallies", play: tallyPlay(6), progressMax: 400 },
    { name: "battles", play: battlePlay(6), progressMax: 60 },
  ];
  let isFast = true;
  for (const { name, play, progressMax } of plays) {
    say(`${name}:`);
    const figures = await runKillRounds({ play, kills, seed, progressMax, say });
    isFast &&= report({ name, kills, figures, say });
  }
  return isFast;
}

function report(of: {
  readonly name: string;
  readonly kills: number;
  readonly figures: KillFigures;
  readonly say: (line: string) => void;
}): boolean {
  const { name, kills, figures, say } = of;
  const { firstTickMs, everybodyBackMs, progress, counts } = figures;
  const told = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
  say(`${name}: ${kills} kills, ${told.join(", ")}, ${progress} acknowledgements and events; nothing lost,`);
  say("  nothing twice, order kept, every room that ran went on");
  say(`  start to first tick: ${spread(firstTickMs)} (want at most ${FIRST_TICK_MS_MAX} ms)`);
  say(`  start to everybody back: ${spread(everybodyBackMs)}`);
  return Math.max(...firstTickMs) <= FIRST_TICK_MS_MAX;
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return `median ${at(0.5).toFixed(0)} ms, 99 % ${at(0.99).toFixed(0)} ms, most ${sorted.at(-1)!.toFixed(0)} ms`;
}
