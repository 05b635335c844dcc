import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { DataFolder, DataFolderOwned } from "./data-folder.js";
import { CRASH_JOURNAL, crashBatch } from "./sqlite-crash-rows.js";
import { sqlitePlace } from "./sqlite-place.js";
import { SqliteStore } from "./sqlite-store.js";
import { StoreUnavailable } from "./store.js";
import { battleRow, idOf, playerRow, testStoreContract } from "./store-contract.js";

testStoreContract("SQLite", sqlitePlace);

const child = fileURLToPath(new URL("./sqlite-crash-child.js", import.meta.url));

/** Runs the child until it dies and returns what it said. */
async function crash(path: string, version: number, dieAt: number): Promise<string> {
  const running = spawn(process.execPath, [child, path, String(version), String(dieAt)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  running.stdout.on("data", (chunk) => {
    said += chunk;
    if (dieAt === 0) running.kill("SIGKILL");
  });
  const [, signal] = await once(running, "close");
  assert.equal(signal, "SIGKILL");
  return said;
}

/** Asserts that the store holds one whole version of everything, and returns which. */
async function wholeVersion(store: SqliteStore): Promise<number> {
  const version = (await store.loadPlayer(idOf(0)))?.version ?? 0;
  const want = crashBatch(version);
  if (version > 0)
    for (const row of want.players) assert.deepEqual(await store.loadPlayer(row.playerId), row);
  const battles = await store.recentBattles(idOf(1), 100);
  assert.equal(battles.length, version);
  assert.equal((await store.ledgerOf(idOf(1), 100)).length, version);
  assert.equal(await store.appliedPosition(CRASH_JOURNAL), version, "the position is part of the batch");
  return version;
}

describe("SQLite: one process, one file", () => {
  test("[ST20] a process killed with the store open leaves all that was applied, and the next one opens it", async () => {
    const path = mkdtempSync(join(tmpdir(), "gridshard-killed-"));
    assert.equal(await crash(path, 1, 0), "applied\n");
    assert.ok(existsSync(join(path, "gridshard.sqlite.lock")), "the driver's lock outlives the process");
    const folder = DataFolder.acquire(path);
    const store = new SqliteStore({ folder });
    await store.open();
    assert.equal(await wholeVersion(store), 1);
    await store.close();
    folder.release();
    rmSync(path, { recursive: true });
  });

  test("[ST21] a process killed at any write of a commit leaves the batch whole or not at all", async () => {
    const path = mkdtempSync(join(tmpdir(), "gridshard-torn-"));
    const never = Number.MAX_SAFE_INTEGER;
    await crash(path, 1, never);
    const calls = Number(/applied after (\d+) calls/.exec(await crash(path, 2, never))![1]);
    assert.ok(calls > 60, "a commit writes many pages, first to the journal and then to the file");
    let version = 2;
    const spread = Array.from({ length: 10 }, (_, step) => 1 + Math.floor((step * calls) / 10));
    const end = Array.from({ length: 6 }, (_, step) => calls - 4 + step);
    for (const dieAt of [...spread, ...end, never]) {
      const isApplied = (await crash(path, version + 1, dieAt)).startsWith("applied");
      const folder = DataFolder.acquire(path);
      const store = new SqliteStore({ folder });
      await store.open();
      const found = await wholeVersion(store);
      assert.ok(found === version + 1 || (found === version && !isApplied), `${found} after ${version}`);
      version = found;
      await store.close();
      folder.release();
    }
    assert.ok(version > 2);
    rmSync(path, { recursive: true });
  });

  test("[ST22] a second process, or a second store, does not get the folder while the first holds it", async () => {
    const here = await sqlitePlace();
    const store = here.store();
    await store.open();
    await store.applyBatch({ players: [playerRow(1, 1)], battleResults: [battleRow(1)] });
    const folder = mkdtempSync(join(tmpdir(), "gridshard-owned-"));
    const held = DataFolder.acquire(folder);
    assert.throws(() => DataFolder.acquire(folder), DataFolderOwned);
    const running = spawn(process.execPath, [child, folder, "1", "0"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    running.stderr.on("data", (chunk) => {
      said += chunk;
    });
    const [code] = await once(running, "close");
    assert.equal(code, 1);
    assert.match(said, new RegExp(`in use by process ${process.pid}`));
    held.release();
    await store.close();
    await here.release();
    rmSync(folder, { recursive: true });
  });

  test("[ST24] a file that is no database is for good; one that is away for a moment is not", async () => {
    const here = await sqlitePlace();
    const file = here.folder.file("gridshard.sqlite");
    writeFileSync(file, "no database ".repeat(400));
    const store = here.store();
    for (let attempt = 0; attempt < 3; attempt++)
      await assert.rejects(store.open(), (error) => error instanceof StoreUnavailable && error.isForGood);
    await assert.rejects(store.health(), (error) => error instanceof StoreUnavailable && !error.isForGood);
    rmSync(file);
    mkdirSync(file);
    await assert.rejects(store.open(), (error) => error instanceof StoreUnavailable && error.isForGood);
    rmSync(file, { recursive: true });
    await store.open();
    await store.close();
    await here.release();
  });

  test("[ST23] a file that is no database, or cannot be opened, is unavailable by name and with a remedy", async () => {
    const path = mkdtempSync(join(tmpdir(), "gridshard-bad-"));
    const folder = DataFolder.acquire(path);
    const file = folder.file("gridshard.sqlite");
    writeFileSync(file, "this is not a database, and long enough to look like one ".repeat(40));
    const refused = (message: RegExp) => (error: unknown) => {
      assert.ok(error instanceof StoreUnavailable, String(error));
      assert.ok(error.message.includes(file));
      assert.match(error.message, message);
      return true;
    };
    await assert.rejects(new SqliteStore({ folder }).open(), refused(/restore it from a backup/));
    rmSync(file);
    mkdirSync(file);
    await assert.rejects(new SqliteStore({ folder }).open(), refused(/check the disk and the rights/));
    rmSync(file, { recursive: true });
    const store = new SqliteStore({ folder });
    await store.open();
    await store.close();
    folder.release();
    rmSync(path, { recursive: true });
  });
});
