import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { loadConfig } from "../engine/config.js";
import { createLog } from "../engine/log.js";
import { ManualClock } from "../engine/time.js";
import { exitCodes } from "../engine/wire/codes.js";
import { MariaDb } from "../test/mariadb.js";
import { Batcher } from "./batcher.js";
import { RowSource } from "./batcher-rig.js";
import { runDbCommand } from "./db-command.js";
import { LOOK_MS } from "./held-players.js";
import { MysqlStore } from "./mysql-store.js";
import { idOf, lineRow, playerRow } from "./store-contract-rows.js";

const journalId = idOf(0x10c);
const PLAYERS = 100_000;
const GROUP = 1000;
/** What the narrowed table does not take. */
const RICH = 4_000_000;

let server: MariaDb;

before(async () => {
  // Nobody cuts the power here: the disk need not be waited for.
  server = await MariaDb.start(["--innodb-flush-log-at-trx-commit=0"]);
});
after(() => server.remove());

async function countOf(sql: string): Promise<number> {
  return Number(await server.run(sql));
}

describe("MySQL: dead letters", () => {
  test("[BT16] [BT34] one row in a thousand that the database itself refuses: exactly those are set aside, found by halving, and go on when they are mended", {
    timeout: 300_000,
  }, async () => {
    await server.run("CREATE DATABASE letters CHARACTER SET utf8mb4");
    const store = new MysqlStore({ socketPath: server.socketPath, user: "root", database: "letters" });
    let woken = 0;
    const batcher = new Batcher({
      store,
      journalId,
      clock: new ManualClock(),
      log: createLog("test", { level: "error", wallMs: () => 0, sink: () => {} }),
      limits: {
        pendingRowsMax: PLAYERS * 2,
        batchRowsMax: GROUP,
        batchesInFlight: 2,
        flushMs: 1,
        backoffMs: 50,
        backoffMsMax: 400,
        heldPlayersMax: 1000,
      },
      wake: () => woken++,
    });
    /** Lets the database answer until nothing is under way. */
    const settle = async (nowMs: number) => {
      do {
        const seen = woken;
        batcher.duty(nowMs);
        while (!batcher.isIdle && seen === woken) await new Promise(setImmediate);
      } while (!batcher.isIdle || batcher.waitMs(nowMs) === 0);
    };
    try {
      batcher.duty(0);
      while (!batcher.isOpened) {
        await new Promise(setImmediate);
        batcher.duty(0);
      }
      // An operator has narrowed a column: nothing in the row itself says that it will not be taken.
      await server.run(`ALTER TABLE letters.players ADD CONSTRAINT poor CHECK (gold < ${RICH})`);
      const isPoison = (number: number) => number % GROUP === 617;
      const rows = new RowSource(batcher);
      for (let number = 0; number < PLAYERS; number++) {
        rows.line(lineRow(number, 1));
        rows.player(playerRow(number, 1, { gold: isPoison(number) ? RICH : 5 }));
        if (number % GROUP === GROUP - 1) {
          rows.release(number);
          await settle(number + 1);
        }
      }
      const bad = PLAYERS / GROUP;
      assert.equal(batcher.pending, 0);
      assert.equal(batcher.heldPlayers, bad);
      assert.equal(await countOf("SELECT COUNT(*) FROM letters.players"), PLAYERS - bad);
      assert.equal(await countOf("SELECT COUNT(*) FROM letters.ledger"), PLAYERS - bad);
      assert.equal(await store.appliedPosition(journalId), rows.position);
      const letters = await store.deadLetters(GROUP);
      const keys = new Set(letters.map(({ key }) => key));
      assert.deepEqual(
        [...keys],
        Array.from({ length: bad }, (_, index) => idOf(index * GROUP + 617)),
      );
      assert.ok(letters.every(({ reason }) => /poor/.test(reason)));
      // Only a row of those players may have made one of them.
      assert.equal(letters.length, bad * 2);

      // They play on; an operator mends the table and gives the letters back, beside this server.
      const save = async (version: number, nowMs: number) => {
        for (let number = 617; number < PLAYERS; number += GROUP) {
          rows.line(lineRow(number, version));
          rows.player(playerRow(number, version));
        }
        rows.release(nowMs);
        await settle(nowMs + 1);
      };
      await save(2, PLAYERS);
      assert.equal(await countOf("SELECT COUNT(*) FROM letters.dead_letters"), bad * 4);
      await server.run("ALTER TABLE letters.players DROP CONSTRAINT poor");
      const url = `mysql://root@localhost/letters?socket=${server.socketPath}`;
      const { config } = loadConfig({ environment: {}, settings: ["store.kind=mysql", `store.url=${url}`] });
      const print = () => {};
      assert.equal(await runDbCommand(["letters", "retry", "all"], { print, config }), exitCodes.ok);
      // Set aside between the command's last look and the server's next: the server applies these itself.
      await save(3, PLAYERS + 10);
      assert.equal(await countOf("SELECT COUNT(*) FROM letters.dead_letters"), bad * 2);
      for (let nowMs = PLAYERS + LOOK_MS; batcher.heldPlayers > 0; nowMs += 1) {
        batcher.duty(nowMs);
        await new Promise(setImmediate);
      }
      await save(4, PLAYERS * 2);
      assert.equal(await countOf("SELECT COUNT(*) FROM letters.dead_letters"), 0);
      assert.equal(await countOf("SELECT COUNT(*) FROM letters.players WHERE version = 4"), bad);
      assert.equal(await countOf("SELECT COUNT(*) FROM letters.players"), PLAYERS);
      assert.equal(await countOf("SELECT COUNT(*) FROM letters.ledger"), PLAYERS + bad * 3);
    } finally {
      await store.close();
    }
  });
});
