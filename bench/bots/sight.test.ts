import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeSight } from "../../engine/wire/codec.js";
import { CELL_NONE, POSITION_UNITS } from "../../engine/wire/message-types.js";
import { type FrameParts, framesMessage } from "./frame-parts.js";
import { ErrorLog } from "./protocol-errors.js";
import { BotSight } from "./sight.js";

const OWN = 7;
const world = { widthCells: 4, cellSizeMeters: 16 };

const frame = ({ tick, ...parts }: FrameParts & { readonly tick: number }) => framesMessage(tick, [parts]);

/** A bot that sees cells 0 and 1 and stands in cell 0, slot 0. */
function placed() {
  const errors = new ErrorLog();
  const steps: [number, number][] = [];
  const sight = new BotSight({
    ownId: OWN,
    world,
    errors,
    listener: { onFrameTick: () => {}, onOwnStep: (dx, dy) => steps.push([dx, dy]), onOwnCrossed: () => {} },
  });
  sight.sight(encodeSight({ center: 0, shard: 0, cells: [0, 1] }), 0);
  sight.frame(frame({ cell: 0, tick: 1, isKeyframe: true, appears: [[OWN, 0]] }));
  sight.frame(frame({ cell: 1, tick: 1, isKeyframe: true }));
  return { sight, errors, steps };
}

test("[BO11] deltas move what keyframes showed; the own steps are told", () => {
  const { sight, errors, steps } = placed();
  sight.frame(frame({ cell: 0, tick: 2, appears: [[9, 1]], moves: [[0, 4, -8]] }));
  assert.equal(sight.alive, 2);
  assert.deepEqual(steps.at(-1), [4, -8]);
  assert.equal(sight.ownX, 8 + (4 * 16) / POSITION_UNITS);
  assert.equal(sight.nearest((id) => id === 9)?.id, 9);
  assert.deepEqual(errors.counts, {});
});

test("[BO11] crossing to another cell keeps the place in the world", () => {
  const { sight, errors } = placed();
  sight.frame(frame({ cell: 0, tick: 2, leaves: [[0, 1]] }));
  assert.equal(sight.isPlaced, false);
  sight.frame(frame({ cell: 1, tick: 2, appears: [[OWN, 3]] }));
  assert.equal(sight.isPlaced, true);
  assert.equal(sight.ownX, 24);
  sight.sweep(5000);
  assert.deepEqual(errors.counts, {});
});

test("[BO6] a delta before the keyframe of its cell is an error", () => {
  const { sight, errors } = placed();
  sight.sight(encodeSight({ center: 0, shard: 0, cells: [0, 1, 2] }), 0);
  sight.frame(frame({ cell: 2, tick: 5, appears: [[9, 0]] }));
  assert.deepEqual(errors.counts, { deltaWithoutKeyframe: 1 });
});

test("[BO6] a cell that was forgotten needs a keyframe again", () => {
  const { sight, errors } = placed();
  sight.sight(encodeSight({ center: 0, shard: 0, cells: [0] }), 0);
  sight.sight(encodeSight({ center: 0, shard: 0, cells: [0, 1] }), 0);
  sight.frame(frame({ cell: 1, tick: 5, appears: [[9, 0]] }));
  assert.deepEqual(errors.counts, { deltaWithoutKeyframe: 1 });
});

test("[BO6] unknown slots, taken slots, cells out of sight and older ticks are errors", () => {
  const { sight, errors } = placed();
  sight.frame(frame({ cell: 0, tick: 2, moves: [[5, 1, 1]] }));
  sight.frame(frame({ cell: 0, tick: 2, leaves: [[5, CELL_NONE]] }));
  assert.equal(errors.counts.unknownSlot, 2);
  sight.frame(frame({ cell: 0, tick: 3, appears: [[9, 0]] }));
  assert.equal(errors.counts.slotTaken, 1);
  sight.frame(frame({ cell: 3, tick: 3, isKeyframe: true }));
  assert.equal(errors.counts.cellOutsideSight, 1);
  sight.frame(frame({ cell: 1, tick: 0, isKeyframe: true }));
  assert.equal(errors.counts.tickBackwards, 1);
});

test("[BO6] ticks may wrap", () => {
  const { sight, errors } = placed();
  for (const tick of [0x7000, 0xe000, 0xffff, 0]) sight.frame(frame({ cell: 1, tick, isKeyframe: true }));
  assert.deepEqual(errors.counts, {});
});

test("[BO6] a frame whose counts do not fit its length is malformed", () => {
  const { sight, errors } = placed();
  sight.frame(frame({ cell: 0, tick: 2, moves: [[0, 1, 1]] }).subarray(0, 10));
  assert.deepEqual(errors.counts, { malformed: 1 });
});

test("[BO6] an entity in two cells is an error only when it lasts longer than a second", () => {
  const { sight, errors } = placed();
  sight.frame(frame({ cell: 0, tick: 2, appears: [[9, 1]] }));
  sight.nowMs = 100;
  sight.frame(frame({ cell: 1, tick: 2, appears: [[9, 1]] }));
  sight.sweep(1000);
  assert.deepEqual(errors.counts, {});
  sight.sweep(1200);
  assert.deepEqual(errors.counts, { duplicateEntity: 1 });
});

test("[BO6] an entity that leaves its old cell in time is no duplicate", () => {
  const { sight, errors } = placed();
  sight.frame(frame({ cell: 0, tick: 2, appears: [[9, 1]] }));
  sight.frame(frame({ cell: 1, tick: 2, appears: [[9, 1]] }));
  sight.frame(frame({ cell: 0, tick: 3, leaves: [[1, 1]] }));
  sight.sweep(5000);
  assert.deepEqual(errors.counts, {});
  assert.equal(sight.alive, 2);
});

test("[BO6] the own entity nowhere for longer than a second is an error, told once", () => {
  const { sight, errors } = placed();
  sight.frame(frame({ cell: 0, tick: 2, leaves: [[0, CELL_NONE]] }));
  for (const nowMs of [1000, 1900, 2100, 3000]) sight.sweep(nowMs);
  assert.deepEqual(errors.counts, { ownEntityVanished: 1 });
});

test("[BO6] an entity that leaves and comes back in one frame is no duplicate", () => {
  const { sight, errors } = placed();
  sight.frame(frame({ cell: 0, tick: 2, appears: [[9, 1]] }));
  sight.frame(frame({ cell: 0, tick: 3, appears: [[9, 2]], leaves: [[1, 0]] }));
  sight.sweep(5000);
  assert.deepEqual(errors.counts, {});
  assert.equal(sight.alive, 2);
});
