import assert from "node:assert/strict";
import test from "node:test";
import type { TableSpec } from "../engine/room/game.js";
import { shippedTables, type TableSet } from "../engine/room/game-tables.js";
import { encodeBattleOptions } from "./battle/acts.js";
import { battle } from "./battle/battle.js";
import {
  checkBattleTables,
  itemTable,
  levelTable,
  PERSON,
  type Species,
  skillTable,
  speciesTable,
} from "./battle/tables.js";
import games from "./games.js";
import { checkInhabitants, inhabitantTable } from "./open-world/inhabitants.js";
import { fighterOf } from "./testing/bodies.js";
import { TestRoom } from "./testing/test-room.js";
import { testTables } from "./testing/test-tables.js";

/** The shipped set with some tables replaced. */
function setWith(...changed: (readonly [TableSpec, readonly unknown[]])[]): TableSet {
  const rows = new Map<string, readonly unknown[]>(changed.map(([{ name }, list]) => [name, list]));
  return {
    id: "0".repeat(32),
    rows: <Row>(spec: TableSpec<Row>) => (rows.get(spec.name) as readonly Row[]) ?? testTables.rows(spec),
  };
}

const shipped = (spec: TableSpec<unknown>) =>
  structuredClone(testTables.rows(spec)) as Record<string, unknown>[];

test("[TB1] the shipped tables stand beside the code, and go together", () => {
  const set = shippedTables({ list: games.tables!, checks: [(tables) => games.checkTables!(tables)] });
  for (const spec of games.tables!) assert.ok(set.rows(spec).length > 0);
  assert.throws(() => set.rows({ ...skillTable, name: "spells" }), /lists the table "spells"/);
});

test("[TB9] a wrong cell is named by row and column, with got and want", () => {
  const cases: readonly (readonly [TableSpec, (rows: Record<string, unknown>[]) => void, RegExp])[] = [
    [
      skillTable,
      (rows) => (rows[1]!.power = "strong"),
      /row 2, column "power": got "strong", want an integer in 0\.\.1000/,
    ],
    [
      skillTable,
      (rows) => (rows[1]!.aim = "all"),
      /row 2, column "aim": got "all", want one of foe, foes, self, ally/,
    ],
    [skillTable, (rows) => delete rows[3]!.name, /row 4, column "name": got nothing, want a text/],
    [skillTable, (rows) => (rows[0]!.colour = 1), /row 1: got a column "colour", want only id, name/],
    [skillTable, (rows) => rows.splice(2, 1), /row 3, column "id": got 4, want 3: rows are numbered/],
    [skillTable, (rows) => rows.splice(0), /got \[\], want a list of 1\.\.255 rows/],
    [speciesTable, (rows) => (rows[0]!.health = 1.5), /row 1, column "health": got 1\.5, want an integer/],
    [
      speciesTable,
      (rows) => (rows[2]!.skills = [1, 2, 3, 4, 5, 6]),
      /row 3, column "skills".*want a list of 0\.\.5/,
    ],
    [speciesTable, (rows) => (rows[2]!.drops = [{ item: 1 }]), /row 3, column "drops".*want a list/],
    [
      speciesTable,
      (rows) => (rows[2]!.isAggressive = 1),
      /row 3, column "isAggressive": got 1, want true or false/,
    ],
    [itemTable, (rows) => (rows[1]!.id = rows[0]!.id), /row 2, column "id": got 1, want an id of its own/],
    [levelTable, (rows) => (rows[0]!.experience = 5), /row 1, column "experience": got 5, want 0/],
    [levelTable, (rows) => (rows[5]!.experience = 7), /row 6, column "experience": got 7, want more than/],
    [inhabitantTable, (rows) => (rows[1]!.percent = 20), /row 2, column "percent": got 105, want 100/],
    [inhabitantTable, (rows) => rows.splice(-5), /column "below".*want 2: the last zone has no end/],
  ];
  for (const [spec, spoil, want] of cases) {
    const rows = shipped(spec);
    spec.parse(rows);
    spoil(rows);
    assert.throws(() => spec.parse(rows), want);
  }
  assert.throws(() => skillTable.parse({ rows: [] }), /want a list/);
  assert.throws(() => skillTable.parse([null]), /row 1: got null, want an object/);
});

test("[TB10] tables that name what others do not have are refused", () => {
  const species = (spoil: (rows: Species[]) => void) => {
    const rows = shipped(speciesTable) as unknown as Species[];
    spoil(rows);
    return () => checkBattleTables(setWith([speciesTable, rows]));
  };
  const patch = (rows: Species[], at: number, more: Partial<Species>) => {
    rows[at] = { ...rows[at]!, ...more };
  };
  assert.throws(
    species((rows) => patch(rows, 2, { skills: [1, 77] })),
    /species, row 3, column "skills": got 77/,
  );
  assert.throws(
    species((rows) => patch(rows, 2, { skills: [] })),
    /a first skill that aims at one foe/,
  );
  assert.throws(
    species((rows) => patch(rows, 2, { skills: [3] })),
    /a first skill that aims at one foe/,
  );
  const drops = [{ item: 99, percent: 1, countMax: 1 }];
  assert.throws(
    species((rows) => patch(rows, 1, { drops })),
    /species, row 2, column "drops": got 99/,
  );
  const few = testTables.rows(speciesTable).slice(0, 3);
  assert.throws(
    () => checkInhabitants(setWith([speciesTable, few])),
    /inhabitants, row \d+, column "species"/,
  );
});

test("[TB11] a battle ends by the tables it began with, the next one begins with the new", () => {
  const tougher = testTables.rows(speciesTable).map((one) => ({ ...one, health: one.health * 2 }));
  const healthOf = (room: TestRoom) => {
    const fighters = [0, 1].map((side) => ({ side, fighter: fighterOf(0, side === 0 ? PERSON : 1) }));
    room.room.onCreate?.(encodeBattleOptions({ isAuto: true, host: 0, fighters }));
    while (room.isOpen) room.step();
    return room.tick;
  };
  const at = { roomId: 1, cell: 0, seed: 5 };
  const before = healthOf(new TestRoom(battle, at));
  const after = healthOf(new TestRoom(battle, { ...at, tables: setWith([speciesTable, tougher]) }));
  assert.ok(after > before, `${before} ticks, then ${after}`);
});
