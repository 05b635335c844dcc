import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { readEvent, toNet } from "../engine/lane/to-net.js";
import { toShard } from "../engine/lane/to-shard.js";
import { type GrantRecord, readGrant, readGranted, toStore } from "../engine/lane/to-store.js";
import { limits } from "../engine/limits.js";
import { shardMetric } from "../engine/metrics.js";
import { decodeLedger, decodePlayer, newPlayer } from "../engine/player.js";
import { engineEvents, eventScopes } from "../engine/wire/message-types.js";
import { fieldKinds, GIFT, givingField } from "./durable-game.js";
import { playerIdOf, ShardRig } from "./shard-rig.js";

/** Two people: 1 on the left shard, 2 on the right one when there are two. */
function rigOfTwo(shards = 1): ShardRig {
  const rig = new ShardRig({ shards, field: givingField });
  rig.step();
  rig.seeEverything();
  rig.join(1, 5, 5);
  rig.join(2, 25, 5);
  rig.run(2);
  return rig;
}

let seq = 0;

function give(rig: ShardRig, gold: number, to = 2, cell = 2): void {
  const body = new ByteWriter().u32(gold).hex16(playerIdOf(to)).u32(to).u32(cell);
  rig.intent(1, fieldKinds.give, ++seq, body.bytes());
}

function kept(rig: ShardRig, type: number) {
  return rig.kept.records
    .filter((record) => record.type === type)
    .map(({ tick, shard, payload }) => ({ tick, shard, from: new ByteReader(payload) }));
}

const rowsOf = (rig: ShardRig) =>
  kept(rig, toStore.player).map(({ from, ...at }) => ({ ...at, row: decodePlayer(from) }));
const linesOf = (rig: ShardRig) =>
  kept(rig, toStore.ledger).map(({ from, ...at }) => ({ ...at, line: decodeLedger(from) }));

function memberOf(rig: ShardRig, session: number) {
  return rig.shards.map((shard) => shard?.field.members.get(session)).find((member) => member !== undefined)!;
}

function grantOf(number: number, gold: number, session = 2): GrantRecord {
  const body = new ByteWriter(4).u32(gold).bytes().slice();
  const grantId = number.toString(16).padStart(32, "0");
  return { grantId, playerId: playerIdOf(session), kind: GIFT, fromRoom: 0, body };
}

test("[GR1] [GR2] what a gift costs and what it brings are each in one group, and it comes once", () => {
  for (const shards of [1, 2]) {
    const rig = rigOfTwo(shards);
    give(rig, 7);
    rig.run(5);
    assert.deepEqual([memberOf(rig, 1).player.gold, memberOf(rig, 2).player.gold], [-7, 7]);
    const [grant] = kept(rig, toStore.grant);
    const [granted] = kept(rig, toStore.granted);
    const { grantId } = readGrant(grant!.from);
    assert.deepEqual(readGranted(granted!.from), { grantId, playerId: playerIdOf(2) });
    const rowAt = (session: number) => rowsOf(rig).find(({ row }) => row.playerId === playerIdOf(session))!;
    assert.equal(rowAt(1).tick, grant!.tick);
    assert.equal(rowAt(1).row.gold, -7);
    assert.equal(rowAt(2).tick, granted!.tick);
    assert.equal(rowAt(2).row.gold, 7);
    assert.equal(rig.kept.grants.size, 0);
  }
});

test("[GR2] a grant that came with the join does not come again by the short way", () => {
  const rig = rigOfTwo(2);
  give(rig, 3);
  // The load was answered while the grant was under way.
  rig.step([0]);
  const [waiting] = rig.kept.grantsOf(playerIdOf(2));
  assert.notEqual(waiting, undefined);
  rig.joinEpochs.set(2, 2);
  rig.joinAs(2, { shard: 1, x: 25, y: 5, player: newPlayer(playerIdOf(2), "two"), grants: [waiting!] });
  rig.run(5);
  assert.equal(memberOf(rig, 2).player.gold, 3);
  assert.equal(kept(rig, toStore.granted).length, 1);
});

test("[GR2] a grant for somebody who is away waits, and comes with the next join", () => {
  const rig = rigOfTwo();
  rig.session(toShard.leave, 2);
  rig.run(3);
  give(rig, 4);
  rig.run(3);
  const grants = rig.kept.grantsOf(playerIdOf(2));
  assert.equal(grants.length, 1);
  rig.joinEpochs.set(3, 1);
  rig.route.set(3, 0);
  rig.joinAs(3, { shard: 0, x: 25, y: 5, player: newPlayer(playerIdOf(2), "two"), grants });
  rig.run(3);
  assert.equal(memberOf(rig, 3).player.gold, 4);
  assert.equal(rig.kept.grants.size, 0);
});

test("[GR2] a grant whose shard died before it was kept waits", () => {
  const rig = rigOfTwo(2);
  give(rig, 4);
  rig.step([0]);
  // It is delivered, and nobody ever hears of that.
  rig.clock.advance(50);
  rig.shards[1]!.duty(rig.clock.nowMs());
  rig.kill(1);
  rig.start(1);
  const isKept = rig.kept.grants.size;
  rig.run(2);
  const grants = rig.kept.grantsOf(playerIdOf(2));
  rig.joinEpochs.set(2, 2);
  const row = rowsOf(rig).findLast((kept) => kept.row.playerId === playerIdOf(2))?.row;
  rig.joinAs(2, { shard: 1, x: 25, y: 5, player: row ?? newPlayer(playerIdOf(2), "two"), grants });
  rig.run(3);
  assert.equal(memberOf(rig, 2).player.gold, 4);
  assert.ok(isKept <= 1);
});

test("[GR3] grants that came with a join are applied before the client is told its player, and that waits for safety", () => {
  const rig = rigOfTwo();
  rig.heard.length = 0;
  rig.joinEpochs.set(2, 2);
  const player = newPlayer(playerIdOf(2), "two");
  rig.joinAs(2, { shard: 0, x: 25, y: 5, player, grants: [grantOf(1, 5), grantOf(2, 6), grantOf(1, 5)] });
  rig.run(2);
  const told = rig.heard
    .filter((record) => record.type === toNet.event)
    .map((record) => readEvent(new ByteReader(record.payload)))
    .filter((event) => event.scope === eventScopes.engine && event.kind === engineEvents.playerChanged);
  assert.equal(told.length, 1);
  assert.ok(told[0]!.isDurable);
  assert.equal(memberOf(rig, 2).player.gold, 11);
  assert.equal(kept(rig, toStore.granted).length, 2);
});

test("[GR4] a member takes along to another shard which grants it has taken", () => {
  const rig = rigOfTwo(2);
  rig.joinEpochs.set(1, 2);
  const player = newPlayer(playerIdOf(1), "one");
  rig.joinAs(1, { shard: 0, x: 15, y: 5, player, grants: [grantOf(1, 5, 1)] });
  rig.run(2);
  rig.move(1, 127, 0);
  for (let tick = 0; tick < 200 && rig.route.get(1) !== 1; tick++) rig.step();
  assert.deepEqual(rig.holders(1), [1]);
  assert.deepEqual(memberOf(rig, 1).grantsTaken, [grantOf(1, 5).grantId]);
});

test("[GR5] a grant whose hook throws has not been taken: it is there at the next join", () => {
  const rig = rigOfTwo();
  rig.joinEpochs.set(2, 2);
  const player = newPlayer(playerIdOf(2), "two");
  rig.joinAs(2, { shard: 0, x: 25, y: 5, player, grants: [grantOf(1, 0), grantOf(2, 6)] });
  rig.run(2);
  assert.equal(memberOf(rig, 2).player.gold, 6);
  assert.deepEqual(
    kept(rig, toStore.granted).map(({ from }) => readGranted(from).grantId),
    [grantOf(2, 6).grantId],
  );
  assert.equal(rig.shards[0]!.counters.get(shardMetric.field_failures_total), 1);
});

test("[GR6] lines of the ledger carry the version of the row saved with them, are counted within it, and add up", () => {
  const rig = rigOfTwo(2);
  for (let gold = 1; gold <= 9; gold++) {
    give(rig, gold);
    if (gold % 3 === 0) rig.run(2);
  }
  rig.session(toShard.leave, 2);
  rig.run(4);
  const names = new Set<string>();
  for (const session of [1, 2]) {
    const lines = linesOf(rig).filter(({ line }) => line.playerId === playerIdOf(session));
    const last = rowsOf(rig).findLast(({ row }) => row.playerId === playerIdOf(session))!;
    assert.equal(
      lines.reduce((sum, { line }) => sum + line.gold, 0),
      last.row.gold,
    );
    for (const { line, tick, shard } of lines) {
      names.add(`${line.playerId} ${line.version} ${line.line}`);
      const row = rowsOf(rig).find(
        ({ row: of }) => of.playerId === line.playerId && of.version === line.version,
      );
      assert.deepEqual([row?.tick, row?.shard], [tick, shard], "in the group of the row");
      assert.equal(line.line, 0);
    }
  }
  assert.equal(names.size, linesOf(rig).length);
});

test("[GR6] who walks off with lines that wait for a save is saved first", () => {
  const rig = rigOfTwo(2);
  rig.joinEpochs.set(1, 2);
  rig.joinAs(1, { shard: 0, x: 15, y: 5, player: newPlayer(playerIdOf(1), "one") });
  rig.run(2);
  rig.shards[0]!.field.book(memberOf(rig, 1), { reason: "found", item: 3, count: 2 });
  rig.shards[0]!.field.book(memberOf(rig, 1), { reason: "found", gold: 2 });
  rig.move(1, 127, 0);
  for (let tick = 0; tick < 200 && rig.route.get(1) !== 1; tick++) rig.step();
  assert.deepEqual(
    linesOf(rig).map(({ line }) => [line.version, line.line, line.item, line.count, line.gold]),
    [
      [1, 0, 3, 2, 0],
      [1, 1, 0, 0, 2],
    ],
  );
});

test("[GR7] a grant or a line that no store could hold is the game's mistake", () => {
  const rig = rigOfTwo();
  const { field } = rig.shards[0]!;
  const one = memberOf(rig, 1);
  const to = { playerId: playerIdOf(2), entityId: 2, cell: 2 };
  assert.throws(
    () => field.grant(one, to, 1, new Uint8Array(limits.grantBytesMax + 1)),
    /grant: got 129 bytes/,
  );
  assert.throws(() => field.grant(one, { ...to, playerId: "two" }, 1, new Uint8Array()), /player id "two"/);
  assert.throws(() => field.book(one, { reason: "" }), /reason ""/);
  assert.throws(() => field.book(one, { reason: "x".repeat(33) }), /32 characters/);
  assert.throws(() => field.book(one, { reason: "x", gold: 0.5 }), /0\.5 gold/);
  assert.throws(() => field.book(one, { reason: "x", item: 70_000 }), /item 70000/);
  assert.throws(() => field.book(one, { reason: "x", item: 1, count: 2 ** 31 }), /count/);
  for (let line = 0; line < 64; line++) field.book(one, { reason: "x", gold: 1 });
  assert.throws(() => field.book(one, { reason: "x", gold: 1 }), /64 lines/);
  rig.run(2);
  assert.equal(kept(rig, toStore.grant).length + kept(rig, toStore.ledger).length, 0);
});
