/** The commons: the middle of the world, an eighth of it to each side, where people begin and begin again. */
import { type Grid, hashUnit } from "../../engine/room/game.js";

const SHARE = 8;

export function isCommons(grid: Grid, x: number, y: number): boolean {
  return (
    Math.abs(x - grid.widthMeters / 2) <= grid.widthMeters / SHARE &&
    Math.abs(y - grid.heightMeters / 2) <= grid.heightMeters / SHARE
  );
}

/** A point of the commons, the same for the same seed. */
export function spawnPoint(grid: Grid, seed: number): { readonly x: number; readonly y: number } {
  return {
    x: grid.widthMeters * (0.5 + ((hashUnit(seed, 1) - 0.5) * 2) / SHARE),
    y: grid.heightMeters * (0.5 + ((hashUnit(seed, 2) - 0.5) * 2) / SHARE),
  };
}
