import assert from "node:assert/strict";
import test from "node:test";
import { freshSeed } from "../../engine/prng.js";
import { Prng } from "../../engine/room/game.js";
import { testSeed } from "../testing/bodies.js";
import { anyInput, apply, optionsOf, SESSIONS } from "../testing/inputs.js";
import { HZ } from "../testing/scene.js";
import { TestWorld } from "../testing/test-world.js";
import { DEAD_SECONDS, ENGAGING_SECONDS, SILENCE_SECONDS } from "./engagement.js";
import { BATTLE, ENGAGING } from "./rows.js";

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
    let rows = world.entityRows();
    for (let tick = 0; tick < 600; tick++) {
      for (let count = dice.below(3); count > 0; count--) apply(world, anyInput(dice));
      if (tick % 100 === 0) rows = world.entityRows();
      const fate = dice.below(400);
      if (fate < 2) world.restartShard(dice.below(world.shards.length));
      else if (fate < 4) world.crashShard(dice.below(world.shards.length), { diesInTick: fate === 2 });
      else if (fate === 4) world.restartProcess(rows);
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
