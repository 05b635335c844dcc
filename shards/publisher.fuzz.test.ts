import assert from "node:assert/strict";
import { test } from "node:test";
import { CELL_MESSAGE_BODY, CELL_MESSAGE_FLAGS, CELL_TO_PENDING, toNet } from "../engine/lane/to-net.js";
import { toShard } from "../engine/lane/to-shard.js";
import { shardMetric } from "../engine/metrics.js";
import { Prng } from "../engine/prng.js";
import { NO_ROW } from "../engine/room/game.js";
import { decodeFrame } from "../engine/wire/codec.js";
import { messageTypes, POSITION_OFFSET, POSITION_UNITS } from "../engine/wire/message-types.js";
import { ShardRig } from "./shard-rig.js";
import { walkingField } from "./walking-field.js";

interface Seen {
  id: number;
  x: number;
  y: number;
}

/** Cells as a client that sees everything knows them, from frames alone. */
class SeenWorld {
  readonly cells = new Map<number, Map<number, Seen>>();
  #heard = 0;

  take(rig: ShardRig): void {
    for (; this.#heard < rig.heard.length; this.#heard++) {
      const { type, payload } = rig.heard[this.#heard]!;
      if (type !== toNet.cellMessage || payload[CELL_MESSAGE_BODY] !== messageTypes.cellFrame) continue;
      const isForPending = (payload[CELL_MESSAGE_FLAGS]! & CELL_TO_PENDING) !== 0;
      const isFirst = !this.cells.has(
        payload[CELL_MESSAGE_BODY + 2]! + payload[CELL_MESSAGE_BODY + 3]! * 256,
      );
      // Nobody is subscribed before a keyframe came: net publishes such a delta to no one.
      if (isFirst && !isForPending) continue;
      let slots = new Map<number, Seen>();
      decodeFrame(payload.subarray(CELL_MESSAGE_BODY), {
        onFrame: (cell, _tick, isKeyframe) => {
          if (isKeyframe) this.cells.set(cell, new Map());
          assert.ok(isKeyframe || isForPending === false, "a waiting session starts with a keyframe");
          assert.ok(this.cells.has(cell), "no delta before a keyframe");
          slots = this.cells.get(cell)!;
        },
        onAppear: (id, x, y, slot) => slots.set(slot, { id, x, y }),
        onLeave: (slot) => assert.ok(slots.delete(slot), "what leaves was there"),
        onChange: (slot) => assert.ok(slots.has(slot), "what changes is there"),
        onMove: (slot, dx, dy) => {
          const seen = slots.get(slot);
          assert.ok(seen !== undefined, "what moves is there");
          seen.x += dx;
          seen.y += dy;
        },
      });
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

function compare(rig: ShardRig, world: SeenWorld, where: string): void {
  for (let cell = 0; cell < rig.grid.cellCount; cell++) {
    const { entities } = rig.shards[rig.ownerOf(cell)]!.field;
    const there: string[] = [];
    for (let row = entities.first[cell]!; row !== NO_ROW; row = entities.next[row]!) {
      if (entities.isGhost(row)) continue;
      const originX = (cell % rig.grid.widthCells) * rig.grid.cellSizeMeters;
      const originY = Math.floor(cell / rig.grid.widthCells) * rig.grid.cellSizeMeters;
      const units = (meters: number) =>
        Math.round((meters * POSITION_UNITS) / rig.grid.cellSizeMeters) + POSITION_OFFSET;
      there.push(
        `${entities.id[row]} ${units(entities.x[row]! - originX)} ${units(entities.y[row]! - originY)}`,
      );
    }
    const seen = [...(world.cells.get(cell)?.values() ?? [])].map(
      (entity) => `${entity.id} ${entity.x} ${entity.y}`,
    );
    assert.deepEqual(seen.sort(), there.sort(), `cell ${cell}, ${where}`);
  }
}

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
