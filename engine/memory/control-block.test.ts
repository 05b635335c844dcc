import assert from "node:assert/strict";
import { test } from "node:test";
import { AssertionFailed } from "../assert.js";
import { ControlBlock, createControl } from "./control-block.js";

test("[CB1] raising the incarnation counts the starts and takes a dead predecessor off the schedule", () => {
  const control = new ControlBlock(createControl(2));
  assert.equal(control.incarnation(0), 0);
  control.setTicking(0, true);
  control.setTicking(1, true);
  assert.equal(control.raiseIncarnation(0), 1);
  assert.equal(control.isTicking(0), false);
  assert.equal(control.isTicking(1), true);
  assert.equal(control.raiseIncarnation(0), 2);
  assert.deepEqual([control.incarnation(0), control.incarnation(1)], [2, 0]);
});

test("[CB2] a shard has published tick -1 until it publishes one, and any tick below 2^31 then", () => {
  const memory = createControl(2);
  const shard = new ControlBlock(memory);
  const net = new ControlBlock(memory);
  assert.deepEqual([net.publishedTick(0), net.publishedTick(1)], [-1, -1]);
  shard.setPublishedTick(1, 2 ** 31 - 1);
  assert.deepEqual([net.publishedTick(0), net.publishedTick(1)], [-1, 2 ** 31 - 1]);
});

test("[CB3] the age of a heartbeat is right across the wrap of its 31 bits", () => {
  const control = new ControlBlock(createControl(1));
  for (const beatMs of [0, 1234.9, 2 ** 31 - 5, 2 ** 32 + 17, 2 ** 40 - 1]) {
    control.beat(control.netThread, beatMs);
    for (const ageMs of [0, 4, 5, 60_000]) {
      assert.equal(control.heartbeatAgeMs(control.netThread, beatMs + ageMs), ageMs);
    }
  }
  assert.equal(control.heartbeat(0), 0);
});

test("[CB4] the phase is one of running, draining, stopping, and the origin is a float64", () => {
  const memory = createControl(1);
  const control = new ControlBlock(memory);
  const shard = new ControlBlock(memory);
  assert.equal(shard.phase, "running");
  for (const phase of ["draining", "stopping", "running"] as const) {
    control.setPhase(phase);
    assert.equal(shard.phase, phase);
  }
  control.originMs = 123_456_789.125;
  assert.equal(shard.originMs, 123_456_789.125);
  assert.equal(shard.phase, "running");
});

test("[CB5] every thread's words are its own, and there are no others", () => {
  const control = new ControlBlock(createControl(3));
  const threads = [0, 1, 2, control.netThread, control.storeThread, control.mainThread];
  assert.equal(new Set(threads).size, control.threadCount);
  for (const thread of threads) control.beat(thread, 1000 + thread);
  for (const shard of [0, 1, 2]) control.setPublishedTick(shard, shard);
  assert.deepEqual(
    threads.map((thread) => control.heartbeat(thread)),
    threads.map((thread) => 1000 + thread),
  );
  assert.deepEqual(
    [0, 1, 2].map((shard) => control.publishedTick(shard)),
    [0, 1, 2],
  );
  assert.throws(() => control.beat(control.threadCount, 1), AssertionFailed);
  assert.throws(() => control.heartbeat(-1), AssertionFailed);
});

test("[CB10] a thread that beats between the asker's look at the clock and at the heartbeat is alive", () => {
  const control = new ControlBlock(createControl(2));
  control.beat(0, 5001);
  assert.equal(control.heartbeatAgeMs(0, 5000), 0);
  control.beat(0, 2 ** 31);
  assert.equal(control.heartbeatAgeMs(0, 2 ** 31 - 1), 0);
});
