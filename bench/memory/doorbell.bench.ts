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
import { type BenchOptions, type Figures, type Measured, measuredOf } from "../measured.js";
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

const FLOOR = "bare wait/notify";
/** A run is cut into parts, to show what they differ by. */
const PARTS = 5;

export async function run(options: BenchOptions): Promise<Measured[]> {
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
  const parts = options.smoke ? 1 : (options.rounds ?? PARTS);
  const each = { suite: "memory/doorbell", case: "offer to handled, thread asleep" };
  return [
    measuredOf({
      ...each,
      subject: "ring and doorbell",
      rounds: inParts(latencies.doorbell.slice(warmUp), parts),
      wants: [
        { figure: "usP50", floor: FLOOR, atMost: 2 },
        { figure: "usP99", floor: FLOOR, atMost: 4 },
      ],
    }),
    measuredOf({ ...each, subject: FLOOR, rounds: inParts(latencies.bare.slice(warmUp), parts) }),
  ];
}

function inParts(ms: readonly number[], parts: number): Figures[] {
  const length = Math.ceil(ms.length / parts);
  return Array.from({ length: parts }, (_, at) => {
    const part = ms.slice(at * length, (at + 1) * length);
    return { usP50: quantile(part, 0.5) * 1000, usP99: quantile(part, 0.99) * 1000 };
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
