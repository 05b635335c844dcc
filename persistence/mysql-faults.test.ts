import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Prng } from "../engine/prng.js";
import { deadlock, type Fate, FaultProxy } from "../test/fault-proxy.js";
import { MariaDb } from "../test/mariadb.js";
import { MysqlStore, type MysqlStoreLimits } from "./mysql-store.js";
import { type Batch, SchemaMismatch, StoreRejected, StoreUnavailable } from "./store.js";
import { battleRow, idOf, letterRow, lineRow, playerRow } from "./store-contract.js";

let server: MariaDb;
let databases = 0;
const stores: MysqlStore[] = [];
const proxies: FaultProxy[] = [];

before(async () => {
  // What is cut is the wire, not the power: the disk need not be waited for a thousand times.
  server = await MariaDb.start(["--innodb-flush-log-at-trx-commit=0"]);
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const proxy of proxies.splice(0)) await proxy.close();
});
after(() => server.remove());

async function freshDatabase(): Promise<string> {
  const database = `faults_${++databases}`;
  await server.run(`CREATE DATABASE ${database} CHARACTER SET utf8mb4`);
  return database;
}

const noWait = () => Promise.resolve();

function storeOn(database: string, limits: Partial<MysqlStoreLimits> = {}): MysqlStore {
  return kept(
    new MysqlStore({ socketPath: server.socketPath, user: "root", database, limits, sleep: noWait }),
  );
}

function storeBehind(
  proxy: FaultProxy,
  options: { readonly database: string; readonly limits?: Partial<MysqlStoreLimits> },
): MysqlStore {
  return kept(new MysqlStore({ port: proxy.port, user: "root", sleep: noWait, ...options }));
}

function kept(store: MysqlStore): MysqlStore {
  stores.push(store);
  return store;
}

async function openProxy(): Promise<FaultProxy> {
  const proxy = await FaultProxy.listen(server.socketPath);
  proxies.push(proxy);
  return proxy;
}

async function number(sql: string): Promise<number> {
  return Number(await server.run(sql));
}

async function deadlocks(): Promise<number> {
  return number(
    "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'INNODB_DEADLOCKS'",
  );
}

/** Asks until the answer is yes. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, "what is waited for happens");
    await sleep(5);
  }
}

const journalId = idOf(0xa);

/** A save: one gold more, and a battle that brought it. */
function save(version: number): Batch {
  return {
    players: [playerRow(1, version)],
    battleResults: [battleRow(version)],
    ledger: [lineRow(1, version)],
    progress: { journalId, position: version },
  };
}

describe("MySQL: the network's faults", () => {
  test("[ST50] a reply lost after COMMIT doubles nothing, a thousand times", async () => {
    const database = await freshDatabase();
    const proxy = await openProxy();
    const patient = storeBehind(proxy, { database });
    // Leaves it to its caller to try again.
    const brisk = storeBehind(proxy, { database, limits: { attemptsMax: 1 } });
    await patient.open();
    await brisk.open();
    const observer = storeOn(database);
    await observer.open("look");
    // Each batch is given twice: the first commit's reply is lost.
    let lost: Fate = { kind: "pass" };
    proxy.judge = (sql) => {
      if (!sql.endsWith("COMMIT")) return { kind: "pass" };
      const fate = lost;
      lost = { kind: "pass" };
      return fate;
    };
    const rounds = 1000;
    for (let version = 1; version <= rounds; version++) {
      lost = { kind: version % 4 < 2 ? "cut when answered" : "cut when sent" };
      if (version % 2 === 0) {
        await patient.applyBatch(save(version));
        continue;
      }
      await assert.rejects(brisk.applyBatch(save(version)), StoreUnavailable);
      if (version % 40 === 1) {
        assert.equal((await observer.loadPlayer(idOf(1)))?.version, version, "it was committed");
        assert.equal(await observer.appliedPosition(journalId), version, "and the position with it");
      }
      await brisk.applyBatch(save(version));
    }
    assert.equal(proxy.cuts, rounds);
    assert.equal(patient.retries, rounds / 2);
    const counted = async (of: string) => number(`SELECT ${of}`.replace("FROM ", `FROM ${database}.`));
    assert.equal(await counted("COUNT(*) FROM ledger"), rounds);
    assert.equal(await counted("SUM(gold) FROM ledger"), rounds);
    assert.equal(await counted("COUNT(*) FROM battles"), rounds);
    assert.equal(await counted("COUNT(*) FROM battle_fighters"), rounds * 2);
    proxy.judge = () => ({ kind: "pass" });
    assert.deepEqual(await patient.loadPlayer(idOf(1)), playerRow(1, rounds));
    assert.equal(await patient.appliedPosition(journalId), rounds);
  });

  test("[ST51] writers of overlapping rows never deadlock: all lock rows in one order", async () => {
    const database = await freshDatabase();
    const writers = Array.from({ length: 8 }, () => storeOn(database));
    for (const store of writers) await store.open();
    const before = await deadlocks();
    const players = 300;
    const prng = new Prng(1);
    await Promise.all(
      writers.map(async (store, writer) => {
        for (let round = 0; round < 12; round++) {
          const version = 1 + round * writers.length + writer;
          // Each in an order of its own, and some that nobody has stored before.
          const numbers = Array.from({ length: 150 }, () => prng.next() % (players + round * 10));
          await store.applyBatch({
            players: numbers.map((of) => playerRow(of, version)),
            battleResults: numbers.slice(0, 20).map((of) => battleRow(of)),
            ledger: numbers.map((of) => lineRow(of, 1 + (round >> 1), { gold: 1 })),
            deadLetters: numbers.slice(0, 5).map((of) => letterRow(of, 1)),
            progress: { journalId, position: version },
          });
        }
      }),
    );
    assert.equal((await deadlocks()) - before, 0);
    for (const store of writers) assert.equal(store.retries, 0);
    assert.equal(await writers[0]!.appliedPosition(journalId), 96);
  });

  test("[ST52] of a hundred transactions the server gives up one as a deadlock's victim: all are tried again", async () => {
    const database = await freshDatabase();
    const proxy = await openProxy();
    const store = storeBehind(proxy, { database });
    await store.open();
    const prng = new Prng(7);
    proxy.judge = (sql) =>
      sql.includes("INSERT INTO") && prng.next() % 100 === 0 ? deadlock : { kind: "pass" };
    const rounds = 600;
    for (let version = 1; version <= rounds; version++) await store.applyBatch(save(version));
    assert.ok(proxy.refusals > 3, `${proxy.refusals} refusals`);
    assert.equal(store.retries, proxy.refusals);
    assert.equal(proxy.cuts, 0);
    assert.ok(proxy.connections < 6, "a connection outlives a deadlock");
    const [ledger, battles] = [`${database}.ledger`, `${database}.battles`];
    assert.equal(await number(`SELECT SUM(gold) FROM ${ledger}`), rounds);
    assert.equal(await number(`SELECT COUNT(*) FROM ${battles}`), rounds);
    // Bounded: one who never gets through says so.
    proxy.judge = (sql) => (sql.includes("INSERT INTO") ? deadlock : { kind: "pass" });
    const retries = store.retries;
    await assert.rejects(store.applyBatch(save(rounds + 1)), /stop the second server/);
    assert.equal(store.retries - retries, 3);
  });

  test("[ST53] a wire that is slow, frozen or cut delays a batch or makes the store unavailable, and nothing else", async () => {
    const database = await freshDatabase();
    const proxy = await openProxy();
    const limits = { statementMsMax: 200, connectMsMax: 200, attemptsMax: 1 };
    const store = storeBehind(proxy, { database, limits });
    await store.open();
    proxy.delayMs = 5;
    await store.applyBatch(save(1));
    proxy.delayMs = 0;
    proxy.freeze();
    await assert.rejects(store.applyBatch(save(2)), passing);
    await assert.rejects(store.health(), passing);
    proxy.thaw();
    await until(() => store.applyBatch(save(2)).then(yes, no));
    proxy.cut();
    await assert.rejects(store.applyBatch(save(3)), passing);
    await assert.rejects(store.loadPlayer(idOf(1)), passing);
    proxy.mend();
    await until(() => store.applyBatch(save(3)).then(yes, no));
    assert.deepEqual(await store.loadPlayer(idOf(1)), playerRow(1, 3));
    assert.equal(await number(`SELECT COUNT(*) FROM ${database}.ledger`), 3);
  });

  test("[ST54] a start is told apart what an operator must mend from what passes by itself", async () => {
    const database = await freshDatabase();
    const place = { socketPath: server.socketPath, user: "root", sleep: noWait };
    const refused = async (store: MysqlStore, isForGood: boolean) => {
      await assert.rejects(store.open(), (error) => {
        assert.ok(error instanceof StoreUnavailable || error instanceof SchemaMismatch, String(error));
        assert.equal(error.isForGood, isForGood, error.message);
        return true;
      });
      assert.equal(store.retries, 0, "what is for good is not tried again");
    };
    await refused(new MysqlStore({ ...place, database: "nowhere" }), true);
    await refused(new MysqlStore({ ...place, database, password: "wrong" }), true);
    await server.run("CREATE USER poor@localhost");
    await refused(new MysqlStore({ ...place, user: "poor", database }), true);
    await server.run(
      `CREATE TABLE ${database}.schema_migrations (number INT, name VARCHAR(9), checksum CHAR(64));
       INSERT INTO ${database}.schema_migrations VALUES (1, 'players', 'other')`,
    );
    await refused(storeOn(database), true);
    await refused(new MysqlStore({ ...place, socketPath: "/nowhere", database }), false);
    const proxy = await openProxy();
    const limits = { connectMsMax: 100, statementMsMax: 100, attemptsMax: 1 };
    proxy.freeze();
    await refused(storeBehind(proxy, { database, limits }), false);
    proxy.cut();
    await refused(storeBehind(proxy, { database, limits }), false);
    await proxy.close();
    await refused(storeBehind(proxy, { database, limits }), false);
  });

  test("[ST55] a store may be tried to open any number of times: nothing is left of an attempt that failed", async () => {
    const database = await freshDatabase();
    const proxy = await openProxy();
    const store = storeBehind(proxy, {
      database,
      limits: { connectMsMax: 50, statementMsMax: 50, attemptsMax: 1 },
    });
    const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    await assert.rejects(storeBehind(proxy, { database: "nowhere" }).open(), StoreUnavailable);
    for (let attempt = 0; attempt < 60; attempt++) {
      if (attempt % 3 === 0) proxy.cut();
      if (attempt % 3 === 1) proxy.freeze();
      if (attempt % 3 === 2) proxy.judge = () => ({ kind: "cut when sent" });
      await assert.rejects(store.open(attempt % 2 === 0 ? "migrate" : "look"), passing);
      proxy.mend();
      proxy.thaw();
      proxy.judge = () => ({ kind: "pass" });
    }
    await until(() => proxy.open === 0);
    await until(() => sockets() === 0);
    // Closed while it opens: nothing stays open behind the caller's back.
    proxy.delayMs = 2;
    const opening = assert.rejects(store.open(), StoreUnavailable);
    await until(() => proxy.open > 0);
    await store.close();
    await opening;
    proxy.delayMs = 0;
    await until(() => proxy.open === 0);
    await until(() => store.open().then(yes, no));
    await store.applyBatch(save(1));
    await store.close();
    await until(() => proxy.open === 0);
  });

  test("[ST56] a statement that fails in the last packet of a batch undoes all the others, and its connection is used again", async () => {
    const database = await freshDatabase();
    const proxy = await openProxy();
    const store = storeBehind(proxy, { database, limits: { statementRowsMax: 50 } });
    await store.open();
    await store.applyBatch(save(1));
    await server.run(`ALTER TABLE ${database}.players ADD CONSTRAINT taste CHECK (level <> 13)`);
    const connections = proxy.connections;
    const rows = Array.from({ length: 400 }, (_, of) => playerRow(of, 2, of === 399 ? { level: 13 } : {}));
    const bad: Batch = { ...save(2), players: rows, deadLetters: [letterRow(5, 2)] };
    for (let times = 0; times < 5; times++) await assert.rejects(store.applyBatch(bad), StoreRejected);
    assert.equal(proxy.connections, connections);
    assert.equal(await number(`SELECT COUNT(*) FROM ${database}.players`), 1);
    assert.equal(await number(`SELECT MAX(version) FROM ${database}.players`), 1);
    assert.equal(await number(`SELECT COUNT(*) FROM ${database}.ledger`), 1);
    assert.equal(await number(`SELECT COUNT(*) FROM ${database}.battles`), 1);
    assert.equal(await number(`SELECT COUNT(*) FROM ${database}.dead_letters`), 0);
    assert.equal(await store.appliedPosition(journalId), 1);
    await store.applyBatch({ ...bad, players: rows.slice(0, 399) });
    assert.equal(await store.appliedPosition(journalId), 2);
  });
});

const yes = () => true;
const no = () => false;

/** Unavailable for the moment. */
function passing(error: unknown): boolean {
  assert.ok(error instanceof StoreUnavailable, String(error));
  assert.equal(error.isForGood, false, error.message);
  return true;
}
