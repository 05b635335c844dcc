/** The writing thread of counters.test.ts: sets one value to and fro until it is ended. */
import { isMainThread, workerData } from "node:worker_threads";
import { type CounterSpec, Counters, type CountersMemory } from "./counters.js";

export interface CountersStressStart {
  readonly memory: CountersMemory;
  readonly catalogue: readonly CounterSpec[];
}

/** Two values of which no half is alike: a mixture of both would be a third value. */
export const toAndFro = [Math.PI, -1e300] as const;

if (!isMainThread) {
  const { memory, catalogue } = workerData as CountersStressStart;
  const counters = new Counters(memory, catalogue);
  for (;;) {
    counters.set(0, toAndFro[0]);
    counters.set(0, toAndFro[1]);
    counters.add(1);
  }
}
