import assert from "node:assert/strict";
import test from "node:test";
import { createGrid, isCreatureId, refusals } from "../../engine/room/game.js";
import { experienceFor as experienceOf, goldFor as goldOf, PERSON, speciesTable } from "../battle/tables.js";
import { autoBattleBody, dropItemBody, noBody, playerOf } from "../testing/bodies.js";
import {
  BOAR,
  BORDER,
  challenge,
  codes,
  enter,
  GOLEM,
  HZ,
  open,
  placeOf,
  put,
  roomOf,
  SLIME,
  stateOf,
  stepUntil,
  WOLF,
  WRAITH,
} from "../testing/scene.js";
import { itemIds } from "../testing/shipped-ids.js";
import { testTables } from "../testing/test-tables.js";
import type { TestWorld } from "../testing/test-world.js";
import { isCommons, remoteness } from "./commons.js";
import { CONTACT_METERS } from "./creatures.js";
import {
  DEAD_SECONDS,
  ENGAGING_SECONDS,
  IMMUNE_SECONDS,
  REACH_METERS,
  SILENCE_SECONDS,
} from "./engagement.js";
import { openWorld, openWorldIntents } from "./open-world.js";
import { openWorldRefusals as no } from "./refusals.js";
import { addItem, INVENTORY_STACKS_MAX, STACK_COUNT_MAX } from "./rewards.js";
import { BATTLE, CHASING, DEAD, ENGAGING, FREE, IMMUNE } from "./rows.js";

const speciesOf = (kind: number) => testTables.rows(speciesTable)[kind]!;
const experienceFor = (kind: number, level: number) => experienceOf(speciesOf(kind), level);
const goldFor = (kind: number, level: number) => goldOf(speciesOf(kind), level);

test("[OP1] the same creatures live in a world whatever shards it has, about one a cell", () => {
  const options = { isEmpty: false, widthCells: 32, entitiesMax: 2000 };
  const one = open(options);
  const four = open({ ...options, shards: 4 });
  const listed = (world: TestWorld) =>
    world.shards
      .flatMap((shard) =>
        [...shard.rowsInUse()]
          .filter((row) => !shard.entities.isGhost(row))
          .map((row) => {
            const { id, x, y, kind, level, look } = shard.entities;
            return [id[row]!, x[row]!, y[row]!, kind[row]!, level[row]!, look[row]!];
          }),
      )
      .sort((a, b) => a[0]! - b[0]!);
  const all = listed(one);
  assert.deepEqual(listed(four), all);
  const perCell = all.length / one.grid.cellCount;
  assert.ok(perCell > 0.8 && perCell < 1.2, `${perCell} per cell`);
  assert.ok(new Set(all.map(([, , , kind]) => kind)).size >= 5, "several species");
});

test("[OP1] the commons have slimes and a few boars of level 1, and nothing aggressive lives near; levels rise away from them", () => {
  const found = { commons: new Set<number>(), near: new Set<number>(), far: new Set<number>() };
  const levels = { commons: [] as number[], near: [] as number[], far: [] as number[] };
  const size = { widthCells: 40, heightCells: 40, entitiesMax: 4000 };
  for (let seed = 0; seed < 10; seed++) {
    const world = open({ ...size, isEmpty: false, seed });
    const { grid } = world;
    const { x, y, kind, level } = world.shards[0]!.entities;
    for (const row of world.shards[0]!.rowsInUse()) {
      const remote = remoteness(grid, x[row]!, y[row]!);
      const where = isCommons(grid, x[row]!, y[row]!) ? "commons" : remote < 0.15 ? "near" : "far";
      found[where].add(kind[row]!);
      levels[where].push(level[row]!);
    }
  }
  assert.deepEqual([...found.commons].sort(), [SLIME, BOAR]);
  assert.deepEqual(new Set(levels.commons), new Set([1]));
  for (const kind of found.near) assert.ok(!speciesOf(kind).isAggressive);
  assert.deepEqual([...found.far].sort(), [SLIME, BOAR, WOLF, GOLEM, WRAITH]);
  const mean = (all: number[]) => all.reduce((sum, level) => sum + level, 0) / all.length;
  assert.ok(mean(levels.near) < 5 && mean(levels.far) > mean(levels.near) + 5);
  assert.ok(Math.max(...levels.far) >= 20);
});

test("[OP1] a world too large for its shards keeps half the room for people", () => {
  const { entities } = open({ isEmpty: false, widthCells: 40, heightCells: 40 }).shards[0]!;
  assert.ok(entities.count > entities.capacity / 2 - 3 && entities.count <= entities.capacity / 2);
});

test("[OP18] creatures lost with a shard live on at home, each once", () => {
  const world = open({ isEmpty: false, shards: 2 });
  const creatures = () =>
    world.shards
      .flatMap((shard) =>
        [...shard.rowsInUse()]
          .filter((row) => !shard.entities.isGhost(row))
          .map((row) => shard.entities.id[row]!),
      )
      .sort((a, b) => a - b);
  const before = creatures();
  // One of each shard has strayed over the border.
  for (const [from, x] of [
    [0, BORDER + 10],
    [1, BORDER - 10],
  ] as const) {
    const { entities } = world.shards[from]!;
    const row = [...world.shards[from]!.rowsInUse()].find((one) => !entities.isGhost(one))!;
    entities.x[row] = x;
  }
  world.step();
  assert.deepEqual(creatures(), before);
  for (const shard of [0, 1, 0]) {
    world.restartShard(shard);
    assert.deepEqual(creatures(), before);
    world.step();
  }
});

test("[OP2] people walk as fast in every direction, stop at the edge, and a step fits a frame", () => {
  const world = open();
  enter(world, 1, 50, 50);
  enter(world, 2, 1, 1);
  world.move(1, 127, 127);
  world.move(2, -127, -3);
  const before = placeOf(world, 1);
  world.step(HZ);
  const [x, y] = placeOf(world, 1);
  const meters = Math.sqrt((x - before[0]) ** 2 + (y - before[1]) ** 2);
  assert.ok(Math.abs(meters - speciesOf(PERSON).speed) < 0.001, `${meters} m in a second`);
  assert.ok(placeOf(world, 2)[0] > 0 && placeOf(world, 2)[0] < 0.1);
  world.move(1, 0, 0);
  const still = placeOf(world, 1);
  world.step(3);
  assert.deepEqual(placeOf(world, 1), still);
  const { velocityX } = world.entity(1)!.shard.entities;
  assert.ok(Math.max(...velocityX) / HZ < (24 / 2048) * 127);
});

test("[OP2] who loses the socket stops walking", () => {
  const world = open();
  enter(world, 1, 50, 50);
  world.move(1, 127, 0);
  world.setSuspended(1, true);
  const before = placeOf(world, 1);
  world.step(HZ);
  assert.deepEqual(placeOf(world, 1), before);
});

for (const [where, x] of [
  ["on one shard", 40],
  ["across the border of two", BORDER - 2],
] as const) {
  test(`[OP3] a challenge opens a battle with both in it, ${where}`, () => {
    const world = open({ shards: 2 });
    enter(world, 1, x, 50);
    const slime = put(world, SLIME, x + 4, 50);
    world.step();
    challenge(world, 1, slime);
    assert.equal(stateOf(world, 1), ENGAGING);
    stepUntil(world, () => stateOf(world, 1) === BATTLE && stateOf(world, slime) === BATTLE, 1);
    assert.equal(roomOf(world, 1), roomOf(world, slime));
    const place = placeOf(world, 1);
    world.move(1, 127, 0);
    world.step(HZ);
    assert.deepEqual(placeOf(world, 1), place, "who fights stands");
    stepUntil(world, () => world.results.length === 1, 60);
    world.step(2);
    assert.deepEqual(
      world.results[0]!.fighters.map(({ outcome }) => outcome),
      ["lost", "won"],
    );
    assert.equal(stateOf(world, slime), DEAD);
    assert.equal(stateOf(world, 1), IMMUNE);
    assert.deepEqual(world.refused, []);
  });
}

test("[OP4] every challenge that cannot be is refused by its own code", () => {
  const world = open({ shards: 2 });
  enter(world, 1, 50, 50);
  enter(world, 2, 53, 50);
  const far = put(world, SLIME, 50 + REACH_METERS + 1, 50);
  const near = put(world, SLIME, 51, 51);
  const codeOf = (target: number) => {
    world.refused = [];
    challenge(world, 1, target, 5);
    world.step(3);
    assert.equal(stateOf(world, 1), FREE);
    assert.equal(world.refused[0]?.seq, 5);
    return world.refused[0]?.code;
  };
  const set = (id: number, state: number) => {
    const { shard, row } = world.entity(id)!;
    shard.entities.state[row] = state;
    shard.entities.column("until", "u32")[row] = world.tick + 100;
  };
  assert.equal(codeOf(1), no.oneself.code);
  assert.equal(codeOf(12345), refusals.noSuchEntity.code);
  assert.equal(codeOf(far), no.tooFar.code);
  set(near, DEAD);
  assert.equal(codeOf(near), no.targetDead.code);
  set(near, IMMUNE);
  assert.equal(codeOf(near), no.targetImmune.code);
  set(near, ENGAGING);
  assert.equal(codeOf(near), no.targetBusy.code);
  world.shards[0]!.roomsMax = 0;
  assert.equal(codeOf(2), refusals.tooManyRooms.code);
  world.shards[0]!.roomsMax = 10;
  challenge(world, 1, 2);
  challenge(world, 1, near);
  assert.equal(world.refused.at(-1)?.code, no.busy.code);
});

test("[OP5] an aggressive creature sees people near it, chases, catches and fights them, over a border too", () => {
  const world = open({ shards: 2 });
  enter(world, 1, BORDER - 3, 50);
  const wolf = put(world, WOLF, BORDER + 3, 50);
  stepUntil(world, () => stateOf(world, wolf) === CHASING, 3);
  stepUntil(world, () => stateOf(world, wolf) === BATTLE && stateOf(world, 1) === BATTLE, 5);
  assert.equal(roomOf(world, 1), roomOf(world, wolf));
  const [[ax, ay], [bx, by]] = [placeOf(world, 1), placeOf(world, wolf)];
  assert.ok(Math.sqrt((ax - bx) ** 2 + (ay - by) ** 2) <= CONTACT_METERS);
});

test("[OP5] a creature gives up a chase too far from home, and goes back", () => {
  const world = open();
  enter(world, 1, 60, 100);
  const wolf = put(world, WOLF, 66, 100);
  stepUntil(world, () => stateOf(world, wolf) === CHASING, 3);
  world.move(1, 127, 0);
  const { shard, row } = world.entity(1)!;
  shard.entities.x[row] = 73;
  stepUntil(world, () => stateOf(world, wolf) === FREE, 20);
  world.leave(1);
  stepUntil(world, () => Math.abs(placeOf(world, wolf)[0] - 66) < 7, 20);
});

test("[OP5] creatures leave the immune alone, and slimes everybody", () => {
  const world = open();
  world.join(1, playerOf(1), 50, 50);
  const wolf = put(world, WOLF, 53, 50);
  enter(world, 2, 150, 150);
  const slime = put(world, SLIME, 151, 150);
  for (let tick = 0; tick < (IMMUNE_SECONDS - 1) * HZ; tick++) {
    world.step();
    assert.equal(stateOf(world, wolf), FREE);
  }
  assert.equal(stateOf(world, slime), FREE);
  assert.equal(stateOf(world, 2), FREE);
});

test("[OP6] a battle is joined by challenging who is in it, from a third shard as well", () => {
  const world = open({ shards: 8 });
  // Columns of 24 m are shards: the challenged stands in one, the challenger in the next, the joiner in a third.
  const slime = put(world, SLIME, 46, 50, 8);
  enter(world, 1, 49, 50);
  enter(world, 2, 72.5, 50);
  const { shard, row } = world.entity(1)!;
  challenge(world, 1, slime);
  stepUntil(world, () => stateOf(world, 1) === BATTLE, 1);
  // The challenger is in reach of the joiner, and in a battle that another shard has.
  shard.entities.x[row] = 71;
  world.step();
  assert.notEqual(world.entity(1)!.shard, world.entity(2)!.shard);
  assert.notEqual(world.entity(1)!.shard, world.entity(slime)!.shard);
  challenge(world, 2, 1);
  stepUntil(world, () => stateOf(world, 2) === BATTLE, 2);
  assert.equal(roomOf(world, 2), roomOf(world, slime));
  stepUntil(world, () => world.results.length === 1, 120);
  const sides = world.results[0]!.fighters.map(({ name, side }) => [name, side]);
  assert.deepEqual(sides, [
    ["slime", 0],
    ["player 1", 1],
    ["player 2", 0],
  ]);
});

test("[OP7] two who challenge one another at once get one battle", () => {
  for (const x of [40, BORDER - 2]) {
    const world = open({ shards: 2 });
    enter(world, 1, x, 50);
    enter(world, 2, x + 4, 50);
    challenge(world, 1, 2);
    challenge(world, 2, 1);
    stepUntil(world, () => stateOf(world, 1) === BATTLE && stateOf(world, 2) === BATTLE, 1);
    world.step(HZ);
    assert.equal(world.shards.flatMap(({ rooms }) => [...rooms]).length, 1);
    assert.equal(roomOf(world, 1), roomOf(world, 2));
    assert.deepEqual(world.refused, []);
  }
});

test("[OP8] winners get their gains, and creatures come back where they live", () => {
  const world = open();
  enter(world, 1, 50, 50, { experience: 290, level: 2 });
  const slime = put(world, SLIME, 52, 50, 2);
  challenge(world, 1, slime);
  stepUntil(world, () => world.results.length === 1, 60);
  world.step(3);
  const { player } = world.find(1)!.member;
  assert.equal(world.results[0]!.winningSide, 1);
  assert.equal(player.experience, 290 + experienceFor(SLIME, 2));
  assert.equal(player.level, 3);
  assert.equal(player.gold, goldFor(SLIME, 2));
  assert.equal(player.version, 1, "saved once");
  const { shard, row } = world.entity(1)!;
  assert.equal(shard.entities.level[row], 3);
  assert.ok(shard.entities.health[row]! < 255);
  assert.equal(stateOf(world, slime), DEAD);
  world.step((DEAD_SECONDS - 1) * HZ);
  assert.equal(stateOf(world, slime), DEAD);
  world.step(2 * HZ);
  assert.equal(stateOf(world, slime), FREE);
  const [x, y] = placeOf(world, slime);
  assert.ok(Math.abs(x - 52) < 3 && Math.abs(y - 50) < 3);
});

test("[OP8] losers find themselves in the commons, whole again and a little poorer", () => {
  const world = open();
  enter(world, 1, 10, 10, { gold: 1000, inventory: [{ item: itemIds.ore, count: 3 }] });
  const wraith = put(world, WRAITH, 12, 10, 9);
  challenge(world, 1, wraith);
  stepUntil(world, () => world.results.length === 1, 60);
  world.step(3);
  const { player } = world.find(1)!.member;
  assert.deepEqual([player.gold, player.experience, player.inventory.length], [950, 0, 1]);
  const [x, y] = placeOf(world, 1);
  assert.ok(isCommons(world.grid, x, y));
  const { shard, row } = world.entity(1)!;
  assert.equal(shard.entities.health[row], 255);
  assert.equal(stateOf(world, 1), IMMUNE);
  assert.equal(stateOf(world, wraith), IMMUNE);
  world.step((IMMUNE_SECONDS + 1) * HZ);
  assert.equal(stateOf(world, 1), FREE);
});

test("[OP9] items fill stacks, then places; what finds none is refused by name and not granted", () => {
  const inventory = [{ item: 1, count: STACK_COUNT_MAX - 1 }];
  assert.equal(addItem(inventory, 1, 2), 0);
  assert.deepEqual(inventory, [
    { item: 1, count: STACK_COUNT_MAX },
    { item: 1, count: 1 },
  ]);
  const world = open();
  const full = Array.from({ length: INVENTORY_STACKS_MAX }, () => ({ item: 999, count: 1 }));
  // Sooner or later something drops.
  for (let session = 1; codes(world, session - 1).length === 0; session++) {
    assert.ok(session < 20, "something drops");
    const x = 10 + session * 8;
    enter(world, session, x, 50, { level: 10, experience: 4500, inventory: full.slice() });
    const slime = put(world, SLIME, x + 2, 50);
    challenge(world, session, slime);
    stepUntil(world, () => world.results.length === session, 60);
    world.step(3);
    const { inventory: after } = world.find(session)!.member.player;
    assert.deepEqual(after, full);
  }
  assert.equal(world.refused[0]!.code, refusals.inventoryFull.code);
  assert.equal(world.refused[0]!.seq, 0);
});

test("[OP10] things can be thrown away and potions drunk, if one has them and needs them", () => {
  const world = open();
  enter(world, 1, 50, 50, {
    inventory: [
      { item: itemIds.potion, count: 2 },
      { item: itemIds.ore, count: 7 },
    ],
  });
  const { shard, row } = world.entity(1)!;
  const { player } = world.find(1)!.member;
  world.intent(1, openWorldIntents.usePotion, noBody);
  assert.deepEqual(codes(world, 1), [no.healthFull.code]);
  shard.entities.health[row] = 100;
  world.intent(1, openWorldIntents.usePotion, noBody);
  assert.equal(shard.entities.health[row], 228);
  assert.deepEqual(player.inventory[0], { item: itemIds.potion, count: 1 });
  world.intent(1, openWorldIntents.dropItem, dropItemBody(itemIds.ore));
  assert.deepEqual(player.inventory, [{ item: itemIds.potion, count: 1 }]);
  world.intent(1, openWorldIntents.usePotion, noBody);
  world.intent(1, openWorldIntents.dropItem, dropItemBody(itemIds.potion));
  assert.deepEqual(player.inventory, []);
  assert.equal(codes(world, 1).at(-1), no.itemNotHeld.code);
  assert.equal(player.version, 3);
});

test("[OP10] health comes back in peace", () => {
  const world = open();
  enter(world, 1, 50, 50);
  const { shard, row } = world.entity(1)!;
  shard.entities.health[row] = 100;
  world.step(10 * HZ);
  assert.equal(shard.entities.health[row], 130);
});

test("[OP11] a character fights creatures of one's choice by itself, and the gains are real", () => {
  const world = open();
  enter(world, 1, 50, 50, { level: 5, experience: 1000 });
  world.intent(1, openWorldIntents.autoBattle, autoBattleBody(SLIME, 2));
  assert.equal(stateOf(world, 1), BATTLE);
  const [room] = [...world.shards[0]!.rooms.values()];
  assert.deepEqual([...room!.members.keys()], [1]);
  stepUntil(world, () => world.results.length === 1, 61);
  world.step(3);
  assert.equal(world.results[0]!.winningSide, 0);
  assert.ok(world.find(1)!.member.player.experience > 1000);
  for (const [kind, count] of [
    [99, 1],
    [SLIME, 0],
    [SLIME, 9],
  ] as const) {
    world.refused = [];
    world.intent(1, openWorldIntents.autoBattle, autoBattleBody(kind, count));
    assert.deepEqual(codes(world, 1), [no.autoBattleInvalid.code]);
  }
  world.intent(1, openWorldIntents.autoBattle, autoBattleBody(0, 3));
  assert.equal(stateOf(world, 1), BATTLE);
  world.intent(1, openWorldIntents.autoBattle, autoBattleBody(0, 3));
  assert.equal(codes(world, 1).at(-1), no.busy.code);
});

test("[OP12] who gets no answer to a challenge is free again after some seconds", () => {
  const world = open({ shards: 2 });
  enter(world, 1, 50, 50);
  enter(world, 2, 52, 50);
  world.isLost = () => true;
  challenge(world, 1, 2, 8);
  world.step(ENGAGING_SECONDS * HZ - 1);
  assert.equal(stateOf(world, 1), ENGAGING);
  world.step(2);
  assert.equal(stateOf(world, 1), FREE);
  assert.deepEqual(world.refused, [{ session: 1, seq: 8, code: no.noAnswer.code }]);
});

test("[OP12] who hears nothing more of a battle is free again", () => {
  const world = open();
  enter(world, 1, 50, 50);
  const slime = put(world, SLIME, 52, 50);
  challenge(world, 1, slime);
  stepUntil(world, () => stateOf(world, 1) === BATTLE && stateOf(world, slime) === BATTLE, 2);
  // The room is gone, and nobody says so.
  world.shards[0]!.rooms.clear();
  world.step((SILENCE_SECONDS - 1) * HZ);
  assert.equal(stateOf(world, 1), BATTLE);
  world.step(2 * HZ);
  assert.equal(stateOf(world, 1), FREE);
  assert.equal(stateOf(world, slime), FREE);
});

test("[OP12] who is free and hears of a battle of theirs is back in it", () => {
  const world = open();
  enter(world, 1, 50, 50);
  const slime = put(world, SLIME, 52, 50);
  challenge(world, 1, slime);
  stepUntil(world, () => stateOf(world, slime) === BATTLE, 2);
  const { shard, row } = world.entity(slime)!;
  // As after a restart of its shard, which opens the cell afresh.
  shard.entities.state[row] = FREE;
  shard.entities.column("room", "u32")[row] = 0;
  stepUntil(world, () => stateOf(world, slime) === BATTLE, 6);
  assert.equal(roomOf(world, slime), roomOf(world, 1));
});

test("[OP13] who is taken up elsewhere by then withdraws, and the battle is not held up", () => {
  const world = open();
  enter(world, 1, 50, 50);
  enter(world, 2, 52, 50);
  challenge(world, 1, 2);
  world.step();
  // Between challenge and answer the challenger has become somebody who cannot fight.
  const { shard, row } = world.entity(1)!;
  shard.entities.state[row] = IMMUNE;
  shard.entities.column("until", "u32")[row] = world.tick + 1000;
  stepUntil(world, () => world.results.length === 1, 5);
  world.step(2);
  assert.equal(stateOf(world, 1), IMMUNE);
  assert.notEqual(stateOf(world, 2), BATTLE);
  const [first, second] = world.results[0]!.fighters;
  assert.deepEqual([first!.outcome, first!.experience, second!.outcome], ["won", 0, "fled"]);
});

test("[OP14] people begin in the commons, each somewhere else, the same place for the same seed", () => {
  const grid = createGrid(24, 24, 24);
  const places = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    const { x, y } = openWorld.spawn(grid, seed);
    assert.ok(isCommons(grid, x, y));
    assert.deepEqual(openWorld.spawn(grid, seed), { x, y });
    places.add(`${Math.round(x)} ${Math.round(y)}`);
  }
  assert.ok(places.size > 150);
  assert.ok(!isCreatureId(1));
});
