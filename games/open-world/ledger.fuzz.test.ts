import assert from "node:assert/strict";
import test from "node:test";
import { freshSeed } from "../../engine/prng.js";
import { type PlayerRow, Prng } from "../../engine/room/game.js";
import { testSeed } from "../testing/bodies.js";
import { anyInput, apply, optionsOf, SESSIONS } from "../testing/inputs.js";
import { TestWorld } from "../testing/test-world.js";

/** What somebody owns by kind of item, gold as item 0, without what there is none of. */
function ownedBy({ gold, inventory }: Pick<PlayerRow, "gold" | "inventory">): Map<number, number> {
  const owned = new Map<number, number>([[0, gold]]);
  for (const { item, count } of inventory) owned.set(item, (owned.get(item) ?? 0) + count);
  return owned;
}

const listed = (owned: ReadonlyMap<number, number>) =>
  [...owned].filter(([, count]) => count !== 0).sort(([a], [b]) => a - b);

/** The lines of every player add up to their row, and whoever is playing has just that. */
function check(world: TestWorld): void {
  for (const [playerId, row] of world.store.players) {
    const sum = ownedBy(world.store.opened.get(playerId)!);
    for (const [item, count] of world.store.sumOf(playerId)) sum.set(item, (sum.get(item) ?? 0) + count);
    assert.deepEqual(listed(sum), listed(ownedBy(row)), `${row.name} at tick ${world.tick}`);
  }
  for (let session = 1; session <= SESSIONS; session++) {
    const player = world.find(session)?.member.player;
    if (player === undefined) continue;
    const row = world.store.players.get(player.playerId)!;
    assert.deepEqual([player.experience, listed(ownedBy(player))], [row.experience, listed(ownedBy(row))]);
  }
}

test("[RW2] whatever happens and whoever dies, everybody's ledger adds up to what they own", (t) => {
  const seed = testSeed(freshSeed, (text) => t.diagnostic(text));
  const dice = new Prng(seed);
  const reasons = new Map<string, number>();
  for (let run = 0; run < 6; run++) {
    const world = new TestWorld(optionsOf(dice));
    const lossPercent = dice.below(3) * 5;
    world.isLost = () => dice.below(100) < lossPercent;
    let rows = world.entityRows();
    for (let tick = 0; tick < 600; tick++) {
      for (let count = dice.below(4); count > 0; count--) apply(world, anyInput(dice));
      if (tick % 100 === 0) rows = world.entityRows();
      const fate = dice.below(400);
      if (fate < 4) world.crashShard(dice.below(world.shards.length), { diesInTick: fate < 3 });
      else if (fate === 5) world.restartProcess(rows);
      else world.step();
      check(world);
    }
    for (const { reason } of world.store.ledger) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  for (const reason of ["battle", "potion", "dropped", "given", "gift"])
    assert.ok((reasons.get(reason) ?? 0) > 0, `${reason} happened: ${JSON.stringify([...reasons])}`);
});

test("[RW2] gold that is given is neither made nor lost, whoever dies in between", (t) => {
  const seed = testSeed(freshSeed, (text) => t.diagnostic(text));
  const dice = new Prng(seed);
  const world = new TestWorld({ ...optionsOf(dice), shards: 3, isEmpty: true });
  const goldOf = () => [...world.store.players.values()].reduce((sum, { gold }) => sum + gold, 0);
  for (let session = 1; session <= SESSIONS; session++) {
    while (world.find(session) === undefined) apply(world, { ...anyInput(dice), session });
  }
  const total = goldOf();
  assert.ok(total > 0);
  for (let tick = 0; tick < 1000; tick++) {
    // They walk about and give, and nothing else.
    for (let count = dice.below(6); count > 0; count--) {
      const input = anyInput(dice);
      apply(world, { ...input, what: input.what % 2 === 0 ? 12 : 14, b: input.b % 96 });
    }
    if (dice.below(50) === 0)
      world.crashShard(dice.below(world.shards.length), { diesInTick: dice.below(2) === 0 });
    else world.step();
    check(world);
    assert.ok(goldOf() <= total);
  }
  world.step(100);
  // What still waits is taken by joining again.
  for (let session = 1; session <= SESSIONS; session++) {
    const { player } = world.find(session)!.member;
    world.leave(session);
    world.join(session, world.store.rowOf(player), 1, 1);
  }
  assert.equal(goldOf(), total);
});
