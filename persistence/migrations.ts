/**
 * Forward-only migrations: plain SQL files, one per step and dialect, applied in the order of their numbers and
 * remembered with a checksum. There is no way back but a new step.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../engine/package-root.js";
import { type AppliedMigration, type Dialect, SchemaMismatch, type Store } from "./store.js";

/** One step as a file holds it. */
export interface Migration extends AppliedMigration {
  readonly sql: string;
}

export interface MigrationStatus {
  readonly applied: readonly AppliedMigration[];
  readonly pending: readonly Migration[];
}

const fileName = /^(\d{4})-([a-z0-9-]+)\.(sqlite|mysql)\.sql$/;

/** Where the program's own steps are. */
export function migrationsFolder(): string {
  return join(packageRoot(), "persistence", "migrations");
}

/** The steps of one dialect, by number: 1, 2, 3 … without a gap. Throws {@link SchemaMismatch} otherwise. */
export function readMigrations(dialect: Dialect, folder = migrationsFolder()): Migration[] {
  const migrations: Migration[] = [];
  for (const file of readdirSync(folder).sort()) {
    const parts = fileName.exec(file);
    if (parts === null)
      throw new SchemaMismatch(
        `${join(folder, file)}: want a name like 0001-players.sqlite.sql; rename or remove it`,
      );
    if (parts[3] !== dialect) continue;
    const sql = readFileSync(join(folder, file), "utf8");
    const number = Number(parts[1]);
    if (number !== migrations.length + 1)
      throw new SchemaMismatch(
        `${join(folder, file)}: want number ${migrations.length + 1} after ${migrations.length}`,
      );
    migrations.push({ number, name: parts[2]!, checksum: checksumOf(sql), sql });
  }
  return migrations;
}

/** The same text has the same checksum, whatever a checkout did to its line ends. */
function checksumOf(sql: string): string {
  return createHash("sha256").update(sql.replaceAll("\r\n", "\n")).digest("hex");
}

/**
 * The steps a database still needs. Throws {@link SchemaMismatch} when an applied file has changed since, or when
 * the database has seen steps that this program does not know.
 */
export function pendingMigrations(
  applied: readonly AppliedMigration[],
  known: readonly Migration[],
): readonly Migration[] {
  for (const [index, was] of applied.entries()) {
    const label = `${String(was.number).padStart(4, "0")}-${was.name}`;
    if (was.number !== index + 1)
      throw new SchemaMismatch(
        `schema_migrations has ${label} where number ${index + 1} belongs: restore the table from a backup`,
      );
    const now = known[index];
    if (now === undefined)
      throw new SchemaMismatch(
        `the database has migration ${label} and this program knows only ${known.length}: ` +
          "start the newer program, or restore the backup made before it first ran",
      );
    if (now.checksum !== was.checksum)
      throw new SchemaMismatch(
        `migration ${label} has changed since it was applied: restore the file as it was and put the change into a new one`,
      );
  }
  return known.slice(applied.length);
}

/** What has been applied to an open store, and what would be by the next `open`. Throws as {@link pendingMigrations}. */
export async function migrationStatus(store: Store, folder = migrationsFolder()): Promise<MigrationStatus> {
  const applied = await store.appliedMigrations();
  return { applied, pending: pendingMigrations(applied, readMigrations(store.dialect, folder)) };
}
