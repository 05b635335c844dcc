/**
 * Runs the simulation of test/sim for as many seeds as there is time for, and says which failed and how to see it
 * again. `node dist/scripts/soak-sim.js [--from 1] [--seeds 1000] [--minutes 10] [--family deaths] [--ticks 240]`
 */
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../engine/time.js";
import { type FaultFamily, faultFamilies } from "../test/sim/faults.js";
import { runSimulation } from "../test/sim/simulation.js";

export interface SoakOptions {
  readonly from: number;
  /** Seeds, each run with every family. */
  readonly seeds: number;
  readonly minutesMax: number;
  readonly families: readonly FaultFamily[];
  /** Ticks of play in each run. */
  readonly ticks: number;
  /** Called now and then, and for every failure. */
  readonly say: (line: string) => void;
}

export interface SoakResult {
  readonly runs: number;
  readonly failures: readonly { readonly seed: number; readonly family: FaultFamily; readonly why: string }[];
}

const SAY_EVERY_MS = 10_000;

export async function soakSimulation(options: SoakOptions): Promise<SoakResult> {
  const { from, seeds, minutesMax, families, ticks, say } = options;
  const failures: { seed: number; family: FaultFamily; why: string }[] = [];
  const startMs = systemClock.nowMs();
  let saidMs = startMs;
  let runs = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    for (const family of families) {
      runs++;
      try {
        await runSimulation({ seed, family, ticks });
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        failures.push({ seed, family, why });
        say(`FAILED ${why}\n  again: soak-sim --from ${seed} --seeds 1 --family ${family} --ticks ${ticks}`);
      }
    }
    const nowMs = systemClock.nowMs();
    if (nowMs - startMs > minutesMax * 60_000) break;
    if (nowMs - saidMs < SAY_EVERY_MS) continue;
    saidMs = nowMs;
    const perRunMs = (nowMs - startMs) / runs;
    say(`seed ${seed}: ${runs} runs, ${failures.length} failed, ${perRunMs.toFixed(0)} ms each`);
  }
  return { runs, failures };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      from: { type: "string", default: "1" },
      seeds: { type: "string", default: "1000000" },
      minutes: { type: "string", default: "10" },
      family: { type: "string" },
      ticks: { type: "string", default: "240" },
    },
  });
  const all = Object.keys(faultFamilies) as FaultFamily[];
  const families = values.family === undefined ? all : all.filter((family) => family === values.family);
  if (families.length === 0) throw new Error(`--family: want one of ${all.join(", ")}`);
  const { runs, failures } = await soakSimulation({
    from: Number(values.from),
    seeds: Number(values.seeds),
    minutesMax: Number(values.minutes),
    families,
    ticks: Number(values.ticks),
    say: (line) => console.log(line),
  });
  console.log(`${runs} runs, ${failures.length} failed`);
  if (failures.length > 0) process.exitCode = 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
