import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { AssertionFailed } from "../assert.js";
import { type CounterSpec, Counters, createCounters } from "./counters.js";
import { type CountersStressStart, toAndFro } from "./counters.stress-worker.js";

const catalogue: readonly CounterSpec[] = [
  { name: "lane_depth_bytes", help: "Bytes on the lane.", kind: "gauge" },
  { name: "intents_total", help: "Intents taken.", kind: "counter" },
  { name: "tick_us_max", help: "The longest tick.", kind: "max" },
];

test("[CT1] a catalogue names each value once, in metric style", () => {
  createCounters(catalogue);
  assert.throws(() => createCounters([...catalogue, catalogue[0]!]), AssertionFailed);
  assert.throws(() => createCounters([{ name: "Bad name", help: "", kind: "gauge" }]), AssertionFailed);
});

test("[CT2] values start at 0, and change by add, set and max, each alone", () => {
  const memory = createCounters(catalogue);
  const writer = new Counters(memory, catalogue);
  const reader = new Counters(memory, catalogue);
  const values = () => catalogue.map((_spec, index) => reader.get(index));
  assert.deepEqual(values(), [0, 0, 0]);
  writer.add(1);
  writer.add(1, 2 ** 40);
  writer.set(0, -3.5);
  writer.max(2, 7);
  writer.max(2, 5);
  assert.deepEqual(values(), [-3.5, 2 ** 40 + 1, 7]);
});

test("[CT3] another thread never sees a value half-written", async (t) => {
  const memory = createCounters(catalogue);
  const workerData: CountersStressStart = { memory, catalogue };
  const worker = new Worker(new URL("./counters.stress-worker.js", import.meta.url), { workerData });
  t.after(() => worker.terminate());
  const counters = new Counters(memory, catalogue);
  const seen = new Map<number, number>();
  while (counters.get(1) < 1_000_000 || seen.size < 2) {
    await turn();
    if (counters.get(1) === 0) continue;
    for (let look = 0; look < 10_000; look++) {
      const value = counters.get(0);
      seen.set(value, (seen.get(value) ?? 0) + 1);
    }
  }
  assert.deepEqual([...seen.keys()].sort(), [...toAndFro].sort());
});
