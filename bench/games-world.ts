/**
 * The field that server benches play on: people walk, nothing else happens, so that what is measured is the engine.
 * People begin spread over the whole world.
 */
import {
  type Field,
  type FieldContext,
  type FieldMember,
  type FieldType,
  type Game,
  type Grid,
  hashUnit,
  NO_ROW,
} from "../engine/room/game.js";

const WALK_METERS_PER_SECOND = 5;

class WalkField implements Field {
  readonly #context: FieldContext;

  constructor(context: FieldContext) {
    this.#context = context;
  }

  onMove(member: FieldMember, dx: number, dy: number): void {
    const { entities } = this.#context;
    entities.velocityX[member.row] = (dx / 127) * WALK_METERS_PER_SECOND;
    entities.velocityY[member.row] = (dy / 127) * WALK_METERS_PER_SECOND;
  }

  onIntent(): void {}

  onTick(): void {
    const { entities, awakeCells, awakeCount, grid, tickPeriodMs } = this.#context;
    const { first, next, x, y, velocityX, velocityY } = entities;
    const seconds = tickPeriodMs / 1000;
    const right = grid.widthMeters - 0.01;
    const bottom = grid.heightMeters - 0.01;
    for (let index = 0; index < awakeCount; index++) {
      for (let row = first[awakeCells[index]!]!; row !== NO_ROW; row = next[row]!) {
        if (entities.isGhost(row)) continue;
        x[row] = Math.min(Math.max(x[row]! + velocityX[row]! * seconds, 0), right);
        y[row] = Math.min(Math.max(y[row]! + velocityY[row]! * seconds, 0), bottom);
      }
    }
  }
}

/** Anywhere in the world. */
function spawn(grid: Grid, seed: number): { readonly x: number; readonly y: number } {
  return { x: hashUnit(seed, 1) * grid.widthMeters, y: hashUnit(seed, 2) * grid.heightMeters };
}

export const walkField: FieldType = {
  name: "bench-walk",
  // A numbered intent that only has to arrive, once and in order.
  intents: [{ kind: 4, name: "touch", schema: null, perSecond: 100, burst: 200 }],
  columns: {},
  spawn,
  create: (context) => new WalkField(context),
};

const game: Game = { fields: [walkField], rooms: [] };
export default game;
