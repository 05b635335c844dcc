import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import { readAdrift, toNet } from "../engine/lane/to-net.js";
import { toShard } from "../engine/lane/to-shard.js";
import { readRefused, readSettled, toStore } from "../engine/lane/to-store.js";
import { shardMetric } from "../engine/metrics.js";
import { decodeLedger, decodePlayer } from "../engine/player.js";
import { Prng } from "../engine/prng.js";
import { type FieldType, isCreatureId } from "../engine/room/game.js";
import { refusals } from "../engine/wire/codes.js";
import { playerIdOf, ShardRig } from "./shard-rig.js";
import { intents, walkingField } from "./walking-field.js";

function rigWithWalker(shards = 2): ShardRig {
  const rig = new ShardRig({ shards, field: walkingField });
  rig.step();
  rig.seeEverything();
  rig.join(1, 15, 5);
  rig.run(2);
  return rig;
}

function walkUntil(rig: ShardRig, session: number, shard: number, ticksMax = 200): void {
  for (let tick = 0; tick < ticksMax && rig.route.get(session) !== shard; tick++) rig.step();
  assert.equal(rig.route.get(session), shard, "the member arrived");
}

function creatureIds(rig: ShardRig): number[] {
  const ids: number[] = [];
  for (const shard of rig.shards) {
    const entities = shard!.field.entities;
    for (let row = 0; row < entities.capacity; row++) {
      if ((entities.flags[row]! & 1) !== 0 && !entities.isGhost(row) && isCreatureId(entities.id[row]!)) {
        ids.push(entities.id[row]!);
      }
    }
  }
  return ids.sort((a, b) => a - b);
}

test("[HO1] a member who walks over a border is on exactly one shard, and net is told which", () => {
  const rig = rigWithWalker();
  rig.move(1, 127, 0);
  walkUntil(rig, 1, 1);
  rig.run(3);
  assert.deepEqual(rig.holders(1), [1]);
  assert.equal(rig.members(toNet.memberMoved).length, 1);
  assert.equal(rig.members(toNet.joined).length, 1, "no second join");
});

test("[HO2] intents sent while a member changes shards arrive once each, in order, in any order of duties", () => {
  const seed = Number(process.env.GRIDSHARD_SEED ?? 7);
  const prng = new Prng(seed);
  const rig = rigWithWalker();
  let seq = 0;
  for (let tick = 0; tick < 600; tick++) {
    if (tick % 40 === 0) rig.move(1, (tick / 40) % 2 === 0 ? 127 : -127, 0);
    for (let count = prng.below(4); count > 0; count--) rig.intent(1, intents.count, ++seq);
    rig.step(prng.below(2) === 0 ? [0, 1] : [1, 0]);
  }
  rig.run(5);
  const [holder] = rig.holders(1);
  assert.notEqual(holder, undefined, `the member exists (seed ${seed})`);
  const { entities, members } = rig.shards[holder!]!.field;
  const row = members.get(1)!.row;
  assert.equal(entities.column("disordered", "u32")[row], 0, `in order (seed ${seed})`);
  assert.equal(entities.column("counted", "u32")[row], seq, `all of them (seed ${seed})`);
  assert.ok(rig.members(toNet.memberMoved).length > 5, "it walked to and fro");
});

test("[HO3] a member whose target dies before it answered is nobody's, and net is told to load it anew", () => {
  const rig = rigWithWalker();
  rig.move(1, 127, 0);
  rig.kill(1);
  rig.run(80);
  assert.deepEqual(rig.holders(1), [], "frozen on its way");
  rig.start(1);
  rig.step();
  const [adrift] = rig.members(toNet.memberAdrift);
  assert.deepEqual(
    [adrift!.shard, adrift!.session, adrift!.joinEpoch, rig.ownerOf(adrift!.cell)],
    [0, 1, 1, 1],
    "said by the source, of the presence that it gave up",
  );
  assert.deepEqual(rig.holders(1), [], "the source has let go of it");
  rig.run(2);
  assert.equal(rig.holders(1).length, 1);
  assert.equal(rig.members(toNet.joined).length, 2);
  assert.equal(rig.shards[0]!.counters.get(shardMetric.handoffs_adrift_total), 1);
});

test("[HO3] what was refused of what was held for a member adrift is said with it", () => {
  const rig = new ShardRig({ shards: 2, field: walkingField, handoffIntentsMax: 3 });
  rig.step();
  rig.seeEverything();
  rig.join(1, 15, 5);
  rig.run(2);
  rig.move(1, 127, 0);
  rig.kill(1);
  for (let tick = 0; tick < 200 && rig.holders(1).length > 0; tick++) rig.step();
  for (let seq = 1; seq <= 5; seq++) rig.intent(1, intents.count, seq);
  rig.step();
  rig.start(1);
  rig.run(2);
  const adrift = rig.heard.filter(({ type }) => type === toNet.memberAdrift);
  assert.deepEqual(
    adrift.map(({ payload }) => readAdrift(new ByteReader(payload)).refused),
    [[4, 5]],
  );
});

test("[HO3] a member who was evicted meanwhile is not said to be adrift", () => {
  const rig = rigWithWalker();
  rig.move(1, 127, 0);
  rig.kill(1);
  rig.run(80);
  rig.joinEpochs.set(1, 2);
  rig.session(toShard.evict, 1, 0);
  rig.step();
  rig.start(1);
  rig.run(2);
  assert.deepEqual(rig.members(toNet.memberAdrift), []);
  assert.deepEqual(rig.holders(1), []);
});

const DIES_HERE = new Error("the test ends this shard here");

/** Whoever has been taken over by the right shard is paid once, and saved in that tick. */
const payingField: FieldType = {
  ...walkingField,
  create: (context) => {
    const field = walkingField.create(context);
    return {
      onMove: (member, dx, dy) => field.onMove!(member, dx, dy),
      onTick: () => {
        field.onTick();
        const { entities } = context;
        for (let row = 0; row < entities.capacity; row++) {
          if ((entities.flags[row]! & 1) === 0) continue;
          const member = context.memberAt(row);
          if (
            member === undefined ||
            entities.cell[row]! % context.grid.widthCells < 2 ||
            member.player.gold > 0
          )
            continue;
          member.player.gold = 100;
          context.book(member, { reason: "paid", gold: 100 });
          context.save(member);
        }
      },
    };
  },
};

for (const isKept of [true, false])
  test(`[HO11] a target that dies in the tick in which it changed the member: one history, its change ${isKept ? "in" : "out"}`, () => {
    const rig = new ShardRig({ shards: 2, field: payingField });
    rig.step();
    rig.seeEverything();
    rig.join(1, 15, 5);
    rig.run(2);
    rig.move(1, 127, 0);
    for (let tick = 0; tick < 200 && rig.holders(1).length > 0; tick++) rig.step([0]);
    // It ends with its group on the lane, or before, and in either case before net or the source hear of anything.
    const { publisher } = rig.shards[1]!.field;
    const outlet = isKept ? publisher : rig.shards[1]!.rooms;
    Object.assign(outlet, {
      [isKept ? "publish" : "endTick"]: () => {
        throw DIES_HERE;
      },
    });
    rig.clock.advance(50);
    assert.throws(() => rig.shards[1]!.duty(rig.clock.nowMs()), DIES_HERE);
    assert.deepEqual(rig.holders(1), [1], "it has taken the member over");
    rig.kill(1);
    rig.start(1);
    assert.equal(rig.kept.playerOf(playerIdOf(1))?.gold, isKept ? 100 : undefined);
    rig.seeEverything();
    rig.run(5);
    rig.move(1, 127, 0);
    rig.run(60);
    const { player } = rig.shards[rig.holders(1)[0]!]!.field.members.get(1)!;
    assert.equal(player.gold, 100);
    rig.session(toShard.leave, 1);
    rig.run(2);
    const rows = rig.kept.records
      .filter(({ type }) => type === toStore.player)
      .map(({ payload }) => decodePlayer(new ByteReader(payload)));
    assert.equal(
      new Set(rows.map(({ version }) => version)).size,
      rows.length,
      "no version is of two histories",
    );
    const lines = rig.kept.records.filter(({ type }) => type === toStore.ledger);
    assert.equal(lines.length, 1, "paid once");
  });

for (const isHasty of [false, true])
  test(`[HO12] loaded ${isHasty ? "before a shard has answered its eviction, a player has two histories" : "when all shards have answered its eviction, a player has one history"}`, () => {
    const rig = new ShardRig({ shards: 2, field: payingField });
    rig.step();
    rig.seeEverything();
    rig.join(1, 15, 5);
    rig.run(2);
    rig.move(1, 127, 0);
    for (let tick = 0; tick < 200 && rig.holders(1).length > 0; tick++) rig.step([0]);
    // The source dies behind its offer, and net hears of that before it hears from the target, which is in mid-tick.
    rig.kill(0);
    rig.start(0);
    rig.step([0]);
    rig.joinEpochs.set(1, 2);
    const early = rig.loadOf(1);
    rig.step([1]);
    assert.deepEqual(rig.holders(1), [1], "the target takes the member over, pays it and saves it");
    for (const shard of [0, 1]) rig.session(toShard.evict, 1, shard);
    if (!isHasty) rig.step();
    assert.deepEqual(
      rig.members(toNet.evicted).map(({ shard, joinEpoch }) => [shard, joinEpoch]),
      isHasty
        ? []
        : [
            [0, 2],
            [1, 2],
          ],
    );
    rig.loadAnew(1, isHasty ? early : rig.loadOf(1));
    rig.seeEverything();
    rig.run(5);
    rig.move(1, 127, 0);
    rig.run(60);
    assert.equal(rig.holders(1).length, 1);
    rig.session(toShard.leave, 1);
    rig.run(2);
    const versions = rig.kept.records
      .filter(({ type }) => type === toStore.player)
      .map(({ payload }) => decodePlayer(new ByteReader(payload)).version);
    const booked = rig.kept.records
      .filter(({ type }) => type === toStore.ledger)
      .map(({ payload }) => decodeLedger(new ByteReader(payload)).gold);
    // With two histories the newest row knows of one payment, and the ledger of both.
    assert.equal(new Set(versions).size === versions.length, !isHasty);
    assert.deepEqual(booked, isHasty ? [100, 100] : [100]);
    assert.equal(rig.loadOf(1).gold, 100);
  });

/** Saves everybody more often in a tick than a small lane has room for. */
const savingField: FieldType = {
  ...walkingField,
  create: (context) => ({
    onTick: () => {
      for (let row = 0; row < context.entities.capacity; row++) {
        if ((context.entities.flags[row]! & 1) === 0) continue;
        const member = context.memberAt(row);
        for (let left = member === undefined ? 0 : 100; left > 0; left--) context.save(member!);
      }
    },
  }),
};

test("[HO12] while its groups wait for room on the store's lane a shard answers no eviction, though it has let go", () => {
  const rig = new ShardRig({ shards: 1, field: savingField, ringBytes: 65_536 });
  rig.step();
  rig.seeEverything();
  rig.join(1, 15, 5);
  rig.run(2);
  rig.isStoreReading = false;
  rig.run(20);
  const { player } = rig.shards[0]!.field.members.get(1)!;
  rig.joinEpochs.set(1, 2);
  rig.session(toShard.evict, 1, 0);
  rig.run(5);
  assert.deepEqual(rig.holders(1), []);
  assert.deepEqual(rig.members(toNet.evicted), []);
  assert.ok(rig.loadOf(1).version < player.version, "a load would not find the newest row");
  rig.isStoreReading = true;
  for (let tick = 0; tick < 100 && rig.members(toNet.evicted).length === 0; tick++) rig.step();
  assert.equal(rig.members(toNet.evicted).length, 1);
  assert.equal(rig.loadOf(1).version, player.version);
});

test("[HO4] a source that dies after it offered does not take the member with it", () => {
  const rig = rigWithWalker();
  rig.move(1, 127, 0);
  let ticks = 0;
  while (rig.holders(1).length > 0 && ticks++ < 200) rig.step([0]);
  rig.kill(0);
  rig.run(2);
  assert.deepEqual(rig.holders(1), [1]);
  rig.start(0);
  rig.run(3);
  assert.deepEqual(rig.holders(1), [1]);
});

test("[HO5] an eviction removes older copies wherever they are, also those still on their way", () => {
  const rig = rigWithWalker();
  rig.move(1, 127, 0);
  let ticks = 0;
  while (rig.holders(1).length > 0 && ticks++ < 200) rig.step([0]);
  rig.joinEpochs.set(1, 2);
  rig.session(toShard.evict, 1, 0);
  rig.session(toShard.evict, 1, 1);
  rig.run(4);
  assert.deepEqual(rig.holders(1), []);
});

test("[HO6] past handoffIntentsMax, intents for a frozen member are refused by name", () => {
  const rig = new ShardRig({ shards: 2, field: walkingField, handoffIntentsMax: 3 });
  rig.step();
  rig.seeEverything();
  rig.join(1, 15, 5);
  rig.run(2);
  rig.move(1, 127, 0);
  rig.kill(1);
  let ticks = 0;
  while (rig.holders(1).length > 0 && ticks++ < 200) rig.step();
  for (let seq = 1; seq <= 5; seq++) rig.intent(1, intents.count, seq);
  rig.step();
  const events = rig.heard.filter((record) => record.type === toNet.event && record.payload[1] === 4);
  assert.equal(events.length, 2);
});

test("[HO7] creatures that wander over borders stay exactly one each, also when shards die", () => {
  const seed = Number(process.env.GRIDSHARD_SEED ?? 11);
  const prng = new Prng(seed);
  const rig = new ShardRig({ shards: 3, field: walkingField, widthCells: 6 });
  rig.step();
  rig.seeEverything();
  const before = creatureIds(rig);
  for (let round = 0; round < 30; round++) {
    rig.run(20 + prng.below(60));
    const victim = prng.below(3);
    rig.kill(victim);
    rig.run(prng.below(3));
    rig.start(victim);
    rig.seeEverything();
    rig.run(8);
    assert.deepEqual(creatureIds(rig), before, `round ${round}, seed ${seed}`);
  }
});

test("[HO8] a leave during a handoff follows the member and is answered", () => {
  const rig = rigWithWalker();
  rig.move(1, 127, 0);
  let ticks = 0;
  while (rig.holders(1).length > 0 && ticks++ < 200) rig.step([0]);
  rig.session(toShard.leave, 1);
  rig.run(4);
  assert.deepEqual(rig.holders(1), []);
  assert.equal(rig.members(toNet.left).length, 1);
});

test("[HO9] an act reaches its entity across a border, and one that has just moved on", () => {
  const rig = rigWithWalker();
  rig.join(2, 22, 5);
  rig.run(3);
  rig.move(1, 127, 0);
  rig.run(8);
  rig.move(1, 0, 0);
  rig.run(2);
  rig.intent(1, intents.greet, 1);
  rig.run(4);
  const greeted = (session: number) => {
    const [holder] = rig.holders(session);
    const { entities, members } = rig.shards[holder!]!.field;
    return entities.column("greeted", "u32")[members.get(session)!.row];
  };
  assert.equal(greeted(2), 1);
});

test("[HO10] a source hears of an acceptance only when net can: not while that word waits for room on net's lane", () => {
  const rig = rigWithWalker();
  const duties = (ticks: number) => {
    for (let tick = 0; tick < ticks; tick++) {
      rig.clock.advance(50);
      for (const shard of rig.shards) shard!.duty(rig.clock.nowMs());
    }
  };
  const released = () => rig.shards[0]!.counters.get(shardMetric.handoffs_released_total);
  const skipped = () => rig.shards[1]!.counters.get(shardMetric.frames_skipped_total);
  // Net stops reading. Creatures pace, so frames fill the lane, until only what must arrive waits for room.
  for (let tick = 0; tick < 60_000 && skipped() < 10; tick += 100) duties(100);
  assert.ok(skipped() >= 10, "the lane is full");
  const before = released();
  rig.move(1, 127, 0);
  duties(200);
  assert.deepEqual(rig.holders(1), [1], "the target has taken it");
  assert.equal(released(), before, "the source has not heard");
  rig.run(5);
  assert.ok(released() > before);
  assert.equal(rig.members(toNet.memberMoved).length, 1);
});

test("[RV20] a refusal is in the group that settles its intent; a move has none", () => {
  const rig = rigWithWalker();
  rig.intent(1, intents.fail, 1);
  rig.intent(1, intents.count, 2);
  rig.run(2);
  const [refused, ...others] = rig.kept.records.filter(({ type }) => type === toStore.refused);
  const settled = rig.kept.records.filter(({ type }) => type === toStore.settled);
  assert.equal(others.length, 0);
  const { session, intentSeq, code } = readRefused(new ByteReader(refused!.payload));
  assert.deepEqual([session, intentSeq, code], [1, 1, refusals.fieldFailed.code]);
  assert.deepEqual(
    settled.map(({ tick, payload }) => [tick, readSettled(new ByteReader(payload)).seqs]),
    [[refused!.tick, [1, 2]]],
  );
});
