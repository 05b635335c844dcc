/** How rows move: velocities, steps, the edge of the world. */
import type { FieldContext } from "../../engine/room/game.js";
import type { Rows } from "./rows.js";

/** Sixteen directions around the compass: sine and cosine differ between engine versions, a table does not. */
export const directions: readonly (readonly [number, number])[] = [
  [1, 0],
  [0.92388, 0.382683],
  [Math.SQRT1_2, Math.SQRT1_2],
  [0.382683, 0.92388],
  [0, 1],
  [-0.382683, 0.92388],
  [-Math.SQRT1_2, Math.SQRT1_2],
  [-0.92388, 0.382683],
  [-1, 0],
  [-0.92388, -0.382683],
  [-Math.SQRT1_2, -Math.SQRT1_2],
  [-0.382683, -0.92388],
  [0, -1],
  [0.382683, -0.92388],
  [Math.SQRT1_2, -Math.SQRT1_2],
  [0.92388, -0.382683],
];

/** A frame can tell a step of 127/2048 of a cell; a little less, so that rounding has room. */
const STEP_PER_CELL_MAX = 120 / 2048;
/** The world ends a hair before its edge, so that every point is in a cell. */
const EDGE_METERS = 0.01;

/** The fastest anybody may go, in meters per second. */
export function speedMax(context: FieldContext): number {
  return (context.grid.cellSizeMeters * STEP_PER_CELL_MAX * 1000) / context.tickPeriodMs;
}

/** Sets a row walking towards (dx, dy), any length but zero; zero stops it. */
export function setWalk(rows: Rows, row: number, dx: number, dy: number, speed: number): void {
  const { velocityX, velocityY, heading } = rows.entities;
  const length = Math.sqrt(dx * dx + dy * dy);
  if (length === 0) {
    velocityX[row] = 0;
    velocityY[row] = 0;
    return;
  }
  velocityX[row] = (dx / length) * speed;
  velocityY[row] = (dy / length) * speed;
  heading[row] = headingOf(dx, dy);
}

/** Walks a row for one tick. */
export function step(context: FieldContext, rows: Rows, row: number): void {
  const { x, y, velocityX, velocityY } = rows.entities;
  if (velocityX[row] === 0 && velocityY[row] === 0) return;
  const seconds = context.tickPeriodMs / 1000;
  x[row] = within(x[row]! + velocityX[row]! * seconds, context.grid.widthMeters);
  y[row] = within(y[row]! + velocityY[row]! * seconds, context.grid.heightMeters);
}

function within(at: number, length: number): number {
  return Math.min(Math.max(at, EDGE_METERS), length - EDGE_METERS);
}

/** 0..255 around the compass, to an eighth: 0 is east, 64 south (y grows downwards). */
function headingOf(dx: number, dy: number): number {
  const ax = Math.abs(dx);
  const ay = Math.abs(dy);
  // Beyond 22.5° from an axis (tangent 0.4142) it is a diagonal.
  if (ay <= ax * 0.4142) return dx >= 0 ? 0 : 128;
  if (ax <= ay * 0.4142) return dy >= 0 ? 64 : 192;
  if (dy >= 0) return dx >= 0 ? 32 : 96;
  return dx >= 0 ? 224 : 160;
}
