/** As games-world, but everybody begins about the middle of the cell in the middle of the world: see the bots' `gather`. */
import { type FieldType, type Game, type Grid, hashUnit } from "../engine/room/game.js";
import { walkField } from "./games-world.js";

/** How far from the middle people begin, along each axis. */
const REACH_CELLS = 0.2;

function spawn(grid: Grid, seed: number): { readonly x: number; readonly y: number } {
  const at = (cells: number, salt: number) =>
    (Math.floor(cells / 2) + 0.5 + (2 * hashUnit(seed, salt) - 1) * REACH_CELLS) * grid.cellSizeMeters;
  return { x: at(grid.widthCells, 1), y: at(grid.heightCells, 2) };
}

const gatherField: FieldType = { ...walkField, name: "bench-gather", spawn };

const game: Game = { fields: [gatherField], rooms: [] };
export default game;
