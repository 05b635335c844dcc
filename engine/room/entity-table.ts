/**
 * Entities in structure-of-arrays. A row is an entity's place in the columns, stable while it is here; rows of one
 * cell are linked through `next`. Free rows are reused last-in first-out, so the same inputs give the same rows.
 */
import { assert } from "../assert.js";
import type { ByteReader, ByteWriter } from "../lane/bytes.js";
import type { ColumnKind } from "./game.js";

/** No row: the end of a cell's list, or not found. */
export const NO_ROW = -1;

/** Bits of {@link EntityTable.flags}. */
export const ROW_USED = 1;
/** A neighbour's entity: read it, never write it. */
export const ROW_GHOST = 2;

type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

const columnTypes = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f64: Float64Array,
} as const;

/** The engine's own columns, in the order they are checkpointed. */
const engineColumns = {
  id: "u32",
  x: "f64",
  y: "f64",
  velocityX: "f64",
  velocityY: "f64",
  cell: "i32",
  next: "i32",
  previous: "i32",
  flags: "u8",
  kind: "u8",
  level: "u8",
  look: "u8",
  state: "u8",
  health: "u8",
  heading: "u8",
  owner: "u8",
  slot: "u16",
  sentX: "u16",
  sentY: "u16",
  sentState: "u8",
  sentHealth: "u8",
  sentLevel: "u8",
} as const satisfies Record<string, ColumnKind>;

/** What subscribers were told: no part of the simulation, and told afresh after a restore. */
const sightColumns: ReadonlySet<string> = new Set([
  "slot",
  "sentX",
  "sentY",
  "sentState",
  "sentHealth",
  "sentLevel",
]);

/** Columns that travel with an entity to another shard, besides the game's own. */
const portable = [
  "id",
  "x",
  "y",
  "velocityX",
  "velocityY",
  "kind",
  "level",
  "look",
  "state",
  "health",
  "heading",
] as const;

export class EntityTable {
  readonly capacity: number;
  /** Unique over the node: see creatureId; people have the session's number. */
  readonly id: Uint32Array;
  /** Meters in the world. The game writes them; the engine notices when the cell changes. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Meters per second; only the game reads them. */
  readonly velocityX: Float64Array;
  readonly velocityY: Float64Array;
  /** The cell a row is listed in. Only the engine writes it, and the list with it. */
  readonly cell: Int32Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** ROW_ bits, the engine's. */
  readonly flags: Uint8Array;
  /** What clients are shown; the meaning is the game's. `health` is 0..255. */
  readonly kind: Uint8Array;
  readonly level: Uint8Array;
  readonly look: Uint8Array;
  readonly state: Uint8Array;
  readonly health: Uint8Array;
  readonly heading: Uint8Array;
  /** Shard that owns the row: another one's for a ghost. */
  readonly owner: Uint8Array;
  /** The publisher's: slot within the cell, and what subscribers were last told. */
  readonly slot: Uint16Array;
  readonly sentX: Uint16Array;
  readonly sentY: Uint16Array;
  readonly sentState: Uint8Array;
  readonly sentHealth: Uint8Array;
  readonly sentLevel: Uint8Array;
  /** First row of each cell, or NO_ROW. */
  readonly first: Int32Array;
  /** Rows listed in each cell, ghosts included. */
  readonly countInCell: Int32Array;
  /** Rows in use, ghosts included. */
  count = 0;
  /** Rows in use that are a neighbour's. */
  ghostCount = 0;
  readonly #columns = new Map<string, Column>();
  readonly #extraNames: readonly string[];
  readonly #rowOfId = new Map<number, number>();
  readonly #free: Int32Array;
  #freeCount = 0;
  #rowsTouched = 0;

  constructor(options: {
    readonly capacity: number;
    readonly cellCount: number;
    readonly columns?: Readonly<Record<string, ColumnKind>>;
  }) {
    this.capacity = options.capacity;
    const make = <Kind extends ColumnKind>(name: string, kind: Kind) => {
      assert(!this.#columns.has(name), `entity column ${name} is declared once`);
      const column = new columnTypes[kind](options.capacity);
      this.#columns.set(name, column);
      return column as InstanceType<(typeof columnTypes)[Kind]>;
    };
    this.id = make("id", "u32");
    this.x = make("x", "f64");
    this.y = make("y", "f64");
    this.velocityX = make("velocityX", "f64");
    this.velocityY = make("velocityY", "f64");
    this.cell = make("cell", "i32");
    this.next = make("next", "i32");
    this.previous = make("previous", "i32");
    this.flags = make("flags", "u8");
    this.kind = make("kind", "u8");
    this.level = make("level", "u8");
    this.look = make("look", "u8");
    this.state = make("state", "u8");
    this.health = make("health", "u8");
    this.heading = make("heading", "u8");
    this.owner = make("owner", "u8");
    this.slot = make("slot", "u16");
    this.sentX = make("sentX", "u16");
    this.sentY = make("sentY", "u16");
    this.sentState = make("sentState", "u8");
    this.sentHealth = make("sentHealth", "u8");
    this.sentLevel = make("sentLevel", "u8");
    assert(this.#columns.size === Object.keys(engineColumns).length, "every engine column is made");
    const extras = Object.entries(options.columns ?? {});
    for (const [name, kind] of extras) make(name, kind);
    this.#extraNames = extras.map(([name]) => name);
    this.first = new Int32Array(options.cellCount).fill(NO_ROW);
    this.countInCell = new Int32Array(options.cellCount);
    this.#free = new Int32Array(options.capacity);
  }

  /** One of the game's own columns. Ask once, at creation. */
  column(name: string, kind: "u8"): Uint8Array;
  column(name: string, kind: "u16"): Uint16Array;
  column(name: string, kind: "u32"): Uint32Array;
  column(name: string, kind: "i32"): Int32Array;
  column(name: string, kind: "f64"): Float64Array;
  column(name: string, kind: ColumnKind): Column {
    const column = this.#columns.get(name);
    assert(column instanceof columnTypes[kind], `entity column ${name}: ${kind} is declared`);
    return column;
  }

  /** Row of an entity by its id, ghosts included, or NO_ROW. */
  rowOf(id: number): number {
    return this.#rowOfId.get(id) ?? NO_ROW;
  }

  /** Whether the row is a neighbour's entity. */
  isGhost(row: number): boolean {
    return (this.flags[row]! & ROW_GHOST) !== 0;
  }

  /** Rows from this on have never been in use. */
  get rowsTouched(): number {
    return this.#rowsTouched;
  }

  /** Whether the table can take one more. */
  get isFull(): boolean {
    return this.count === this.capacity;
  }

  /**
   * Adds an entity to a cell, every column zero but the named ones. The table must not be full and the id must be new,
   * but for a ghost, which gives way to the real one.
   */
  add(entity: { id: number; x: number; y: number; cell: number; owner: number; isGhost?: boolean }): number {
    assert(!this.isFull, "the entity table has room: the caller checks isFull");
    const there = this.#rowOfId.get(entity.id);
    if (there !== undefined) {
      assert(this.isGhost(there) && entity.isGhost !== true, `entity ${entity.id} is here once`);
      this.remove(there);
    }
    const row = this.#freeCount > 0 ? this.#free[--this.#freeCount]! : this.#rowsTouched++;
    for (const column of this.#columns.values()) column[row] = 0;
    this.id[row] = entity.id;
    this.x[row] = entity.x;
    this.y[row] = entity.y;
    this.owner[row] = entity.owner;
    this.flags[row] = entity.isGhost === true ? ROW_USED | ROW_GHOST : ROW_USED;
    this.#rowOfId.set(entity.id, row);
    this.count++;
    if (entity.isGhost === true) this.ghostCount++;
    this.#link(row, entity.cell);
    return row;
  }

  remove(row: number): void {
    assert((this.flags[row]! & ROW_USED) !== 0, "a removed row was in use");
    this.#unlink(row);
    this.#rowOfId.delete(this.id[row]!);
    if (this.isGhost(row)) this.ghostCount--;
    this.flags[row] = 0;
    this.#free[this.#freeCount++] = row;
    this.count--;
  }

  /** Lists the row in another cell. */
  moveToCell(row: number, cell: number): void {
    this.#unlink(row);
    this.#link(row, cell);
  }

  #link(row: number, cell: number): void {
    const head = this.first[cell]!;
    this.cell[row] = cell;
    this.next[row] = head;
    this.previous[row] = NO_ROW;
    if (head !== NO_ROW) this.previous[head] = row;
    this.first[cell] = row;
    this.countInCell[cell]!++;
  }

  #unlink(row: number): void {
    const cell = this.cell[row]!;
    const next = this.next[row]!;
    const previous = this.previous[row]!;
    if (previous === NO_ROW) this.first[cell] = next;
    else this.next[previous] = next;
    if (next !== NO_ROW) this.previous[next] = previous;
    this.countInCell[cell]!--;
  }

  /** Bytes of what {@link packRow} writes. */
  get packedBytes(): number {
    let bytes = 0;
    for (const name of [...portable, ...this.#extraNames])
      bytes += this.#columns.get(name)!.BYTES_PER_ELEMENT;
    return bytes;
  }

  /** Writes what travels with an entity: the portable columns and the game's own. */
  packRow(row: number, out: ByteWriter): void {
    for (const name of portable) writeValue(out, engineColumns[name], this.#columns.get(name)![row]!);
    for (const name of this.#extraNames) {
      const column = this.#columns.get(name)!;
      writeValue(out, kindOf(column), column[row]!);
    }
  }

  /** Adds an entity from what {@link packRow} wrote. */
  unpackRow(from: ByteReader, place: { readonly cell: number; readonly owner: number }): number {
    const values = portable.map((name) => readValue(from, engineColumns[name]));
    const row = this.add({ id: values[0]!, x: values[1]!, y: values[2]!, ...place });
    portable.forEach((name, index) => {
      this.#columns.get(name)![row] = values[index]!;
    });
    for (const name of this.#extraNames) {
      const column = this.#columns.get(name)!;
      column[row] = readValue(from, kindOf(column));
    }
    return row;
  }

  /** Everything, so that {@link restore} gives the very same rows, lists and free list. */
  checkpoint(out: ByteWriter): void {
    out.u32(this.#rowsTouched).u32(this.count).u32(this.ghostCount).u32(this.#freeCount);
    for (const [name, column] of this.#columns) {
      if (!sightColumns.has(name)) out.raw(bytesOf(column, this.#rowsTouched));
    }
    out.raw(bytesOf(this.#free, this.#freeCount));
    out.raw(bytesOf(this.first, this.first.length)).raw(bytesOf(this.countInCell, this.countInCell.length));
  }

  restore(from: ByteReader): void {
    this.#rowsTouched = from.u32();
    this.count = from.u32();
    this.ghostCount = from.u32();
    this.#freeCount = from.u32();
    assert(this.#rowsTouched <= this.capacity, "a checkpoint fits the table it is restored to");
    for (const [name, column] of this.#columns) {
      column.fill(0);
      if (sightColumns.has(name)) continue;
      bytesOf(column, this.#rowsTouched).set(from.raw(this.#rowsTouched * column.BYTES_PER_ELEMENT));
    }
    bytesOf(this.#free, this.#freeCount).set(from.raw(this.#freeCount * 4));
    bytesOf(this.first, this.first.length).set(from.raw(this.first.byteLength));
    bytesOf(this.countInCell, this.countInCell.length).set(from.raw(this.countInCell.byteLength));
    this.#rowOfId.clear();
    for (let row = 0; row < this.#rowsTouched; row++) {
      if ((this.flags[row]! & ROW_USED) !== 0) this.#rowOfId.set(this.id[row]!, row);
    }
  }
}

function bytesOf(column: Column, rows: number): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, rows * column.BYTES_PER_ELEMENT);
}

function kindOf(column: Column): ColumnKind {
  if (column instanceof Float64Array) return "f64";
  if (column instanceof Int32Array) return "i32";
  if (column instanceof Uint32Array) return "u32";
  return column instanceof Uint16Array ? "u16" : "u8";
}

function writeValue(out: ByteWriter, kind: ColumnKind, value: number): void {
  out[kind](value);
}

function readValue(from: ByteReader, kind: ColumnKind): number {
  return from[kind]();
}
