/** Static game data as one thread reads it: the set in force, and older sets for rooms that were opened with them. */
import { readFileSync } from "node:fs";
import type { TableRows, TableSpec } from "./game.js";
import {
  type Manifest,
  readKeptSets,
  readManifest,
  setIdOf,
  TABLE_BYTES_MAX,
  tableHash,
  tablePath,
} from "./table-folder.js";

/** All tables of the games that are loaded, and what must hold between them. */
export interface TableSpecs {
  readonly list: readonly TableSpec[];
  readonly checks: readonly ((tables: TableRows) => void)[];
}

/** The tables as they were at one moment. Never changes. */
export interface TableSet extends TableRows {
  /** 32 hex digits that follow from what is in it: equal sets have equal ids, in any process. */
  readonly id: string;
  /** @throws Error when no loaded game has this table in its `tables` */
  rows<Row>(spec: TableSpec<Row>): readonly Row[];
}

/** A table, or a set of them, that cannot be used. The message says why, with row, column, got and want. */
export class TableInvalid extends Error {
  override readonly name = "TableInvalid";
  /** The table, or "" when tables do not go together. */
  readonly table: string;

  constructor(table: string, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.table = table;
  }
}

/** One table, read and checked. */
export interface ParsedTable {
  readonly hash: string;
  readonly rows: readonly unknown[];
}

/** Checks one table's file. @throws TableInvalid */
export function parseTable(spec: TableSpec, bytes: Uint8Array): ParsedTable {
  if (bytes.length > TABLE_BYTES_MAX)
    throw new TableInvalid(spec.name, `got ${bytes.length} bytes, want at most ${TABLE_BYTES_MAX}`);
  try {
    const rows = spec.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
    return { hash: tableHash(bytes), rows };
  } catch (error) {
    // A game's parse may throw anything.
    throw new TableInvalid(spec.name, reasonOf(error), { cause: error });
  }
}

/** Makes a set of one table for each spec. @throws TableInvalid when they do not go together */
export function tableSetOf(specs: TableSpecs, tables: ReadonlyMap<string, ParsedTable>): TableSet {
  return checkedSet(specs, setIdOf(manifestOf(tables)), tables);
}

function checkedSet(specs: TableSpecs, id: string, tables: ReadonlyMap<string, ParsedTable>): ParsedSet {
  const set = new ParsedSet(id, tables);
  for (const check of specs.checks) {
    try {
      check(set);
    } catch (error) {
      // A game's check may throw anything.
      throw new TableInvalid("", reasonOf(error), { cause: error });
    }
  }
  return set;
}

export function manifestOf(tables: ReadonlyMap<string, ParsedTable>): Manifest {
  return new Map([...tables].map(([name, { hash }]) => [name, hash]));
}

/** The tables as they are shipped. @throws TableInvalid */
export function shippedTables(specs: TableSpecs): TableSet {
  return shippedSet(specs);
}

function shippedSet(specs: TableSpecs): ParsedSet {
  const tables = new Map(specs.list.map((spec) => [spec.name, parseTable(spec, readFileSync(spec.file))]));
  return checkedSet(specs, setIdOf(manifestOf(tables)), tables);
}

class ParsedSet implements TableSet {
  readonly id: string;
  readonly #tables: ReadonlyMap<string, ParsedTable>;

  constructor(id: string, tables: ReadonlyMap<string, ParsedTable>) {
    this.id = id;
    this.#tables = tables;
  }

  rows<Row>(spec: TableSpec<Row>): readonly Row[] {
    const table = this.#tables.get(spec.name);
    if (table === undefined) throw new Error(`no game that is loaded lists the table "${spec.name}"`);
    return table.rows as readonly Row[];
  }

  tables(): ReadonlyMap<string, ParsedTable> {
    return this.#tables;
  }
}

export interface GameTablesOptions {
  readonly specs: TableSpecs;
  /** `tablesFolder(dataFolder)`, or null for the shipped tables and no others. */
  readonly folder: string | null;
  /** Raised by control after it has put another set in force: `() => control.tablesVersion`. */
  readonly version: () => number;
}

/** Older sets in memory; others are read again when asked for. */
const SETS_CACHED_MAX = 8;

/** The tables of one thread. Refresh between two ticks only, so that a tick sees one set. */
export class GameTables {
  readonly #specs: TableSpecs;
  readonly #folder: string | null;
  readonly #version: () => number;
  readonly #older = new Map<string, TableSet>();
  #versionSeen: number;
  /** Undefined while the first is read. */
  #current: ParsedSet;

  /** @throws TableInvalid when there is no usable set to begin with */
  constructor(options: GameTablesOptions) {
    this.#specs = options.specs;
    this.#folder = options.folder;
    this.#version = options.version;
    // The word first: what is read afterwards is at least as new.
    this.#versionSeen = this.#version();
    const id = this.#idInForce();
    this.#current = id === undefined ? shippedSet(this.#specs) : this.#read(id);
  }

  /** The shipped tables, for good: what a world without a data folder goes by. */
  static shipped(specs: TableSpecs): GameTables {
    return new GameTables({ specs, folder: null, version: () => 0 });
  }

  get current(): TableSet {
    return this.#current;
  }

  /** A set that was once in force, or undefined when it is not kept any more or these games cannot read it. */
  byId(id: string): TableSet | undefined {
    if (id === this.#current.id) return this.#current;
    const known = this.#older.get(id);
    if (known !== undefined) return known;
    if (this.#folder === null || !/^[0-9a-f]{32}$/.test(id)) return undefined;
    try {
      const set = this.#read(id);
      this.#keep(set);
      return set;
    } catch (error) {
      if (error instanceof TableInvalid) return undefined;
      throw error;
    }
  }

  /** Whether another set has been put in force since. Costs one look at shared memory. */
  isStale(): boolean {
    return this.#version() !== this.#versionSeen;
  }

  /**
   * Takes the set in force now. Returns whether `current` is another one. A set that cannot be read leaves everything
   * as it is, stale, to be tried again.
   */
  refresh(): boolean {
    const version = this.#version();
    if (version === this.#versionSeen) return false;
    try {
      const id = this.#idInForce();
      const hasChanged = id !== undefined && id !== this.#current.id;
      if (hasChanged) {
        this.#keep(this.#current);
        this.#current = this.#read(id);
      }
      this.#versionSeen = version;
      return hasChanged;
    } catch (error) {
      if (error instanceof TableInvalid) return false;
      throw error;
    }
  }

  #idInForce(): string | undefined {
    if (this.#folder === null) return undefined;
    const folder = this.#folder;
    return readable("", () => readKeptSets(folder)[0]);
  }

  #keep(set: TableSet): void {
    if (this.#older.size >= SETS_CACHED_MAX) {
      for (const oldest of this.#older.keys()) {
        this.#older.delete(oldest);
        break;
      }
    }
    this.#older.set(set.id, set);
  }

  #read(id: string): ParsedSet {
    const folder = this.#folder!;
    const manifest = readable("", () => readManifest(folder, id));
    const tables = new Map<string, ParsedTable>();
    for (const spec of this.#specs.list) {
      const hash = manifest.get(spec.name);
      if (hash === undefined) throw new TableInvalid(spec.name, `the set ${id} is without it`);
      tables.set(spec.name, this.#known(spec, hash) ?? readTable(folder, spec, hash));
    }
    return checkedSet(this.#specs, id, tables);
  }

  /** A table that did not change keeps its rows, so that what games derive from them stays valid. */
  #known(spec: TableSpec, hash: string): ParsedTable | undefined {
    const known = this.#current?.tables().get(spec.name);
    return known?.hash === hash ? known : undefined;
  }
}

function readTable(folder: string, spec: TableSpec, hash: string): ParsedTable {
  const table = parseTable(
    spec,
    readable(spec.name, () => readFileSync(tablePath(folder, hash))),
  );
  if (table.hash !== hash) throw new TableInvalid(spec.name, `${hash}.json is not what it was`);
  return table;
}

/** Whatever is wrong with a file of ours makes its set unusable, no more. */
function readable<T>(table: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new TableInvalid(table, reasonOf(error), { cause: error });
  }
}

/** What an error says. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
