/** Who lives where: by remoteness, how many of a hundred creatures are of which species. */
import type { TableRows, TableSpec } from "../../engine/room/game.js";
import { PERSON, speciesTable } from "../battle/tables.js";
import { badCell, type Columns, integer, number, parseRows } from "../table-columns.js";
import { shippedTable } from "../table-files.js";

export interface Inhabitant {
  /** The zone: as remote as this at most, and more than the zone before. Rows of one zone stand together. */
  readonly below: number;
  readonly species: number;
  readonly percent: number;
}

/** Beyond the remotest point of any world. */
const BELOW_MAX = 2;

const columns: Columns<Inhabitant> = {
  below: number(0, BELOW_MAX),
  species: integer(PERSON + 1, 255),
  percent: integer(1, 100),
};

export const inhabitantTable: TableSpec<Inhabitant> = {
  name: "inhabitants",
  file: shippedTable("inhabitants"),
  parse: (json) => {
    const rows = parseRows(json, columns, 256);
    let percent = 0;
    for (const [at, one] of rows.entries()) {
      percent += one.percent;
      const next = rows[at + 1]?.below;
      if (next === one.below) continue;
      if (percent !== 100)
        throw badCell({
          row: at + 1,
          column: "percent",
          got: percent,
          want: `100 in all of the zone below ${one.below}`,
        });
      percent = 0;
      if (next === undefined ? one.below !== BELOW_MAX : next < one.below)
        throw badCell({
          row: next === undefined ? at + 1 : at + 2,
          column: "below",
          got: next ?? one.below,
          want: next === undefined ? `${BELOW_MAX}: the last zone has no end` : `more than ${one.below}`,
        });
    }
    return rows;
  },
};

/** @throws Error that names row, column, got and want */
export function checkInhabitants(tables: TableRows): void {
  const species = tables.rows(speciesTable);
  for (const [at, one] of tables.rows(inhabitantTable).entries()) {
    if (one.species < species.length) continue;
    const want = `a species: 1..${species.length - 1}`;
    throw new Error(
      `table inhabitants, ${badCell({ row: at + 1, column: "species", got: one.species, want }).message}`,
    );
  }
}

/** The species of who lives as far out as that, by a roll in [0, 1). */
export function inhabitantAt(rows: readonly Inhabitant[], remote: number, roll: number): number {
  let left = Math.floor(roll * 100);
  for (const { below, species, percent } of rows) {
    if (remote >= below) continue;
    if (left < percent) return species;
    left -= percent;
  }
  // The shares of every zone make a hundred.
  throw new Error(`nobody lives ${remote} far out`);
}
