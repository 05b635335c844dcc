/** Brings a MySQL or MariaDB schema up to date, one program at a time. Knows not the driver. */
import { createHash } from "node:crypto";
import { type Migration, pendingMigrations } from "./migrations.js";
import { isConnectionLost } from "./mysql-errors.js";
import { selectMigrations } from "./mysql-reads.js";
import type { SqlSession } from "./mysql-statements.js";
import { SchemaMismatch, StoreUnavailable } from "./store.js";

const createMigrationsTable = `CREATE TABLE IF NOT EXISTS schema_migrations (
  number INT UNSIGNED NOT NULL PRIMARY KEY, name VARCHAR(128) NOT NULL, checksum CHAR(64) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

/** Applies the pending steps under the server's own lock, which goes with the connection however this process ends. */
export async function migrateMysql(
  session: SqlSession,
  options: {
    readonly known: readonly Migration[];
    readonly database: string;
    readonly lockMsMax: number;
    /** Names the database in errors. */
    readonly where: string;
  },
): Promise<void> {
  const { known, database, lockMsMax, where } = options;
  const [lock] = await session.select<{ readonly is_ours: unknown }>("SELECT GET_LOCK(?, ?) AS is_ours", [
    `gridshard ${createHash("sha256").update(database).digest("hex").slice(0, 32)}`,
    lockMsMax / 1000,
  ]);
  if (Number(lock?.is_ours) !== 1)
    throw new StoreUnavailable(`${where}: another process is still migrating it: wait, then start again`);
  for (const migration of pendingMigrations(await selectMigrations(session), known)) {
    try {
      await session.run(createMigrationsTable);
      await session.runText(migration.sql);
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
}
