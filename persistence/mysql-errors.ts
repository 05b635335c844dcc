/** What an error of the driver means for the rows: try again, try later, or never. */
import { StoreRejected, StoreUnavailable } from "./store.js";

/** What the driver puts on its errors; connection errors have a code of the system instead of a number. */
interface DriverError extends Error {
  readonly code?: string;
  readonly errno?: number;
  readonly sqlState?: string;
  readonly fatal?: boolean;
}

/** The transaction is gone and may succeed at once: deadlock, lock wait timeout, MariaDB's record changed. */
const conflictNumbers = new Set([1213, 1205, 1020]);
/** Data errors that carry no data SQLSTATE: truncated, wrong value, check constraint, packet too large. */
const dataNumbers = new Set([1265, 1366, 3819, 4025, 1153]);

/** Another transaction was in the way: the same statements may succeed now. */
export function isConflict(error: unknown): boolean {
  return conflictNumbers.has((error as DriverError).errno ?? 0);
}

/** The connection is of no more use, and nobody knows how far it got. */
export function isConnectionLost(error: unknown): boolean {
  const { code, errno, fatal } = error as DriverError;
  if (fatal === true) return true;
  // Server shutting down, connection killed, and the system's and the driver's own reasons.
  if (errno === 1053 || errno === 1927 || errno === 1152) return true;
  return code !== undefined && /^(PROTOCOL_|E[A-Z]+$)/.test(code);
}

/** No further attempt helps before an operator has done something. */
export function isForGood(error: unknown): boolean {
  const { code = "" } = error as DriverError;
  return forGoodCodes.has(code) || /_CERT_|_CERT$|CERTIFICATE/.test(code);
}

const forGoodCodes = new Set([
  "ER_BAD_DB_ERROR",
  "ER_ACCESS_DENIED_ERROR",
  "ER_ACCESS_DENIED_NO_PASSWORD_ERROR",
  "ER_DBACCESS_DENIED_ERROR",
  "ER_TABLEACCESS_DENIED_ERROR",
  "ER_HOST_NOT_PRIVILEGED",
  "ER_NOT_SUPPORTED_AUTH_MODE",
  "ER_NO_SUCH_TABLE",
  "ER_BAD_FIELD_ERROR",
  "AUTH_SWITCH_PLUGIN_ERROR",
  "HANDSHAKE_NO_SSL_SUPPORT",
]);

/** The store's error for the driver's. `where` names the database without its password. */
export function explainMysqlError(error: unknown, where: string): unknown {
  if (!(error instanceof Error)) return error;
  const { code, errno, sqlState } = error as DriverError;
  if (code === undefined) return error;
  const why = `${where}: ${error.message} (${code})`;
  if (sqlState?.startsWith("22") || sqlState?.startsWith("23") || dataNumbers.has(errno ?? 0))
    return new StoreRejected(`${why}: correct the row`, { cause: error });
  return new StoreUnavailable(
    `${why}: ${remedies[code] ?? "check that the database server runs and answers"}`,
    { cause: error, isForGood: isForGood(error) },
  );
}

const freshDatabase = "create it: CREATE DATABASE … CHARACTER SET utf8mb4";
const remedies: Readonly<Record<string, string>> = {
  ER_BAD_DB_ERROR: freshDatabase,
  ER_ACCESS_DENIED_ERROR: "check user and password",
  ER_DBACCESS_DENIED_ERROR: "grant the user all rights on that database",
  ER_TABLEACCESS_DENIED_ERROR: "grant the user all rights on that database",
  ER_CON_COUNT_ERROR: "raise max_connections of the server",
  ER_HOST_NOT_PRIVILEGED: "grant the user access from this host",
  ER_NO_SUCH_TABLE: "the schema is incomplete; run the migrations",
  ER_BAD_FIELD_ERROR: "the schema is incomplete; run the migrations",
  ER_OPTION_PREVENTS_STATEMENT: "the server is read-only; point to the primary",
  ER_RECORD_FILE_FULL: "make room on the server's disk",
  ER_DISK_FULL: "make room on the server's disk",
  ER_LOCK_DEADLOCK: "others keep writing the same rows; stop the second server",
  ER_LOCK_WAIT_TIMEOUT: "somebody holds the rows in an open transaction; end it",
  ECONNREFUSED: "start the database server, or correct host and port",
  ENOENT: "start the database server, or correct the socket's path",
  ENOTFOUND: "correct the host name",
  ETIMEDOUT: "the server does not answer; check it and the network",
  PROTOCOL_SEQUENCE_TIMEOUT: "the server does not answer in time; check its load",
  HANDSHAKE_SSL_ERROR: "check the TLS settings and the server's certificate",
};
