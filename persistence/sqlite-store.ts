/**
 * The embedded store: SQLite compiled to WebAssembly, in one file of the data folder.
 *
 * The driver's file locking is a folder, `<file>.lock`. Two faults of it are dealt with here, both only because the
 * data folder is held by this process alone (data-folder.ts):
 * - The folder survives `kill -9` and then reads as "database is locked": it is removed before opening.
 * - SQLite rolls a half-written transaction back only if nobody is writing. The driver answers that question by
 *   looking for the very folder that the asker has just made, so the answer is always "somebody is" and a torn
 *   transaction stays in the file. While the file is opened, that one look is answered truthfully. What is left
 *   of a journal is checked afterwards: a driver that behaves otherwise is refused, not trusted.
 */
import fs, { closeSync, openSync, readSync, rmSync } from "node:fs";
import type { SQLiteValue, Database as SqliteDatabase, Statement } from "node-sqlite3-wasm";
import sqlite from "node-sqlite3-wasm";
import { assert } from "../engine/assert.js";
import type { BattleResultRow, PlayerRow } from "../engine/player.js";
import { type DataFolder, syncFolder } from "./data-folder.js";
import { pendingMigrations, readMigrations } from "./migrations.js";
import {
  type AppliedMigration,
  type Batch,
  type OpenMode,
  SchemaMismatch,
  type Store,
  StoreRejected,
  StoreUnavailable,
} from "./store.js";
import { arrangeBatch, checkBattlesLimit } from "./store-batch.js";
import {
  type BattleColumns,
  type ColumnNumber,
  exactNumber,
  type FighterColumns,
  idBytes,
  joinBattles,
} from "./store-values.js";

export interface SqliteStoreOptions {
  /** Held by this process for as long as the store is open. */
  readonly folder: DataFolder;
  /** Name of the database file in the folder. */
  readonly fileName?: string;
  /** Another folder of migrations than the program's own. */
  readonly migrations?: string;
}

/** Everything the program asks of the database, prepared once. */
const statements = {
  upsertPlayer: `INSERT INTO players (player_id, name, level, experience, gold, x, y, version)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (player_id) DO UPDATE SET name = excluded.name, level = excluded.level,
      experience = excluded.experience, gold = excluded.gold, x = excluded.x, y = excluded.y,
      version = excluded.version
    WHERE excluded.version >= version`,
  upsertItem: `INSERT INTO player_items (player_id, slot, item, count) VALUES (?, ?, ?, ?)
    ON CONFLICT (player_id, slot) DO UPDATE SET item = excluded.item, count = excluded.count
    WHERE excluded.item <> item OR excluded.count <> count`,
  cutItems: "DELETE FROM player_items WHERE player_id = ? AND slot >= ?",
  insertBattle: `INSERT INTO battles (battle_id, room_type, ended_at_ms, ticks, winning_side)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT (battle_id) DO NOTHING`,
  insertFighter: `INSERT INTO battle_fighters
    (battle_id, seat, player_id, name, side, outcome, experience, gold, ended_at_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  selectPlayer: "SELECT name, level, experience, gold, x, y, version FROM players WHERE player_id = ?",
  selectItems: "SELECT item, count FROM player_items WHERE player_id = ? ORDER BY slot",
  selectBattles: `SELECT battle_id, room_type, ended_at_ms, ticks, winning_side FROM battles
    WHERE battle_id IN (SELECT battle_id FROM battle_fighters WHERE player_id = ?1
      GROUP BY ended_at_ms, battle_id ORDER BY ended_at_ms DESC, battle_id DESC LIMIT ?2)
    ORDER BY ended_at_ms DESC, battle_id DESC`,
  selectFighters: `SELECT battle_id, player_id, name, side, outcome, experience, gold FROM battle_fighters
    WHERE battle_id IN (SELECT battle_id FROM battle_fighters WHERE player_id = ?1
      GROUP BY ended_at_ms, battle_id ORDER BY ended_at_ms DESC, battle_id DESC LIMIT ?2)
    ORDER BY battle_id, seat`,
  probe: "SELECT max(number) AS number FROM schema_migrations",
} as const;

type StatementName = keyof typeof statements;

interface PlayerColumns {
  readonly name: string;
  readonly level: number;
  readonly experience: ColumnNumber;
  readonly gold: ColumnNumber;
  readonly x: number;
  readonly y: number;
  readonly version: number;
}

/** A {@link Store} in one file. Its work is synchronous: it belongs on the persistence thread. */
export class SqliteStore implements Store {
  readonly dialect = "sqlite";
  readonly #file: string;
  readonly #folder: DataFolder;
  readonly #migrations: string | undefined;
  #db: SqliteDatabase | null = null;
  readonly #prepared = new Map<StatementName, Statement>();

  constructor(options: SqliteStoreOptions) {
    this.#folder = options.folder;
    this.#file = options.folder.file(options.fileName ?? "gridshard.sqlite");
    this.#migrations = options.migrations;
  }

  async open(mode: OpenMode = "migrate"): Promise<void> {
    assert(this.#db === null, "a store is opened once");
    const db = this.#connect();
    try {
      if (mode === "migrate") this.#migrate(db);
    } catch (error) {
      db.close();
      throw this.#explain(error);
    }
    this.#db = db;
  }

  async close(): Promise<void> {
    const db = this.#db;
    if (db === null) return;
    this.#db = null;
    for (const statement of this.#prepared.values()) statement.finalize();
    this.#prepared.clear();
    db.close();
  }

  async loadPlayer(playerId: string): Promise<PlayerRow | null> {
    const id = idBytes(playerId);
    return this.#guarded(() => {
      const row = this.#statement("selectPlayer").get([id]) as PlayerColumns | null;
      if (row === null) return null;
      const items = this.#statement("selectItems").all([id]) as { item: number; count: number }[];
      return {
        playerId,
        name: row.name,
        level: row.level,
        experience: exactNumber(row.experience, `experience of player ${playerId}`),
        gold: exactNumber(row.gold, `gold of player ${playerId}`),
        inventory: items.map(({ item, count }) => ({ item, count })),
        x: row.x,
        y: row.y,
        version: row.version,
      };
    });
  }

  async applyBatch(batch: Batch): Promise<void> {
    const { players, battleResults } = arrangeBatch(batch);
    this.#guarded((db) => {
      db.exec("BEGIN IMMEDIATE");
      try {
        for (const row of players) this.#applyPlayer(row);
        for (const row of battleResults) this.#applyBattleResult(row);
        db.exec("COMMIT");
      } catch (error) {
        if (db.inTransaction) db.exec("ROLLBACK");
        throw error;
      }
    });
  }

  async recentBattles(playerId: string, limit: number): Promise<BattleResultRow[]> {
    checkBattlesLimit(limit);
    const values: SQLiteValue[] = [idBytes(playerId), limit];
    return this.#guarded(() =>
      joinBattles(
        this.#statement("selectBattles").all(values) as unknown as BattleColumns[],
        this.#statement("selectFighters").all(values) as unknown as FighterColumns[],
      ),
    );
  }

  async health(): Promise<void> {
    this.#guarded(() => this.#statement("probe").get());
  }

  async appliedMigrations(): Promise<AppliedMigration[]> {
    return this.#guarded((db) => appliedMigrations(db));
  }

  #applyPlayer(row: PlayerRow): void {
    const id = idBytes(row.playerId);
    const { name, level, experience, gold, x, y, version } = row;
    const values = [id, name, level, experience, gold, x, y, version];
    // No change means that the store has a newer version, and with it a newer inventory.
    if (this.#statement("upsertPlayer").run(values).changes === 0) return;
    const upsertItem = this.#statement("upsertItem");
    for (const [slot, stack] of row.inventory.entries()) upsertItem.run([id, slot, stack.item, stack.count]);
    this.#statement("cutItems").run([id, row.inventory.length]);
  }

  #applyBattleResult(row: BattleResultRow): void {
    const id = idBytes(row.battleId);
    const inserted = this.#statement("insertBattle").run([
      id,
      row.roomType,
      row.endedAtMs,
      row.ticks,
      row.winningSide,
    ]);
    if (inserted.changes === 0) return;
    const insertFighter = this.#statement("insertFighter");
    for (const [seat, { playerId, name, side, outcome, experience, gold }] of row.fighters.entries()) {
      const fighterId = playerId === "" ? null : idBytes(playerId);
      insertFighter.run([id, seat, fighterId, name, side, outcome, experience, gold, row.endedAtMs]);
    }
  }

  #statement(name: StatementName): Statement {
    let statement = this.#prepared.get(name);
    if (statement === undefined) {
      assert(this.#db !== null, "statements are prepared on an open store");
      statement = this.#db.prepare(statements[name]);
      this.#prepared.set(name, statement);
    }
    return statement;
  }

  #guarded<T>(use: (db: SqliteDatabase) => T): T {
    if (this.#db === null) throw new StoreUnavailable(`${this.#file} is not open: open the store first`);
    try {
      return use(this.#db);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #connect(): SqliteDatabase {
    const lock = `${this.#file}.lock`;
    let db: SqliteDatabase | null = null;
    try {
      rmSync(lock, { recursive: true, force: true });
      const opened = unseen(lock, () => {
        db = new sqlite.Database(this.#file);
        // Exclusive: the file is locked once, and SQLite itself completes a rollback that an I/O error interrupts.
        // Truncate: the journal keeps its name, so no commit depends on a change to the folder.
        db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL");
        db.exec("PRAGMA foreign_keys = ON; BEGIN IMMEDIATE; COMMIT");
        return db;
      });
      if (isHot(`${this.#file}-journal`))
        throw new StoreUnavailable(
          `${this.#file}-journal holds a transaction that was not rolled back: keep both files and report this`,
        );
      syncFolder(this.#folder.path);
      return opened;
    } catch (error) {
      (db as SqliteDatabase | null)?.close();
      throw this.#explain(error);
    }
  }

  #migrate(db: SqliteDatabase): void {
    const known = readMigrations("sqlite", this.#migrations);
    for (const migration of pendingMigrations(appliedMigrations(db), known)) {
      db.exec("BEGIN IMMEDIATE");
      try {
        db.exec(createMigrationsTable);
        db.exec(migration.sql);
        db.run("INSERT INTO schema_migrations (number, name, checksum) VALUES (?, ?, ?)", [
          migration.number,
          migration.name,
          migration.checksum,
        ]);
        db.exec("COMMIT");
      } catch (error) {
        if (db.inTransaction) db.exec("ROLLBACK");
        const why = error instanceof Error ? error.message : String(error);
        throw new SchemaMismatch(
          `migration ${migration.number} (${migration.name}) failed and was undone: ${why}`,
          { cause: error },
        );
      }
    }
  }

  #explain(error: unknown): unknown {
    if (!(error instanceof Error)) return error;
    const isSystem = "syscall" in error;
    if (error.name !== "SQLite3Error" && !isSystem) return error;
    const why = `${this.#file}: ${error.message}`;
    // The driver keeps SQLite's result code to itself; its texts are part of SQLite and stable.
    if (/constraint failed|datatype mismatch|cannot store|too big/.test(error.message))
      return new StoreRejected(`${why}: correct the row`, { cause: error });
    if (/not a database|malformed/.test(error.message))
      return new StoreUnavailable(`${why}: restore it from a backup`, { cause: error });
    if (/is full/.test(error.message))
      return new StoreUnavailable(`${why}: make room on that disk`, { cause: error });
    return new StoreUnavailable(`${why}: check the disk and the rights to the folder`, { cause: error });
  }
}

const createMigrationsTable = `CREATE TABLE IF NOT EXISTS schema_migrations (
  number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT`;

function appliedMigrations(db: SqliteDatabase): AppliedMigration[] {
  const known = db.get("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'");
  if (known === null) return [];
  const rows = db.all("SELECT number, name, checksum FROM schema_migrations ORDER BY number");
  return rows as unknown as AppliedMigration[];
}

/** Runs `use`, during which the driver's look for its own lock finds nothing. Nothing else runs meanwhile. */
function unseen<T>(lock: string, use: () => T): T {
  const { accessSync } = fs;
  Reflect.set(fs, "accessSync", (path: fs.PathLike, mode?: number) => {
    if (path === lock) throw new Error(`${lock} is this process's own`);
    accessSync(path, mode);
  });
  try {
    return use();
  } finally {
    Reflect.set(fs, "accessSync", accessSync);
  }
}

/** Whether a journal begins as one that SQLite would have to roll back: a finished one is empty or zeroed. */
function isHot(journal: string): boolean {
  let file: number;
  try {
    file = openSync(journal, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  try {
    const first = new Uint8Array(1);
    return readSync(file, first) === 1 && first[0] !== 0;
  } finally {
    closeSync(file);
  }
}
