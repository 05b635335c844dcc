/** Where things stand: small sums over cells and rows that the field makes often. */
import { columnOf, type Grid, rowOf } from "../engine/space/grid.js";

/** How far a point lies outside a cell, in meters along the worse axis; negative inside. */
export function metersOutside(grid: Grid, cell: number, x: number, y: number): number {
  const left = columnOf(grid, cell) * grid.cellSizeMeters;
  const top = rowOf(grid, cell) * grid.cellSizeMeters;
  const size = grid.cellSizeMeters;
  return Math.max(left - x, x - (left + size), top - y, y - (top + size));
}

/** Index of the first of `count` sorted cells that is not below `value`. */
export function lowerBound(sorted: Int32Array, count: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Inserts a row into `count` rows sorted by id; returns how many there are then. */
export function insertById(id: Uint32Array, out: Int32Array, count: number, row: number): number {
  let at = count;
  while (at > 0 && id[out[at - 1]!]! > id[row]!) {
    out[at] = out[at - 1]!;
    at--;
  }
  out[at] = row;
  return count + 1;
}
