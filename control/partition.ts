/**
 * Cuts a world into one area per shard: every area in one piece, all of the same size to within a cell, and
 * compact, because every cell at an edge costs ghosts and handoffs.
 *
 * The grid is cut into bands, and the bands are walked like a snake: up and down the columns of a band, then back
 * through the next. Pieces of equal length of that walk are the areas. A piece as long as a band is high is about
 * a square. Which bands are best depends on how the numbers divide, so the likely ones are tried and measured.
 */
import { assert } from "../engine/assert.js";
import type { OwnershipTable } from "../engine/memory/ownership-table.js";
import { columnOf, type Grid, rowOf } from "../engine/space/grid.js";

/** Band counts tried on either side of the ideal one. */
const TRIES_AROUND_IDEAL = 3;

/** The shard of every cell. */
export function partition(grid: Grid, shardCount: number): Uint8Array {
  assert(shardCount >= 1 && shardCount <= grid.cellCount, "every shard gets at least one cell");
  let best: Uint8Array | null = null;
  let bestEdges = Number.POSITIVE_INFINITY;
  for (const walk of walks(grid, shardCount)) {
    const owners = cut(walk, shardCount);
    const edges = edgeCount(grid, owners);
    if (edges < bestEdges && areConnected(grid, owners, shardCount)) {
      best = owners;
      bestEdges = edges;
    }
  }
  assert(best !== null, "rows walked to and fro always give areas in one piece");
  return best;
}

/** Control, before any shard is started. */
export function assignPartition(table: OwnershipTable, owners: Uint8Array): void {
  assert(table.cellCount === owners.length, "a partition covers the world");
  for (let cell = 0; cell < owners.length; cell++) table.assign(cell, owners[cell]!);
}

/** How many cells each shard owns. */
export function cellsPerShard(owners: Uint8Array, shardCount: number): number[] {
  const counts = Array.from({ length: shardCount }, () => 0);
  for (const owner of owners) counts[owner]! += 1;
  return counts;
}

/** The walks worth trying: all cells, each once. */
function* walks(grid: Grid, shardCount: number): Generator<Uint16Array> {
  const { widthCells, heightCells, cellCount } = grid;
  const side = Math.sqrt(cellCount / shardCount);
  for (const isTransposed of [false, true]) {
    const across = isTransposed ? widthCells : heightCells;
    const ideal = Math.round(across / side);
    const least = Math.max(1, ideal - TRIES_AROUND_IDEAL);
    const most = Math.min(across, shardCount, Math.max(1, ideal) + TRIES_AROUND_IDEAL);
    for (let bands = least; bands <= most; bands++) {
      for (const isUpFirst of [false, true]) yield walkOf(grid, { bands, isTransposed, isUpFirst });
    }
    // Bands one cell high are a true path, so any piece of it is in one piece.
    yield walkOf(grid, { bands: across, isTransposed, isUpFirst: false });
  }
}

interface Walk {
  readonly bands: number;
  /** Bands are stacks of columns instead of rows. */
  readonly isTransposed: boolean;
  readonly isUpFirst: boolean;
}

function walkOf(grid: Grid, { bands, isTransposed, isUpFirst }: Walk): Uint16Array {
  const along = isTransposed ? grid.heightCells : grid.widthCells;
  const across = isTransposed ? grid.widthCells : grid.heightCells;
  const walk = new Uint16Array(grid.cellCount);
  let count = 0;
  for (let band = 0; band < bands; band++) {
    const first = Math.floor((band * across) / bands);
    const height = Math.floor(((band + 1) * across) / bands) - first;
    for (let step = 0; step < along; step++) {
      const a = band % 2 === 0 ? step : along - 1 - step;
      const isUp = (step % 2 === 1) !== isUpFirst;
      for (let b = 0; b < height; b++) {
        const c = first + (isUp ? height - 1 - b : b);
        walk[count++] = isTransposed ? a * grid.widthCells + c : c * grid.widthCells + a;
      }
    }
  }
  assert(count === grid.cellCount, "a walk visits every cell once");
  return walk;
}

function cut(walk: Uint16Array, shardCount: number): Uint8Array {
  const owners = new Uint8Array(walk.length);
  for (let at = 0; at < walk.length; at++) {
    owners[walk[at]!] = Math.floor(((at + 1) * shardCount - 1) / walk.length);
  }
  return owners;
}

/** Sides of cells with different shards on either side. */
function edgeCount(grid: Grid, owners: Uint8Array): number {
  const { widthCells, cellCount } = grid;
  let edges = 0;
  for (let cell = 0; cell < cellCount; cell++) {
    if (columnOf(grid, cell) + 1 < widthCells && owners[cell] !== owners[cell + 1]) edges++;
    if (cell + widthCells < cellCount && owners[cell] !== owners[cell + widthCells]) edges++;
  }
  return edges;
}

/** Whether every shard's area is in one piece, cells touching by a side. */
export function areConnected(grid: Grid, owners: Uint8Array, shardCount: number): boolean {
  const isSeen = new Uint8Array(grid.cellCount);
  const stack = new Uint16Array(grid.cellCount);
  let pieces = 0;
  for (let start = 0; start < grid.cellCount; start++) {
    if (isSeen[start] === 1) continue;
    if (++pieces > shardCount) return false;
    isSeen[start] = 1;
    stack[0] = start;
    for (let depth = 1; depth > 0; ) {
      const cell = stack[--depth]!;
      const column = columnOf(grid, cell);
      const row = rowOf(grid, cell);
      const visit = (next: number) => {
        if (isSeen[next] === 1 || owners[next] !== owners[start]) return;
        isSeen[next] = 1;
        stack[depth++] = next;
      };
      if (column > 0) visit(cell - 1);
      if (column + 1 < grid.widthCells) visit(cell + 1);
      if (row > 0) visit(cell - grid.widthCells);
      if (row + 1 < grid.heightCells) visit(cell + grid.widthCells);
    }
  }
  return pieces === shardCount;
}
