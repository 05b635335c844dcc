/** The part of the store's contract that has to do with the journal: progress, the ledger, rows set aside. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Batch, StoreRejected } from "./store.js";
import type { WithStore } from "./store-contract.js";
import { battleRow, idOf, letterRow, lineRow, playerRow } from "./store-contract-rows.js";

const nothing: Batch = { players: [], battleResults: [] };

export function testJournalContract(withStore: WithStore): void {
  test("[ST13] a position is applied with its batch and never goes back, whichever batch comes late", () =>
    withStore(async (store, reopened) => {
      const [ours, theirs] = [idOf(0xa), idOf(0xb)];
      assert.equal(await store.appliedPosition(ours), 0);
      const at = (journalId: string, position: number) => ({ ...nothing, progress: { journalId, position } });
      await store.applyBatch({ ...at(ours, 70), players: [playerRow(1, 7)] });
      await store.applyBatch({ ...at(ours, 30), players: [playerRow(2, 3)] });
      await store.applyBatch(at(theirs, Number.MAX_SAFE_INTEGER));
      await store.applyBatch(at(theirs, 5));
      const again = await reopened();
      assert.equal(await again.appliedPosition(ours), 70);
      assert.equal(await again.appliedPosition(theirs), Number.MAX_SAFE_INTEGER);
      assert.deepEqual(await again.loadPlayer(idOf(2)), playerRow(2, 3), "the late batch itself is applied");
      await again.applyBatch(at(ours, 71));
      assert.equal(await again.appliedPosition(ours), 71);
    }));

  test("[ST14] a batch that is refused leaves the position, the ledger and the letters as they were", () =>
    withStore(async (store) => {
      const journalId = idOf(0xa);
      const bad: Batch = {
        players: [playerRow(1, 1), playerRow(2, 1, { gold: 0.5 })],
        battleResults: [battleRow(1)],
        ledger: [lineRow(1, 1)],
        deadLetters: [letterRow(3, 1)],
        progress: { journalId, position: 9 },
      };
      await assert.rejects(store.applyBatch(bad), StoreRejected);
      assert.equal(await store.appliedPosition(journalId), 0);
      assert.deepEqual(await store.ledgerOf(idOf(1), 10), []);
      assert.deepEqual(await store.deadLetters(10), []);
    }));

  test("[ST15] a line of the ledger is stored once, as it was first given, in one batch or over many", () =>
    withStore(async (store, reopened) => {
      const first = lineRow(1, 1, { gold: 5, reason: "Zoë's 'gift' \\ 🐉" });
      const ledger = [
        lineRow(1, 2, { line: 1, gold: -2, item: 7, count: -3 }),
        first,
        lineRow(1, 1, { gold: 500 }),
        lineRow(1, 1, { line: 65_535, item: 65_535, count: 2 ** 31 - 1, gold: Number.MAX_SAFE_INTEGER }),
        lineRow(2, 1, { gold: Number.MIN_SAFE_INTEGER }),
        lineRow(1, 2, { item: 9, count: -(2 ** 31), atMs: Number.MAX_SAFE_INTEGER }),
      ];
      await store.applyBatch({ ...nothing, ledger });
      await store.applyBatch({
        ...nothing,
        ledger: ledger.map((row) => ({ ...row, gold: row.gold + 1 - 1 })),
      });
      await store.applyBatch({ ...nothing, ledger: [lineRow(1, 1, { gold: 77 })] });
      const again = await reopened();
      const newestFirst = [ledger[0], ledger[5], ledger[3], first];
      assert.deepEqual(await again.ledgerOf(idOf(1), 10), newestFirst);
      assert.deepEqual(await again.ledgerOf(idOf(1), 2), newestFirst.slice(0, 2));
      assert.deepEqual(await again.ledgerOf(idOf(2), 10), [ledger[4]]);
      assert.deepEqual(await again.ledgerOf(idOf(3), 10), []);
    }));

  test("[ST16] a letter is stored once, whatever its reason says, comes in order, page by page, and can be taken out", () =>
    withStore(async (store, reopened) => {
      const letters = [
        letterRow(1, 3, { kind: "battle", row: Uint8Array.from({ length: 256 }, (_, at) => at) }),
        letterRow(2, 10, { row: new Uint8Array(0), kind: "ledger" }),
        letterRow(3, 10),
        letterRow(1, Number.MAX_SAFE_INTEGER),
        letterRow(1, 1, { journalId: idOf(0xffff) }),
      ];
      await store.applyBatch({ ...nothing, deadLetters: letters.toReversed() });
      const changed = letters.map((letter) => ({ ...letter, reason: "something else" }));
      await store.applyBatch({ ...nothing, deadLetters: [...changed, ...changed] });
      const again = await reopened();
      assert.deepEqual(await again.deadLetters(100), letters);
      assert.deepEqual(await again.deadLetters(2), letters.slice(0, 2));
      assert.deepEqual(await again.deadLetters(2, letters[1]), letters.slice(2, 4));
      assert.deepEqual(await again.deadLetters(2, letters[4]), []);
      await again.removeDeadLetter(letters[2]!);
      await again.removeDeadLetter(letters[2]!);
      assert.deepEqual(await again.deadLetters(100), letters.toSpliced(2, 1));
      const odd = `'\\" \0 \ud83d ${"🐉".repeat(2000)}`;
      await again.applyBatch({ ...nothing, deadLetters: [letterRow(9, 0, { reason: odd })] });
      const [shown] = await again.deadLetters(1);
      assert.equal(shown!.reason, `'\\" \ufffd \ufffd ${"🐉".repeat(2000)}`.slice(0, 8 + 2 * 992));
    }));

  test("[ST17] what a batch says of every row that no store takes is enough to take them all out at once", () =>
    withStore(async (store) => {
      const rows = [playerRow(1, 1), playerRow(2, 1, { gold: 0.5 }), playerRow(3, 1, { level: -1 })];
      const battle = battleRow(1, { ticks: -1 });
      const line = lineRow(1, 1, { reason: "x".repeat(33), item: 65_536, count: 2 ** 31 });
      await assert.rejects(
        store.applyBatch({
          players: rows,
          battleResults: [battle, battleRow(2)],
          ledger: [line, lineRow(1, 2)],
        }),
        (error) => {
          assert.ok(error instanceof StoreRejected);
          assert.deepEqual(
            error.badRows.map(({ kind }) => kind),
            ["player", "player", "battle", "ledger"],
          );
          for (const [at, row] of [rows[1], rows[2], battle, line].entries())
            assert.equal(error.badRows[at]!.row, row);
          assert.match(
            error.badRows[3]!.reason,
            /reason: .*at most 32 .*item: got 65536.*count: got 2147483648/,
          );
          return true;
        },
      );
      await store.applyBatch({
        players: rows.slice(0, 1),
        battleResults: [battleRow(2)],
        ledger: [lineRow(1, 2)],
      });
      assert.deepEqual(await store.ledgerOf(idOf(1), 10), [lineRow(1, 2)]);
    }));
}
