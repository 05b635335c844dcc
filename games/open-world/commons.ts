/** The commons: a small square in the middle of the world, where people begin and begin again. */
import { type Grid, hashUnit } from "../../engine/room/game.js";

/** To each side of the middle: people who begin here see one another. An eighth of the world at most. */
const COMMONS_METERS = 24;

const halfWidth = (grid: Grid) => Math.min(COMMONS_METERS, grid.widthMeters / 8);
const halfHeight = (grid: Grid) => Math.min(COMMONS_METERS, grid.heightMeters / 8);

/** How far out a point is, from 0 anywhere in the commons to 1 at the edge of the world. */
export function remoteness(grid: Grid, x: number, y: number): number {
  const halfX = grid.widthMeters / 2;
  const halfY = grid.heightMeters / 2;
  const outX = (Math.abs(x - halfX) - halfWidth(grid)) / (halfX - halfWidth(grid));
  const outY = (Math.abs(y - halfY) - halfHeight(grid)) / (halfY - halfHeight(grid));
  return Math.max(0, outX, outY);
}

export function isCommons(grid: Grid, x: number, y: number): boolean {
  return remoteness(grid, x, y) === 0;
}

/** A point of the commons, nearer to the middle than not; the same for the same seed. */
export function spawnPoint(grid: Grid, seed: number): { readonly x: number; readonly y: number } {
  return {
    x: grid.widthMeters / 2 + halfWidth(grid) * (hashUnit(seed, 1) + hashUnit(seed, 3) - 1),
    y: grid.heightMeters / 2 + halfHeight(grid) * (hashUnit(seed, 2) + hashUnit(seed, 4) - 1),
  };
}
