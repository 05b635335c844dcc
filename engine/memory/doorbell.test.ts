import assert from "node:assert/strict";
import { once } from "node:events";
import { mock, type TestContext, test } from "node:test";
import { Worker } from "node:worker_threads";
import { createDoorbell, Doorbell } from "./doorbell.js";
import { type DoorbellStressStart, jitter, lostAfterMs, send } from "./doorbell.stress-worker.js";
import { createRing, RingReader, RingWriter } from "./spsc-ring.js";

const never = () => false;

function lanes(role: DoorbellStressStart["role"], count: number): DoorbellStressStart {
  return {
    role,
    count,
    inRing: createRing(1024),
    inDoorbell: createDoorbell(),
    outRing: createRing(1024),
    outDoorbell: createDoorbell(),
  };
}

/** A worker that ends with its test, also when the test fails. */
function start(t: TestContext, workerData: DoorbellStressStart): Worker {
  const worker = new Worker(new URL("./doorbell.stress-worker.js", import.meta.url), { workerData });
  t.after(() => worker.terminate());
  return worker;
}

function openEcho(t: TestContext, shared: DoorbellStressStart) {
  return {
    exited: once(start(t, shared), "exit"),
    writer: new RingWriter(shared.inRing),
    theirs: new Doorbell(shared.inDoorbell),
    reader: new RingReader(shared.outRing),
    mine: new Doorbell(shared.outDoorbell),
  };
}

test("[DB1] no wake-up is lost between two threads that sleep in turns", async (t) => {
  const count = 10_000;
  const { exited, writer, theirs, reader, mine } = openEcho(t, lanes("echo", count));
  const isReady = () => !reader.isEmpty();
  for (let number = 0; number < count; number++) {
    jitter(number + 7);
    assert.ok(send(writer, theirs, number));
    let got = -1;
    while (got < 0) {
      reader.drain((_type, at) => {
        got = reader.view.getInt32(at, true);
      }, 1);
      if (got < 0) assert.ok(mine.wait(lostAfterMs, isReady), `wake-up ${number} was lost`);
    }
    assert.equal(got, number);
  }
  assert.deepEqual(await exited, [0]);
});

test("[DB1] no wake-up is lost between two threads that wait asynchronously", async (t) => {
  const count = 4000;
  const { exited, writer, theirs, reader, mine } = openEcho(t, lanes("echoAsync", count));
  for (let number = 0; number < count; number++) {
    jitter(number + 7);
    assert.ok(send(writer, theirs, number));
    let got = -1;
    while (got < 0) {
      reader.drain((_type, at) => {
        got = reader.view.getInt32(at, true);
      }, 1);
      if (got < 0) assert.ok(await mine.waitAsync(lostAfterMs), `wake-up ${number} was lost`);
    }
    assert.equal(got, number);
  }
  assert.deepEqual(await exited, [0]);
});

test("[DB2] several threads ring one sleeper, and it gets everything", async (t) => {
  const count = 20_000;
  const doorbell = createDoorbell();
  const ringers = [1, 2, 3].map(() => ({ ...lanes("ring", count), outDoorbell: doorbell }));
  const mine = new Doorbell(doorbell);
  const readers = ringers.map((ringer) => new RingReader(ringer.outRing));
  const next = readers.map(() => 0);
  const exited = ringers.map((ringer) => once(start(t, ringer), "exit"));
  const isReady = () => readers.some((reader) => !reader.isEmpty());
  const onRecord = readers.map((reader, lane) => (_type: number, at: number) => {
    assert.equal(reader.view.getInt32(at, true), next[lane]!++);
  });
  // Blocking here may keep a worker from starting, so first all of them are heard from.
  while (next.some((number) => number === 0)) {
    assert.ok(await mine.waitAsync(lostAfterMs), "a wake-up was lost");
    for (const [lane, reader] of readers.entries()) reader.drain(onRecord[lane]!, 32);
  }
  while (next.some((number) => number < count)) {
    const drained = readers.reduce((sum, reader, lane) => sum + reader.drain(onRecord[lane]!, 32), 0);
    if (drained === 0) assert.ok(mine.wait(lostAfterMs, isReady), "a wake-up was lost");
  }
  await Promise.all(exited);
});

test("[DB3] a ring since the last wake-up ends the next wait at once", async () => {
  const memory = createDoorbell();
  const mine = new Doorbell(memory);
  const theirs = new Doorbell(memory);
  theirs.ring();
  assert.equal(mine.wait(lostAfterMs, never), true);
  theirs.ring();
  theirs.ring();
  assert.equal(await mine.waitAsync(lostAfterMs), true);
  assert.equal(mine.wait(1, never), false, "both rings are spent");
});

test("[DB4] isReady is asked after the sleep is announced, and a true ends the wait", () => {
  const memory = createDoorbell();
  const word = new Int32Array(memory.buffer, memory.byteOffset, 1);
  let announced = -1;
  const isReady = () => {
    announced = Atomics.load(word, 0) & 1;
    return true;
  };
  assert.equal(new Doorbell(memory).wait(lostAfterMs, isReady), true);
  assert.equal(announced, 1);
  assert.equal(Atomics.load(word, 0) & 1, 0, "and taken back");
});

test("[DB5] a wait ends false when the time has passed; a time of 0 only looks", async () => {
  const memory = createDoorbell();
  const mine = new Doorbell(memory);
  assert.equal(mine.wait(1, never), false);
  assert.equal(await mine.waitAsync(1), false);
  assert.equal(mine.wait(0, never), false);
  assert.equal(await mine.waitAsync(0), false);
  assert.equal(
    mine.wait(0, () => true),
    true,
  );
  new Doorbell(memory).ring();
  assert.equal(mine.wait(0, never), true);
  new Doorbell(memory).ring();
  assert.equal(await mine.waitAsync(0), true);
});

test("[DB6] a ring notifies only while the sleeper sleeps", async () => {
  const notify = mock.method(Atomics, "notify");
  try {
    const memory = createDoorbell();
    const mine = new Doorbell(memory);
    const theirs = new Doorbell(memory);
    theirs.ring();
    mine.wait(lostAfterMs, never);
    theirs.ring();
    assert.equal(notify.mock.callCount(), 0);
    await mine.waitAsync(lostAfterMs);
    const woken = mine.waitAsync(lostAfterMs);
    theirs.ring();
    assert.equal(await woken, true);
    assert.equal(notify.mock.callCount(), 1);
  } finally {
    notify.mock.restore();
  }
});

test("[DB7] one asynchronous wait is outstanding at most, in our hands and in the engine's", async () => {
  const memory = createDoorbell();
  const mine = new Doorbell(memory);
  const first = mine.waitAsync(lostAfterMs);
  assert.equal(mine.waitAsync(1), first);
  assert.throws(() => mine.wait(1, never), /one way at a time/);
  new Doorbell(memory).ring();
  assert.equal(await first, true);
  for (let round = 0; round < 20; round++) assert.equal(await mine.waitAsync(1), false);
  const last = mine.waitAsync(lostAfterMs);
  const word = new Int32Array(memory.buffer, memory.byteOffset, 1);
  assert.equal(Atomics.notify(word, 0), 1, "twenty waits that timed out have left one registration");
  assert.equal(await last, true);
});

test("[DB8] an asynchronous wait keeps its thread's event loop alive", async (t) => {
  const worker = start(t, lanes("wait", 20));
  const messages: unknown[] = [];
  worker.on("message", (message) => messages.push(message));
  assert.deepEqual(await once(worker, "exit"), [0]);
  assert.deepEqual(messages, ["waiting", false]);
});

test("[DB9] a thread asleep either way can be terminated, and a new sleeper takes its doorbell over", async (t) => {
  for (const role of ["sleep", "wait"] as const) {
    const shared = lanes(role, lostAfterMs);
    const worker = start(t, shared);
    await once(worker, "message");
    await worker.terminate();
    const mine = new Doorbell(shared.inDoorbell);
    const woken = mine.waitAsync(lostAfterMs);
    new Doorbell(shared.inDoorbell).ring();
    assert.equal(await woken, true);
  }
});
