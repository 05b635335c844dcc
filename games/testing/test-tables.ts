/** The shipped tables, for tests and benches that run games without an engine. */
import type { TableRows, TableSpec } from "../../engine/room/game.js";
import { shippedTables, type TableSet } from "../../engine/room/game-tables.js";
import games from "../games.js";

export const testTables: TableSet = shippedTables({
  list: games.tables ?? [],
  checks: [(tables: TableRows) => games.checkTables?.(tables)],
});

/** What a context gives games, of the shipped tables. */
export const testTable = {
  table: <Row>(spec: TableSpec<Row>): readonly Row[] => testTables.rows(spec),
};
