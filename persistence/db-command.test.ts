import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { loadConfig } from "../engine/config.js";
import type { Config } from "../engine/config-schema.js";
import { ByteWriter } from "../engine/lane/bytes.js";
import { encodeBattleResult, encodeLedger, encodePlayer } from "../engine/player.js";
import { exitCodes } from "../engine/wire/codes.js";
import { MariaDb } from "../test/mariadb.js";
import { DataFolder } from "./data-folder.js";
import { type DbCommandIo, runDbCommand, runMigrateCommand } from "./db-command.js";
import { readMigrations } from "./migrations.js";
import { createStore } from "./open-store.js";
import type { AuditedStore, Batch } from "./store.js";
import { battleRow, idOf, letterRow, lineRow, playerRow } from "./store-contract.js";

let server: MariaDb;
let databases = 0;
const home = mkdtempSync(join(tmpdir(), "gridshard-db-"));

before(async () => {
  server = await MariaDb.start(["--innodb-flush-log-at-trx-commit=0"]);
});
after(async () => {
  await server.remove();
  rmSync(home, { recursive: true });
});

/** A config with a database of its own, empty. */
async function freshConfig(kind: "sqlite" | "mysql"): Promise<Config> {
  const name = `db_${++databases}`;
  const settings = [`dataFolder=${join(home, name)}`, `store.kind=${kind}`];
  if (kind === "mysql") {
    await server.run(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
    settings.push(`store.url=mysql://root@localhost/${name}?socket=${server.socketPath}`);
  }
  return loadConfig({ settings }).config;
}

type Command = (args: readonly string[], io: DbCommandIo) => Promise<number>;

/** Runs a command with words parted by spaces. */
async function said(
  command: Command,
  words: string,
  config: Config,
): Promise<{ code: number; text: string }> {
  let text = "";
  const print = (part: string) => {
    text += part;
  };
  return { code: await command(words.split(" "), { print, config }), text };
}

/** What a server does between its start and its stop. */
async function served(config: Config, use: (store: AuditedStore) => Promise<void>): Promise<void> {
  const folder = DataFolder.acquire(config.dataFolder);
  const store = createStore(config.store, folder);
  try {
    await store.open();
    await use(store);
  } finally {
    await store.close();
    folder.release();
  }
}

const nothing: Batch = { players: [], battleResults: [] };
const journalId = idOf(0xfeed);

for (const kind of ["sqlite", "mysql"] as const)
  describe(`${kind}: the operator's commands`, () => {
    test("[DC1] migrate shows what is pending and brings the schema up to date, once", async () => {
      const config = await freshConfig(kind);
      const steps = readMigrations(kind);
      const first = await said(runMigrateCommand, "status", config);
      if (kind === "sqlite") {
        assert.match(first.text, /there is no database yet/);
        assert.equal(existsSync(config.dataFolder), false, "who looks makes nothing");
      } else {
        assert.equal(first.code, exitCodes.failed);
        assert.match(first.text, /pending 0001-players\n/);
      }
      const up = await said(runMigrateCommand, "up", config);
      assert.equal(up.code, exitCodes.ok);
      assert.equal(up.text.match(/^applied /gm)?.length, steps.length);
      assert.match(up.text, /the schema is up to date/);
      const again = await said(runMigrateCommand, "up", config);
      assert.equal(again.text, "the schema is up to date\n");
      const status = await said(runMigrateCommand, "status", config);
      assert.equal(status.code, exitCodes.ok);
      assert.equal(status.text.match(/^applied /gm)?.length, steps.length);
    });

    test("[DC2] check agrees with a database in order, and shows how far the journal is applied", async () => {
      const config = await freshConfig(kind);
      await served(config, async (store) => {
        for (let version = 1; version <= 3; version++) {
          const players = Array.from({ length: 700 }, (_, of) =>
            playerRow(of, version, { gold: version * 2, inventory: [{ item: 7, count: version }] }),
          );
          const ledger = players.flatMap((_, of) => [
            lineRow(of, version),
            lineRow(of, version, { line: 1, item: 7, count: 1 }),
          ]);
          const progress = { journalId, position: version * 700 };
          await store.applyBatch({ players, ledger, battleResults: [battleRow(version)], progress });
        }
      });
      const { code, text } = await said(runDbCommand, "check", config);
      assert.match(text, new RegExp(`journal ${journalId} is applied up to position 2100`));
      assert.match(text, /700 players, 4200 lines in the ledger/);
      assert.match(text, /everything agrees/);
      assert.equal(code, exitCodes.ok);
    });

    test("[DC3] check lists who has something else than the ledger says, and rows that belong to nobody, bounded", async () => {
      const config = await freshConfig(kind);
      await served(config, async (store) => {
        const rich = Array.from({ length: 60 }, (_, of) => playerRow(of + 1000, 1, { gold: 1 }));
        const items = [
          { item: 3, count: 2 },
          { item: 3, count: 2 },
        ];
        const players = [
          playerRow(1, 1, { gold: 5, inventory: items }),
          playerRow(2, 1, { gold: 1 }),
          ...rich,
        ];
        const ledger = [
          lineRow(1, 1, { gold: 4 }),
          lineRow(1, 1, { line: 1, gold: 0, item: 3, count: 4 }),
          lineRow(1, 1, { line: 2, gold: 0, item: 9, count: 1 }),
          lineRow(2, 1),
          lineRow(404, 1),
          lineRow(404, 2),
        ];
        await store.applyBatch({ ...nothing, players, ledger });
      });
      const { code, text } = await said(runDbCommand, "check", config);
      assert.equal(code, exitCodes.damaged);
      assert.match(text, /62 sums differ from the ledger/);
      assert.match(text, new RegExp(`player ${idOf(1)}: gold is 5, the ledger says 4\n`));
      assert.match(text, new RegExp(`player ${idOf(1)}: item 9 is 0, the ledger says 1\n`));
      assert.doesNotMatch(text, /item 3 |everything agrees/);
      assert.match(text, /and 12 more/);
      assert.match(text, /2 rows belong to nobody/);
      assert.match(text, new RegExp(`ledger: player ${idOf(404)} is not there\n`));
      assert.equal(text.match(/^ {2}/gm)?.length, 52);
    });

    test("[DC4] letters are listed with their reasons, given to the database again, or dropped", async () => {
      const config = await freshConfig(kind);
      const beside = encodePlayer(playerRow(1, 5, { gold: 2 }));
      for (const line of [0, 1]) beside.blob(encodeLedger(lineRow(1, 5, { line })).bytes());
      const lines = new ByteWriter().raw(encodeLedger(lineRow(2, 1)).bytes());
      lines.blob(encodeLedger(lineRow(2, 2)).bytes());
      const battle = encodeBattleResult(battleRow(3)).bytes();
      const wrong = encodePlayer(playerRow(4, 1, { level: 1, name: "x".repeat(70) })).bytes();
      await served(config, (store) =>
        store.applyBatch({
          ...nothing,
          deadLetters: [
            letterRow(1, 10, { row: beside.bytes(), reason: "no such table" }),
            letterRow(2, 10, { kind: "ledger", row: lines.bytes() }),
            letterRow(3, 11, { kind: "battle", row: battle }),
            letterRow(4, 12, { row: wrong }),
            letterRow(5, 13, { row: Uint8Array.of(1, 2, 3) }),
          ],
        }),
      );
      const list = await said(runDbCommand, "letters", config);
      assert.equal(list.code, exitCodes.failed);
      assert.match(
        list.text,
        new RegExp(`letter ${journalId} 10: player ${idOf(1)}, 2023-.*: no such table\n`),
      );
      assert.match(list.text, /5 letters hold rows/);
      assert.equal((await said(runDbCommand, "check", config)).code, exitCodes.failed);
      const retried = await said(runDbCommand, `letters retry ${journalId} 10`, config);
      assert.equal(retried.code, exitCodes.ok);
      assert.equal(retried.text.match(/ is applied\n/g)?.length, 2);
      const all = await said(runDbCommand, "letters retry all", config);
      assert.equal(all.code, exitCodes.failed);
      assert.match(all.text, /11: battle .* is applied\n/);
      assert.match(all.text, /12: player .* is refused again: .*at most 64 characters/);
      assert.match(all.text, /13: player .* is refused again: record ends/);
      for (const position of [12, 13])
        assert.equal(
          (await said(runDbCommand, `letters drop ${journalId} ${position}`, config)).code,
          exitCodes.ok,
        );
      assert.equal((await said(runDbCommand, `letters drop ${journalId} 13`, config)).code, exitCodes.failed);
      assert.equal((await said(runDbCommand, "letters", config)).text, "no row has been set aside\n");
      await served(config, async (store) => {
        assert.deepEqual(await store.loadPlayer(idOf(1)), playerRow(1, 5, { gold: 2 }));
        assert.equal((await store.ledgerOf(idOf(1), 10)).length, 2);
        assert.equal((await store.ledgerOf(idOf(2), 10)).length, 2);
        assert.deepEqual(await store.recentBattles(idOf(1), 10), [battleRow(3)]);
      });
    });

    test("[DC5] arguments that mean nothing are answered with help and change nothing", async () => {
      const config = await freshConfig(kind);
      for (const words of ["", "down", "up now"])
        assert.equal((await said(runMigrateCommand, words, config)).code, exitCodes.usage);
      for (const words of [
        "",
        "mend",
        "check now",
        "letters drop all",
        "letters retry x 1",
        `letters drop ${journalId}`,
      ]) {
        const { code, text } = await said(runDbCommand, words, config);
        assert.equal(code, exitCodes.usage, words);
        assert.match(text, /gridshard db letters retry <journal> <position>/);
      }
      assert.equal(existsSync(config.dataFolder), false);
    });
  });

test("[DC6] the embedded database of a running server is left alone, and that is said by name", async () => {
  const config = await freshConfig("sqlite");
  await served(config, async () => {
    for (const [command, words] of [
      [runMigrateCommand, "status"],
      [runMigrateCommand, "up"],
      [runDbCommand, "check"],
      [runDbCommand, "letters"],
    ] as const) {
      const { code, text } = await said(command, words, config);
      assert.equal(code, exitCodes.dataFolder);
      assert.match(
        text,
        new RegExp(`belongs to the server that runs: .*process ${process.pid}.*Stop it first`),
      );
    }
  });
  assert.equal((await said(runDbCommand, "check", config)).code, exitCodes.ok, "the folder is free again");
});

test("[DC7] a MySQL database is checked beside a running server, and one that cannot be reached is told by name", async () => {
  const config = await freshConfig("mysql");
  assert.equal((await said(runDbCommand, "check", config)).code, exitCodes.failed, "no schema yet");
  await served(config, async (store) => {
    await store.applyBatch({ ...nothing, players: [playerRow(1, 1)], ledger: [lineRow(1, 1)] });
    const { code, text } = await said(runDbCommand, "check", config);
    assert.equal(code, exitCodes.ok, text);
  });
  for (const [url, code] of [
    [config.store.url.replace("db_", "nowhere_"), exitCodes.storeUnavailable],
    ["mysql://root@localhost/db?socket=/nowhere", exitCodes.storeUnavailable],
    ["mysql://root@localhost/", exitCodes.config],
  ] as const) {
    const away = { ...config, store: { ...config.store, url } };
    assert.equal((await said(runDbCommand, "check", away)).code, code);
  }
  const torn = await freshConfig("sqlite");
  await served(torn, async () => {});
  writeFileSync(join(torn.dataFolder, torn.store.file), "this is no database ".repeat(300));
  const { code, text } = await said(runDbCommand, "check", torn);
  assert.equal(code, exitCodes.storeUnavailable);
  assert.match(text, /restore it from a backup/);
});
