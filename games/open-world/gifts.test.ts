import assert from "node:assert/strict";
import test from "node:test";
import { ByteBuffer } from "flatbuffers";
import { refusals } from "../../engine/room/game.js";
import { itemTable } from "../battle/tables.js";
import { giveBody } from "../testing/bodies.js";
import { BORDER, codes, enter, HZ, open, put, SLIME } from "../testing/scene.js";
import { itemIds } from "../testing/shipped-ids.js";
import { testTables } from "../testing/test-tables.js";
import type { TestWorld } from "../testing/test-world.js";
import { REACH_METERS } from "./engagement.js";
import { Gift } from "./generated/gift.js";
import { ANSWER_SECONDS, giftActs, openWorldEvents } from "./gifts.js";
import { openWorld, openWorldIntents } from "./open-world.js";
import { openWorldRefusals as no } from "./refusals.js";
import { INVENTORY_STACKS_MAX } from "./rewards.js";
import { BATTLE, FREE } from "./rows.js";

type GiftWish = Parameters<typeof giveBody>[1];
const give = (world: TestWorld, session: number, entity: number, gift: GiftWish, seq = 1) =>
  world.intent(session, openWorldIntents.give, giveBody(entity, gift), seq);
const playerOf = (world: TestWorld, session: number) => world.find(session)!.member.player;
const linesOf = (world: TestWorld, session: number) => {
  const { playerId } = playerOf(world, session);
  return world.store.ledger
    .filter((line) => line.playerId === playerId)
    .map(({ reason, gold = 0, item = 0, count = 0 }) => [reason, gold, item, count]);
};
const full = () => Array.from({ length: INVENTORY_STACKS_MAX }, () => ({ item: 999, count: 1 }));

/** Two people who can reach one another, the first with things and gold. */
function pair(x: number): TestWorld {
  const world = open({ shards: 2 });
  const inventory = [
    { item: itemIds.potion, count: 5 },
    { item: itemIds.jelly, count: 99 },
    { item: itemIds.jelly, count: 7 },
  ];
  enter(world, 1, x, 50, { gold: 100, inventory });
  enter(world, 2, x + 4, 50);
  return world;
}

const places = [
  ["on one shard", 40],
  ["over a border", BORDER - 2],
] as const;

for (const [where, x] of places) {
  test(`[RW3] gold and things change hands ${where}, with a line on both sides`, () => {
    const world = pair(x);
    give(world, 1, 2, { gold: 30 });
    world.step(4);
    give(world, 1, 2, { item: itemIds.jelly, count: 50 });
    world.step(4);
    assert.deepEqual(world.refused, []);
    assert.deepEqual([playerOf(world, 1).gold, playerOf(world, 2).gold], [70, 30]);
    assert.deepEqual(playerOf(world, 1).inventory, [
      { item: itemIds.potion, count: 5 },
      { item: itemIds.jelly, count: 56 },
    ]);
    assert.deepEqual(playerOf(world, 2).inventory, [{ item: itemIds.jelly, count: 50 }]);
    assert.deepEqual(linesOf(world, 1), [
      ["given", -30, 0, 0],
      ["given", 0, itemIds.jelly, -50],
    ]);
    assert.deepEqual(linesOf(world, 2), [
      ["gift", 30, 0, 0],
      ["gift", 0, itemIds.jelly, 50],
    ]);
    const gifts = world.told.map(({ session, kind, body }) => {
      assert.deepEqual([session, kind], [2, openWorldEvents.gift]);
      const gift = Gift.getRootAsGift(new ByteBuffer(body));
      return [gift.from(), gift.item(), gift.count(), gift.gold()];
    });
    assert.deepEqual(gifts, [
      [1, 0, 0, 30],
      [1, itemIds.jelly, 50, 0],
    ]);
  });

  test(`[RW3] who has left in the meantime finds the gift when they are back, ${where}`, () => {
    const world = pair(x);
    // All but the last message, which is the short way of the grant.
    world.isLost = ({ grantId }) => grantId !== undefined;
    give(world, 1, 2, { gold: 30 });
    world.step(4);
    assert.deepEqual([playerOf(world, 1).gold, playerOf(world, 2).gold], [70, 0]);
    const { player } = world.find(2)!.member;
    world.leave(2);
    world.join(2, world.store.rowOf(player), x, 50);
    assert.equal(playerOf(world, 2).gold, 30);
    world.leave(2);
    world.join(2, world.store.rowOf(player), x, 50);
    assert.equal(playerOf(world, 2).gold, 30, "once");
  });

  test(`[RW4] every gift that cannot be is refused by its own code, ${where}`, () => {
    const world = pair(x);
    enter(world, 3, x + 4, 50, { inventory: full() });
    enter(world, 4, x, 50 - REACH_METERS - 1);
    const slime = put(world, SLIME, x + 1, 51);
    world.step();
    const codeOf = (entity: number, gift: GiftWish) => {
      world.refused = [];
      give(world, 1, entity, gift, 7);
      world.step(4);
      assert.ok(world.refused.every(({ session, seq }) => session === 1 && seq === 7));
      return codes(world, 1);
    };
    assert.deepEqual(codeOf(2, {}), [no.giftInvalid.code]);
    assert.deepEqual(codeOf(2, { item: itemIds.jelly }), [no.giftInvalid.code]);
    assert.deepEqual(codeOf(2, { item: itemIds.jelly, count: 100 }), [no.giftInvalid.code]);
    assert.deepEqual(codeOf(2, { item: itemIds.jelly, count: 1, gold: 1 }), [no.giftInvalid.code]);
    assert.deepEqual(codeOf(2, { count: 1, gold: 1 }), [no.giftInvalid.code]);
    assert.deepEqual(codeOf(1, { gold: 1 }), [no.giftToOneself.code]);
    assert.deepEqual(codeOf(slime, { gold: 1 }), [no.giftToCreature.code]);
    assert.deepEqual(codeOf(77, { gold: 1 }), [refusals.noSuchEntity.code]);
    assert.deepEqual(codeOf(4, { gold: 1 }), [no.tooFar.code]);
    assert.deepEqual(codeOf(2, { gold: 101 }), [no.tooLittleGold.code]);
    assert.deepEqual(codeOf(2, { item: itemIds.ore, count: 1 }), [no.itemNotHeld.code]);
    assert.deepEqual(codeOf(2, { item: itemIds.potion, count: 6 }), [no.tooFewHeld.code]);
    assert.deepEqual(codeOf(3, { item: itemIds.potion, count: 1 }), [no.receiverFull.code]);
    const { shard, row } = world.entity(1)!;
    shard.entities.state[row] = BATTLE;
    shard.entities.column("until", "u32")[row] = world.tick + 100;
    assert.deepEqual(codeOf(2, { gold: 1 }), [no.busy.code]);
    shard.entities.state[row] = FREE;
    assert.deepEqual(world.store.ledger, []);
    assert.equal(playerOf(world, 1).gold, 100);
  });

  test(`[RW5] what the receiver has no room for comes back, and what has none there either is sold, ${where}`, () => {
    for (const isGiverFull of [false, true]) {
      const world = pair(x);
      const [giver, receiver] = [playerOf(world, 1), playerOf(world, 2)];
      // Between the giver's loss and the receiver's gain both fill up.
      let isGiven = false;
      world.isLost = ({ grantId }) => {
        if (grantId !== undefined && !isGiven) {
          isGiven = true;
          receiver.inventory.splice(0, 24, ...full().slice(1), { item: itemIds.jelly, count: 97 });
          if (isGiverFull) giver.inventory.splice(0, 24, ...full());
        }
        return false;
      };
      give(world, 1, 2, { item: itemIds.jelly, count: 10 });
      world.step(6);
      assert.deepEqual(receiver.inventory.at(-1), { item: itemIds.jelly, count: 99 });
      assert.deepEqual(linesOf(world, 2), [["gift", 0, itemIds.jelly, 2]]);
      const value = testTables.rows(itemTable).find(({ id }) => id === itemIds.jelly)!.value;
      const back = isGiverFull ? ["sold", 8 * value, 0, 0] : ["returned", 0, itemIds.jelly, 8];
      assert.deepEqual(linesOf(world, 1), [["given", 0, itemIds.jelly, -10], back]);
      assert.equal(giver.gold, isGiverFull ? 100 + 8 * value : 100);
      assert.ok(codes(world, 1).includes(no.giftReturned.code));
      assert.ok(codes(world, 2).includes(refusals.inventoryFull.code));
    }
  });
}

test("[RW6] a gift over a border that nobody answers is refused after a while; one at a time is under way", () => {
  const world = pair(BORDER - 2);
  world.isLost = ({ act }) => act.kind === giftActs.asked;
  give(world, 1, 2, { gold: 30 }, 5);
  give(world, 1, 2, { gold: 30 }, 6);
  assert.deepEqual(world.refused, [{ session: 1, seq: 6, code: no.giftPending.code }]);
  world.step(ANSWER_SECONDS * HZ + 1);
  assert.deepEqual(world.refused.at(-1), { session: 1, seq: 5, code: no.noAnswer.code });
  assert.equal(playerOf(world, 1).gold, 100);
  world.isLost = () => false;
  give(world, 1, 2, { gold: 30 }, 8);
  world.step(4);
  assert.equal(playerOf(world, 1).gold, 70);
});

test("[RW6] an answer that comes too late, or twice, moves nothing", () => {
  const world = pair(BORDER - 2);
  const late: Parameters<TestWorld["post"]>[0][] = [];
  let isHolding = true;
  world.isLost = (sent) => {
    if (!isHolding || sent.act.kind !== giftActs.answer) return false;
    late.push(sent);
    return true;
  };
  give(world, 1, 2, { gold: 30 }, 5);
  world.step(ANSWER_SECONDS * HZ + 3);
  isHolding = false;
  assert.equal(late.length, 1);
  world.post(late[0]!);
  world.step(3);
  assert.equal(playerOf(world, 1).gold, 100);
  isHolding = true;
  give(world, 1, 2, { gold: 30 }, 9);
  world.step(3);
  isHolding = false;
  for (const sent of [late[1]!, late[1]!]) world.post(sent);
  world.step(3);
  assert.deepEqual([playerOf(world, 1).gold, playerOf(world, 2).gold], [70, 30]);
});

test("[RW7] throwing away, drinking and giving are durable, and so are battles", () => {
  const durable = openWorld.intents.filter(({ isDurable }) => isDurable === true).map(({ name }) => name);
  assert.deepEqual(durable, ["dropItem", "usePotion", "give"]);
});
