import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import { readEvent, toNet } from "../engine/lane/to-net.js";
import { toShard } from "../engine/lane/to-shard.js";
import { nobody, readEntity, toStore } from "../engine/lane/to-store.js";
import { newPlayer } from "../engine/player.js";
import { type FieldType, isCreatureId, NO_ROW } from "../engine/room/game.js";
import { engineEvents, eventScopes } from "../engine/wire/message-types.js";
import { givingField } from "./durable-game.js";
import { playerIdOf, ShardRig } from "./shard-rig.js";

const SECONDS = 2;

function rigOf(shards = 1): ShardRig {
  const rig = new ShardRig({ shards, field: givingField, checkpointSeconds: SECONDS });
  rig.step();
  rig.join(1, 15, 5);
  rig.run(2);
  return rig;
}

function after(rig: ShardRig, shards = 1): ShardRig {
  const next = new ShardRig({ shards, field: givingField, checkpointSeconds: SECONDS, after: rig });
  next.run(2);
  return next;
}

function entityRecords(rig: ShardRig) {
  return rig.kept.records
    .filter((record) => record.type === toStore.entity)
    .map((record) => readEntity(new ByteReader(record.payload)));
}

/** Where every creature stands, over all shards. */
function creatures(rig: ShardRig): Map<number, string> {
  const places = new Map<number, string>();
  for (const shard of rig.shards) {
    const { entities } = shard!.field;
    for (let row = 0; row < entities.capacity; row++) {
      const id = entities.id[row]!;
      if ((entities.flags[row]! & 1) === 0 || entities.isGhost(row) || !isCreatureId(id)) continue;
      assert.equal(places.has(id), false, `creature ${id} is there once`);
      places.set(id, `${entities.x[row]} ${entities.y[row]}`);
    }
  }
  return places;
}

/** Back in, as net does after a start: where the entity stood, as what loads said. */
function comeBack(rig: ShardRig, session: number, playerId = playerIdOf(session)): void {
  const entity = rig.kept.entities.get(session);
  const { x, y } = entity ?? { x: 1, y: 1 };
  rig.joinEpochs.set(session, 1);
  rig.route.set(session, rig.ownerAt(x, y));
  const player = newPlayer(playerId, "back");
  rig.joinAs(session, { shard: rig.ownerAt(x, y), x, y, player, isRelocated: true });
  rig.run(3);
}

test("[DR15] every entity of an awake cell is checkpointed within its time, unless it is as it was", () => {
  const rig = rigOf();
  rig.sight(0, 1);
  rig.run(SECONDS * 20 + 2);
  const seen = new Set(entityRecords(rig).map((entity) => entity.entityId));
  const { entities } = rig.shards[0]!.field;
  const awake: number[] = [];
  for (let row = entities.first[0]!; row !== NO_ROW; row = entities.next[row]!) awake.push(entities.id[row]!);
  assert.ok(awake.length > 0);
  assert.deepEqual([...seen].sort(), awake.sort(), "those of the cell somebody sees, and no others");
  rig.sight(1, 1);
  rig.run(SECONDS * 20 + 2);
  const person = entityRecords(rig).filter((entity) => entity.entityId === 1);
  assert.deepEqual(
    person.map(({ playerId, x, y }) => ({ playerId, x, y })),
    [{ playerId: playerIdOf(1), x: 15, y: 5 }],
  );
  rig.run(SECONDS * 20 * 3);
  assert.equal(entityRecords(rig).filter((entity) => entity.entityId === 1).length, 1, "it stood still");
  rig.move(1, 10, 0);
  rig.run(SECONDS * 20);
  assert.ok(entityRecords(rig).filter((entity) => entity.entityId === 1).length > 1);
  assert.ok(entityRecords(rig).some((entity) => entity.playerId === nobody));
});

test("[DR27] where entities stand goes to the journal four times a second, from all shards in the same ticks", () => {
  const rig = new ShardRig({ shards: 2, field: givingField, checkpointSeconds: SECONDS });
  rig.step();
  rig.seeEverything();
  rig.run(10);
  const before = rig.kept.records.length;
  rig.run(40);
  const ticks = new Map<number, Set<number>>();
  for (const { shard, tick, type } of rig.kept.records.slice(before))
    if (type === toStore.entity) ticks.set(shard, (ticks.get(shard) ?? new Set()).add(tick));
  assert.equal(ticks.size, 2, "both have told of theirs");
  for (const [shard, told] of ticks)
    assert.ok(
      [...told].every((tick) => tick % 5 === 0),
      `shard ${shard} at ${[...told]}`,
    );
});

test("[DR28] ticks that a shard gave up cost its entities no turn", () => {
  const rig = rigOf();
  rig.seeEverything();
  rig.run(SECONDS * 20 + 5);
  const { entities } = rig.shards[0]!.field;
  const before = rig.kept.records.length;
  // It makes the fourth tick of five and no other: never the one at which a stride is over.
  for (let round = 0; round < SECONDS * 4 + 1; round++) {
    rig.clock.advance((1000 / 20) * 4);
    rig.step();
  }
  const told = new Set(
    rig.kept.records
      .slice(before)
      .filter(({ type }) => type === toStore.entity)
      .map(({ payload }) => readEntity(new ByteReader(payload)).entityId),
  );
  let moving = 0;
  for (let row = 0; row < entities.capacity; row++) {
    const id = entities.id[row]!;
    if ((entities.flags[row]! & 1) === 0 || !isCreatureId(id)) continue;
    moving++;
    assert.ok(told.has(id), `creature ${id}`);
  }
  assert.ok(moving > 4);
});

test("[DR16] after a start creatures stand where they last stood, each once, on any number of shards", () => {
  for (const shards of [1, 2, 3]) {
    const rig = rigOf(shards);
    rig.seeEverything();
    rig.run(100);
    // The last word of everybody, standing still.
    for (let cell = 0; cell < rig.grid.cellCount; cell++) rig.sight(cell, 0);
    const before = creatures(rig);
    const next = after(rig, shards);
    const back = creatures(next);
    assert.deepEqual([...back.keys()].sort(), [...before.keys()].sort());
    let moved = 0;
    for (const [id, entity] of rig.kept.entities) {
      if (!isCreatureId(id) || next.ownerAt(entity.x, entity.y) !== next.ownerOf((id >>> 15) & 0xffff))
        continue;
      assert.equal(back.get(id), `${entity.x} ${entity.y}`);
      moved++;
    }
    assert.ok(moved > 4, `${moved} creatures stand where they stood`);
  }
});

test("[DR19] who enters a room, or hears from one, is checkpointed with that tick", () => {
  const rig = rigOf();
  rig.seeEverything();
  rig.step();
  const before = entityRecords(rig).filter((entity) => entity.entityId === 1).length;
  const { field } = rig.shards[0]!;
  const { row, player } = field.members.get(1)!;
  field.entities.health[row] = 77;
  field.joinRoom(1, 1, { ...player, entityId: 1, cell: 0 });
  rig.step();
  assert.equal(entityRecords(rig).filter((entity) => entity.entityId === 1).length, before + 1);
});

test("[DR16] people stand where they last stood once their session is back, and are not told of a relocation", () => {
  const rig = rigOf();
  rig.seeEverything();
  rig.move(1, 127, 0);
  rig.run(SECONDS * 20);
  const next = after(rig);
  assert.equal(next.shards[0]!.field.members.size, 0, "the session is not back");
  comeBack(next, 1);
  const { entities, members } = next.shards[0]!.field;
  const { row } = members.get(1)!;
  const kept = rig.kept.entities.get(1)!;
  assert.deepEqual([entities.x[row], entities.y[row]], [kept.x, kept.y]);
  assert.equal(entities.velocityX[row], 5, "columns and all");
  assert.equal(entities.column("came", "u8")[row], 11, "onReturn, and no second onJoin");
  const told = next.heard
    .filter((record) => record.type === toNet.event)
    .map((record) => readEvent(new ByteReader(record.payload)))
    .filter((event) => event.scope === eventScopes.engine)
    .map((event) => event.kind);
  assert.deepEqual(told, [engineEvents.playerChanged]);
  // A thread that dies later is another matter: they were somewhere else by then.
  next.kill(0);
  next.start(0);
  next.run(2);
  next.joinEpochs.set(1, 2);
  next.joinAs(1, { shard: 0, x: 3, y: 3, player: newPlayer(playerIdOf(1), "one"), isRelocated: true });
  next.run(2);
  const again = next.shards[0]!.field;
  assert.equal(again.entities.column("came", "u8")[again.members.get(1)!.row], 1);
});

test("[DR16] the entity of a session that is now somebody else's does not come back", () => {
  const rig = rigOf();
  rig.seeEverything();
  rig.run(SECONDS * 20);
  const next = after(rig);
  comeBack(next, 1, playerIdOf(77));
  const { entities, members } = next.shards[0]!.field;
  assert.equal(entities.column("came", "u8")[members.get(1)!.row], 1);
});

test("[DR17] whoever left for good, or was removed, does not come back", () => {
  const rig = rigOf();
  rig.seeEverything();
  rig.run(SECONDS * 20 + 2);
  assert.ok(rig.kept.entities.has(1));
  rig.session(toShard.leave, 1);
  const { entities } = rig.shards[0]!.field;
  const id = [...rig.kept.entities.keys()].find(isCreatureId)!;
  rig.shards[0]!.field.removeCreature(entities.rowOf(id));
  rig.run(2);
  assert.equal(rig.kept.entities.has(1), false);
  assert.equal(rig.kept.entities.has(id), false);
});

test("[DR24] who stood where the world is no more, or is kept with other columns, does not come back, and nothing else fails", () => {
  const rig = rigOf(2);
  rig.join(2, 35, 15);
  rig.seeEverything();
  rig.run(SECONDS * 20);
  assert.ok(rig.kept.entities.size > 2);
  const { columns } = givingField;
  const fields: FieldType[] = [givingField, { ...givingField, columns: { ...columns, hunger: "u8" } }];
  for (const field of fields) {
    const options = { shards: 2, field, checkpointSeconds: SECONDS, widthCells: 2, heightCells: 1 };
    const next = new ShardRig({ ...options, after: rig });
    next.run(2);
    comeBack(next, 2);
    assert.deepEqual(next.holders(2), [1], "in the last cell");
    for (const shard of next.shards) {
      const { entities } = shard!.field;
      for (let row = 0; row < entities.capacity; row++)
        if ((entities.flags[row]! & 1) !== 0) assert.ok(entities.x[row]! <= next.grid.widthMeters);
    }
    const came = next.shards[1]!.field.entities.column("came", "u8")[
      next.shards[1]!.field.members.get(2)!.row
    ];
    assert.equal(came, field === givingField ? 11 : 1);
  }
});
