import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { freshSeed, Prng } from "../prng.js";
import { createRing, type RingMemory, RingReader, RingWriter, ringStats } from "./spsc-ring.js";
import { type RingStressStart, readPayload, stressLength } from "./spsc-ring.stress-worker.js";
import { PADDING_TYPE, RING_HEADER_BYTES, RING_TAIL_WORD } from "./spsc-ring-layout.js";

const CAPACITY = 1 << 14;

/** A worker that ends with its test, also when the test fails. */
function start(t: TestContext, workerData: RingStressStart): Worker {
  const worker = new Worker(new URL("./spsc-ring.stress-worker.js", import.meta.url), { workerData });
  t.after(() => worker.terminate());
  return worker;
}

/** Drains until `isDone`, letting the event loop turn whenever the ring is empty. */
async function drainUntil(reader: RingReader, onRecord: RingCheck, isDone: () => boolean): Promise<void> {
  while (!isDone()) if (reader.drain(onRecord, 64) === 0) await turn();
}

type RingCheck = (type: number, at: number, length: number) => void;

test("[RG1] between two threads every record arrives once, whole and in order", async (t) => {
  const memory = createRing(CAPACITY, { startPosition: 2 ** 31 - CAPACITY });
  const count = 60_000;
  const exited = once(start(t, { role: "writer", memory, type: 1, count }), "exit");
  const reader = new RingReader(memory);
  let next = 0;
  await drainUntil(
    reader,
    (type, at, length) => {
      assert.equal(type, 1);
      assert.equal(readPayload(reader, at, length), next++);
    },
    () => next === count,
  );
  assert.deepEqual(await exited, [0]);
  assert.ok(reader.isEmpty());
});

/** Whether the writer that is now gone had a claim open: follows what it left beyond the published tail. */
function hasTornRecord(memory: RingMemory, writtenType: number): boolean {
  const words = new Int32Array(memory.buffer, RING_HEADER_BYTES);
  let at = Atomics.load(new Int32Array(memory.buffer), RING_TAIL_WORD) & (memory.capacity - 1);
  for (let walked = 0; walked < memory.capacity; ) {
    const length = words[at >> 2]!;
    const type = words[(at >> 2) + 1]!;
    if (type !== writtenType && type !== PADDING_TYPE) return false;
    if (length < 0) return true;
    const step = (length + 15) & -8;
    walked += step;
    at = (at + step) & (memory.capacity - 1);
  }
  return false;
}

test("[RG3] a writer killed at any instant leaves no torn record, and the next one goes on", async (t) => {
  const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());
  console.log(`GRIDSHARD_SEED=${seed}`);
  const prng = new Prng(seed);
  const memory = createRing(CAPACITY);
  const reader = new RingReader(memory);
  let tornCount = 0;
  for (let incarnation = 0; incarnation < 40; incarnation++) {
    const worker = start(t, { role: "writer", memory, type: incarnation, count: Number.POSITIVE_INFINITY });
    let next = 0;
    const onRecord: RingCheck = (type, at, length) => {
      assert.equal(type, incarnation, "nothing of an earlier writer comes up again");
      assert.equal(readPayload(reader, at, length), next++, "whole and in order");
    };
    await drainUntil(reader, onRecord, () => next > 0);
    // Not yielding from here to the kill keeps the ring empty, so that the writer dies writing, not waiting.
    const until = next + prng.below(400);
    while (next < until) reader.drain(onRecord, 16);
    await worker.terminate();
    if (hasTornRecord(memory, incarnation)) tornCount++;
    reader.drain(onRecord, 1_000_000);
    assert.equal(ringStats(memory).depth, 0);
  }
  assert.ok(tornCount > 0, "some died inside a record");
  const last = new RingWriter(memory);
  assert.ok(last.offer(7, new Uint8Array(last.recordLengthMax)), "the ring is unblocked");
  last.publish();
  assert.equal(
    reader.drain(() => {}, 1),
    1,
  );
});

test("[RG12] a reader killed at any instant: its successor goes on at the head, without a gap", async (t) => {
  const memory = createRing(CAPACITY);
  const writer = new RingWriter(memory);
  let written = 0;
  const write = (): boolean => {
    const length = stressLength(written, writer.recordLengthMax);
    const at = writer.tryClaim(1, length);
    if (at < 0) return false;
    for (let index = length - 1; index >= 4; index--) writer.bytes[at + index] = (written + index) & 0xff;
    writer.view.setInt32(at, written++, true);
    writer.commit();
    writer.publish();
    return true;
  };
  for (let incarnation = 0; incarnation < 10; incarnation++) {
    const failures: unknown[] = [];
    const worker = start(t, { role: "reader", memory, type: 1, count: 0 });
    worker.on("error", (error) => failures.push(error));
    const until = written + 500;
    while (written < until && failures.length === 0) if (!write()) await turn();
    await worker.terminate();
    assert.deepEqual(failures, []);
    while (write()) {}
    const successor = new RingReader(memory);
    let next = -1;
    successor.drain((_type, at, length) => {
      const number = readPayload(successor, at, length);
      if (next >= 0) assert.equal(number, next);
      next = number + 1;
    }, 1_000_000);
    assert.equal(next, written);
  }
});
