/** The sleeping side of doorbell.bench.ts: says "ready", is woken `count` times each way, answers all latencies. */
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { Doorbell, type DoorbellMemory } from "../../engine/memory/doorbell.js";
import { type RingMemory, RingReader } from "../../engine/memory/spsc-ring.js";
import { systemClock } from "../../engine/time.js";

export const wakeUpRingBytes = 4096;

/** The bare wake-up's memory: byte 0 the start time (f64), byte 128 the sequence (i32). */
export const START_F64 = 0;
export const SEQUENCE_WORD = 32;
export const SLOT_BYTES = 256;

export interface DoorbellBenchStart {
  readonly count: number;
  readonly ring: RingMemory;
  readonly doorbell: DoorbellMemory;
  readonly slot: SharedArrayBuffer;
}

/** Milliseconds, one figure a wake-up. */
export interface WakeUpLatencies {
  readonly doorbell: number[];
  readonly bare: number[];
}

const SLICE_MS = 1000;

function sleepAndMeasure(start: DoorbellBenchStart): WakeUpLatencies {
  const latencies: WakeUpLatencies = { doorbell: [], bare: [] };
  const doorbell = new Doorbell(start.doorbell);
  const reader = new RingReader(start.ring);
  const isReady = () => !reader.isEmpty();
  const onRecord = (_type: number, at: number): void => {
    latencies.doorbell.push(systemClock.nowMs() - reader.view.getFloat64(at, true));
  };
  const times = new Float64Array(start.slot);
  const words = new Int32Array(start.slot);
  for (let turn = 0; turn < start.count; turn++) {
    do doorbell.wait(SLICE_MS, isReady);
    while (reader.drain(onRecord, 1) === 0);
    // The sequence counts the turns, so what was seen last is the number of this one.
    do Atomics.wait(words, SEQUENCE_WORD, turn, SLICE_MS);
    while (Atomics.load(words, SEQUENCE_WORD) === turn);
    latencies.bare.push(systemClock.nowMs() - times[START_F64]!);
  }
  return latencies;
}

if (!isMainThread) {
  parentPort!.postMessage("ready");
  parentPort!.postMessage(sleepAndMeasure(workerData as DoorbellBenchStart));
}
