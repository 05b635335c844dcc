import assert from "node:assert/strict";
import { test } from "node:test";
import { Walk } from "./behaviour.js";

const STEP_MS = 100;
/** Five meters a second, as the benches' field has it, for the 127 of a full step. */
const METERS_PER_STEP = 0.5 / 127;

test("[BO15] bots that gather walk all the time and never leave the cell in the middle", () => {
  for (const cells of [3, 4]) {
    const world = { widthCells: cells, heightCells: cells, cellSizeMeters: 24, owners: new Uint8Array(0) };
    const middle = (Math.floor(cells / 2) + 0.5) * world.cellSizeMeters;
    for (let seed = 1; seed <= 20; seed++) {
      const walk = new Walk({ behaviour: "gather", world, seed });
      const place = { x: middle - 5, y: middle + 5 };
      for (let step = 0; step < 600; step++) {
        walk.step(step * STEP_MS, place);
        assert.ok(walk.dx !== 0 || walk.dy !== 0, `seed ${seed}, step ${step}: stands still`);
        place.x += walk.dx * METERS_PER_STEP;
        place.y += walk.dy * METERS_PER_STEP;
        const outside = Math.max(Math.abs(place.x - middle), Math.abs(place.y - middle));
        assert.ok(outside < world.cellSizeMeters / 2, `seed ${seed}, step ${step}: ${outside} m out`);
      }
    }
  }
});
