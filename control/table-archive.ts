/** The sets of tables on disk, as control writes them: engine/room/table-folder.ts says where what lies. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { manifestOf, type ParsedTable, parseTable, type TableSpecs } from "../engine/room/game-tables.js";
import {
  currentPath,
  encodeManifest,
  readKeptSets,
  readManifest,
  setIdOf,
  setPath,
  setsFolder,
  TABLE_SETS_KEPT,
  tablePath,
} from "../engine/room/table-folder.js";
import { writeWhole } from "../engine/whole-file.js";

/** A table with the bytes it was read from. */
export interface StoredTable extends ParsedTable {
  readonly bytes: Uint8Array;
}

export class TableArchive {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(setsFolder(folder), { recursive: true });
  }

  /**
   * The tables in force when the last process ended, as far as the games can still read them.
   * @throws whatever is wrong with the folder
   */
  last(specs: TableSpecs): ReadonlyMap<string, StoredTable> {
    const tables = new Map<string, StoredTable>();
    const [id] = readKeptSets(this.#folder);
    if (id === undefined) return tables;
    const manifest = readManifest(this.#folder, id);
    for (const spec of specs.list) {
      const hash = manifest.get(spec.name);
      if (hash === undefined) continue;
      const bytes = readFileSync(tablePath(this.#folder, hash));
      tables.set(spec.name, { ...parseTable(spec, bytes), bytes });
    }
    return tables;
  }

  /** Puts a set in force: from here on it is what is read. Returns its id. @throws of the file system */
  put(tables: ReadonlyMap<string, StoredTable>): string {
    const manifest = manifestOf(tables);
    const id = setIdOf(manifest);
    const before = readKeptSets(this.#folder);
    // What the last put gave up: nobody has been told of it for as long as that is ago.
    this.#forgetBut(before);
    for (const { hash, bytes } of tables.values()) {
      // Named by what is in it: whoever has the name has the content.
      const path = tablePath(this.#folder, hash);
      if (!existsSync(path)) writeWhole(path, bytes);
    }
    if (!existsSync(setPath(this.#folder, id)))
      writeWhole(setPath(this.#folder, id), Buffer.from(encodeManifest(manifest)));
    const sets = [id, ...before.filter((other) => other !== id)].slice(0, TABLE_SETS_KEPT);
    writeWhole(currentPath(this.#folder), Buffer.from(`${JSON.stringify({ sets })}\n`));
    return id;
  }

  /** Removes the sets that are not kept, and the tables that are in none. */
  #forgetBut(kept: readonly string[]): void {
    const sets = new Set(kept.map((id) => `${id}.json`));
    for (const name of readdirSync(setsFolder(this.#folder)))
      if (!sets.has(name)) rmSync(`${setsFolder(this.#folder)}/${name}`, { force: true });
    const tables = new Set(["current.json"]);
    for (const id of kept)
      for (const hash of readManifest(this.#folder, id).values()) tables.add(`${hash}.json`);
    for (const name of readdirSync(this.#folder))
      if (name.endsWith(".json") && !tables.has(name)) rmSync(`${this.#folder}/${name}`, { force: true });
  }
}
