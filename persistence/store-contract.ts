/** The tests that every store must pass. A store's own test file calls {@link testStoreContract} with places to open it. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { PlayerRow } from "../engine/player.js";
import { migrationStatus, migrationsFolder, readMigrations } from "./migrations.js";
import {
  type AuditedStore,
  type Dialect,
  SchemaMismatch,
  type Store,
  StoreRejected,
  StoreUnavailable,
} from "./store.js";
import { testJournalContract } from "./store-contract-journal.js";
import { battleRow, idOf, playerRow } from "./store-contract-rows.js";

export { battleRow, idOf, letterRow, lineRow, playerRow } from "./store-contract-rows.js";

/** An empty database of its own. */
export interface StorePlace {
  /** A store on that database, not yet open. */
  store(migrations?: string): Store;
  /** Removes the database. The stores are closed. */
  release(): Promise<void>;
}

/** Opens a store on an empty database for one test. */
export type WithStore = (
  use: (store: Store, reopened: () => Promise<Store>) => Promise<void>,
) => Promise<void>;

/** Registers the tests. `place` makes a fresh, empty database for each; one without a schema has no migrations. */
export function testStoreContract(
  label: string,
  place: () => Promise<StorePlace>,
  options: { readonly migrations: "files" | "none" } = { migrations: "files" },
): void {
  const withStore: WithStore = async (use) => {
    const here = await place();
    const store = here.store();
    const reopened = async () => {
      await store.close();
      await store.open();
      return store;
    };
    try {
      await store.open();
      await use(store, reopened);
    } finally {
      await store.close();
      await here.release();
    }
  };

  describe(`${label}: the store contract`, () => {
    test("[ST1] what was applied is loaded as it was given, also after the store was opened again", () =>
      withStore(async (store, reopened) => {
        const rows = [
          playerRow(1, 1),
          playerRow(2, 0xffff_ffff, {
            name: "Zoë 🐉𝔊 '; DROP TABLE players; -- \\ \"%_\n",
            level: 65535,
            experience: Number.MAX_SAFE_INTEGER,
            gold: Number.MIN_SAFE_INTEGER,
            x: 0.1 + 0.2,
            y: -1.7976931348623157e308,
            inventory: [
              { item: 65535, count: 65535 },
              { item: 1, count: 1 },
              { item: 1, count: 1 },
            ],
          }),
          playerRow(3, 2, { name: "🐉".repeat(64), gold: 2 ** 31, x: 5e-324, y: 123456789.125 }),
          playerRow(4, 2, { name: "" }),
        ];
        await store.applyBatch({ players: rows, battleResults: [] });
        for (const row of rows) assert.deepEqual(await store.loadPlayer(row.playerId), row);
        const again = await reopened();
        for (const row of rows) assert.deepEqual(await again.loadPlayer(row.playerId), row);
      }));

    test("[ST2] nobody by that id is null, not an error", () =>
      withStore(async (store) => {
        assert.equal(await store.loadPlayer(idOf(404)), null);
        assert.deepEqual(await store.recentBattles(idOf(404), 10), []);
      }));

    test("[ST3] an older version never overwrites a newer one, neither the row nor the inventory", () =>
      withStore(async (store) => {
        const versions = [3, 1, 5, 4, 2];
        for (const version of versions) {
          const inventory = Array.from({ length: version }, (_, slot) => ({
            item: slot + version,
            count: version,
          }));
          await store.applyBatch({
            players: [playerRow(1, version, { level: version, inventory })],
            battleResults: [],
          });
        }
        const loaded = await store.loadPlayer(idOf(1));
        assert.equal(loaded?.version, 5);
        assert.equal(loaded.level, 5);
        assert.equal(loaded.gold, 5);
        assert.deepEqual(
          loaded.inventory.map((stack) => stack.item),
          [5, 6, 7, 8, 9],
        );
        // Of the same version the later counts: a batch given again may have gained what came since.
        const again = playerRow(1, 5, { level: 6, inventory: [{ item: 1, count: 1 }] });
        await store.applyBatch({ players: [again], battleResults: [] });
        assert.deepEqual(await store.loadPlayer(idOf(1)), again);
      }));

    test("[ST4] applying a batch twice is applying it once", () =>
      withStore(async (store) => {
        const batch = {
          players: [playerRow(1, 4, { inventory: [{ item: 7, count: 2 }] })],
          battleResults: [battleRow(9)],
        };
        await store.applyBatch(batch);
        await store.applyBatch(batch);
        assert.deepEqual(await store.loadPlayer(idOf(1)), batch.players[0]);
        assert.deepEqual(await store.recentBattles(idOf(1), 10), batch.battleResults);
      }));

    test("[ST5] an inventory is replaced as a whole: what is gone from it is gone from the store", () =>
      withStore(async (store) => {
        const stacks = Array.from({ length: 40 }, (_, slot) => ({ item: slot + 1, count: 1 }));
        await store.applyBatch({ players: [playerRow(1, 1, { inventory: stacks })], battleResults: [] });
        await store.applyBatch({
          players: [playerRow(1, 2, { inventory: stacks.slice(37) })],
          battleResults: [],
        });
        assert.deepEqual((await store.loadPlayer(idOf(1)))?.inventory, stacks.slice(37));
        await store.applyBatch({ players: [playerRow(1, 3)], battleResults: [] });
        assert.deepEqual((await store.loadPlayer(idOf(1)))?.inventory, []);
        await store.applyBatch({ players: [playerRow(1, 4, { inventory: stacks })], battleResults: [] });
        assert.deepEqual((await store.loadPlayer(idOf(1)))?.inventory, stacks);
      }));

    test("[ST6] of several rows of one player in a batch the newest counts", () =>
      withStore(async (store) => {
        const players = [playerRow(1, 2), playerRow(2, 1), playerRow(1, 3), playerRow(1, 1)];
        await store.applyBatch({ players, battleResults: [] });
        assert.equal((await store.loadPlayer(idOf(1)))?.version, 3);
        assert.equal((await store.loadPlayer(idOf(2)))?.version, 1);
      }));

    test("[ST7] a battle is stored once, as it was first given, in one batch or over many", () =>
      withStore(async (store) => {
        const first = battleRow(1, { ticks: 1 });
        const changed = battleRow(1, { ticks: 2, fighters: [first.fighters[0]!, ...first.fighters] });
        await store.applyBatch({ players: [], battleResults: [first, changed] });
        await store.applyBatch({ players: [], battleResults: [changed, battleRow(2)] });
        assert.deepEqual(await store.recentBattles(idOf(1), 10), [battleRow(2), first]);
      }));

    test("[ST8] a player's battles come newest first, bounded, with all who fought in their seats", () =>
      withStore(async (store) => {
        const ours = Array.from({ length: 12 }, (_, number) =>
          battleRow(number, {
            winningSide: number === 5 ? -1 : 1,
            endedAtMs: 1_700_000_000_000 + (number % 7),
          }),
        );
        const theirs = battleRow(99, {
          fighters: [
            { playerId: idOf(2), name: "𝔊", side: 0, outcome: "draw", experience: -1, gold: 2 ** 53 - 1 },
          ],
        });
        await store.applyBatch({ players: [], battleResults: [...ours, theirs] });
        const newestFirst = ours.toSorted(
          (a, b) => b.endedAtMs - a.endedAtMs || (a.battleId < b.battleId ? 1 : -1),
        );
        assert.deepEqual(await store.recentBattles(idOf(1), 100), newestFirst);
        assert.deepEqual(await store.recentBattles(idOf(1), 3), newestFirst.slice(0, 3));
        assert.deepEqual(await store.recentBattles(idOf(2), 3), [theirs]);
      }));

    test("[ST9] a batch of a thousand players and a thousand battles is applied whole", () =>
      withStore(async (store) => {
        const numbers = Array.from({ length: 1000 }, (_, at) => (at * 7919) % 1000);
        const inventory = Array.from({ length: 10 }, (_, slot) => ({ item: slot + 1, count: 3 }));
        const players = numbers.map((number) => playerRow(number, 1, { name: "名".repeat(64), inventory }));
        const battleResults = numbers.map((number) => battleRow(number));
        await store.applyBatch({ players, battleResults });
        for (const row of players) assert.deepEqual(await store.loadPlayer(row.playerId), row);
        assert.equal((await store.recentBattles(idOf(1), 1000)).length, 1000);
      }));

    test("[ST10] a batch with a bad row is refused by name and nothing of it is applied", () =>
      withStore(async (store) => {
        const bad: [Partial<PlayerRow>, RegExp][] = [
          [{ gold: Number.NaN }, /gold: got NaN/],
          [{ gold: 2 ** 53 }, /gold: got 9007199254740992/],
          [{ experience: 0.5 }, /experience: got 0.5/],
          [{ x: Number.POSITIVE_INFINITY, y: Number.NaN }, /x: got Infinity.*y: got NaN/],
          [{ level: 65536 }, /level: got 65536, want a whole number in 0..65535/],
          [{ name: "🐉".repeat(65) }, /name: .* at most 64 characters/],
          [{ name: "\ud83d" }, /name: .* lone surrogates/],
          [{ name: "a\0b" }, /name: .* NUL/],
          [{ version: -1 }, /version: got -1/],
          [{ inventory: [{ item: 0, count: 70000 }] }, /inventory\[0\].item: got 0.*inventory\[0\].count/],
          [{ playerId: "xyz" }, /playerId: got "xyz"/],
        ];
        for (const [changes, message] of bad) {
          const batch = { players: [playerRow(1, 1), playerRow(2, 1, changes)], battleResults: [] };
          await assert.rejects(store.applyBatch(batch), (error) => {
            assert.ok(error instanceof StoreRejected);
            assert.match(error.message, message);
            return true;
          });
        }
        const battle = battleRow(1, { fighters: [{ ...battleRow(1).fighters[0]!, playerId: "x" }] });
        await assert.rejects(
          store.applyBatch({ players: [playerRow(1, 1)], battleResults: [battle] }),
          StoreRejected,
        );
        assert.equal(await store.loadPlayer(idOf(1)), null);
        await store.applyBatch({ players: [playerRow(1, 1)], battleResults: [] });
      }));

    test("[ST11] a store that is not open is unavailable, says so, and may be opened again", () =>
      withStore(async (store) => {
        await store.health();
        await store.close();
        await store.close();
        await assert.rejects(store.health(), StoreUnavailable);
        await assert.rejects(store.loadPlayer(idOf(1)), StoreUnavailable);
        await assert.rejects(store.applyBatch({ players: [], battleResults: [] }), StoreUnavailable);
        await store.open();
        await store.health();
      }));

    test("[ST12] loads and batches at the same time see whole batches only", () =>
      withStore(async (store) => {
        await store.applyBatch({ players: [playerRow(1, 1), playerRow(2, 1)], battleResults: [] });
        const work: Promise<unknown>[] = [];
        for (let version = 2; version <= 20; version++) {
          const inventory = Array.from({ length: version }, () => ({ item: version, count: version }));
          const players = [playerRow(1, version, { inventory }), playerRow(2, version, { inventory })];
          work.push(store.applyBatch({ players, battleResults: [] }));
          work.push(
            store.loadPlayer(idOf(1)).then((row) => {
              assert.ok(row);
              assert.equal(row.inventory.length, row.version === 1 ? 0 : row.version);
              assert.ok(row.inventory.every((stack) => stack.item === row.version));
            }),
          );
        }
        await Promise.all(work);
        assert.equal((await store.loadPlayer(idOf(2)))?.version, 20);
      }));

    testJournalContract(withStore);
    if (options.migrations === "files") testMigrations(place);
  });
}

function testMigrations(place: () => Promise<StorePlace>): void {
  const withFolder = async (use: (here: StorePlace, folder: string) => Promise<void>) => {
    const here = await place();
    const folder = mkdtempSync(join(tmpdir(), "gridshard-migrations-"));
    cpSync(migrationsFolder(), folder, { recursive: true });
    try {
      await use(here, folder);
    } finally {
      rmSync(folder, { recursive: true });
      await here.release();
    }
  };
  const rejectsToOpen = async (store: Store, message: RegExp) => {
    await assert.rejects(store.open(), (error) => {
      assert.ok(error instanceof SchemaMismatch, String(error));
      assert.match(error.message, message);
      return true;
    });
  };
  const openAndClose = async (store: Store) => {
    await store.open();
    await store.close();
  };

  test("[MG1] an empty database is brought up to date, and a second start changes nothing", () =>
    withFolder(async (here, folder) => {
      const store = here.store(folder);
      await store.open("look");
      const before = await migrationStatus(store, folder);
      assert.deepEqual(before.applied, []);
      assert.equal(before.pending.length, readMigrations(store.dialect).length);
      await store.close();
      for (let start = 0; start < 2; start++) {
        await store.open();
        const { applied, pending } = await migrationStatus(store, folder);
        assert.deepEqual(
          applied,
          before.pending.map(({ number, name, checksum }) => ({ number, name, checksum })),
        );
        assert.deepEqual(pending, []);
        await store.close();
      }
    }));

  test("[MG2] a step added later is applied to a database in use, and its rows stay", () =>
    withFolder(async (here, folder) => {
      const store = here.store(folder);
      await store.open();
      await store.applyBatch({ players: [playerRow(1, 1)], battleResults: [] });
      await store.close();
      const next = readMigrations(store.dialect, folder).length + 1;
      const file = `${String(next).padStart(4, "0")}-more.${store.dialect}.sql`;
      writeFileSync(join(folder, file), "CREATE TABLE more (a INTEGER NOT NULL PRIMARY KEY);\n");
      await store.open();
      assert.equal((await store.appliedMigrations()).at(-1)?.name, "more");
      assert.deepEqual(await store.loadPlayer(idOf(1)), playerRow(1, 1));
      await store.close();
    }));

  test("[MG3] a start is refused when an applied file has changed", () =>
    withFolder(async (here, folder) => {
      const store = here.store(folder);
      await openAndClose(store);
      const file = readdirSync(folder).find((name) => name.endsWith(`.${store.dialect}.sql`))!;
      writeFileSync(join(folder, file), "-- changed\n", { flag: "a" });
      await rejectsToOpen(store, /has changed since it was applied: restore the file/);
    }));

  test("[MG4] a start is refused when the database is newer than the program", () =>
    withFolder(async (here, folder) => {
      const store = here.store(folder);
      await openAndClose(store);
      const last = readdirSync(folder)
        .filter((name) => name.endsWith(`.${store.dialect}.sql`))
        .sort()
        .at(-1)!;
      rmSync(join(folder, last));
      await rejectsToOpen(store, /start the newer program/);
    }));

  test("[MG5] a step that fails is named, is not remembered, and is applied by the next start once mended", () =>
    withFolder(async (here, folder) => {
      const store = here.store(folder);
      const next = readMigrations(store.dialect, folder).length + 1;
      const file = join(folder, `${String(next).padStart(4, "0")}-torn.${store.dialect}.sql`);
      const create = "CREATE TABLE IF NOT EXISTS torn (a INTEGER NOT NULL PRIMARY KEY);\n";
      writeFileSync(file, `${create}CREATE TABEL wrong;\n`);
      await rejectsToOpen(store, /migration \d+ \(torn\) failed/);
      writeFileSync(file, create);
      await store.open();
      assert.equal((await store.appliedMigrations()).length, next);
      await store.close();
    }));

  /** The steps from before the ledger, and rows as the program of that time wrote them. */
  const withOldRows = (folder: string, dialect: Dialect): readonly string[] => {
    const steps = readdirSync(folder)
      .filter((name) => name.endsWith(`.${dialect}.sql`))
      .sort();
    const later = steps.slice(2);
    for (const name of later) rmSync(join(folder, name));
    const id = (number: number) => `X'${idOf(number)}'`;
    const rows = `
      INSERT INTO players (player_id, name, level, experience, gold, x, y, version) VALUES
        (${id(1)}, 'rich', 3, 4, 50, 0.5, -1, 7), (${id(2)}, 'poor', 1, 0, 0, 1, 2, 1), (${id(3)}, 'owes', 1, 0, -9, 1, 2, 2);
      INSERT INTO player_items (player_id, slot, item, count) VALUES
        (${id(1)}, 0, 9, 65535), (${id(1)}, 1, 2, 1), (${id(1)}, 2, 9, 65535), (${id(1)}, 10, 3, 4), (${id(3)}, 0, 2, 2);`;
    writeFileSync(join(folder, steps[1]!), rows, { flag: "a" });
    return later;
  };

  test("[MG8] players from before the ledger keep gold and items, and have opening lines for them", () =>
    withFolder(async (here, folder) => {
      const store = here.store(folder);
      const later = withOldRows(folder, store.dialect);
      await openAndClose(store);
      for (const name of later) cpSync(join(migrationsFolder(), name), join(folder, name));
      await store.open();
      const inventory = [
        { item: 9, count: 65_535 },
        { item: 2, count: 1 },
        { item: 9, count: 65_535 },
        { item: 3, count: 4 },
      ];
      const rich = { name: "rich", level: 3, experience: 4, gold: 50, inventory, x: 0.5, y: -1 };
      assert.deepEqual(await store.loadPlayer(idOf(1)), playerRow(1, 7, rich));
      assert.deepEqual((await store.loadPlayer(idOf(2)))?.inventory, []);
      assert.deepEqual((await store.loadPlayer(idOf(3)))?.inventory, [{ item: 2, count: 2 }]);
      const lines = await store.ledgerOf(idOf(1), 10);
      assert.deepEqual(
        lines.map(({ version, line, reason, gold, item, count }) => [
          version,
          line,
          reason,
          gold,
          item,
          count,
        ]),
        [
          [0, 3, "opening", 0, 9, 131_070],
          [0, 2, "opening", 0, 3, 4],
          [0, 1, "opening", 0, 2, 1],
          [0, 0, "opening", 50, 0, 0],
        ],
      );
      assert.ok(lines.every(({ atMs }) => atMs > 1_700_000_000_000));
      assert.deepEqual(await store.ledgerOf(idOf(2), 10), []);
      const audit = await (store as AuditedStore).audit(10);
      assert.deepEqual([audit.players, audit.differences, audit.orphanCount], [3, [], 0]);
      await store.applyBatch({ players: [playerRow(1, 8)], battleResults: [] });
      assert.deepEqual(await store.loadPlayer(idOf(1)), playerRow(1, 8));
      await store.close();
    }));

  test("[MG6] steps are numbered without a gap and named after the rule", () =>
    withFolder(async (here, folder) => {
      const store = here.store(folder);
      const stray = join(folder, `0009-stray.${store.dialect}.sql`);
      writeFileSync(stray, "SELECT 1;\n");
      await rejectsToOpen(store, /want number \d after \d/);
      rmSync(stray);
      writeFileSync(join(folder, "notes.txt"), "");
      await rejectsToOpen(store, /want a name like/);
    }));
}
