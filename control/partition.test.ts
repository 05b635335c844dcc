import assert from "node:assert/strict";
import { test } from "node:test";
import { createOwnership, OwnershipTable } from "../engine/memory/ownership-table.js";
import { createGrid, type Grid } from "../engine/space/grid.js";
import { areConnected, assignPartition, cellsPerShard, partition } from "./partition.js";

const SHARDS_MAX = 64;

const shapes: readonly (readonly [number, number])[] = [
  [24, 24],
  [64, 64],
  [8, 8],
  [7, 31],
  [31, 7],
  [40, 5],
  [2, 33],
  [64, 1],
  [1, 100],
  [23, 19],
];

function everyPartition(check: (grid: Grid, shards: number, owners: Uint8Array) => void): void {
  for (const [width, height] of shapes) {
    const grid = createGrid(width, height, 10);
    for (let shards = 1; shards <= Math.min(SHARDS_MAX, grid.cellCount); shards++) {
      check(grid, shards, partition(grid, shards));
    }
  }
}

test("[OW1] every shard owns the same number of cells, give or take one", () => {
  everyPartition((grid, shards, owners) => {
    const counts = cellsPerShard(owners, shards);
    const total = counts.reduce((sum, count) => sum + count, 0);
    assert.equal(total, grid.cellCount);
    assert.ok(
      Math.max(...counts) - Math.min(...counts) <= 1,
      `${grid.widthCells}×${grid.heightCells}/${shards}`,
    );
  });
});

test("[OW2] every area is in one piece", () => {
  everyPartition((grid, shards, owners) => {
    assert.ok(areConnected(grid, owners, shards), `${grid.widthCells}×${grid.heightCells}/${shards}`);
  });
});

test("[OW2] areas that are not in one piece are recognised", () => {
  const grid = createGrid(3, 1, 10);
  assert.ok(areConnected(grid, Uint8Array.of(0, 0, 1), 2));
  assert.ok(!areConnected(grid, Uint8Array.of(0, 1, 0), 2));
  assert.ok(!areConnected(grid, Uint8Array.of(0, 0, 0), 2));
});

test("[OW3] areas are compact: on a square world their edges are at most twice those of squares", () => {
  for (const side of [24, 64]) {
    const grid = createGrid(side, side, 10);
    for (let shards = 1; shards <= SHARDS_MAX; shards++) {
      const owners = partition(grid, shards);
      let inner = 0;
      for (let cell = 0; cell < grid.cellCount; cell++) {
        if ((cell + 1) % side !== 0 && owners[cell] !== owners[cell + 1]) inner++;
        if (cell + side < grid.cellCount && owners[cell] !== owners[cell + side]) inner++;
      }
      const perimeters = 2 * inner + 4 * side;
      const squares = shards * 4 * Math.sqrt(grid.cellCount / shards);
      assert.ok(perimeters <= 2 * squares, `${side}/${shards}: ${perimeters} against ${squares}`);
    }
  }
});

test("[OW3] two shards share a square world by one straight line", () => {
  const owners = partition(createGrid(24, 24, 10), 2);
  const isByRows = owners.every((owner, cell) => owner === (cell < 288 ? 0 : 1));
  const isByColumns = owners.every((owner, cell) => owner === (cell % 24 < 12 ? 0 : 1));
  assert.ok(isByRows || isByColumns);
});

test("[OW4] the table has an owner for every cell, each assigned once", () => {
  const grid = createGrid(9, 5, 10);
  const table = new OwnershipTable(createOwnership(grid.cellCount));
  const owners = partition(grid, 4);
  assignPartition(table, owners);
  for (let cell = 0; cell < grid.cellCount; cell++) {
    assert.equal(table.owner(cell), owners[cell]);
    assert.equal(table.epoch(cell), 1);
  }
});
