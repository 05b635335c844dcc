/** Worlds made by hand for the open world's tests: who stands where, and what has become of them. */
import assert from "node:assert/strict";
import type { PlayerRow } from "../../engine/room/game.js";
import { battle } from "../battle/battle.js";
import { openWorld, openWorldIntents } from "../open-world/open-world.js";
import { FREE } from "../open-world/rows.js";
import { challengeBody, playerOf } from "./bodies.js";
import { TestWorld, type TestWorldOptions } from "./test-world.js";

export const SLIME = 1;
export const BOAR = 2;
export const WOLF = 3;
export const GOLEM = 4;
export const WRAITH = 5;
export const HZ = 20;

export function open(options: Partial<TestWorldOptions> = {}): TestWorld {
  const size = { widthCells: 8, heightCells: 8 };
  return new TestWorld({
    field: openWorld,
    rooms: [battle],
    ...size,
    seed: 11,
    shards: 1,
    isEmpty: true,
    ...options,
  });
}

/** Border of the two shards of a world of eight columns of 24 meters. */
export const BORDER = 96;

/** A person who is not immune any more. */
export function enter(
  world: TestWorld,
  session: number,
  x: number,
  y: number,
  more: Partial<PlayerRow> = {},
): void {
  world.join(session, playerOf(session, more), x, y);
  const { shard, row } = world.entity(session)!;
  shard.entities.state[row] = FREE;
  world.step();
}

/** A creature at home where it stands. */
export function put(world: TestWorld, kind: number, x: number, y: number, level = 1): number {
  const shard = world.at(x, y);
  const { entities } = shard;
  const cell = Math.floor(y / 24) * world.grid.widthCells + Math.floor(x / 24);
  const row = shard.addCreature(cell, 100 + shard.entities.count, x, y);
  entities.kind[row] = kind;
  entities.level[row] = level;
  entities.health[row] = 255;
  entities.column("homeX", "f64")[row] = x;
  entities.column("homeY", "f64")[row] = y;
  return entities.id[row]!;
}

export const stateOf = (world: TestWorld, id: number) => {
  const { shard, row } = world.entity(id)!;
  return shard.entities.state[row]!;
};
export const placeOf = (world: TestWorld, id: number) => {
  const { shard, row } = world.entity(id)!;
  return [shard.entities.x[row]!, shard.entities.y[row]!] as const;
};
export const roomOf = (world: TestWorld, id: number) => {
  const { shard, row } = world.entity(id)!;
  return shard.entities.column("room", "u32")[row]!;
};
export const challenge = (world: TestWorld, session: number, target: number, seq = 1) =>
  world.intent(session, openWorldIntents.challenge, challengeBody(target), seq);
export const codes = (world: TestWorld, session: number) =>
  world.refused.filter((refused) => refused.session === session).map(({ code }) => code);

/** Steps until something holds, for at most so many seconds of the world. */
export function stepUntil(world: TestWorld, holds: () => boolean, seconds: number): void {
  for (let tick = 0; tick < seconds * HZ; tick++) {
    if (holds()) return;
    world.step();
  }
  assert.ok(holds(), `after ${seconds} seconds`);
}
