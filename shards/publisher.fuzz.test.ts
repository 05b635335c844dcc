import assert from "node:assert/strict";
import { test } from "node:test";
import { CELL_MESSAGE_BODY, CELL_MESSAGE_FLAGS, CELL_TO_PENDING, toNet } from "../engine/lane/to-net.js";
import { toShard } from "../engine/lane/to-shard.js";
import { shardMetric } from "../engine/metrics.js";
import { Prng } from "../engine/prng.js";
import { isCreatureId, NO_ROW } from "../engine/room/game.js";
import { readU16 } from "../engine/wire/bytes-le.js";
import { decodeFrames, decodeProfiles, FRAMES_HEAD_BYTES } from "../engine/wire/codec.js";
import { FrameHeaderLayout } from "../engine/wire/generated/frames-layout.js";
import { messageTypes, POSITION_OFFSET, POSITION_UNITS } from "../engine/wire/message-types.js";
import { JUMP_COST, STEP_MAX, STRIDES_MAX } from "./move-turns.js";
import { ShardRig } from "./shard-rig.js";
import { walkingField } from "./walking-field.js";

const FRAME_CELL = CELL_MESSAGE_BODY + FRAMES_HEAD_BYTES + FrameHeaderLayout.cell;

interface Seen {
  id: number;
  x: number;
  y: number;
}

/** Cells as a client that sees everything knows them, from frames alone. */
class SeenWorld {
  readonly cells = new Map<number, Map<number, Seen>>();
  /** Who was named by a cell since they last left it. */
  readonly named = new Map<number, Set<number>>();
  /** Frames that did not tell of all who had moved. */
  partial = 0;
  /** Most that one frame told of who had moved. */
  costMax = 0;
  #heard = 0;

  #namedBy(cell: number): Set<number> {
    const named = this.named.get(cell) ?? new Set();
    this.named.set(cell, named);
    return named;
  }

  take(rig: ShardRig): void {
    for (; this.#heard < rig.heard.length; this.#heard++) {
      const { type, payload } = rig.heard[this.#heard]!;
      if (type !== toNet.cellMessage) continue;
      if (payload[CELL_MESSAGE_BODY] === messageTypes.profiles) {
        const { cell, profiles } = decodeProfiles(payload.subarray(CELL_MESSAGE_BODY));
        for (const { id } of profiles) this.#namedBy(cell).add(id);
        continue;
      }
      const isForPending = (payload[CELL_MESSAGE_FLAGS]! & CELL_TO_PENDING) !== 0;
      const before = this.cells.get(readU16(payload, FRAME_CELL));
      const isFirst = before === undefined;
      // Nobody is subscribed before a keyframe came: net publishes such a delta to no one.
      if (isFirst && !isForPending) continue;
      let slots = new Map<number, Seen>();
      let cost = 0;
      decodeFrames(payload.subarray(CELL_MESSAGE_BODY), {
        onFrame: (cell, _tick, isKeyframe, isPartial) => {
          if (isPartial) this.partial++;
          if (isKeyframe) this.cells.set(cell, new Map());
          assert.ok(isKeyframe || isForPending === false, "a waiting session starts with a keyframe");
          assert.ok(this.cells.has(cell), "no delta before a keyframe");
          slots = this.cells.get(cell)!;
        },
        onAppear: (id, x, y, slot) => {
          if (slots.has(slot)) cost += JUMP_COST;
          slots.set(slot, { id, x, y });
        },
        onLeave: (slot) => {
          this.#namedBy(readU16(payload, FRAME_CELL)).delete(slots.get(slot)?.id ?? -1);
          assert.ok(slots.delete(slot), "what leaves was there");
        },
        onProfile: ({ id }) => this.#namedBy(readU16(payload, FRAME_CELL)).add(id),
        onChange: (slot) => assert.ok(slots.has(slot), "what changes is there"),
        onMove: (slot, dx, dy) => {
          cost++;
          const seen = slots.get(slot);
          assert.ok(seen !== undefined, "what moves is there");
          seen.x += dx;
          seen.y += dy;
        },
      });
      // Whoever joins those who see the cell must know what they know, or the next delta would mean something else.
      if (isForPending && !isFirst) assert.deepEqual(slots, before, "a keyframe is what subscribers know");
      this.costMax = Math.max(this.costMax, cost);
    }
  }
}

test("[SI1] keyframes and deltas together say exactly what stands in every cell, on any number of shards", () => {
  const seed = Number(process.env.GRIDSHARD_SEED ?? 5);
  const prng = new Prng(seed);
  for (const shards of [1, 2, 3]) {
    const rig = new ShardRig({ shards, field: walkingField, widthCells: 6, heightCells: 3 });
    const world = new SeenWorld();
    rig.step();
    for (let cell = 0; cell < rig.grid.cellCount; cell++) rig.wantKeyframe(cell);
    for (let tick = 0; tick < 400; tick++) {
      const session = 1 + prng.below(12);
      const roll = prng.below(10);
      if (!rig.route.has(session)) {
        rig.join(session, prng.unit() * rig.grid.widthMeters, prng.unit() * rig.grid.heightMeters);
      } else if (roll < 5) rig.move(session, prng.below(255) - 127, prng.below(255) - 127);
      else if (roll === 9 && tick % 7 === 0) {
        rig.session(toShard.leave, session);
        rig.run(6);
        rig.route.delete(session);
      }
      if (roll === 8) rig.wantKeyframe(prng.below(rig.grid.cellCount));
      rig.step();
      world.take(rig);
      compare(rig, world, `seed ${seed}, shards ${shards}, tick ${tick}`);
    }
  }
});

/** Where a row is in its cell, as the wire would say now. */
function placeOf(rig: ShardRig, cell: number, row: number): { x: number; y: number } {
  const { grid } = rig;
  const { entities } = rig.shards[rig.ownerOf(cell)]!.field;
  const units = (meters: number) =>
    Math.round((meters * POSITION_UNITS) / grid.cellSizeMeters) + POSITION_OFFSET;
  return {
    x: units(entities.x[row]! - (cell % grid.widthCells) * grid.cellSizeMeters),
    y: units(entities.y[row]! - Math.floor(cell / grid.widthCells) * grid.cellSizeMeters),
  };
}

type PlaceOf = (rig: ShardRig, cell: number, row: number) => { x: number; y: number };

/** What subscribers are supposed to know. */
const sentPlaceOf: PlaceOf = (rig, cell, row) => {
  const { sentX, sentY } = rig.shards[rig.ownerOf(cell)]!.field.entities;
  return { x: sentX[row]!, y: sentY[row]! };
};

function compare(rig: ShardRig, world: SeenWorld, where: string, place: PlaceOf = placeOf): void {
  for (let cell = 0; cell < rig.grid.cellCount; cell++) {
    const { entities } = rig.shards[rig.ownerOf(cell)]!.field;
    const there: string[] = [];
    for (let row = entities.first[cell]!; row !== NO_ROW; row = entities.next[row]!) {
      if (entities.isGhost(row)) continue;
      const { x, y } = place(rig, cell, row);
      there.push(`${entities.id[row]} ${x} ${y}`);
    }
    for (const { id } of world.cells.get(cell)?.values() ?? []) {
      assert.ok(
        isCreatureId(id) || world.named.get(cell)?.has(id),
        `${id} has a name, cell ${cell}, ${where}`,
      );
    }
    const seen = [...(world.cells.get(cell)?.values() ?? [])].map(
      (entity) => `${entity.id} ${entity.x} ${entity.y}`,
    );
    assert.deepEqual(seen.sort(), there.sort(), `cell ${cell}, ${where}`);
  }
}

test("[SI3] in a crowd movers take turns: frames stay short and everybody is told of within a bounded time", () => {
  const seed = Number(process.env.GRIDSHARD_SEED ?? 6);
  const prng = new Prng(seed);
  for (const people of [20, 300]) {
    const max = 16;
    const rig = new ShardRig({
      shards: 1,
      field: walkingField,
      widthCells: 2,
      heightCells: 1,
      cellSizeMeters: 40,
      movesPerCellMax: max,
    });
    const world = new SeenWorld();
    rig.step();
    for (let cell = 0; cell < 2; cell++) rig.wantKeyframe(cell);
    for (let session = 1; session <= people; session++) rig.join(session, 10 + prng.unit() * 20, 20);
    rig.run(4);
    world.take(rig);
    const { entities } = rig.shards[0]!.field;
    const owedTicks = new Map<number, number>();
    const toldAt = new Map<number, number>();
    // Everybody may have to jump, and what is left of a tick may be too little for one more.
    const owedMax = Math.ceil((people * JUMP_COST) / (max - JUMP_COST + 1));
    for (let tick = 0; tick < 400; tick++) {
      const where = `seed ${seed}, ${people} people, tick ${tick}`;
      // Half of them run, so that what is put off becomes a jump; the others stroll or stand.
      for (let count = 0; count < people / 10; count++) {
        const session = 1 + prng.below(people);
        const pace = session % 2 === 0 ? 127 : prng.below(20);
        rig.move(session, prng.below(2) === 0 ? pace : -pace, 0);
      }
      if (prng.below(10) === 0) rig.wantKeyframe(prng.below(2));
      rig.step();
      world.take(rig);
      compare(rig, world, where, sentPlaceOf);
      for (let cell = 0; cell < 2; cell++) {
        for (let row = entities.first[cell]!; row !== NO_ROW; row = entities.next[row]!) {
          const sent = entities.sentX[row]!;
          const isOwed = sent !== placeOf(rig, cell, row).x && sent === toldAt.get(row);
          const owed = isOwed ? (owedTicks.get(row) ?? 0) + 1 : 0;
          owedTicks.set(row, owed);
          toldAt.set(row, sent);
          assert.ok(owed <= owedMax, `${where}: row ${row} waits to be told of for ${owed} ticks`);
        }
      }
    }
    assert.ok(world.partial > 10, `${world.partial} frames told only of some`);
    assert.ok(world.costMax <= max, `${world.costMax} in one frame`);
    assert.ok(rig.shards[0]!.counters.get(shardMetric.moves_deferred_total) >= world.partial);
    for (let session = 1; session <= people; session++) rig.move(session, 0, 0);
    rig.run(owedMax * STRIDES_MAX + 2);
    world.take(rig);
    compare(rig, world, `seed ${seed}, ${people} people, at rest`);
  }
});

test("[SI3] a crowd of which all had to wait too long for a move comes to be told in time again", () => {
  const people = 60;
  const max = 16;
  const rig = new ShardRig({
    shards: 1,
    field: walkingField,
    widthCells: 1,
    heightCells: 1,
    cellSizeMeters: 40,
    movesPerCellMax: max,
  });
  const world = new SeenWorld();
  rig.step();
  rig.wantKeyframe(0);
  for (let session = 1; session <= people; session++) {
    rig.join(session, 6, 20);
    rig.move(session, 127, 0);
  }
  rig.run(8);
  const { entities } = rig.shards[0]!.field;
  const rows: number[] = [];
  for (let row = entities.first[0]!; row !== NO_ROW; row = entities.next[row]!) {
    if (isCreatureId(entities.id[row]!)) continue;
    rows.push(row);
    entities.x[row]! += 2.6;
  }
  const units = () => rows.map((row) => Math.abs(entities.sentX[row]! - placeOf(rig, 0, row).x));
  assert.equal(rows.length, people);
  assert.ok(Math.min(...units()) > STEP_MAX, "all are further away than a move reaches");
  // What each walks between two turns is half of what a move reaches: the debt is gone after some rounds of turns.
  const ticksOfRound = Math.ceil(people / max);
  rig.run(ticksOfRound * 4);
  const sent = rows.map((row) => entities.sentX[row]);
  rig.run(ticksOfRound);
  world.take(rig);
  for (const [index, row] of rows.entries()) assert.notEqual(entities.sentX[row], sent[index], `row ${row}`);
  assert.ok(Math.max(...units()) <= STEP_MAX, `${Math.max(...units())} units are owed`);
  assert.ok(world.costMax <= max, `${world.costMax} in one frame`);
});

test("[SI2] a lane that is full loses no sight: a keyframe follows for everybody", () => {
  const rig = new ShardRig({ shards: 1, field: walkingField });
  const world = new SeenWorld();
  rig.step();
  for (let cell = 0; cell < rig.grid.cellCount; cell++) rig.wantKeyframe(cell);
  rig.join(1, 5, 5);
  rig.run(2);
  rig.move(1, 127, 0);
  world.take(rig);
  // Net stops reading: the shard goes on until its lane is full, and further.
  const shard = rig.shards[0]!;
  const skipped = () => shard.counters.get(shardMetric.frames_skipped_total);
  for (let tick = 0; tick < 20_000 && skipped() < 50; tick++) {
    rig.clock.advance(50);
    if (tick % 60 === 0) rig.move(1, tick % 120 === 0 ? -127 : 127, 0);
    shard.duty(rig.clock.nowMs());
  }
  assert.ok(skipped() >= 50);
  rig.run(3);
  world.take(rig);
  compare(rig, world, "after the stall");
});
