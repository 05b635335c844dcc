import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createLog } from "../engine/log.js";
import { ManualClock } from "../engine/time.js";
import { MariaDb } from "../test/mariadb.js";
import { Batcher } from "./batcher.js";
import { RowSource } from "./batcher-rig.js";
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
  test("[BT16] one row in a thousand that the database itself refuses: exactly those are set aside, and found by halving", async () => {
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
    } finally {
      await store.close();
    }
  });
});
