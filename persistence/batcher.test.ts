import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import { decodeBattleResult, decodePlayer } from "../engine/player.js";
import { journalId, withBatcher } from "./batcher-rig.js";
import { StoreUnavailable } from "./store.js";
import { battleRow, idOf, lineRow, playerRow } from "./store-contract-rows.js";

describe("the batcher", () => {
  test("[BT1] of a player's rows the newest version waits and is applied once", () =>
    withBatcher({}, async ({ store, batcher, rows, settle }) => {
      for (const version of [1, 3, 2]) rows.player(playerRow(1, version), 0);
      rows.battle(battleRow(1), 0);
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
    withBatcher({}, async ({ store, batcher, rows, settle }) => {
      assert.equal(batcher.waitMs(1000), Number.POSITIVE_INFINITY);
      rows.player(playerRow(1, 1), 1000);
      rows.player(playerRow(2, 1), 1150);
      assert.equal(batcher.waitMs(1150), 50);
      await settle(1199);
      assert.deepEqual(store.batches, []);
      await settle(1200);
      assert.deepEqual(store.batches, [2]);
      for (let number = 0; number < 10; number++) rows.player(playerRow(number, 2), 1201);
      await settle(1201);
      assert.deepEqual(store.batches, [2, 10]);
      rows.player(playerRow(1, 3), 1202);
      batcher.isDraining = true;
      await settle(1202);
      assert.deepEqual(store.batches, [2, 10, 1]);
    }));

  test("[BT3] a load sees rows that are not durable, rows that wait and rows in flight before it asks the store", () =>
    withBatcher({}, async ({ store, batcher, rows, settle }) => {
      const versionOf = async (number: number) => (await batcher.loadPlayer(idOf(number)))?.version;
      rows.player(playerRow(1, 1), 0);
      await settle(200);
      assert.equal(await versionOf(1), 1, "from the store");
      store.isHeld = true;
      rows.player(playerRow(1, 2));
      assert.equal(await versionOf(1), 2, "not durable");
      rows.release(300);
      assert.equal(await versionOf(1), 2, "waiting");
      batcher.duty(500);
      assert.deepEqual(store.batches, [1, 1]);
      assert.equal(await versionOf(1), 2, "in flight");
      rows.player(playerRow(1, 3), 510);
      assert.equal(await versionOf(1), 3, "waiting again");
      const loading = batcher.loadPlayer(idOf(2));
      rows.player(playerRow(2, 7), 520);
      store.release();
      assert.equal((await loading)?.version, 7, "come while the store was asked");
      assert.equal(await batcher.loadPlayer(idOf(404)), null);
    }));

  test("[BT11] a row that is offered and applied while a load asks the store is in its answer", () =>
    withBatcher({}, async ({ store, batcher, rows, settle }) => {
      rows.player(playerRow(1, 1), 0);
      await settle(200);
      const asked = store.loadPlayer.bind(store);
      let answer = () => {};
      store.loadPlayer = async (playerId) => {
        const row = await asked(playerId);
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        return row;
      };
      const loading = batcher.loadPlayer(idOf(1));
      await settle(300);
      rows.player(playerRow(1, 2), 400);
      await settle(600);
      assert.deepEqual(store.batches, [1, 1]);
      answer();
      assert.equal((await loading)?.version, 2);
    }));

  test("[BT4] rows that wait are bounded: first the batcher is full, then stuffed; known players add nothing", () =>
    withBatcher({ pendingRowsMax: 3 }, async ({ store, batcher, rows, settle }) => {
      for (let number = 0; number < 3; number++) rows.player(playerRow(number, 1), 0);
      assert.deepEqual([batcher.isFull, batcher.isStuffed], [true, false]);
      for (let version = 2; version < 50; version++) rows.player(playerRow(2, version), 0);
      assert.equal(batcher.pending, 3);
      for (let number = 3; number < 6; number++) rows.battle(battleRow(number), 0);
      assert.equal(batcher.isStuffed, true);
      await settle(200);
      assert.deepEqual([batcher.isFull, batcher.isStuffed], [false, false]);
      assert.equal((await store.loadPlayer(idOf(2)))?.version, 49);
      assert.equal(batcher.pendingMax, 6);
    }));

  test("[BT5] so many batches are with the store at a time, and a duty cycle waits for none", async () => {
    for (const batchesInFlight of [1, 2, 3])
      await withBatcher({ batchesInFlight }, async ({ store, batcher, rows, settle }) => {
        store.isHeld = true;
        for (let number = 0; number < 35; number++) rows.player(playerRow(number, 1), 0);
        assert.equal(batcher.duty(0), 10 * batchesInFlight);
        for (let nowMs = 1; nowMs < 1000; nowMs += 100) assert.equal(batcher.duty(nowMs), 0);
        assert.deepEqual(store.batches, Array(batchesInFlight).fill(10));
        assert.equal(batcher.pending, 35);
        assert.equal(batcher.waitMs(1000), Number.POSITIVE_INFINITY, "the answer wakes it");
        store.release();
        await settle(1300);
        assert.deepEqual(store.batches.slice(0, 4), [10, 10, 10, 5]);
        assert.equal(batcher.appliedRows, 35);
      });
  });

  test("[BT6] while the store is away rows are kept and merged, and it is asked again ever more rarely", () =>
    withBatcher({}, async ({ store, batcher, rows, logged, settle }) => {
      store.isAway = true;
      rows.player(playerRow(1, 1), 0);
      rows.battle(battleRow(1), 0);
      const asked: number[] = [];
      for (let nowMs = 200; nowMs <= 2400; nowMs += 10) {
        const before = store.batches.length;
        if (nowMs === 1000)
          for (let version = 2; version < 9; version++) rows.player(playerRow(1, version), nowMs);
        await settle(nowMs);
        if (store.batches.length > before) asked.push(nowMs);
      }
      assert.deepEqual(asked, [200, 250, 350, 550, 950, 1350, 1750, 2150]);
      assert.equal(batcher.pending, 3, "two with the store, and all later versions as one");
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

  test("[BT7] a row that the store rejects is found by halving and becomes a dead letter; all others are applied", () =>
    withBatcher({}, async ({ store, batcher, rows, logged, settle }) => {
      store.rejects.add(idOf(3)).add(idOf(1007));
      for (let number = 0; number < 8; number++) rows.player(playerRow(number, 1), 0);
      rows.battle(battleRow(1007), 0);
      rows.battle(battleRow(1008), 0);
      await settle(200);
      assert.equal(batcher.rejectedRows, 2);
      assert.equal(batcher.appliedRows, 8);
      assert.equal(batcher.pending, 0);
      assert.ok(batcher.isStoreUp);
      assert.ok(store.batches.length <= 2 * 2 * 4 + 1, "log n steps for each bad row");
      for (let number = 0; number < 8; number++)
        assert.equal((await store.loadPlayer(idOf(number)))?.version, number === 3 ? undefined : 1);
      const letters = await store.deadLetters(10);
      assert.deepEqual(
        letters.map(({ kind, key, position }) => ({ kind, key, position })),
        [
          { kind: "player", key: idOf(3), position: 4 },
          { kind: "battle", key: idOf(1007), position: 9 },
        ],
      );
      assert.deepEqual(decodePlayer(new ByteReader(letters[0]!.row)), playerRow(3, 1));
      assert.deepEqual(decodeBattleResult(new ByteReader(letters[1]!.row)), battleRow(1007));
      assert.match(letters[0]!.reason, /taste/);
      assert.equal(logged.filter((line) => line.includes("set aside")).length, 2);
      assert.equal(await store.appliedPosition(journalId), 10);
      assert.equal((await batcher.loadPlayer(idOf(3)))?.version, 1, "the newest that is known");
    }));

  test("[BT12] behind a dead letter its player's rows are set aside too, what belongs together in one letter", () =>
    withBatcher({}, async ({ store, batcher, rows, settle }) => {
      store.rejects.add(idOf(3));
      rows.line(lineRow(3, 1));
      rows.release(0);
      await settle(200);
      store.rejects.clear();
      rows.player(playerRow(3, 2), 300);
      rows.player(playerRow(4, 2), 300);
      await settle(600);
      assert.equal(await store.loadPlayer(idOf(3)), null);
      assert.equal((await store.loadPlayer(idOf(4)))?.version, 2);
      assert.deepEqual(
        (await store.deadLetters(10)).map(
          ({ kind, position, reason }) => `${kind} ${position} ${reason.split(":")[0]}`,
        ),
        [`ledger 1 ${idOf(3)} is not to this store's taste`, "player 2 held back"],
      );
      assert.equal(batcher.heldPlayers, 1);
    }));

  test("[BT13] a store that rejects the rows of too many is taken for broken: nothing more is set aside", () =>
    withBatcher({ heldPlayersMax: 3 }, async ({ store, batcher, rows, settle }) => {
      for (let number = 0; number < 20; number++) {
        store.rejects.add(idOf(number));
        rows.player(playerRow(number, 1), 0);
      }
      for (let nowMs = 200; nowMs < 2000; nowMs += 50) await settle(nowMs);
      assert.equal(batcher.isStoreUp, false);
      assert.equal(batcher.rejectedRows, 3);
      store.rejects.clear();
      for (let nowMs = 2000; nowMs < 4000; nowMs += 50) await settle(nowMs);
      assert.equal(batcher.appliedRows, 17);
      assert.equal(batcher.pending, 0);
    }));

  test("[BT14] the progress that goes with a batch is the position before the oldest row then left", () =>
    withBatcher({ batchRowsMax: 2 }, async ({ store, batcher, rows, settle }) => {
      const progress: number[] = [];
      const apply = store.applyBatch.bind(store);
      store.applyBatch = (batch) => {
        progress.push(batch.progress!.position);
        return apply(batch);
      };
      rows.player(playerRow(1, 1));
      rows.player(playerRow(2, 1));
      rows.player(playerRow(3, 1));
      rows.player(playerRow(1, 2));
      rows.player(playerRow(4, 1));
      rows.release(0);
      rows.player(playerRow(5, 1));
      // As often as the journal has written anything, it says how far it is.
      batcher.release(5, 0);
      await settle(200);
      assert.deepEqual(progress, [2, 5]);
      assert.equal(await store.appliedPosition(journalId), 5);
      assert.equal(batcher.appliedPosition, 5);
      assert.equal(batcher.pending, 1, "what is not durable waits");
    }));

  test("[BT15] rows of one player travel together, and more of them than fit a batch one after the other", () =>
    withBatcher({ batchRowsMax: 4 }, async ({ store, rows, settle }) => {
      for (let version = 1; version <= 9; version++) {
        rows.line(lineRow(1, version));
        rows.player(playerRow(1, version));
      }
      rows.release(0);
      await settle(200);
      assert.deepEqual(store.batches, [4, 4, 2]);
      assert.equal((await store.loadPlayer(idOf(1)))?.version, 9);
      assert.equal((await store.ledgerOf(idOf(1), 100)).length, 9);
    }));

  test("[BT8] an error that is not the store's own ends the thread that finds it", () =>
    withBatcher({}, async ({ store, batcher, rows }) => {
      store.bug = new RangeError("ours");
      rows.player(playerRow(1, 1), 0);
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

  test("[BT16] one poison row in a thousand: exactly those are set aside, and all the others are applied", () =>
    withBatcher({ batchRowsMax: 1000, pendingRowsMax: 200_000, heldPlayersMax: 1000 }, async (rig) => {
      const { store, batcher, rows, settle } = rig;
      const count = 100_000;
      const isPoison = (number: number) => number % 1000 === 617;
      for (let number = 0; number < count; number++) {
        // Beyond what any store keeps: found before the database is asked.
        rows.player(playerRow(number, 1, isPoison(number) ? { name: "x".repeat(65) } : {}));
        if (number % 1000 === 999) {
          rows.release(0);
          await settle(0);
        }
      }
      await settle(1000);
      assert.equal(batcher.pending, 0);
      assert.equal(batcher.appliedRows, count - 100);
      assert.equal(batcher.rejectedRows, 100);
      const letters = await store.deadLetters(1000);
      assert.deepEqual(
        letters.map(({ key }) => key),
        Array.from({ length: 100 }, (_, index) => idOf(index * 1000 + 617)),
      );
      for (let number = 0; number < count; number += 97)
        assert.equal((await store.loadPlayer(idOf(number)))?.version, isPoison(number) ? undefined : 1);
    }));
});
