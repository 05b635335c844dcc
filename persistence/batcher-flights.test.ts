import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { journalId, type Rig, withBatcher } from "./batcher-rig.js";
import { type Batch, StoreRejected, StoreUnavailable } from "./store.js";
import { battleRow, idOf, lineRow, playerRow } from "./store-contract-rows.js";

/** A batch that the store has been given, and how it is to end. */
interface Given {
  readonly batch: Batch;
  /** Applies it. */
  land(): Promise<void>;
  fail(error: Error): void;
}

/** From now on every batch waits for the test to let it land. */
function holdEach({ store }: Rig): Given[] {
  const given: Given[] = [];
  const apply = store.applyBatch.bind(store);
  store.applyBatch = (batch) =>
    new Promise((resolve, reject) => {
      const land = async () => {
        await apply(batch);
        resolve();
      };
      given.push({ batch, land, fail: reject });
    });
  return given;
}

const turn = () => new Promise(setImmediate);
const versionsOf = ({ batch }: Given) => batch.players.map(({ playerId, version }) => [playerId, version]);

describe("batches in flight", () => {
  test("[BT17] rows of one player are in one batch at a time; those who wait for theirs hold nobody else up", () =>
    withBatcher({ batchRowsMax: 3, batchesInFlight: 2 }, async (rig) => {
      const { batcher, rows, settle, store } = rig;
      const given = holdEach(rig);
      for (let number = 1; number <= 3; number++) rows.player(playerRow(number, 1), 0);
      batcher.duty(0);
      for (let number = 1; number <= 3; number++) rows.player(playerRow(number, 2), 0);
      rows.line(lineRow(1, 2));
      rows.release(0);
      assert.equal(batcher.duty(500), 0, "all who wait have rows in the first batch");
      assert.equal(batcher.waitMs(500), Number.POSITIVE_INFINITY);
      rows.player(playerRow(4, 1), 500);
      rows.battle(battleRow(9), 500);
      assert.equal(batcher.waitMs(500), 0);
      batcher.duty(500);
      assert.deepEqual(versionsOf(given[1]!), [[idOf(4), 1]]);
      assert.equal(given[1]!.batch.battleResults.length, 1);
      assert.equal(given.length, 2);
      await given[0]!.land();
      await turn();
      batcher.duty(501);
      const wanted = [
        [idOf(1), 2],
        [idOf(2), 2],
      ];
      assert.deepEqual(versionsOf(given[2]!), wanted, "as many as a batch holds");
      assert.equal(given[2]!.batch.ledger?.length, 1);
      for (let at = 1; at < given.length || batcher.pending > 0; at++) {
        await given[at]!.land();
        await settle(502);
      }
      for (let number = 1; number <= 3; number++)
        assert.equal((await store.loadPlayer(idOf(number)))?.version, 2);
    }));

  test("[BT18] a batch that lands before an older one leaves the position where it is; then one without rows tells it", () =>
    withBatcher({ batchRowsMax: 2, batchesInFlight: 2 }, async (rig) => {
      const { batcher, rows, settle, store } = rig;
      const given = holdEach(rig);
      for (let number = 1; number <= 4; number++) rows.player(playerRow(number, 1));
      rows.release(0);
      batcher.duty(0);
      assert.equal(given.length, 2);
      await given[1]!.land();
      await settle(1);
      assert.equal(await store.appliedPosition(journalId), 0, "rows 1 and 2 are not there");
      assert.equal(batcher.appliedPosition, 0);
      assert.equal(batcher.isIdle, false);
      await given[0]!.land();
      await turn();
      batcher.duty(2);
      assert.equal(await store.appliedPosition(journalId), 2);
      assert.equal(batcher.pending, 0);
      assert.equal(batcher.isIdle, false, "the store does not know yet");
      assert.equal(batcher.appliedPosition, 2);
      assert.deepEqual(given[2]?.batch.players, []);
      await given[2]!.land();
      await settle(3);
      assert.equal(await store.appliedPosition(journalId), 4);
      assert.equal(batcher.appliedPosition, 4);
      assert.ok(batcher.isIdle);
      assert.equal(given.length, 3, "nothing is told twice");
    }));

  test("[BT18] whatever lands or fails first, a position that the store is told has every row up to it behind it", () =>
    withBatcher({ batchRowsMax: 2, batchesInFlight: 3 }, async (rig) => {
      const { batcher, rows, settle, store } = rig;
      const given = holdEach(rig);
      for (let number = 1; number <= 6; number++) rows.player(playerRow(number, 1));
      rows.release(0);
      batcher.duty(0);
      const [first, second, third] = given.splice(0);
      await third!.land();
      first!.fail(new StoreUnavailable("cut"));
      await settle(1);
      rows.player(playerRow(7, 1), 1);
      await second!.land();
      await settle(60);
      assert.equal(await store.appliedPosition(journalId), 0);
      // The first again, and the seventh behind it.
      while (batcher.pending > 0) {
        await given.pop()!.land();
        const told = await store.appliedPosition(journalId);
        for (let number = 1; number <= told; number++)
          assert.equal((await store.loadPlayer(idOf(number)))?.version, 1, `row ${number} of ${told}`);
        await settle(400);
      }
      for (const left of given.splice(0)) await left.land();
      await settle(800);
      assert.equal(await store.appliedPosition(journalId), 7);
    }));

  test("[BT19] batches that find the store away together are one absence: the wait is doubled once", () =>
    withBatcher({ batchRowsMax: 2, batchesInFlight: 2 }, async (rig) => {
      const { batcher, rows, settle } = rig;
      const given = holdEach(rig);
      for (let number = 1; number <= 4; number++) rows.player(playerRow(number, 1), 0);
      const waits: number[] = [];
      batcher.duty(0);
      for (let nowMs = 0, turns = 0; turns < 5; turns++) {
        assert.equal(given.length, 2);
        for (const { fail } of given.splice(0)) fail(new StoreUnavailable("away"));
        await settle(nowMs);
        waits.push(batcher.waitMs(nowMs));
        assert.equal(batcher.isStoreUp, false);
        nowMs += batcher.waitMs(nowMs);
        batcher.duty(nowMs);
      }
      assert.deepEqual(waits, [50, 100, 200, 400, 400]);
      assert.equal(batcher.retries, 10);
      for (const one of given) await one.land();
      await settle(9999);
      assert.equal(batcher.pending, 0);
    }));

  test("[BT7] a batch is halved for its bad row while the other lands, and later rows of the player follow", () =>
    withBatcher({ batchRowsMax: 4, batchesInFlight: 2 }, async (rig) => {
      const { batcher, rows, settle, store } = rig;
      store.rejects.add(idOf(2));
      const given = holdEach(rig);
      for (let number = 1; number <= 8; number++) rows.player(playerRow(number, 1), 0);
      batcher.duty(0);
      rows.player(playerRow(2, 2), 0);
      given.shift()!.fail(new StoreRejected("not to this store's taste"));
      await settle(300);
      for (let nowMs = 300; given.length > 0; nowMs += 300) {
        const one = given.pop()!;
        const isBad = one.batch.players.some(({ playerId }) => playerId === idOf(2));
        if (isBad) one.fail(new StoreRejected("not to this store's taste"));
        else await one.land();
        await settle(nowMs);
      }
      assert.equal(batcher.pending, 0);
      const letters = (await store.deadLetters(10)).map(({ position, key }) => [position, key]);
      assert.deepEqual(letters, [
        [2, idOf(2)],
        [9, idOf(2)],
      ]);
      for (const number of [1, 3, 4, 5, 6, 7, 8])
        assert.equal((await store.loadPlayer(idOf(number)))?.version, 1);
      assert.equal(await store.loadPlayer(idOf(2)), null);
      assert.equal(await store.appliedPosition(journalId), 9);
      assert.ok(batcher.isIdle);
    }));
});
