/**
 * Who is near whom: entities moving from cell to cell, and the question that games ask most, against looking at every
 * row; all of them listed anew and everybody's surroundings looked through; and a whole tick of a shard whose people all
 * walk and are all seen.
 */

import { Prng } from "../../engine/prng.js";
import { EntityTable, NO_ROW } from "../../engine/room/entity-table.js";
import { cellAt, cellsAround, createGrid } from "../../engine/space/grid.js";
import { ShardRig } from "../../shards/shard-rig.js";

import { walkField } from "../games-world.js";
import { type BenchOptions, type Figures, type Measured, measuredOf } from "../measured.js";
import { nanosecondsEach, nanosecondsOf } from "./nanoseconds.js";

const NEAR_METERS = 8;
const FOUND_MAX = 64;
const TICKS_A_ROUND = 8;
const FLOOR = "every row";
const PART_OF_ALL_MAX = 0.1;
/** Of listing 5,000 anew and looking through the cells around each. */
const REBUILT_MS_MAX = 2;
const PEOPLE_PER_CELL = 1000 / (17 * 18);
const AROUND_CELLS = 9;
const WARM_ROUNDS = 20;

/** Adds up what was found, so that nothing is computed in vain. */
const kept = { sum: 0 };

export async function run({ smoke, rounds = smoke ? 1 : 7 }: BenchOptions): Promise<Measured[]> {
  const entities = smoke ? 200 : 10_000;
  const suite = "shards/interest";
  const near = nearQueries(entities, rounds);
  const query = { suite, case: `who is within ${NEAR_METERS} m, ${label(entities)}` };
  // The more entities, the more cells win; with few there is nothing to win.
  const bound = smoke ? {} : { atMost: PART_OF_ALL_MAX };
  return [
    measuredOf({
      ...query,
      subject: "near, by cells",
      rounds: near.cells,
      wants: [{ figure: "ns", floor: FLOOR, ...bound }],
    }),
    measuredOf({ ...query, subject: FLOOR, rounds: near.scan }),
    measuredOf({
      suite,
      case: `to the next cell and back, ${label(entities)}`,
      subject: "EntityTable",
      rounds: cellMoves(entities, rounds),
    }),
    measuredOf({
      suite,
      case: `all ${label(smoke ? 200 : 5000)} in other cells, and everybody's 3 × 3 cells looked through`,
      subject: "EntityTable",
      rounds: rebuiltAndQueried(smoke ? 200 : 5000, rounds),
      wants: [{ figure: "ms", ...(smoke ? {} : { atMost: REBUILT_MS_MAX }) }],
    }),
    measuredOf({
      suite,
      case: `a tick in which all walk and are seen, ${label(entities)}`,
      subject: "shard, and for each entity",
      rounds: shardTick(entities, rounds),
    }),
  ];
}

function label(entities: number): string {
  return `${entities.toLocaleString("en")} entities`;
}

/** As many to a cell as a lively town has. */
function rigOf(entities: number): ShardRig {
  const side = Math.max(2, Math.ceil(Math.sqrt(entities / 12)));
  return new ShardRig({
    shards: 1,
    field: walkField,
    widthCells: side,
    heightCells: side,
    cellSizeMeters: 24,
    entitiesMax: entities,
  });
}

function populate(rig: ShardRig, entities: number): void {
  const prng = new Prng(1);
  for (let session = 1; session <= entities; session++) {
    rig.join(session, prng.unit() * rig.grid.widthMeters, prng.unit() * rig.grid.heightMeters);
    // The lane holds only so many joins.
    if (session % 500 === 0) step(rig);
  }
  step(rig);
  step(rig);
}

function step(rig: ShardRig): void {
  rig.step();
  rig.heard.length = 0;
}

function nearQueries(
  entities: number,
  rounds: number,
): { readonly cells: Figures[]; readonly scan: Figures[] } {
  const rig = rigOf(entities);
  populate(rig, entities);
  const { field } = rig.shards[0]!;
  const { x, y, id } = field.entities;
  const found = new Int32Array(FOUND_MAX);
  const queries = 1000;
  const prng = new Prng(2);
  const rows = Int32Array.from({ length: queries }, () => prng.below(entities));
  const cells = nanosecondsEach(rounds, queries, () => {
    for (const row of rows) kept.sum += field.near(x[row]!, y[row]!, NEAR_METERS, found);
  });
  const scan = nanosecondsEach(rounds, queries, () => {
    for (const row of rows) {
      let count = 0;
      for (let other = 0; other < entities; other++) {
        const dx = x[other]! - x[row]!;
        const dy = y[other]! - y[row]!;
        if (dx * dx + dy * dy <= NEAR_METERS * NEAR_METERS && count < FOUND_MAX) found[count++] = other;
      }
      kept.sum += count + id[found[0]!]!;
    }
  });
  return { cells, scan };
}

function cellMoves(entities: number, rounds: number): Figures[] {
  const grid = createGrid(32, 32, 24);
  const table = new EntityTable({ capacity: entities, cellCount: grid.cellCount });
  const prng = new Prng(3);
  for (let id = 1; id <= entities; id++) {
    const [x, y] = [prng.unit() * grid.widthMeters, prng.unit() * grid.heightMeters];
    table.add({ id, x, y, cell: cellAt(grid, x, y), owner: 0 });
  }
  return nanosecondsEach(rounds, entities * 2, () => {
    for (let row = 0; row < entities; row++) {
      const cell = table.cell[row]!;
      table.moveToCell(row, (cell + 1) % grid.cellCount);
      table.moveToCell(row, cell);
    }
    kept.sum += table.first[0] === NO_ROW ? 0 : 1;
  });
}

/** As dense as in the suite world: about 28 are seen. Everybody goes a cell further, so that no list stays as it was. */
function rebuiltAndQueried(entities: number, rounds: number): Figures[] {
  const side = Math.ceil(Math.sqrt(entities / PEOPLE_PER_CELL));
  const grid = createGrid(side, side, 24);
  const table = new EntityTable({ capacity: entities, cellCount: grid.cellCount });
  const { x, y, id, cell, first, next } = table;
  const prng = new Prng(5);
  for (let at = 1; at <= entities; at++) {
    const place = { x: prng.unit() * grid.widthMeters, y: prng.unit() * grid.heightMeters };
    table.add({ id: at, ...place, cell: cellAt(grid, place.x, place.y), owner: 0 });
  }
  const around = new Int32Array(AROUND_CELLS);
  const once = () => {
    for (let row = 0; row < entities; row++) {
      x[row] = (x[row]! + grid.cellSizeMeters) % grid.widthMeters;
      table.moveToCell(row, cellAt(grid, x[row]!, y[row]!));
    }
    for (let row = 0; row < entities; row++) {
      const cells = cellsAround(grid, cell[row]!, 1, around);
      for (let index = 0; index < cells; index++) {
        for (let other = first[around[index]!]!; other !== NO_ROW; other = next[other]!)
          kept.sum += id[other]!;
      }
    }
  };
  for (let warm = 0; warm < WARM_ROUNDS; warm++) once();
  return nanosecondsEach(rounds, 1, once).map(({ ns }) => ({ ms: ns! / 1e6 }));
}

/** Everybody walks and every cell is seen: simulate, sort into cells, encode. */
function shardTick(entities: number, rounds: number): Figures[] {
  const rig = rigOf(entities);
  rig.seeEverything();
  populate(rig, entities);
  const prng = new Prng(4);
  for (let session = 1; session <= entities; session++) {
    rig.move(session, prng.below(255) - 127, prng.below(255) - 127);
    if (session % 500 === 0) step(rig);
  }
  const shard = rig.shards[0]!;
  const periodMs = shard.field.tickPeriodMs;
  const figures: Figures[] = [];
  for (let round = 0; round < rounds; round++) {
    let ns = 0;
    for (let tick = 0; tick < TICKS_A_ROUND; tick++) {
      rig.clock.advance(periodMs);
      ns += nanosecondsOf(() => shard.duty(rig.clock.nowMs()));
      rig.hear();
      rig.heard.length = 0;
    }
    const perTick = ns / TICKS_A_ROUND;
    figures.push({ ms: perTick / 1e6, ns: perTick / entities });
  }
  return figures;
}
