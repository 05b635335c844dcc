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
import type { BattleResultRow, LedgerRow, PlayerRow } from "../engine/player.js";
import { syncFolder } from "../engine/whole-file.js";
import type { DataFolder } from "./data-folder.js";
import { pendingMigrations, readMigrations } from "./migrations.js";
import {
  type AppliedMigration,
  type AuditedStore,
  type Batch,
  type DeadLetter,
  type OpenMode,
  SchemaMismatch,
  type StoreAudit,
  StoreRejected,
  StoreUnavailable,
} from "./store.js";
import { auditRows } from "./store-audit.js";
import { arrangeBatch, checkRowsLimit } from "./store-batch.js";
import {
  type BattleColumns,
  type ColumnNumber,
  exactNumber,
  type FighterColumns,
  idBytes,
  inventoryText,
  joinBattles,
  type LedgerColumns,
  type LetterColumns,
  letterOf,
  lineOf,
  type PlayerColumns,
  playerOf,
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
  begin: "BEGIN IMMEDIATE",
  commit: "COMMIT",
  upsertPlayer: `INSERT INTO players (player_id, name, level, experience, gold, x, y, inventory, version)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (player_id) DO UPDATE SET name = excluded.name, level = excluded.level,
      experience = excluded.experience, gold = excluded.gold, x = excluded.x, y = excluded.y,
      inventory = excluded.inventory, version = excluded.version
    WHERE excluded.version >= version`,
  insertLine: `INSERT INTO ledger (player_id, version, line, at_ms, reason, gold, item, count)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (player_id, version, line) DO NOTHING`,
  insertBattle: `INSERT INTO battles (battle_id, room_type, ended_at_ms, ticks, winning_side)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT (battle_id) DO NOTHING`,
  insertFighter: `INSERT INTO battle_fighters
    (battle_id, seat, player_id, name, side, outcome, experience, gold, ended_at_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  insertLetter: `INSERT INTO dead_letters (journal_id, position, row_key, kind, reason, at_ms, row_bytes)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (journal_id, position, row_key) DO NOTHING`,
  advance: `INSERT INTO journal_progress (journal_id, position) VALUES (?, ?)
    ON CONFLICT (journal_id) DO UPDATE SET position = excluded.position WHERE excluded.position > position`,
  selectPlayer:
    "SELECT name, level, experience, gold, x, y, version, inventory FROM players WHERE player_id = ?",
  selectLedger: `SELECT version, line, at_ms, reason, gold, item, count FROM ledger
    WHERE player_id = ? ORDER BY version DESC, line DESC LIMIT ?`,
  selectLetters: `SELECT journal_id, position, row_key, kind, reason, at_ms, row_bytes FROM dead_letters
    WHERE (journal_id, position, row_key) > (?, ?, ?) ORDER BY journal_id, position, row_key LIMIT ?`,
  deleteLetter: "DELETE FROM dead_letters WHERE journal_id = ? AND position = ? AND row_key = ?",
  selectPosition: "SELECT position FROM journal_progress WHERE journal_id = ?",
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

/** A {@link Store} in one file. Its work is synchronous: it belongs on the persistence thread. */
export class SqliteStore implements AuditedStore {
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
      return row === null ? null : playerOf(row, playerId);
    });
  }

  async applyBatch(batch: Batch): Promise<void> {
    const { players, battleResults, ledger, deadLetters, progress } = arrangeBatch(batch);
    this.#guarded((db) => {
      this.#statement("begin").run();
      try {
        for (const row of players) this.#applyPlayer(row);
        for (const row of ledger) this.#applyLine(row);
        for (const row of battleResults) this.#applyBattleResult(row);
        for (const letter of deadLetters) this.#applyLetter(letter);
        if (progress !== null)
          this.#statement("advance").run([idBytes(progress.journalId), progress.position]);
        this.#statement("commit").run();
      } catch (error) {
        if (db.inTransaction) db.exec("ROLLBACK");
        throw error;
      }
    });
  }

  async appliedPosition(journalId: string): Promise<number> {
    const id = idBytes(journalId);
    return this.#guarded(() => {
      const row = this.#statement("selectPosition").get([id]) as { readonly position: ColumnNumber } | null;
      return row === null ? 0 : exactNumber(row.position, `position of journal ${journalId}`);
    });
  }

  async deadLetters(
    limit: number,
    after: Pick<DeadLetter, "journalId" | "position" | "key"> | null = null,
  ): Promise<DeadLetter[]> {
    checkRowsLimit(limit);
    const { journalId, position, key } = after ?? beforeAllLetters;
    const values: SQLiteValue[] = [idBytes(journalId), position, idBytes(key), limit];
    return this.#guarded(() =>
      (this.#statement("selectLetters").all(values) as unknown as LetterColumns[]).map(letterOf),
    );
  }

  async removeDeadLetter(letter: Pick<DeadLetter, "journalId" | "position" | "key">): Promise<void> {
    const values: SQLiteValue[] = [idBytes(letter.journalId), letter.position, idBytes(letter.key)];
    this.#guarded(() => this.#statement("deleteLetter").run(values));
  }

  async ledgerOf(playerId: string, limit: number): Promise<LedgerRow[]> {
    checkRowsLimit(limit);
    const values: SQLiteValue[] = [idBytes(playerId), limit];
    return this.#guarded(() =>
      (this.#statement("selectLedger").all(values) as unknown as LedgerColumns[]).map((row) =>
        lineOf(row, playerId),
      ),
    );
  }

  async audit(findingsMax: number): Promise<StoreAudit> {
    // Nobody else writes: the folder is this process's, and nothing else runs between two questions of one turn.
    return auditRows(
      async (sql, values) =>
        this.#guarded((db) => {
          const rows = db.all(sql, [...(values as SQLiteValue[])]);
          return rows as never[];
        }),
      findingsMax,
    );
  }

  async recentBattles(playerId: string, limit: number): Promise<BattleResultRow[]> {
    checkRowsLimit(limit);
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
    const { name, level, experience, gold, x, y, version } = row;
    const inventory = inventoryText(row.inventory);
    const values = [idBytes(row.playerId), name, level, experience, gold, x, y, inventory, version];
    this.#statement("upsertPlayer").run(values);
  }

  #applyLine(row: LedgerRow): void {
    const { version, line, atMs, reason, gold, item, count } = row;
    const values = [idBytes(row.playerId), version, line, atMs, reason, gold, item, count];
    this.#statement("insertLine").run(values);
  }

  #applyLetter(letter: DeadLetter): void {
    const { journalId, position, key, kind, reason, atMs, row } = letter;
    const values = [idBytes(journalId), position, idBytes(key), kind, reason, atMs, row];
    this.#statement("insertLetter").run(values);
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
          { isForGood: true },
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
      return new StoreUnavailable(`${why}: restore it from a backup`, { cause: error, isForGood: true });
    if (/is full/.test(error.message))
      return new StoreUnavailable(`${why}: make room on that disk`, { cause: error });
    // A file that cannot even be opened stays so; an operation that failed on an open one may succeed next time.
    const isForGood = isSystem || /not open the database|unable to open/.test(error.message);
    return new StoreUnavailable(`${why}: check the disk and the rights to the folder`, {
      cause: error,
      isForGood: isForGood && this.#db === null,
    });
  }
}

/** Less than any letter that there can be: positions begin at 0. */
const beforeAllLetters = { journalId: "0".repeat(32), position: -1, key: "0".repeat(32) };

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
