import assert from "node:assert/strict";
import test from "node:test";
import { freshSeed } from "../../engine/prng.js";
import { Prng } from "../../engine/room/game.js";
import { battle } from "../battle/battle.js";
import { battleIntents } from "../battle/messages.js";
import {
  autoBattleBody,
  challengeBody,
  dropItemBody,
  noBody,
  playerOf,
  testSeed,
  useSkillBody,
} from "../testing/bodies.js";
import { TestWorld, type TestWorldOptions } from "../testing/test-world.js";
import { DEAD_SECONDS, ENGAGING_SECONDS, SILENCE_SECONDS } from "./engagement.js";
import { openWorld, openWorldIntents } from "./open-world.js";
import { BATTLE, ENGAGING } from "./rows.js";

const SESSIONS = 12;
const HZ = 20;

function optionsOf(dice: Prng): TestWorldOptions {
  const size = { widthCells: 6, heightCells: 4 };
  return { field: openWorld, rooms: [battle], ...size, seed: dice.next(), shards: 1 + dice.below(3) };
}

/** One thing that happens from outside, made of numbers so that two worlds can be given the same. */
interface Input {
  readonly what: number;
  readonly session: number;
  readonly a: number;
  readonly b: number;
  readonly roll: number;
}

function anyInput(dice: Prng): Input {
  return {
    what: dice.below(14),
    session: 1 + dice.below(SESSIONS),
    a: dice.below(256),
    b: dice.below(256),
    roll: dice.next(),
  };
}

function apply(world: TestWorld, { what, session, a, b, roll }: Input): void {
  const { shard, member } = world.find(session) ?? {};
  if (shard === undefined || member === undefined) {
    const { widthMeters, heightMeters } = world.grid;
    const gold = a * 10;
    world.join(
      session,
      playerOf(session, { gold, level: 1 + (b % 20) }),
      (a / 256) * widthMeters,
      (b / 256) * heightMeters,
    );
    return;
  }
  switch (what) {
    case 0:
      world.leave(session);
      return;
    case 1:
      world.setSuspended(session, a < 128);
      return;
    case 2:
      world.intent(session, openWorldIntents.autoBattle, autoBattleBody(a % 8, b % 12));
      return;
    case 3:
      world.intent(session, openWorldIntents.dropItem, dropItemBody(roll & 0xffff));
      return;
    case 4:
      world.intent(session, openWorldIntents.usePotion, noBody);
      return;
    case 5:
      world.intent(session, openWorldIntents.challenge, challengeBody(roll >>> (a % 32)));
      return;
    case 6:
    case 7:
      world.roomIntent(session, battleIntents.useSkill, useSkillBody(a % 12, b % 4));
      return;
    case 8:
      if (a < 64) world.roomIntent(session, battleIntents.flee, noBody);
      return;
    case 9:
    case 10:
    case 11:
      // Somebody real: the nearest few in id order.
      challengeNear(world, session, a);
      return;
    default:
      world.move(session, (a % 255) - 127, (b % 255) - 127);
  }
}

function challengeNear(world: TestWorld, session: number, a: number): void {
  const { shard, member } = world.find(session)!;
  const { x, y, id } = shard.entities;
  const around = new Int32Array(16);
  const count = shard.near(x[member.row]!, y[member.row]!, 8, around);
  if (count > 0) world.intent(session, openWorldIntents.challenge, challengeBody(id[around[a % count]!]!));
}

test("[OP15] a world out of a checkpoint goes on exactly as the one it was taken of", (t) => {
  const seed = testSeed(freshSeed, (text) => t.diagnostic(text));
  const dice = new Prng(seed);
  for (let run = 0; run < 4; run++) {
    const options = optionsOf(dice);
    const world = new TestWorld(options);
    const split = 100 + dice.below(300);
    for (let tick = 0; tick < split; tick++) {
      for (let count = dice.below(3); count > 0; count--) apply(world, anyInput(dice));
      world.step();
    }
    const twin = TestWorld.restored(options, world.checkpoint());
    for (let tick = 0; tick < 200; tick++) {
      for (let count = dice.below(3); count > 0; count--) {
        const input = anyInput(dice);
        apply(world, input);
        apply(twin, input);
      }
      world.step();
      twin.step();
      assert.equal(twin.hash(), world.hash(), `run ${run}, tick ${world.tick}`);
    }
  }
});

test("[OP16] nobody stays in a challenge or a battle for ever, whatever is lost, leaves or dies on the way", (t) => {
  const seed = testSeed(freshSeed, (text) => t.diagnostic(text));
  const dice = new Prng(seed);
  for (let run = 0; run < 6; run++) {
    const world = new TestWorld(optionsOf(dice));
    const lossPercent = dice.below(4) * 10;
    world.isLost = () => dice.below(100) < lossPercent;
    let battles = 0;
    for (let tick = 0; tick < 600; tick++) {
      for (let count = dice.below(3); count > 0; count--) apply(world, anyInput(dice));
      if (dice.below(200) === 0) world.restartShard(dice.below(world.shards.length));
      world.step();
      battles += world.results.splice(0).length;
      for (const { code } of world.refused.splice(0)) assert.ok(code > 0);
    }
    assert.ok(battles > 0, "there was fighting");
    // The people go; what is left of battles ends, and then everybody is free in the time their state allows.
    for (let session = 1; session <= SESSIONS; session++) world.leave(session);
    world.step((SILENCE_SECONDS + DEAD_SECONDS + ENGAGING_SECONDS + 2) * HZ);
    for (const shard of world.shards) {
      assert.equal(shard.rooms.size, 0);
      for (const row of shard.rowsInUse()) {
        const state = shard.entities.state[row];
        assert.ok(state !== BATTLE && state !== ENGAGING, `state ${state}`);
      }
    }
  }
});

test("[OP17] gains are given once at most: what people have is what the battles gave", (t) => {
  const seed = testSeed(freshSeed, (text) => t.diagnostic(text));
  const dice = new Prng(seed);
  const world = new TestWorld({ ...optionsOf(dice), shards: 3 });
  const gained = new Map<string, number>();
  /** Steps and notes who is owed what; returns whether a battle ended. */
  const step = () => {
    world.step();
    const results = world.results.splice(0);
    for (const { fighters } of results) {
      for (const { playerId, experience } of fighters) {
        if (playerId !== "") gained.set(playerId, (gained.get(playerId) ?? 0) + experience);
      }
    }
    return results.length > 0;
  };
  for (let tick = 0; tick < 1200; tick++) {
    const input = anyInput(dice);
    // Nobody leaves, so nothing is forgone.
    if (input.what !== 0) apply(world, input);
    step();
  }
  // Until nothing is on its way any more.
  while (step() || step());
  let total = 0;
  for (let session = 1; session <= SESSIONS; session++) {
    const player = world.find(session)?.member.player;
    if (player === undefined) continue;
    assert.equal(player.experience, gained.get(player.playerId) ?? 0);
    total += player.experience;
  }
  assert.ok(total > 0, "somebody won something");
});
