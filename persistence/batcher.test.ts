import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createLog } from "../engine/log.js";
import { Batcher, type BatcherLimits } from "./batcher.js";
import { FlakyStore } from "./flaky-store.js";
import { sqlitePlace } from "./sqlite-place.js";
import { StoreUnavailable } from "./store.js";
import { battleRow, idOf, playerRow } from "./store-contract.js";

const limits: BatcherLimits = {
  pendingRowsMax: 100,
  batchRowsMax: 10,
  flushMs: 200,
  backoffMs: 50,
  backoffMsMax: 400,
};

interface Rig {
  readonly store: FlakyStore;
  readonly batcher: Batcher;
  readonly logged: string[];
  /** Runs the batcher at that time, and lets the store answer, until neither has more to do. */
  settle(nowMs: number): Promise<void>;
}

async function withBatcher(changes: Partial<BatcherLimits>, use: (rig: Rig) => Promise<void>): Promise<void> {
  const place = await sqlitePlace();
  const store = new FlakyStore(place.store());
  await store.open();
  const logged: string[] = [];
  const log = createLog("test", { level: "info", wallMs: () => 0, sink: (line) => logged.push(line) });
  let woken = 0;
  const batcher = new Batcher({ store, log, limits: { ...limits, ...changes }, wake: () => woken++ });
  const settle = async (nowMs: number) => {
    for (let seen = -1; seen !== woken || batcher.waitMs(nowMs) === 0; ) {
      seen = woken;
      batcher.duty(nowMs);
      await new Promise(setImmediate);
    }
  };
  try {
    await use({ store, batcher, logged, settle });
  } finally {
    store.release();
    await new Promise(setImmediate);
    await store.close();
    await place.release();
  }
}

describe("the batcher", () => {
  test("[BT1] of a player's rows the newest version waits and is applied once", () =>
    withBatcher({}, async ({ store, batcher, settle }) => {
      for (const version of [1, 3, 2]) assert.ok(batcher.offerPlayer(playerRow(1, version), 0));
      assert.ok(batcher.offerBattleResult(battleRow(1), 0));
      assert.ok(batcher.offerBattleResult(battleRow(1), 0));
      assert.equal(batcher.pending, 2);
      await settle(200);
      assert.deepEqual(store.batches, [2]);
      assert.equal(batcher.pending, 0);
      assert.equal(batcher.appliedRows, 2);
      assert.equal(batcher.batches, 1);
      assert.ok(batcher.isIdle);
      assert.equal((await store.loadPlayer(idOf(1)))?.version, 3);
    }));

  test("[BT2] a batch leaves when its oldest row has waited long enough, or when it is full", () =>
    withBatcher({}, async ({ store, batcher, settle }) => {
      assert.equal(batcher.waitMs(1000), Number.POSITIVE_INFINITY);
      batcher.offerPlayer(playerRow(1, 1), 1000);
      batcher.offerPlayer(playerRow(2, 1), 1150);
      assert.equal(batcher.waitMs(1150), 50);
      await settle(1199);
      assert.deepEqual(store.batches, []);
      await settle(1200);
      assert.deepEqual(store.batches, [2]);
      for (let number = 0; number < 10; number++) batcher.offerPlayer(playerRow(number, 2), 1201);
      await settle(1201);
      assert.deepEqual(store.batches, [2, 10]);
      batcher.offerPlayer(playerRow(1, 3), 1202);
      batcher.isDraining = true;
      await settle(1202);
      assert.deepEqual(store.batches, [2, 10, 1]);
    }));

  test("[BT3] a load sees rows that wait and rows in flight before it asks the store", () =>
    withBatcher({}, async ({ store, batcher, settle }) => {
      batcher.offerPlayer(playerRow(1, 1), 0);
      await settle(200);
      assert.equal((await batcher.loadPlayer(idOf(1)))?.version, 1, "from the store");
      store.isHeld = true;
      batcher.offerPlayer(playerRow(1, 2), 300);
      assert.equal((await batcher.loadPlayer(idOf(1)))?.version, 2, "waiting");
      batcher.duty(500);
      assert.deepEqual(store.batches, [1, 1]);
      assert.equal((await batcher.loadPlayer(idOf(1)))?.version, 2, "in flight");
      batcher.offerPlayer(playerRow(1, 3), 510);
      assert.equal((await batcher.loadPlayer(idOf(1)))?.version, 3, "waiting again");
      const loading = batcher.loadPlayer(idOf(2));
      batcher.offerPlayer(playerRow(2, 7), 520);
      store.release();
      assert.equal((await loading)?.version, 7, "come while the store was asked");
      assert.equal(await batcher.loadPlayer(idOf(404)), null);
    }));

  test("[BT4] rows that wait are bounded: further ones are refused, counted and logged once; known players go on", () =>
    withBatcher({ pendingRowsMax: 3 }, async ({ store, batcher, logged, settle }) => {
      for (let number = 0; number < 3; number++) assert.ok(batcher.offerPlayer(playerRow(number, 1), 0));
      assert.equal(batcher.offerPlayer(playerRow(3, 1), 0), false);
      assert.equal(batcher.offerBattleResult(battleRow(1), 0), false);
      assert.ok(batcher.offerPlayer(playerRow(2, 2), 0));
      assert.equal(batcher.refusedRows, 2);
      assert.equal(batcher.pending, 3);
      assert.equal(logged.filter((line) => line.includes("rows are refused")).length, 1);
      await settle(200);
      assert.ok(batcher.offerPlayer(playerRow(3, 1), 200));
      await settle(400);
      assert.equal((await store.loadPlayer(idOf(2)))?.version, 2);
      assert.equal(batcher.pendingMax, 3);
    }));

  test("[BT5] one batch is in flight at a time, and a duty cycle never waits for it", () =>
    withBatcher({}, async ({ store, batcher, settle }) => {
      store.isHeld = true;
      for (let number = 0; number < 25; number++) batcher.offerPlayer(playerRow(number, 1), 0);
      assert.equal(batcher.duty(0), 10);
      for (let nowMs = 1; nowMs < 1000; nowMs += 100) assert.equal(batcher.duty(nowMs), 0);
      assert.deepEqual(store.batches, [10]);
      assert.equal(batcher.pending, 25);
      assert.equal(batcher.waitMs(1000), Number.POSITIVE_INFINITY, "the answer wakes it");
      store.release();
      await settle(1300);
      assert.deepEqual(store.batches, [10, 10, 5]);
      assert.equal(batcher.appliedRows, 25);
    }));

  test("[BT6] while the store is away rows are kept and merged, and it is asked again ever more rarely", () =>
    withBatcher({}, async ({ store, batcher, logged, settle }) => {
      store.isAway = true;
      batcher.offerPlayer(playerRow(1, 1), 0);
      batcher.offerBattleResult(battleRow(1), 0);
      const asked: number[] = [];
      for (let nowMs = 200; nowMs <= 2400; nowMs += 10) {
        const before = store.batches.length;
        if (nowMs === 1000)
          for (let version = 2; version < 9; version++) batcher.offerPlayer(playerRow(1, version), nowMs);
        await settle(nowMs);
        if (store.batches.length > before) asked.push(nowMs);
      }
      assert.deepEqual(asked, [200, 250, 350, 550, 950, 1350, 1750, 2150]);
      assert.equal(batcher.pending, 3, "two in flight, and all later versions as one");
      assert.equal(batcher.retries, 8);
      assert.equal(batcher.isStoreUp, false);
      assert.match(batcher.lastError, /away/);
      await assert.rejects(batcher.loadPlayer(idOf(2)), StoreUnavailable);
      assert.equal((await batcher.loadPlayer(idOf(1)))?.version, 8, "known without the store");
      store.isAway = false;
      await settle(2550);
      await settle(2800);
      assert.ok(batcher.isStoreUp && batcher.isIdle);
      assert.equal((await store.loadPlayer(idOf(1)))?.version, 8);
      assert.deepEqual(await store.recentBattles(idOf(1), 9), [battleRow(1)]);
      assert.equal(logged.filter((line) => line.includes("does not answer")).length, 1);
      assert.equal(logged.filter((line) => line.includes("answers again")).length, 1);
    }));

  test("[BT7] a row the store rejects is found by halving, set aside and logged whole; all others are applied", () =>
    withBatcher({}, async ({ store, batcher, logged, settle }) => {
      store.rejects.add(idOf(3)).add(idOf(1007));
      for (let number = 0; number < 8; number++) batcher.offerPlayer(playerRow(number, 1), 0);
      batcher.offerBattleResult(battleRow(1007), 0);
      batcher.offerBattleResult(battleRow(1008), 0);
      await settle(200);
      assert.equal(batcher.rejectedRows, 2);
      assert.equal(batcher.appliedRows, 8);
      assert.equal(batcher.pending, 0);
      assert.ok(batcher.isStoreUp);
      assert.ok(store.batches.length <= 2 * 2 * 4 + 1, "log n steps for each bad row");
      for (let number = 0; number < 8; number++)
        assert.equal((await store.loadPlayer(idOf(number)))?.version, number === 3 ? undefined : 1);
      const lines = logged.filter((line) => line.includes("set aside")).map((line) => JSON.parse(line));
      assert.deepEqual(
        lines.map((line) => JSON.parse(line.row)),
        [playerRow(3, 1), battleRow(1007)],
      );
      assert.equal(await batcher.loadPlayer(idOf(3)), null, "no longer in flight");
    }));

  test("[BT8] an error that is not the store's own ends the thread that finds it", () =>
    withBatcher({}, async ({ store, batcher }) => {
      store.bug = new RangeError("ours");
      batcher.offerPlayer(playerRow(1, 1), 0);
      batcher.duty(200);
      await new Promise(setImmediate);
      assert.throws(() => batcher.duty(201), RangeError);
    }));

  test("[BT9] a store found away by a load is asked for its health until it is back, with nothing to apply", () =>
    withBatcher({}, async ({ store, batcher, settle }) => {
      store.isAway = true;
      await assert.rejects(batcher.loadPlayer(idOf(1)), StoreUnavailable);
      assert.equal(batcher.isStoreUp, false);
      await settle(0);
      assert.equal(batcher.waitMs(0), 50);
      store.isAway = false;
      await settle(49);
      assert.equal(batcher.isStoreUp, false);
      await settle(50);
      assert.equal(batcher.isStoreUp, true);
      assert.equal(batcher.retries, 0);
      assert.deepEqual(store.batches, []);
    }));

  test("[BT11] a row that comes after a newer one was applied is not taken for the newest", () =>
    withBatcher({}, async ({ store, batcher, settle }) => {
      batcher.offerPlayer(playerRow(1, 6), 0);
      await settle(200);
      assert.ok(batcher.offerPlayer(playerRow(1, 5), 300));
      assert.equal((await batcher.loadPlayer(idOf(1)))?.version, 6);
      await settle(600);
      assert.deepEqual(store.batches, [1]);
    }));
});
