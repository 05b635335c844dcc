import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { MariaDb } from "../test/mariadb.js";
import { readMigrations } from "./migrations.js";
import { MysqlStore, type MysqlStoreLimits } from "./mysql-store.js";
import { StoreRejected, StoreUnavailable } from "./store.js";
import { battleRow, idOf, playerRow, type StorePlace, testStoreContract } from "./store-contract.js";

let server: MariaDb;
let databases = 0;

before(async () => {
  server = await MariaDb.start();
});
after(() => server.remove());

async function freshDatabase(): Promise<string> {
  const database = `test_${++databases}`;
  await server.run(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
  return database;
}

function storeOn(
  database: string,
  options: { limits?: Partial<MysqlStoreLimits>; migrations?: string } = {},
) {
  return new MysqlStore({ socketPath: server.socketPath, user: "root", database, ...options });
}

async function place(): Promise<StorePlace> {
  const database = await freshDatabase();
  return {
    store: (migrations) => storeOn(database, migrations === undefined ? {} : { migrations }),
    async release() {
      await server.run(`DROP DATABASE ${database}`);
    },
  };
}

function unavailable(message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StoreUnavailable, String(error));
    assert.match(error.message, message);
    return true;
  };
}

/** Asks until the answer is yes. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, "what is waited for happens");
    await sleep(5);
  }
}

testStoreContract("MySQL", place);

describe("MySQL: a server among others", () => {
  test("[ST30] several stores write the same rows at the same time: nothing is lost, the newest version stays", async () => {
    const database = await freshDatabase();
    const stores = Array.from({ length: 3 }, () => storeOn(database));
    await Promise.all(stores.map((store) => store.open()));
    const numbers = Array.from({ length: 200 }, (_, number) => number);
    await Promise.all(
      stores.map(async (store, at) => {
        for (let round = 0; round < 10; round++) {
          const version = 1 + round * stores.length + at;
          const inventory = Array.from({ length: version % 5 }, () => ({ item: version, count: 1 }));
          // Each in an order of its own.
          const rows = numbers.map((number) =>
            playerRow((number * 77 + at * 31) % 200, version, { inventory }),
          );
          await store.applyBatch({ players: rows, battleResults: [battleRow(version)] });
        }
      }),
    );
    for (const number of numbers) {
      const row = await stores[0]!.loadPlayer(idOf(number));
      assert.equal(row?.version, 30);
      assert.deepEqual(row?.inventory, []);
    }
    assert.equal((await stores[1]!.recentBattles(idOf(1), 100)).length, 30);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("[MG7] programs that start at the same moment apply every step once", async () => {
    const database = await freshDatabase();
    const stores = Array.from({ length: 4 }, () => storeOn(database));
    await Promise.all(stores.map((store) => store.open()));
    for (const store of stores)
      assert.equal((await store.appliedMigrations()).length, readMigrations("mysql").length);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("[ST31] no batch is too large for the server's packets", async () => {
    const database = await freshDatabase();
    const before = (await server.run("SELECT @@max_allowed_packet")).trim();
    await server.run("SET GLOBAL max_allowed_packet = 16384");
    const store = storeOn(database);
    await store.open();
    const inventory = Array.from({ length: 30 }, (_, slot) => ({ item: slot + 1, count: 9 }));
    const players = Array.from({ length: 300 }, (_, at) =>
      playerRow(at, 1, { name: "🐉".repeat(64), inventory }),
    );
    await store.applyBatch({ players, battleResults: players.map((_, at) => battleRow(at)) });
    assert.deepEqual(await store.loadPlayer(idOf(299)), players[299]);
    assert.equal(store.retries, 0);
    await store.close();
    await server.run(`SET GLOBAL max_allowed_packet = ${before}`);
  });

  test("[MG9] a step that was applied and not remembered, since the server died between the two, is applied again", async () => {
    const database = await freshDatabase();
    const folder = mkdtempSync(join(tmpdir(), "gridshard-steps-"));
    for (const { number, name, sql } of readMigrations("mysql")) {
      writeFileSync(join(folder, `${String(number).padStart(4, "0")}-${name}.mysql.sql`), sql);
      const store = storeOn(database, { migrations: folder });
      await store.open();
      await store.close();
      if (number === 2)
        await server.run(
          `INSERT INTO ${database}.players VALUES (X'${idOf(1)}', 'a', 1, 0, 5, 0, 0, 1);
           INSERT INTO ${database}.player_items VALUES (X'${idOf(1)}', 0, 7, 2)`,
        );
      await server.run(`DELETE FROM ${database}.schema_migrations WHERE number = ${number}`);
      await store.open("migrate");
      await store.close();
    }
    rmSync(folder, { recursive: true });
    const store = storeOn(database);
    await store.open();
    assert.deepEqual((await store.loadPlayer(idOf(1)))?.inventory, [{ item: 7, count: 2 }]);
    const audit = await store.audit(10);
    assert.deepEqual([audit.players, audit.ledgerLines, audit.differences], [1, 2, []]);
    await store.close();
  });

  test("[ST58] a row that the server's packets cannot hold is refused for good, and others are stored", async () => {
    const database = await freshDatabase();
    const before = (await server.run("SELECT @@max_allowed_packet")).trim();
    await server.run("SET GLOBAL max_allowed_packet = 16384");
    const store = storeOn(database);
    await store.open();
    const inventory = (stacks: number) =>
      Array.from({ length: stacks }, () => ({ item: 12345, count: 12345 }));
    const [large, tooLarge] = [
      playerRow(1, 1, { inventory: inventory(1000) }),
      playerRow(2, 1, { inventory: inventory(2000) }),
    ];
    await assert.rejects(
      store.applyBatch({ players: [large, tooLarge], battleResults: [] }),
      (error) => error instanceof StoreRejected && /raise max_allowed_packet/.test(error.message),
    );
    assert.equal(await store.loadPlayer(idOf(1)), null);
    await store.applyBatch({ players: [large, playerRow(3, 1)], battleResults: [] });
    assert.deepEqual(await store.loadPlayer(idOf(1)), large);
    assert.equal(store.retries, 0);
    await store.close();
    await server.run(`SET GLOBAL max_allowed_packet = ${before}`);
  });

  test("[ST32] a deadlock is tried again and the batch is applied whole", async () => {
    const database = await freshDatabase();
    const store = storeOn(database);
    await store.open();
    await store.applyBatch({ players: [playerRow(1, 1), playerRow(2, 1)], battleResults: [] });
    const other = server.session(database);
    // Many changes, so that the server takes the other transaction for its victim: the store's.
    const many = Array.from({ length: 500 }, (_, at) => `(${at}, ${at})`).join(",");
    await other.run("CREATE TABLE weight (a INT PRIMARY KEY, b INT)");
    await other.run(`START TRANSACTION; INSERT INTO weight VALUES ${many}`);
    await other.run(`UPDATE players SET level = 9 WHERE player_id = X'${idOf(2)}'`);
    const applied = store.applyBatch({ players: [playerRow(1, 2), playerRow(2, 2)], battleResults: [] });
    await until(
      async () => (await server.run("SELECT COUNT(*) FROM information_schema.innodb_lock_waits")) !== "0\n",
    );
    await other.run(`UPDATE players SET level = 9 WHERE player_id = X'${idOf(1)}'`);
    await other.run("COMMIT");
    await applied;
    assert.ok(store.retries > 0);
    for (const number of [1, 2]) assert.deepEqual(await store.loadPlayer(idOf(number)), playerRow(number, 2));
    await other.end();
    await store.close();
  });

  test("[ST33] what only the server finds wrong with a row is refused for good, and nothing of the batch stays", async () => {
    const database = await freshDatabase();
    const store = storeOn(database);
    await store.open();
    await server.run(`ALTER TABLE ${database}.players MODIFY name VARCHAR(8) NOT NULL`);
    const rows = [playerRow(1, 1, { name: "short" }), playerRow(2, 1, { name: "much too long" })];
    await assert.rejects(store.applyBatch({ players: rows, battleResults: [] }), StoreRejected);
    assert.equal(await store.loadPlayer(idOf(1)), null);
    await store.applyBatch({ players: rows.slice(0, 1), battleResults: [] });
    await server.run(`UPDATE ${database}.players SET gold = 9007199254740993`);
    await assert.rejects(store.loadPlayer(idOf(1)), /9007199254740993.*correct the row by hand/);
    await store.close();
  });

  test("[ST34] a database or user that is not there is unavailable, says what to do, and shows no password", async () => {
    const password = "open sesame";
    const options = { socketPath: server.socketPath, user: "root", limits: { attemptsMax: 1 } };
    await assert.rejects(
      new MysqlStore({ ...options, database: "nowhere" }).open(),
      unavailable(/nowhere.*create it: CREATE DATABASE/),
    );
    await assert.rejects(new MysqlStore({ ...options, password, database: "mysql" }).open(), (error) => {
      assert.ok(!String(error).includes(password));
      return unavailable(/check user and password/)(error);
    });
  });

  test("[ST35] a database that is down when the store opens is unavailable, and the store opens once it is up", async () => {
    const database = await freshDatabase();
    const waits: number[] = [];
    const store = new MysqlStore({
      socketPath: server.socketPath,
      user: "root",
      database,
      sleep: async (ms) => waits.push(ms),
    });
    await store.open();
    await store.close();
    await server.kill();
    await assert.rejects(store.open(), unavailable(/start the database server/));
    await assert.rejects(store.open("look"), unavailable(/start the database server/));
    assert.deepEqual(waits, [20, 40, 80], "attempts are bounded and further apart each time");
    await server.restart();
    await store.open();
    await store.health();
    await store.close();
  });

  test("[ST36] a database killed while batches are applied and started again has all that was acknowledged", async () => {
    const database = await freshDatabase();
    const store = storeOn(database);
    await store.open();
    const inventory = [{ item: 1, count: 1 }];
    let acknowledged = 0;
    const writing = (async () => {
      for (let version = 1; ; version++) {
        const rows = Array.from({ length: 100 }, (_, number) => playerRow(number, version, { inventory }));
        await store.applyBatch({ players: rows, battleResults: [battleRow(version)] });
        acknowledged = version;
      }
    })();
    const failed = assert.rejects(writing, StoreUnavailable);
    await until(async () => acknowledged >= 20);
    await server.kill();
    await failed;
    await assert.rejects(store.health(), StoreUnavailable);
    await server.restart();
    // The same store, not opened again.
    const version = (await store.loadPlayer(idOf(0)))!.version;
    assert.ok(version === acknowledged || version === acknowledged + 1, `${version} after ${acknowledged}`);
    for (let number = 0; number < 100; number++)
      assert.deepEqual(await store.loadPlayer(idOf(number)), playerRow(number, version, { inventory }));
    assert.equal((await store.recentBattles(idOf(1), 1000)).length, version);
    await store.applyBatch({ players: [playerRow(1, version + 1)], battleResults: [] });
    await store.close();
  });

  test("[ST37] a server that stops answering is given up in bounded time, and used again once it answers", async () => {
    const database = await freshDatabase();
    const store = storeOn(database, { limits: { statementMsMax: 300, connectMsMax: 300, attemptsMax: 2 } });
    await store.open();
    await store.applyBatch({ players: [playerRow(1, 1)], battleResults: [] });
    server.freeze();
    await assert.rejects(
      store.applyBatch({ players: [playerRow(1, 2)], battleResults: [] }),
      unavailable(/does not answer/),
    );
    await assert.rejects(store.loadPlayer(idOf(1)), StoreUnavailable);
    server.thaw();
    await until(() =>
      store.applyBatch({ players: [playerRow(1, 3)], battleResults: [] }).then(
        () => true,
        () => false,
      ),
    );
    assert.equal((await store.loadPlayer(idOf(1)))?.version, 3);
    server.freeze();
    await store.close();
    server.thaw();
  });
});
