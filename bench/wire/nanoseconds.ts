/** Times short pieces of work with tinybench: many at once, because one is shorter than the clock's step. */
import { Bench } from "tinybench";
import { median } from "../median.js";

/** Runs per sample. */
const BATCH = 500;

/** Keeps results alive, so that the compiler cannot leave the work out. */
let sum = 0;

/** Median nanoseconds of one run of each piece of work; the pieces take turns, so a disturbance meets all. */
export async function nanosecondsOf(
  work: Readonly<Record<string, () => number>>,
  options: { readonly smoke: boolean },
): Promise<Map<string, number>> {
  const rounds = options.smoke ? 1 : 5;
  const samples = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    const bench = new Bench({
      time: options.smoke ? 5 : 120,
      warmupTime: options.smoke ? 1 : 40,
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
      const all = samples.get(task.name) ?? [];
      all.push((result.latency.p50 * 1e6) / BATCH);
      samples.set(task.name, all);
    }
  }
  const medians = new Map<string, number>();
  for (const [name, all] of samples) medians.set(name, Math.round(median(all) * 10) / 10);
  if (Number.isNaN(sum)) throw new Error("the work of a bench gives numbers");
  return medians;
}
