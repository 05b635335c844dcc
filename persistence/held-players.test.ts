import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { freshSeed, Prng } from "../engine/prng.js";
import { type Rig, withBatcher } from "./batcher-rig.js";
import { rowsOfLetter } from "./dead-letter.js";
import { LOOK_MS } from "./held-players.js";
import { StoreRejected, StoreUnavailable } from "./store.js";
import { idOf, lineRow, playerRow } from "./store-contract-rows.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());

/** A save: the row and a line of the ledger. */
function save({ rows }: Rig, number: number, version: number, nowMs: number): void {
  rows.line(lineRow(number, version));
  rows.player(playerRow(number, version), nowMs);
}

/** Until the gate is opened answers to `deadLetters` are as of their asking and wait, and batches wait to be applied. */
function gated({ store }: Rig, name: "deadLetters" | "applyBatch"): { open(): void } {
  const call = store[name].bind(store) as (...args: unknown[]) => Promise<unknown>;
  let open = () => {};
  const isOpen = new Promise<void>((resolve) => {
    open = resolve;
  });
  (store as unknown as Record<string, unknown>)[name] = async (...args: unknown[]) => {
    if (name === "applyBatch") await isOpen;
    const answer = await call(...args);
    await isOpen;
    return answer;
  };
  return { open };
}

/** As `gridshard db letters retry all` does, beside the server. */
async function retryAll({ store }: Rig): Promise<void> {
  for (const letter of await store.deadLetters(1000)) {
    try {
      await store.applyBatch(rowsOfLetter(letter));
    } catch (error) {
      if (error instanceof StoreRejected) continue;
      throw error;
    }
    await store.removeDeadLetter(letter);
  }
}

describe("players held back", () => {
  test("[BT34] once an operator has seen to the letters a player's rows go to the store again, without a restart", () =>
    withBatcher({}, async (rig) => {
      const { store, batcher, logged, settle } = rig;
      store.rejects.add(idOf(3));
      save(rig, 3, 1, 0);
      await settle(200);
      store.rejects.clear();
      save(rig, 3, 2, 300);
      await settle(600);
      assert.equal(batcher.heldPlayers, 1);
      await settle(LOOK_MS * 3);
      assert.equal(batcher.heldPlayers, 1, "what the store refused is an operator's to mend");
      assert.equal(await store.loadPlayer(idOf(3)), null);
      await retryAll(rig);
      await settle(LOOK_MS * 5);
      await settle(LOOK_MS * 5 + 1);
      assert.equal(batcher.heldPlayers, 0);
      save(rig, 3, 3, LOOK_MS * 6);
      await settle(LOOK_MS * 6 + 300);
      assert.equal((await store.loadPlayer(idOf(3)))?.version, 3);
      assert.deepEqual(await store.deadLetters(10), []);
      assert.equal((await store.ledgerOf(idOf(3), 10)).length, 3);
      assert.equal(logged.filter((line) => line.includes("held back are applied")).length, 0);
    }));

  test("[BT35] when only rows held back are left they are applied by the server, oldest first, and loads see the newest all along", () =>
    withBatcher({}, async (rig) => {
      const { store, batcher, logged, settle } = rig;
      store.rejects.add(idOf(3));
      save(rig, 3, 1, 0);
      await settle(200);
      for (let version = 2; version <= 5; version++) {
        save(rig, 3, version, version * 200);
        await settle(version * 200 + 200);
      }
      store.rejects.clear();
      // The letters of the refused save alone: a line and a row.
      for (const letter of (await store.deadLetters(10)).slice(0, 2)) {
        await store.applyBatch(rowsOfLetter(letter));
        await store.removeDeadLetter(letter);
      }
      assert.equal((await batcher.loadPlayer(idOf(3)))?.version, 5);
      // A player who saves all the time: one more is set aside while the look goes on.
      save(rig, 3, 6, LOOK_MS * 2 - 300);
      for (let nowMs = LOOK_MS * 2; nowMs < LOOK_MS * 2 + 50; nowMs++) {
        await settle(nowMs);
        assert.equal((await batcher.loadPlayer(idOf(3)))?.version, 6);
      }
      assert.equal(batcher.heldPlayers, 0);
      assert.deepEqual(await store.deadLetters(10), []);
      assert.equal((await store.loadPlayer(idOf(3)))?.version, 6);
      assert.deepEqual(
        (await store.ledgerOf(idOf(3), 10)).map(({ version }) => version),
        [6, 5, 4, 3, 2, 1],
      );
      assert.ok(logged.some((line) => line.includes("held back are applied")));
    }));

  for (const when of ["is set aside while a look goes on", "is on its way when a look ends"])
    test(`[BT34] a player of whom a row ${when} is not free yet`, () =>
      withBatcher({}, async (rig) => {
        const { store, batcher, settle } = rig;
        store.rejects.add(idOf(3));
        save(rig, 3, 1, 0);
        await settle(200);
        store.rejects.clear();
        await retryAll(rig);
        const late = when.startsWith("is set aside") ? "deadLetters" : "applyBatch";
        const gate = gated(rig, late);
        if (late === "applyBatch") save(rig, 3, 2, LOOK_MS * 2 - 300);
        await settle(LOOK_MS * 2);
        if (late === "deadLetters") {
          save(rig, 3, 2, LOOK_MS * 2);
          await settle(LOOK_MS * 2 + 200);
        }
        gate.open();
        await settle(LOOK_MS * 2 + 201);
        assert.equal(batcher.heldPlayers, 1);
        assert.equal((await store.deadLetters(10)).length, 2);
        for (let look = 4; look < 7; look++) await settle(LOOK_MS * look);
        assert.equal(batcher.heldPlayers, 0);
        assert.deepEqual(await store.deadLetters(10), []);
        assert.equal((await store.loadPlayer(idOf(3)))?.version, 2);
      }));

  test("[BT35] a row held back that the store refuses as well is said once, and stays with those behind it", () =>
    withBatcher({}, async (rig) => {
      const { store, batcher, logged, settle } = rig;
      store.rejects.add(idOf(3));
      for (let version = 1; version <= 3; version++) {
        save(rig, 3, version, version * 300);
        await settle(version * 300 + 200);
      }
      for (const letter of (await store.deadLetters(10)).slice(0, 2)) await store.removeDeadLetter(letter);
      for (let look = 2; look < 8; look++) await settle(LOOK_MS * look);
      assert.equal(batcher.heldPlayers, 1);
      assert.equal((await store.deadLetters(10)).length, 4);
      assert.equal(logged.filter((line) => line.includes("is refused, too")).length, 1);
      store.rejects.clear();
      await retryAll(rig);
      for (let look = 9; look < 12; look++) await settle(LOOK_MS * look);
      assert.equal(batcher.heldPlayers, 0);
    }));

  test(`[BT36] whatever is saved, refused and retried meanwhile, every row is applied once and in order (GRIDSHARD_SEED=${seed})`, (t) =>
    withBatcher({ batchesInFlight: 2, flushMs: 50 }, async (rig) => {
      const { store, batcher, settle } = rig;
      const prng = new Prng(seed);
      const players = 4;
      const versions = Array.from({ length: players }, () => 0);
      let nowMs = 0;
      /** Answers come late and in any order, and some are lost behind what was done. */
      let isRough = true;
      for (const name of ["applyBatch", "deadLetters", "removeDeadLetter"] as const) {
        const call = store[name].bind(store) as (...args: unknown[]) => Promise<unknown>;
        (store as unknown as Record<string, unknown>)[name] = async (...args: unknown[]) => {
          for (let turns = isRough ? prng.below(4) : 0; turns > 0; turns--) await new Promise(setImmediate);
          const answer = await call(...args);
          if (isRough && name === "applyBatch" && prng.below(30) === 0)
            throw new StoreUnavailable("the reply was lost");
          return answer;
        };
      }
      const step = async (ms: number) => {
        nowMs += ms;
        batcher.duty(nowMs);
        await new Promise(setImmediate);
      };
      let freed = 0;
      let retrying: Promise<void> | null = null;
      for (let round = 0; round < 2500; round++) {
        const number = prng.below(players);
        // Everybody rests now and then: who saves without end may be set aside anew during each look.
        if (round % 500 < 200 && prng.below(4) === 0 && batcher.pending < 90)
          save(rig, number, ++versions[number]!, nowMs);
        if (prng.below(60) === 0) store.rejects.add(idOf(number));
        if (prng.below(20) === 0) store.rejects.clear();
        if (prng.below(25) === 0 && retrying === null)
          retrying = retryAll(rig)
            .catch(() => {})
            .finally(() => {
              retrying = null;
            });
        const before = batcher.heldPlayers;
        await step(prng.below(300));
        if (batcher.heldPlayers < before) freed++;
        if (round % 10 === 0) {
          const keys = new Set((await store.deadLetters(1000)).map(({ key }) => key));
          assert.ok(keys.size <= batcher.heldPlayers, "who has a letter is held");
        }
      }
      t.diagnostic(`${batcher.rejectedRows} rows set aside, ${freed} times players freed amid all this`);
      isRough = false;
      store.rejects.clear();
      while (retrying !== null) await new Promise(setImmediate);
      await retryAll(rig);
      const look = async (times: number) => {
        for (; times > 0; times--) {
          nowMs += LOOK_MS;
          await settle(nowMs);
        }
      };
      await look(20);
      assert.equal(batcher.pending, 0);
      await retryAll(rig);
      await look(5);
      assert.equal(batcher.heldPlayers, 0);
      assert.deepEqual(await store.deadLetters(10), []);
      assert.ok(batcher.rejectedRows > 0, "some were refused");
      for (const [number, version] of versions.entries()) {
        assert.equal((await store.loadPlayer(idOf(number)))?.version, version);
        assert.deepEqual(
          (await store.ledgerOf(idOf(number), 1000)).map((line) => line.version),
          Array.from({ length: version }, (_, index) => version - index),
        );
      }
    }));
});
