/** Times short pieces of work with tinybench: many at once, because one is shorter than the clock's step. */
import { Bench } from "tinybench";
import type { BenchOptions, Figures } from "../measured.js";

/** Runs per sample. */
const BATCH = 500;

/** Keeps results alive, so that the compiler cannot leave the work out. */
let sum = 0;

/** Nanoseconds of one run of each piece of work, round by round; the pieces take turns, so a disturbance meets all. */
export async function nanosecondsOf(
  work: Readonly<Record<string, () => number>>,
  { smoke, rounds = smoke ? 1 : 5 }: BenchOptions,
): Promise<Map<string, Figures[]>> {
  const figures = new Map<string, Figures[]>(Object.keys(work).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const bench = new Bench({
      time: smoke ? 5 : 120,
      warmupTime: smoke ? 1 : 40,
      warmupIterations: 2,
      iterations: 4,
      retainSamples: false,
    });
    for (const [name, once] of Object.entries(work)) {
      bench.add(name, () => {
        let value = 0;
        for (let run = 0; run < BATCH; run++) value += once();
        sum += value;
      });
    }
    await bench.run();
    for (const task of bench.tasks) {
      const { result } = task;
      if (!("latency" in result)) throw new Error(`${task.name}: ${result.state}`);
      figures.get(task.name)!.push({ ns: (result.latency.p50 * 1e6) / BATCH });
    }
  }
  if (Number.isNaN(sum)) throw new Error("the work of a bench gives numbers");
  return figures;
}
