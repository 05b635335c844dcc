/**
 * Who stands in the same cell sees the same cells: that is a view, and its topic has the number of that cell. Here is how
 * many hear each, and which cells it shows.
 */
import { cellsAround, type Grid } from "../engine/space/grid.js";

export class Views {
  readonly #grid: Grid;
  readonly #radiusCells: number;
  readonly #subscribers: Int32Array;
  /** Centers of the views that somebody hears, and where each is in this list. */
  readonly #active: Int32Array;
  readonly #places: Int32Array;
  #count = 0;
  /** By center, of active views. */
  readonly #cells: (Int32Array | undefined)[];
  readonly #around: Int32Array;

  constructor(grid: Grid, radiusCells: number) {
    this.#grid = grid;
    this.#radiusCells = radiusCells;
    this.#subscribers = new Int32Array(grid.cellCount);
    this.#active = new Int32Array(grid.cellCount);
    this.#places = new Int32Array(grid.cellCount);
    this.#cells = new Array<Int32Array | undefined>(grid.cellCount);
    this.#around = new Int32Array((2 * radiusCells + 1) ** 2);
  }

  /** How many views somebody hears; {@link at} gives the center of each. */
  get count(): number {
    return this.#count;
  }

  at(index: number): number {
    return this.#active[index]!;
  }

  subscribersOf(center: number): number {
    return this.#subscribers[center]!;
  }

  /** Cells of a view that somebody hears, ascending. */
  cellsOf(center: number): Int32Array {
    return this.#cells[center]!;
  }

  join(center: number): void {
    if (this.#subscribers[center]!++ > 0) return;
    this.#places[center] = this.#count;
    this.#active[this.#count++] = center;
    const cells = cellsAround(this.#grid, center, this.#radiusCells, this.#around);
    this.#cells[center] = this.#around.slice(0, cells);
  }

  leave(center: number): void {
    if (--this.#subscribers[center]! > 0) return;
    const place = this.#places[center]!;
    const last = this.#active[--this.#count]!;
    this.#active[place] = last;
    this.#places[last] = place;
    this.#cells[center] = undefined;
  }

  /** Calls `visit` with the center of every view that somebody hears and that shows the cell. */
  eachShowing(cell: number, visit: (center: number) => void): void {
    // Seeing is mutual.
    const count = cellsAround(this.#grid, cell, this.#radiusCells, this.#around);
    for (let index = 0; index < count; index++) {
      const center = this.#around[index]!;
      if (this.#subscribers[center]! > 0) visit(center);
    }
  }
}
