import { assert } from "../assert.js";

/** The squares of a world. Cells are numbered row by row: `cell = row * widthCells + column`. */
export interface Grid {
  readonly widthCells: number;
  readonly heightCells: number;
  readonly cellSizeMeters: number;
  readonly cellCount: number;
  readonly widthMeters: number;
  readonly heightMeters: number;
}

export function createGrid(widthCells: number, heightCells: number, cellSizeMeters: number): Grid {
  assert(widthCells > 0 && heightCells > 0 && cellSizeMeters > 0, "a grid has an area");
  assert(widthCells * heightCells < 0xffff, "cell numbers fit 16 bits, with one to spare for none");
  return {
    widthCells,
    heightCells,
    cellSizeMeters,
    cellCount: widthCells * heightCells,
    widthMeters: widthCells * cellSizeMeters,
    heightMeters: heightCells * cellSizeMeters,
  };
}

/** The cell of a point; points outside belong to the nearest cell. */
export function cellAt(grid: Grid, x: number, y: number): number {
  const column = Math.min(grid.widthCells - 1, Math.max(0, Math.floor(x / grid.cellSizeMeters)));
  const row = Math.min(grid.heightCells - 1, Math.max(0, Math.floor(y / grid.cellSizeMeters)));
  return row * grid.widthCells + column;
}

/** A cell of this grid for the number of one that may be of a larger world than this one: the last cell then. */
export function cellWithin(grid: Grid, cell: number): number {
  return cell < grid.cellCount ? cell : grid.cellCount - 1;
}

/** Column and row of a cell. */
export function columnOf(grid: Grid, cell: number): number {
  return cell % grid.widthCells;
}
export function rowOf(grid: Grid, cell: number): number {
  return Math.floor(cell / grid.widthCells);
}

/**
 * Writes the cells within `radiusCells` (Chebyshev) of `cell` into `out`, itself included, in ascending order.
 * Returns how many; `out` must have room for (2r+1)².
 */
export function cellsAround(grid: Grid, cell: number, radiusCells: number, out: Int32Array): number {
  const column = columnOf(grid, cell);
  const row = rowOf(grid, cell);
  const firstColumn = Math.max(0, column - radiusCells);
  const lastColumn = Math.min(grid.widthCells - 1, column + radiusCells);
  const lastRow = Math.min(grid.heightCells - 1, row + radiusCells);
  let count = 0;
  for (let r = Math.max(0, row - radiusCells); r <= lastRow; r++) {
    for (let c = firstColumn; c <= lastColumn; c++) out[count++] = r * grid.widthCells + c;
  }
  return count;
}
