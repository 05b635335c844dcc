/** The reference games: an open world, and the battles fought in it. */
import type { Game } from "../engine/room/game.js";
import { battle } from "./battle/battle.js";
import { checkBattleTables, itemTable, levelTable, skillTable, speciesTable } from "./battle/tables.js";
import { checkInhabitants, inhabitantTable } from "./open-world/inhabitants.js";
import { openWorld } from "./open-world/open-world.js";

const games: Game = {
  fields: [openWorld],
  rooms: [battle],
  tables: [skillTable, speciesTable, itemTable, levelTable, inhabitantTable],
  checkTables: (tables) => {
    checkBattleTables(tables);
    checkInhabitants(tables);
  },
};
export default games;
