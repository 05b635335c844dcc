/**
 * The walking field with a game on top that costs something: everybody looks at who is near and strays from the crowd's
 * middle, as creatures do that flock. So the shard has more to do for a client than the network thread has.
 */
import { type Field, type FieldContext, type FieldType, type Game, NO_ROW } from "../../engine/room/game.js";
import { walkField } from "../games-world.js";

const LOOK_METERS = 20;
/** So many that a client costs the shard several microseconds, and the network thread a fraction of that. */
const LOOKS = 12;
const FOUND_MAX = 64;
/** So little that everybody goes on walking as they asked. */
const STRAY_METERS = 1e-4;

class ThinkingField implements Field {
  readonly #context: FieldContext;
  readonly #walk: Field;
  readonly #found = new Int32Array(FOUND_MAX);

  constructor(context: FieldContext) {
    this.#context = context;
    this.#walk = walkField.create(context);
  }

  onMove(...move: Parameters<NonNullable<Field["onMove"]>>): void {
    this.#walk.onMove?.(...move);
  }

  onIntent(): void {}

  onTick(): void {
    this.#walk.onTick();
    const { awakeCells, awakeCount, entities } = this.#context;
    const { first, next } = entities;
    for (let index = 0; index < awakeCount; index++) {
      for (let row = first[awakeCells[index]!]!; row !== NO_ROW; row = next[row]!) {
        if (!entities.isGhost(row)) this.#think(row);
      }
    }
  }

  #think(row: number): void {
    const { x, y } = this.#context.entities;
    for (let look = 0; look < LOOKS; look++) {
      const count = this.#context.near(x[row]!, y[row]!, LOOK_METERS, this.#found);
      let away = 0;
      for (let index = 0; index < count; index++) away += x[row]! - x[this.#found[index]!]!;
      x[row] = Math.max(0, x[row]! + (away > 0 ? STRAY_METERS : -STRAY_METERS));
    }
  }
}

const field: FieldType = {
  ...walkField,
  name: "bench-thinking",
  create: (context) => new ThinkingField(context),
};

const game: Game = { fields: [field], rooms: [] };
export default game;
