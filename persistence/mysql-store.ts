/** The store for MySQL and MariaDB. Query text keeps to what both understand: `VALUES(column)`, no row aliases. */
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
import type { BattleResultRow, LedgerRow, PlayerRow } from "../engine/player.js";
import { readMigrations } from "./migrations.js";
import { explainMysqlError, isConflict, isConnectionLost, isForGood } from "./mysql-errors.js";
import { migrateMysql } from "./mysql-migrate.js";
import {
  selectBattles,
  selectLedger,
  selectLetters,
  selectMigrations,
  selectPlayer,
  selectPosition,
} from "./mysql-reads.js";
import { applyTransaction, type SqlSession } from "./mysql-statements.js";
import {
  type AppliedMigration,
  type AuditedStore,
  type Batch,
  type DeadLetter,
  type OpenMode,
  type StoreAudit,
  StoreUnavailable,
} from "./store.js";
import { auditRows } from "./store-audit.js";
import { arrangeBatch, checkRowsLimit } from "./store-batch.js";
import { idBytes } from "./store-values.js";

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
  /** Connections for reads. */
  readonly connectionsMax: number;
  /** Batches applied at a time, each on a connection of its own. */
  readonly batchesMax: number;
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
  batchesMax: 2,
  statementRowsMax: 800,
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

/** Reads have parameters; a batch is several statements in one text, on connections that take such. */
type Purpose = "read" | "batch";

/** A {@link Store} in a database of a MySQL or MariaDB server. */
export class MysqlStore implements AuditedStore {
  readonly dialect = "mysql";
  readonly #limits: MysqlStoreLimits;
  readonly #sleep: (ms: number) => Promise<unknown>;
  readonly #config: ConnectionOptions;
  readonly #migrations: string | undefined;
  readonly #database: string;
  /** Names the database in errors; never with its password. */
  readonly #where: string;
  #pools: Readonly<Record<Purpose, Pool>> | null = null;
  /** Raised by every open and close: who finds another number than it began with has been closed meanwhile. */
  #epoch = 0;
  #isOpening = false;
  /** Bytes of one packet, of connections whose session is set up. */
  #packetBytesMax = new WeakMap<Connection, number>();
  /** Every connection there is: what does not say goodbye in time is cut. */
  readonly #connections = new Set<{ destroy(): void }>();
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
    assert(this.#pools === null && !this.#isOpening, "a store is opened once");
    const epoch = ++this.#epoch;
    this.#isOpening = true;
    try {
      if (mode === "migrate") await this.#migrate();
      if (epoch !== this.#epoch)
        throw new StoreUnavailable(`${this.#where} was closed while it was being opened: open it again`);
      // Few connections for batches: more of them wait for one another here, not for each other's locks.
      this.#pools = {
        read: this.#pool({ connectionLimit: this.#limits.connectionsMax }),
        batch: this.#pool({ connectionLimit: this.#limits.batchesMax, multipleStatements: true }),
      };
      await this.health();
    } catch (error) {
      if (epoch === this.#epoch) await this.close();
      throw error;
    } finally {
      this.#isOpening = false;
    }
  }

  #pool(options: { readonly connectionLimit: number; readonly multipleStatements?: boolean }): Pool {
    const pool = mysql.createPool({ ...this.#config, ...options, queueLimit: CALLS_WAITING_MAX });
    pool.on("connection", (connection) => {
      this.#connections.add(connection);
      const forget = () => this.#connections.delete(connection);
      connection.once("end", forget).once("error", forget);
    });
    return pool;
  }

  async close(): Promise<void> {
    this.#epoch++;
    const pools = this.#pools;
    this.#pools = null;
    if (pools !== null) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, this.#limits.closeMsMax);
      });
      // A server that does not answer is not waited for: the sockets are simply closed.
      await Promise.race([Promise.allSettled([pools.read.end(), pools.batch.end()]), late]);
      clearTimeout(timer);
    }
    for (const connection of this.#connections) connection.destroy();
    this.#connections.clear();
  }

  async loadPlayer(playerId: string): Promise<PlayerRow | null> {
    return this.#call("read", (session) => selectPlayer(session, playerId));
  }

  async applyBatch(batch: Batch): Promise<void> {
    const arranged = arrangeBatch(batch);
    await this.#call("batch", (session) => applyTransaction(session, arranged));
  }

  async appliedPosition(journalId: string): Promise<number> {
    return this.#call("read", (session) => selectPosition(session, journalId));
  }

  async deadLetters(
    limit: number,
    after: Pick<DeadLetter, "journalId" | "position" | "key"> | null = null,
  ): Promise<DeadLetter[]> {
    checkRowsLimit(limit);
    return this.#call("read", (session) => selectLetters(session, { limit, after }));
  }

  async removeDeadLetter(letter: Pick<DeadLetter, "journalId" | "position" | "key">): Promise<void> {
    const values = [idBytes(letter.journalId), letter.position, idBytes(letter.key)];
    await this.#call("read", (session) =>
      session.run("DELETE FROM dead_letters WHERE journal_id = ? AND position = ? AND row_key = ?", values),
    );
  }

  async ledgerOf(playerId: string, limit: number): Promise<LedgerRow[]> {
    checkRowsLimit(limit);
    return this.#call("read", (session) => selectLedger(session, { playerId, limit }));
  }

  async recentBattles(playerId: string, limit: number): Promise<BattleResultRow[]> {
    checkRowsLimit(limit);
    return this.#call("read", (session) => selectBattles(session, { playerId, limit }));
  }

  async health(): Promise<void> {
    await this.#call("read", (session) => session.run("SELECT 1"));
  }

  async appliedMigrations(): Promise<AppliedMigration[]> {
    return this.#call("read", selectMigrations);
  }

  async audit(findingsMax: number): Promise<StoreAudit> {
    return this.#call("read", async (session) => {
      // One snapshot for all of it: a batch that comes in between is seen whole or not at all.
      await session.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      await session.run("START TRANSACTION WITH CONSISTENT SNAPSHOT");
      const audit = await auditRows((sql, values) => session.select(sql, values), findingsMax);
      await session.run("COMMIT");
      return audit;
    });
  }

  /** One call of the store: on a connection of its own, again on another after a conflict or a lost connection. */
  async #call<T>(purpose: Purpose, use: (session: SqlSession) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt(purpose, use);
      } catch (error) {
        const isWorthMore = (isConflict(error) || isConnectionLost(error)) && !isForGood(error);
        if (!isWorthMore || attempt >= this.#limits.attemptsMax) throw explainMysqlError(error, this.#where);
        this.retries++;
        await this.#sleep(this.#limits.backoffMs * 2 ** (attempt - 1));
      }
    }
  }

  async #attempt<T>(purpose: Purpose, use: (session: SqlSession) => Promise<T>): Promise<T> {
    if (this.#pools === null) throw new StoreUnavailable(`${this.#where} is not open: open the store first`);
    const connection = await this.#pools[purpose].getConnection();
    try {
      const result = await use(await this.#session(connection));
      connection.release();
      return result;
    } catch (error) {
      if (await this.#hasRolledBack(connection, error)) connection.release();
      else {
        // With the connection goes its transaction, whatever state either was in.
        connection.destroy();
        this.#connections.delete(connection.connection);
      }
      throw error;
    }
  }

  /** Whether the connection is as good as new after what the server said no to. */
  async #hasRolledBack(connection: PoolConnection, error: unknown): Promise<boolean> {
    if (isConnectionLost(error)) return false;
    try {
      await answered(connection.query("ROLLBACK"), { connection, timeoutMs: this.#limits.statementMsMax });
      return true;
    } catch {
      // The first error says what happened; this one only that the connection is gone as well.
      return false;
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
      packetBytesMax,
    });
  }

  async #migrate(): Promise<void> {
    const known = readMigrations("mysql", this.#migrations);
    const { migrationLockMsMax: lockMsMax, statementMsMax } = this.#limits;
    let connection: Connection | null = null;
    try {
      connection = await mysql.createConnection({ ...this.#config, multipleStatements: true });
      this.#connections.add(connection);
      const packetBytesMax = await setUpSession(connection, statementMsMax);
      const session = sqlSession(connection, {
        timeoutMs: lockMsMax + statementMsMax,
        statementRowsMax: this.#limits.statementRowsMax,
        packetBytesMax,
      });
      await migrateMysql(session, { known, database: this.#database, lockMsMax, where: this.#where });
    } catch (error) {
      throw explainMysqlError(error, this.#where);
    } finally {
      if (connection !== null) this.#connections.delete(connection);
      connection?.destroy();
    }
  }
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
    readonly packetBytesMax: number;
  },
): SqlSession {
  const { timeoutMs, statementRowsMax, packetBytesMax } = options;
  return {
    statementRowsMax,
    packetBytesMax,
    async select<Row>(sql: string, values: readonly unknown[] = []) {
      const asked = connection.query<RowDataPacket[]>(sql, [...values]);
      const [rows] = await answered(asked, { connection, timeoutMs });
      return rows as Row[];
    },
    async run(sql, values = []) {
      await answered(connection.query(sql, [...values]), { connection, timeoutMs });
    },
    async runText(text) {
      // No values, not even an empty list of them: the driver would look through the whole text for places to put them.
      const asked = connection.query<RowDataPacket[]>(text, null);
      const [results, fields] = await answered(asked, { connection, timeoutMs });
      if (!Array.isArray(results)) return [];
      const ofStatements = fields as readonly unknown[];
      const isSeveral = ofStatements[0] === undefined || Array.isArray(ofStatements[0]);
      return isSeveral ? (results as unknown[]).filter((rows) => Array.isArray(rows)) : [results];
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
