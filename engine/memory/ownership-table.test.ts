import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { AssertionFailed } from "../assert.js";
import {
  createOwnership,
  epochOfEntry,
  noOwner,
  OwnershipTable,
  ownerMax,
  ownerOfEntry,
} from "./ownership-table.js";

test("[CB6] nobody owns a cell at first; each assignment raises its epoch and the table's version", () => {
  const memory = createOwnership(3);
  const control = new OwnershipTable(memory);
  const net = new OwnershipTable(memory);
  assert.deepEqual(
    [0, 1, 2].map((cell) => [net.owner(cell), net.epoch(cell)]),
    [
      [noOwner, 0],
      [noOwner, 0],
      [noOwner, 0],
    ],
  );
  for (const [step, shard] of [0, ownerMax, 5, 5, noOwner].entries()) {
    const version = net.version();
    control.assign(1, shard);
    assert.equal(net.owner(1), shard);
    assert.equal(net.epoch(1), step + 1);
    assert.notEqual(net.version(), version);
  }
  assert.deepEqual([net.owner(0), net.epoch(0), net.owner(2), net.epoch(2)], [noOwner, 0, noOwner, 0]);
});

test("[CB7] owner and epoch of one entry belong together, while another thread assigns", async (t) => {
  const memory = createOwnership(3);
  const table = new OwnershipTable(memory);
  const url = new URL("./ownership-table.stress-worker.js", import.meta.url);
  const worker = new Worker(url, { workerData: memory });
  t.after(() => worker.terminate());
  while (table.epoch(1) < 200_000) {
    await turn();
    for (let look = 0; look < 10_000; look++) {
      const entry = table.entry(1);
      if (epochOfEntry(entry) === 0) continue;
      if (ownerOfEntry(entry) !== (epochOfEntry(entry) & ownerMax))
        assert.fail("a mixture of two assignments");
    }
  }
});

test("[CB8] the epoch wraps at 2^25 without touching the owner", () => {
  const memory = createOwnership(1);
  const table = new OwnershipTable(memory);
  table.assign(0, 3);
  const words = new Int32Array(memory.buffer);
  words[words.length - 1] = (3 << 25) | (2 ** 25 - 1);
  assert.deepEqual([table.owner(0), table.epoch(0)], [3, 2 ** 25 - 1]);
  table.assign(0, 4);
  assert.deepEqual([table.owner(0), table.epoch(0)], [4, 0]);
});

test("[CB9] a cell outside the world, or an owner that cannot be, is an assertion", () => {
  const table = new OwnershipTable(createOwnership(2));
  assert.throws(() => table.owner(2), AssertionFailed);
  assert.throws(() => table.owner(-1), AssertionFailed);
  assert.throws(() => table.assign(0, ownerMax + 1), AssertionFailed);
  assert.throws(() => createOwnership(0), AssertionFailed);
});
