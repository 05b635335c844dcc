/**
 * From the moment a record is offered to a sleeping thread until that thread handles it: ring and doorbell, against
 * the floor, a bare `Atomics.wait` and `Atomics.notify` on one word. Both wake the very same thread, in turns, since
 * where the scheduler has put a thread matters more than how it sleeps. Figures in microseconds.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { createDoorbell, Doorbell } from "../../engine/memory/doorbell.js";
import { createRing, RingWriter } from "../../engine/memory/spsc-ring.js";
import { systemClock } from "../../engine/time.js";
import type { BenchOptions, BenchRow } from "../bench-row.js";
import { quantile } from "../median.js";
import {
  type DoorbellBenchStart,
  SEQUENCE_WORD,
  SLOT_BYTES,
  START_F64,
  type WakeUpLatencies,
  wakeUpRingBytes,
} from "./doorbell.bench-worker.js";

const RECORD_TYPE = 1;
/** Long enough for the other thread to fall asleep again. */
const GAP_MS = 1;

const percentiles = [
  { name: "p50", fraction: 0.5, wantAtMost: 2 },
  { name: "p99", fraction: 0.99, wantAtMost: 4 },
];

export async function run(options: BenchOptions): Promise<BenchRow[]> {
  const warmUp = options.smoke ? 5 : 300;
  const count = warmUp + (options.smoke ? 50 : 2500);
  const start: DoorbellBenchStart = {
    count,
    ring: createRing(wakeUpRingBytes),
    doorbell: createDoorbell(),
    slot: new SharedArrayBuffer(SLOT_BYTES),
  };
  const worker = new Worker(new URL("./doorbell.bench-worker.js", import.meta.url), { workerData: start });
  await once(worker, "message");
  const finished = once(worker, "message") as Promise<[WakeUpLatencies]>;
  const wakes = [wakeByDoorbell(start), wakeBare(start)];
  for (let done = 0; done < count; done++) {
    for (const wake of wakes) {
      await sleep(GAP_MS);
      wake();
    }
  }
  const [latencies] = await finished;
  await worker.terminate();
  const ours = latencies.doorbell.slice(warmUp);
  const bare = latencies.bare.slice(warmUp);
  return percentiles.flatMap(({ name, fraction, wantAtMost }) => {
    const value = quantile(ours, fraction) * 1000;
    const floorValue = quantile(bare, fraction) * 1000;
    const row = { suite: "micro", case: `offer to handled, thread asleep, ${name}`, unit: "µs" };
    const floor = "bare wait/notify";
    return [
      { ...row, subject: "ring and doorbell", value, floor, ratio: value / floorValue, wantAtMost },
      { ...row, subject: floor, value: floorValue },
    ];
  });
}

function wakeByDoorbell(start: DoorbellBenchStart): () => void {
  const writer = new RingWriter(start.ring);
  const doorbell = new Doorbell(start.doorbell);
  return () => {
    const startMs = systemClock.nowMs();
    const at = writer.tryClaim(RECORD_TYPE, 8);
    writer.view.setFloat64(at, startMs, true);
    writer.commit();
    writer.publish();
    doorbell.ring();
  };
}

function wakeBare(start: DoorbellBenchStart): () => void {
  const times = new Float64Array(start.slot);
  const words = new Int32Array(start.slot);
  return () => {
    times[START_F64] = systemClock.nowMs();
    Atomics.add(words, SEQUENCE_WORD, 1);
    Atomics.notify(words, SEQUENCE_WORD);
  };
}
