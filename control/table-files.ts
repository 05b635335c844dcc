/**
 * Watches the files of static game data. A file that has changed is read and checked by its game; a good one is put
 * in force with all the others as one set, a bad one is refused with one log line, and what was in force stays.
 */
import { readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Log } from "../engine/log.js";
import type { TableSpec } from "../engine/room/game.js";
import { parseTable, reasonOf, type TableSpecs, tableSetOf } from "../engine/room/game-tables.js";
import { TABLE_BYTES_MAX } from "../engine/room/table-folder.js";
import { exitCodes } from "../engine/wire/codes.js";
import { StartRefused } from "./start-refused.js";
import { type StoredTable, TableArchive } from "./table-archive.js";

/** How often the files are looked at. */
export const TABLES_WATCH_MS = 1000;

export interface TableFilesOptions {
  readonly specs: TableSpecs;
  /** `tablesFolder(dataFolder)`; made if missing. */
  readonly folder: string;
  /** The operator's folder, or "" for the shipped files alone. */
  readonly operatorFolder: string;
  readonly log: Log;
  /** Called after another set has been put in force: `() => control.raiseTablesVersion()`. */
  readonly onChange: () => void;
}

/** One table, as an operator wants to see it. */
export interface TableStatus {
  readonly name: string;
  /** Of the table in force: 64 hex digits. */
  readonly hash: string;
  readonly rows: number;
  readonly file: string;
  /** Why what the file says now is not in force; "" when it is. */
  readonly refused: string;
  /** Times that other rows of it were put in force since the start. */
  readonly reloads: number;
  /** Times that a file of it was refused since the start, for itself or for not going together with the others. */
  readonly refusals: number;
}

export interface TablesStatus {
  /** Id of the set in force. */
  readonly set: string;
  /** Files, and sets of them, refused since the start. */
  readonly refusals: number;
  readonly tables: readonly TableStatus[];
}

/** One file that is watched, and what has been made of it. */
interface Watched {
  readonly spec: TableSpec;
  /** The operator's file when there is one, else the shipped one. */
  path: string;
  /** Of the file as last read. */
  markRead: string;
  /** Of the file as last looked at: it is read when it has stood still from one look to the next. */
  markSeen: string;
  inForce: StoredTable;
  /** Read and found good, but not in force as long as the tables do not go together. */
  candidate: StoredTable;
  refused: string;
  reloads: number;
  refusals: number;
}

export class TableFiles {
  readonly #options: TableFilesOptions;
  readonly #archive: TableArchive;
  readonly #watched: Watched[] = [];
  #setId = "";
  #refusals = 0;
  #timer: NodeJS.Timeout | null = null;

  /**
   * Reads everything and puts it in force. What is bad at a start gives way to what was in force before.
   * @throws StartRefused when there is nothing to give way to
   */
  constructor(options: TableFilesOptions) {
    this.#options = options;
    try {
      this.#archive = new TableArchive(options.folder);
      this.#begin();
      this.#setId = this.#archive.put(this.#inForce());
    } catch (error) {
      if (error instanceof StartRefused) throw error;
      throw new StartRefused(exitCodes.dataFolder, `${options.folder}: ${reasonOf(error)}`, { cause: error });
    }
  }

  describe(): TablesStatus {
    const tables = this.#watched.map(({ spec, path, inForce, refused, reloads, refusals }) => ({
      name: spec.name,
      hash: inForce.hash,
      rows: inForce.rows.length,
      file: path,
      refused,
      reloads,
      refusals,
    }));
    return { set: this.#setId, refusals: this.#refusals, tables };
  }

  /** Begins to look at the files every {@link TABLES_WATCH_MS}. */
  watch(): void {
    this.#timer = setInterval(() => this.look(), TABLES_WATCH_MS);
    this.#timer.unref();
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Looks at every file once. What has changed, and has stood still since the look before, is read. */
  look(): void {
    let hasRead = false;
    for (const watched of this.#watched) {
      const path = this.#pathOf(watched.spec);
      const mark = markOf(path);
      if (mark !== watched.markRead && mark === watched.markSeen) {
        watched.path = path;
        this.#read(watched);
        watched.markRead = mark;
        hasRead = true;
      }
      watched.markSeen = mark;
    }
    if (hasRead) this.#putInForce();
  }

  // ---- at the start ----------------------------------------------------------------------------------------

  #begin(): void {
    const { specs } = this.#options;
    const before = this.#lastInForce();
    for (const spec of specs.list) {
      const path = this.#pathOf(spec);
      const mark = markOf(path);
      let table: StoredTable | undefined;
      let refused = "";
      try {
        table = readTable(spec, path);
      } catch (error) {
        table = before.get(spec.name);
        if (table === undefined) throw startRefused(path, error);
        refused = this.#refuse(spec.name, path, error);
      }
      const marks = { markRead: mark, markSeen: mark };
      const counts = { reloads: 0, refusals: refused === "" ? 0 : 1 };
      this.#watched.push({ spec, path, ...marks, inForce: table, candidate: table, refused, ...counts });
    }
    try {
      tableSetOf(specs, this.#candidates());
    } catch (error) {
      const names = this.#watched.map(({ spec }) => spec.name).join(", ");
      const files = this.#watched.map(({ path }) => path).join(", ");
      if (before.size < specs.list.length) throw startRefused(files, error);
      const reason = this.#refuse(names, files, error);
      for (const watched of this.#watched) {
        watched.inForce = before.get(watched.spec.name)!;
        if (watched.inForce.hash !== watched.candidate.hash) keepOut(watched, reason);
      }
    }
  }

  /** A way out for when the files are bad; none when there is anything wrong with it, too. */
  #lastInForce(): ReadonlyMap<string, StoredTable> {
    const { specs, log } = this.#options;
    try {
      const tables = this.#archive.last(specs);
      if (tables.size === specs.list.length) tableSetOf(specs, tables);
      return tables;
    } catch (error) {
      log.warn("the tables of the last run cannot be used", { reason: reasonOf(error) });
      return new Map();
    }
  }

  // ---- afterwards ------------------------------------------------------------------------------------------

  #read(watched: Watched): void {
    try {
      watched.candidate = readTable(watched.spec, watched.path);
      watched.refused = "";
    } catch (error) {
      watched.candidate = watched.inForce;
      keepOut(watched, this.#refuse(watched.spec.name, watched.path, error));
    }
  }

  /** Puts the candidates in force together, or leaves everything as it is. */
  #putInForce(): void {
    const { specs, log, onChange } = this.#options;
    const changed = this.#watched.filter(({ inForce, candidate }) => inForce.hash !== candidate.hash);
    if (changed.length === 0) return;
    const names = changed.map(({ spec }) => spec.name).join(", ");
    try {
      tableSetOf(specs, this.#candidates());
      this.#setId = this.#archive.put(this.#candidates());
    } catch (error) {
      const reason = this.#refuse(names, changed.map(({ path }) => path).join(", "), error);
      for (const watched of changed) keepOut(watched, reason);
      return;
    }
    for (const watched of changed) {
      watched.inForce = watched.candidate;
      watched.refused = "";
      watched.reloads++;
    }
    log.info("tables are in force", { tables: names, set: this.#setId });
    onChange();
  }

  #candidates(): ReadonlyMap<string, StoredTable> {
    return new Map(this.#watched.map(({ spec, candidate }) => [spec.name, candidate]));
  }

  #inForce(): ReadonlyMap<string, StoredTable> {
    return new Map(this.#watched.map(({ spec, inForce }) => [spec.name, inForce]));
  }

  #refuse(table: string, file: string, error: unknown): string {
    const reason = reasonOf(error);
    this.#refusals++;
    this.#options.log.error("a table is refused, what was in force stays", { table, file, reason });
    return reason;
  }

  #pathOf(spec: TableSpec): string {
    const { operatorFolder } = this.#options;
    if (operatorFolder !== "") {
      const path = join(resolve(operatorFolder), `${spec.name}.json`);
      if (markOf(path) !== "") return path;
    }
    return fileURLToPath(spec.file);
  }
}

function keepOut(watched: Watched, reason: string): void {
  watched.refused = reason;
  watched.refusals++;
}

/** Changes whenever the file does; "" when there is none. The path is part of it: another file is a change. */
function markOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? "" : `${path} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}

function readTable(spec: TableSpec, path: string): StoredTable {
  const length = statSync(path).size;
  // Not read at all: it may be anything.
  if (length > TABLE_BYTES_MAX) throw new Error(`got ${length} bytes, want at most ${TABLE_BYTES_MAX}`);
  const bytes = readFileSync(path);
  return { ...parseTable(spec, bytes), bytes };
}

function startRefused(file: string, error: unknown): StartRefused {
  return new StartRefused(exitCodes.config, `${file}: ${reasonOf(error)}`, { cause: error });
}
