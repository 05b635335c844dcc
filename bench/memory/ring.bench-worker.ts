/** The reading side of ring.bench.ts: told a count, it says "ready", reads that many, and answers the time. */
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { RingBuffer } from "ringbuf.js";
import { type RingMemory, RingReader } from "../../engine/memory/spsc-ring.js";
import { systemClock } from "../../engine/time.js";

export const recordWords = 16;
export const ringBytes = 1 << 18;

export type RingSubject = "ring" | "ringbuf" | "postMessage";

export type RingBenchStart =
  | { readonly subject: "ring"; readonly memory: RingMemory }
  | { readonly subject: "ringbuf"; readonly memory: ReturnType<typeof RingBuffer.getStorageForCapacity> }
  | { readonly subject: "postMessage" };

/** Every word is read, so that nobody wins by not looking. */
let sum = 0;

function readRing(reader: RingReader): (count: number) => void {
  const words = reader.words;
  const onRecord = (_type: number, at: number, length: number): void => {
    let total = 0;
    for (let word = at >> 2, end = (at + length) >> 2; word < end; word++) total += words[word]!;
    sum = (sum + total) | 0;
  };
  return (count) => {
    for (let left = count; left > 0; ) left -= reader.drain(onRecord, 256);
  };
}

function readRingbuf(ring: RingBuffer): (count: number) => void {
  const record = new Int32Array(recordWords);
  return (count) => {
    for (let left = count; left > 0; ) {
      if (ring.available_read() < recordWords) continue;
      ring.pop(record, recordWords);
      let total = 0;
      for (let word = 0; word < recordWords; word++) total += record[word]!;
      sum = (sum + total) | 0;
      left--;
    }
  };
}

function serve(start: RingBenchStart): void {
  const port = parentPort!;
  if (start.subject === "postMessage") {
    let left = 0;
    port.on("message", (message: number | Int32Array) => {
      if (typeof message === "number") {
        left = message;
        port.postMessage("ready");
        return;
      }
      let total = 0;
      for (let word = 0; word < recordWords; word++) total += message[word]!;
      sum = (sum + total) | 0;
      if (--left === 0) port.postMessage(systemClock.nowMs());
    });
    return;
  }
  const read =
    start.subject === "ring"
      ? readRing(new RingReader(start.memory))
      : readRingbuf(new RingBuffer(start.memory, Int32Array));
  port.on("message", (count: number) => {
    port.postMessage("ready");
    read(count);
    port.postMessage(systemClock.nowMs());
  });
}

if (!isMainThread) serve(workerData as RingBenchStart);
