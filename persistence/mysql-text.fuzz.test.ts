import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Prng } from "../engine/prng.js";
import { MariaDb } from "../test/mariadb.js";
import { MysqlStore } from "./mysql-store.js";
import { SqlText } from "./sql-text.js";
import { StoreRejected } from "./store.js";
import { battleRow, idOf, letterRow, lineRow, playerRow } from "./store-contract.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? Math.trunc(performance.timeOrigin) % 1_000_000);
console.log(`mysql-text.fuzz: GRIDSHARD_SEED=${seed}`);
const prng = new Prng(seed);

let server: MariaDb;

before(async () => {
  server = await MariaDb.start(["--innodb-flush-log-at-trx-commit=0"]);
  await server.run("CREATE DATABASE game CHARACTER SET utf8mb4");
});
after(() => server.remove());

/** What has a meaning somewhere between us and the column. */
const meaning = [
  ..."'\"\\`%_;?:@#-/*(){}[]$\n\r\t\b\x1a\x7f",
  "\\'",
  "''",
  "--",
  "/*",
  "*/",
  "??",
  "\u2028",
  "\ufeff",
];

function character(): string {
  switch (prng.next() % 6) {
    case 0:
    case 1:
      return meaning[prng.next() % meaning.length]!;
    case 2:
      return String.fromCodePoint(1 + (prng.next() % 127));
    case 3:
      return String.fromCodePoint(1 + (prng.next() % 0xd7ff));
    case 4:
      return String.fromCodePoint(0xe000 + (prng.next() % 0x2000));
    default:
      return String.fromCodePoint(0x10000 + (prng.next() % 0x100000));
  }
}

function text(lengthMax: number): string {
  let made = "";
  for (let left = prng.next() % (lengthMax + 1); left > 0; left--) {
    const next = character();
    if ([...made].length + [...next].length > lengthMax) break;
    made += next;
  }
  return made;
}

test("[ST57] text of any Unicode comes back as it was given, in every column that holds text", async () => {
  const store = new MysqlStore({ socketPath: server.socketPath, user: "root", database: "game" });
  await store.open();
  for (let round = 1; round <= 4; round++) {
    const players = Array.from({ length: 500 }, (_, at) => playerRow(at, round, { name: text(64) }));
    const ledger = players.map((_, at) => lineRow(at, round, { reason: text(32) }));
    const fighter = battleRow(1).fighters[0]!;
    const battleResults = Array.from({ length: 50 }, (_, at) =>
      battleRow(round * 100 + at, { roomType: text(64), fighters: [{ ...fighter, name: text(64) }] }),
    );
    const deadLetters = Array.from({ length: 50 }, (_, at) =>
      letterRow(at, round * 100 + at, { reason: text(200), row: Uint8Array.from(Buffer.from(text(99))) }),
    );
    await store.applyBatch({ players, ledger, battleResults, deadLetters });
    for (const [at, row] of players.entries()) {
      assert.deepEqual(await store.loadPlayer(row.playerId), row);
      assert.deepEqual(await store.ledgerOf(row.playerId, 1), [ledger[at]]);
    }
    assert.deepEqual(await store.recentBattles(idOf(1), 50), battleResults.toReversed());
    assert.deepEqual(await store.deadLetters(50, letterRow(0, round * 100 - 1)), deadLetters);
  }
  for (const name of ["a\0b", "\0", "\ud800", "x\udfff'", "\\\ud83d"])
    await assert.rejects(
      store.applyBatch({ players: [playerRow(1, 9, { name })], battleResults: [] }),
      StoreRejected,
    );
  await store.close();
});

test("[ST57] the server reads a literal of ours as the very text, and as nothing more", async () => {
  for (let round = 0; round < 8; round++) {
    const texts = Array.from({ length: 100 }, () => text(40));
    const said = await server.run(
      `SET NAMES utf8mb4; SET sql_mode = ''; ${texts.map((one) => `SELECT HEX(${new SqlText().quoted(one).take()})`).join(";")}`,
    );
    assert.deepEqual(
      said.split("\n").slice(0, -1),
      texts.map((one) => Buffer.from(one).toString("hex").toUpperCase()),
    );
  }
});
