/**
 * Where the tables of static game data lie on disk: `<dataFolder>/tables`. Control writes it, every shard reads it.
 *
 * ```
 *   <sha256>.json      one table as it was read from its file, named by its own hash: never changed, only removed
 *   sets/<id>.json     {"tables": {"<name>": "<sha256>"}}: which tables were valid together, named by its own hash
 *   current.json       {"sets": ["<id>", …]}: the sets that are kept, the one in force first
 * ```
 *
 * A file gets its name when it is complete and synced, and `current.json` is replaced last, so whoever reads at any
 * moment finds a whole set.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Sets kept: rooms go on by the tables they were opened with, and live minutes. */
export const TABLE_SETS_KEPT = 32;
/** Bytes of one table's file. */
export const TABLE_BYTES_MAX = 1 << 20;

/** Hashes by table name. */
export type Manifest = ReadonlyMap<string, string>;

export const tablesFolder = (dataFolder: string) => join(dataFolder, "tables");
export const setsFolder = (folder: string) => join(folder, "sets");
export const tablePath = (folder: string, hash: string) => join(folder, `${hash}.json`);
export const setPath = (folder: string, id: string) => join(setsFolder(folder), `${id}.json`);
export const currentPath = (folder: string) => join(folder, "current.json");

/** 64 hex digits. */
export function tableHash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function encodeManifest(manifest: Manifest): string {
  const names = [...manifest.keys()].sort();
  return `${JSON.stringify({ tables: Object.fromEntries(names.map((name) => [name, manifest.get(name)])) })}\n`;
}

/** What a set is called: 32 hex digits that follow from what is in it. */
export function setIdOf(manifest: Manifest): string {
  return createHash("sha256").update(encodeManifest(manifest)).digest("hex").slice(0, 32);
}

/** @throws of the file system, or SyntaxError, or TypeError: the file is not there or not one of ours */
export function readManifest(folder: string, id: string): Manifest {
  const { tables } = JSON.parse(readFileSync(setPath(folder, id), "utf8")) as {
    tables: Record<string, string>;
  };
  return new Map(Object.entries(tables));
}

/** The sets that are kept, the one in force first; none when nothing has been written yet. */
export function readKeptSets(folder: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(currentPath(folder), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return (JSON.parse(text) as { sets: string[] }).sets;
}
