import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Prng } from "../engine/prng.js";
import { MariaDb } from "../test/mariadb.js";
import { MysqlStore } from "./mysql-store.js";
import { battleRow, idOf, letterRow, lineRow, playerRow } from "./store-contract-rows.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? Math.trunc(performance.timeOrigin) % 1_000_000);
console.log(`mysql-two-batches: GRIDSHARD_SEED=${seed}`);
const journalId = idOf(0x10c);
const ROUNDS = 60;
const ROWS = 200;

let server: MariaDb;

before(async () => {
  server = await MariaDb.start(["--innodb-flush-log-at-trx-commit=0"]);
  await server.run("CREATE DATABASE game CHARACTER SET utf8mb4");
});
after(() => server.remove());

test("[ST59] batches of different players applied two at a time share but the journal's position, and never deadlock", async () => {
  const prng = new Prng(seed);
  const store = new MysqlStore({ socketPath: server.socketPath, user: "root", database: "game" });
  await store.open();
  const versions = new Map<number, number>();
  // Ids that lie between those there are, so that every batch inserts into the gaps of the other and beside its rows.
  const some = () => new Set(Array.from({ length: ROWS }, () => prng.below(50_000)));
  let position = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const first = some();
    const batches = [first, [...some()].filter((number) => !first.has(number))].map((numbers, which) => {
      const all = [...numbers];
      for (const number of all) versions.set(number, round);
      return {
        players: all.map((number) => playerRow(number, round)),
        ledger: all.map((number) => lineRow(number, round)),
        battleResults: Array.from({ length: 5 }, (_, at) => battleRow(round * 100 + which + at * 2)),
        deadLetters: [letterRow(which, round)],
        progress: { journalId, position: ++position },
      };
    });
    // The later position may be the first to arrive.
    if (prng.below(2) === 0) batches.reverse();
    await Promise.all(batches.map((batch) => store.applyBatch(batch)));
    assert.equal(await store.appliedPosition(journalId), position);
  }
  assert.equal(store.retries, 0);
  assert.equal(Number(await server.run("SELECT COUNT(*) FROM game.players")), versions.size);
  for (const [number, version] of [...versions].slice(0, 500))
    assert.equal((await store.loadPlayer(idOf(number)))?.version, version);
  assert.equal(
    await server.run(
      "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'INNODB_DEADLOCKS'",
    ),
    "0\n",
  );
  await store.close();
});
