/** The store for MySQL and MariaDB. Query text keeps to what both understand: `VALUES(column)`, no row aliases. */
import { createHash } from "node:crypto";
import { setTimeout as systemSleep } from "node:timers/promises";
import mysql, {
  type Connection,
  type ConnectionOptions,
  type Pool,
  type PoolConnection,
  type RowDataPacket,
  type SslOptions,
} from "mysql2/promise";
import { assert } from "../engine/assert.js";
import type { BattleResultRow, PlayerRow } from "../engine/player.js";
import { pendingMigrations, readMigrations } from "./migrations.js";
import { explainMysqlError, isConflict, isConnectionLost } from "./mysql-errors.js";
import { applyStatements, type SqlSession } from "./mysql-statements.js";
import {
  type AppliedMigration,
  type Batch,
  type OpenMode,
  SchemaMismatch,
  type Store,
  StoreUnavailable,
} from "./store.js";
import { arrangeBatch, checkBattlesLimit } from "./store-batch.js";
import {
  type BattleColumns,
  exactNumber,
  type FighterColumns,
  idBytes,
  joinBattles,
} from "./store-values.js";

export interface MysqlStoreOptions {
  readonly host?: string;
  readonly port?: number;
  /** A unix socket instead of host and port. */
  readonly socketPath?: string;
  readonly user: string;
  readonly password?: string;
  readonly database: string;
  /** What node:tls takes, with `verifyIdentity`; absent: no TLS. */
  readonly tls?: SslOptions;
  readonly limits?: Partial<MysqlStoreLimits>;
  /** Waits before a further attempt. */
  readonly sleep?: (ms: number) => Promise<unknown>;
  /** Another folder of migrations than the program's own. */
  readonly migrations?: string;
}

export interface MysqlStoreLimits {
  readonly connectionsMax: number;
  /** Rows of one statement. Bytes are bounded by a quarter of the server's max_allowed_packet. */
  readonly statementRowsMax: number;
  readonly connectMsMax: number;
  /** How long the server may say nothing. Then the connection is given up. */
  readonly statementMsMax: number;
  /** Attempts of one call, the first included, when a deadlock or a lost connection is in the way. */
  readonly attemptsMax: number;
  /** Wait before the second attempt; doubled before each further one. */
  readonly backoffMs: number;
  /** How long to wait while another process migrates the same database. */
  readonly migrationLockMsMax: number;
  /** How long connections may take to say goodbye. */
  readonly closeMsMax: number;
}

export const mysqlStoreLimits: MysqlStoreLimits = {
  connectionsMax: 4,
  statementRowsMax: 500,
  connectMsMax: 5_000,
  statementMsMax: 20_000,
  attemptsMax: 4,
  backoffMs: 20,
  migrationLockMsMax: 60_000,
  closeMsMax: 1_000,
};

/** Calls that may wait for a connection; more are refused by the driver rather than queued without end. */
const CALLS_WAITING_MAX = 10_000;

// Strict: a value that does not fit is an error, never cut. Read committed: no locks on gaps between keys.
const sessionSetup = `SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
  SESSION tx_isolation = 'READ-COMMITTED', SESSION innodb_lock_wait_timeout = 10`;
// MySQL 8 has another name for the same variable.
const sessionSetupMysql8 = sessionSetup.replace("tx_isolation", "transaction_isolation");

interface PlayerColumns extends RowDataPacket {
  readonly name: string;
  readonly level: number;
  readonly experience: string;
  readonly gold: string;
  readonly x: number;
  readonly y: number;
  readonly version: number;
  readonly item: number | null;
  readonly count: number;
}

/** A {@link Store} in a database of a MySQL or MariaDB server. */
export class MysqlStore implements Store {
  readonly dialect = "mysql";
  readonly #limits: MysqlStoreLimits;
  readonly #sleep: (ms: number) => Promise<unknown>;
  readonly #config: ConnectionOptions;
  readonly #migrations: string | undefined;
  readonly #database: string;
  /** Names the database in errors; never with its password. */
  readonly #where: string;
  #pool: Pool | null = null;
  /** Bytes of one packet, of connections whose session is set up. */
  #packetBytesMax = new WeakMap<Connection, number>();
  readonly #connections = new Set<Connection>();
  /** Attempts after the first, of all calls so far. */
  retries = 0;

  constructor(options: MysqlStoreOptions) {
    this.#limits = { ...mysqlStoreLimits, ...options.limits };
    this.#sleep = options.sleep ?? systemSleep;
    this.#migrations = options.migrations;
    this.#database = options.database;
    const { host = "127.0.0.1", port = 3306, socketPath, user, password = "", database, tls } = options;
    const address = socketPath === undefined ? { host, port } : { socketPath };
    this.#where = `mysql://${user}@${socketPath ?? `${host}:${port}`}/${database}`;
    this.#config = {
      ...address,
      user,
      password,
      database,
      charset: "UTF8MB4_BIN",
      supportBigNumbers: true,
      bigNumberStrings: true,
      connectTimeout: this.#limits.connectMsMax,
      ...(tls === undefined ? {} : { ssl: tls }),
    };
  }

  async open(mode: OpenMode = "migrate"): Promise<void> {
    assert(this.#pool === null, "a store is opened once");
    if (mode === "migrate") await this.#migrate();
    const pool = mysql.createPool({
      ...this.#config,
      connectionLimit: this.#limits.connectionsMax,
      queueLimit: CALLS_WAITING_MAX,
    });
    pool.on("connection", (connection) => this.#connections.add(connection));
    this.#pool = pool;
    try {
      await this.health();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    if (pool === null) return;
    this.#pool = null;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#limits.closeMsMax);
    });
    // A server that does not answer is not waited for: the sockets are simply closed.
    await Promise.race([pool.end().catch(() => {}), late]);
    clearTimeout(timer);
    for (const connection of this.#connections) connection.destroy();
    this.#connections.clear();
  }

  async loadPlayer(playerId: string): Promise<PlayerRow | null> {
    const id = idBytes(playerId);
    // One statement, so one snapshot: never the row of one version and the inventory of another.
    const rows = await this.#call((session) =>
      session.select<PlayerColumns>(
        `SELECT p.name, p.level, p.experience, p.gold, p.x, p.y, p.version, i.item, i.count
         FROM players AS p LEFT JOIN player_items AS i ON i.player_id = p.player_id
         WHERE p.player_id = ? ORDER BY i.slot`,
        [id],
      ),
    );
    const row = rows[0];
    if (row === undefined) return null;
    return {
      playerId,
      name: row.name,
      level: row.level,
      experience: exactNumber(row.experience, `experience of player ${playerId}`),
      gold: exactNumber(row.gold, `gold of player ${playerId}`),
      inventory: rows.flatMap(({ item, count }) => (item === null ? [] : [{ item, count }])),
      x: row.x,
      y: row.y,
      version: row.version,
    };
  }

  async applyBatch(batch: Batch): Promise<void> {
    const arranged = arrangeBatch(batch);
    await this.#call(async (session) => {
      await session.run("START TRANSACTION");
      await applyStatements(session, arranged);
      await session.run("COMMIT");
    });
  }

  async recentBattles(playerId: string, limit: number): Promise<BattleResultRow[]> {
    checkBattlesLimit(limit);
    const id = idBytes(playerId);
    return this.#call(async (session) => {
      const battles = await session.select<BattleColumns & RowDataPacket>(
        `SELECT b.battle_id, b.room_type, b.ended_at_ms, b.ticks, b.winning_side
         FROM (SELECT ended_at_ms, battle_id FROM battle_fighters WHERE player_id = ?
           GROUP BY ended_at_ms, battle_id ORDER BY ended_at_ms DESC, battle_id DESC LIMIT ?) AS latest
         JOIN battles AS b ON b.battle_id = latest.battle_id
         ORDER BY b.ended_at_ms DESC, b.battle_id DESC`,
        [id, limit],
      );
      if (battles.length === 0) return [];
      const fighters = await session.select<FighterColumns & RowDataPacket>(
        `SELECT battle_id, player_id, name, side, outcome, experience, gold FROM battle_fighters
         WHERE battle_id IN (?) ORDER BY battle_id, seat`,
        [battles.map((battle) => battle.battle_id)],
      );
      return joinBattles(battles, fighters);
    });
  }

  async health(): Promise<void> {
    await this.#call((session) => session.run("SELECT 1"));
  }

  async appliedMigrations(): Promise<AppliedMigration[]> {
    return this.#call((session) => appliedMigrations(session));
  }

  /** One call of the store: on a connection of its own, again on another after a conflict or a lost connection. */
  async #call<T>(use: (session: SqlSession) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(use);
      } catch (error) {
        const isWorthMore = isConflict(error) || isConnectionLost(error);
        if (!isWorthMore || attempt >= this.#limits.attemptsMax) throw explainMysqlError(error, this.#where);
        this.retries++;
        await this.#sleep(this.#limits.backoffMs * 2 ** (attempt - 1));
      }
    }
  }

  async #attempt<T>(use: (session: SqlSession) => Promise<T>): Promise<T> {
    if (this.#pool === null) throw new StoreUnavailable(`${this.#where} is not open: open the store first`);
    const connection = await this.#pool.getConnection();
    try {
      const result = await use(await this.#session(connection));
      connection.release();
      return result;
    } catch (error) {
      // With the connection goes its transaction, whatever state either was in.
      connection.destroy();
      this.#connections.delete(connection.connection);
      throw error;
    }
  }

  async #session(connection: PoolConnection): Promise<SqlSession> {
    let packetBytesMax = this.#packetBytesMax.get(connection.connection);
    if (packetBytesMax === undefined) {
      packetBytesMax = await setUpSession(connection, this.#limits.statementMsMax);
      this.#packetBytesMax.set(connection.connection, packetBytesMax);
    }
    return sqlSession(connection, {
      timeoutMs: this.#limits.statementMsMax,
      statementRowsMax: this.#limits.statementRowsMax,
      statementBytesMax: packetBytesMax / 4,
    });
  }

  async #migrate(): Promise<void> {
    const known = readMigrations("mysql", this.#migrations);
    let connection: Connection | null = null;
    try {
      connection = await mysql.createConnection({ ...this.#config, multipleStatements: true });
      await setUpSession(connection, this.#limits.statementMsMax);
      const lockMs = this.#limits.migrationLockMsMax;
      const timeoutMs = lockMs + this.#limits.statementMsMax;
      const session = sqlSession(connection, { timeoutMs, statementRowsMax: 1, statementBytesMax: 1 });
      // Freed when the connection ends, however this process ends.
      const [lock] = await session.select<RowDataPacket>("SELECT GET_LOCK(?, ?) AS is_ours", [
        `gridshard ${createHash("sha256").update(this.#database).digest("hex").slice(0, 32)}`,
        lockMs / 1000,
      ]);
      if (Number(lock?.is_ours) !== 1)
        throw new StoreUnavailable(
          `${this.#where}: another process is still migrating it: wait, then start again`,
        );
      for (const migration of pendingMigrations(await appliedMigrations(session), known)) {
        try {
          await session.run(createMigrationsTable);
          await session.run(migration.sql);
        } catch (error) {
          if (isConnectionLost(error)) throw error;
          const why = error instanceof Error ? error.message : String(error);
          throw new SchemaMismatch(
            `migration ${migration.number} (${migration.name}) failed, perhaps halfway: ${why}`,
            { cause: error },
          );
        }
        await session.run("INSERT INTO schema_migrations (number, name, checksum) VALUES (?, ?, ?)", [
          migration.number,
          migration.name,
          migration.checksum,
        ]);
      }
    } catch (error) {
      throw explainMysqlError(error, this.#where);
    } finally {
      connection?.destroy();
    }
  }
}

const createMigrationsTable = `CREATE TABLE IF NOT EXISTS schema_migrations (
  number INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(128) NOT NULL, checksum CHAR(64) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

async function appliedMigrations(session: SqlSession): Promise<AppliedMigration[]> {
  const known = await session.select<RowDataPacket>(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'schema_migrations'",
  );
  if (known.length === 0) return [];
  const rows = await session.select<RowDataPacket & AppliedMigration>(
    "SELECT number, name, checksum FROM schema_migrations ORDER BY number",
  );
  return rows.map(({ number, name, checksum }) => ({ number, name, checksum }));
}

/** Makes a fresh connection one of ours, and returns the bytes that one packet may have. */
async function setUpSession(connection: Connection, timeoutMs: number): Promise<number> {
  const asked = connection.query<RowDataPacket[]>(
    "SELECT VERSION() AS version, @@max_allowed_packet AS packet",
  );
  const [[server]] = await answered(asked, { connection, timeoutMs });
  const isMariaDb = String(server?.version).includes("MariaDB");
  const setUp = connection.query(isMariaDb ? sessionSetup : sessionSetupMysql8);
  await answered(setUp, { connection, timeoutMs });
  return Number(server?.packet);
}

function sqlSession(
  connection: Connection,
  options: {
    readonly timeoutMs: number;
    readonly statementRowsMax: number;
    readonly statementBytesMax: number;
  },
): SqlSession {
  const { timeoutMs, statementRowsMax, statementBytesMax } = options;
  return {
    statementRowsMax,
    statementBytesMax,
    escape: (value) => connection.escape(value),
    async select<Row>(sql: string, values: readonly unknown[] = []) {
      const asked = connection.query<RowDataPacket[]>(sql, [...values]);
      const [rows] = await answered(asked, { connection, timeoutMs });
      return rows as Row[];
    },
    async run(sql, values = []) {
      await answered(connection.query(sql, [...values]), { connection, timeoutMs });
    },
  };
}

/** The driver's own time-out leaves its timer running when the connection is lost, and with it the process. */
async function answered<T>(
  asked: Promise<T>,
  options: { readonly connection: Connection; readonly timeoutMs: number },
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      options.connection.destroy();
      const error = new Error(`no answer in ${options.timeoutMs} ms`);
      reject(Object.assign(error, { code: "PROTOCOL_SEQUENCE_TIMEOUT", fatal: true }));
    }, options.timeoutMs);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
