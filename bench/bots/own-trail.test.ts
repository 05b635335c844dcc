import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "../../engine/prng.js";
import { encodeSight } from "../../engine/wire/codec.js";
import { CELL_NONE } from "../../engine/wire/message-types.js";
import { type FrameParts, framesMessage } from "./frame-parts.js";
import { OwnTrail } from "./own-trail.js";
import { ErrorLog } from "./protocol-errors.js";
import { BotSight } from "./sight.js";

const OWN = 7;
const CELLS = 4;
const TICKS = 400;
const world = { widthCells: 2, cellSizeMeters: 16 };

/** A reader, and all it told. */
function reading(Reader: typeof OwnTrail | typeof BotSight) {
  const errors = new ErrorLog();
  const told: unknown[] = [];
  const reader = new Reader({
    ownId: OWN,
    world,
    errors,
    listener: {
      onFrameTick: (tick) => told.push(["tick", tick]),
      onOwnStep: (dx, dy) => told.push(["step", dx, dy]),
      onOwnCrossed: (ms) => told.push(["crossed", ms]),
    },
  });
  const state = () => ({
    ...{ told, errors: errors.counts, isPlaced: reader.isPlaced, x: reader.ownX, y: reader.ownY },
    ...{ shard: reader.shard, shardChanges: reader.shardChanges },
  });
  return { reader, errors, state };
}

/** People who come, walk, change cells and go; each tick as one message of frames. */
class Crowd {
  readonly #slots = Array.from({ length: CELLS }, () => new Map<number, number>());
  readonly #dice: Prng;
  #strangers = 100;

  constructor(dice: Prng) {
    this.#dice = dice;
    this.#slots[0]!.set(0, OWN);
  }

  keyframes(): FrameParts[] {
    return this.#slots.map((_, cell) => this.#keyframe(cell));
  }

  tick(): FrameParts[] {
    const dice = this.#dice;
    const arrivals: [number, number, number][] = [];
    const frames = this.#slots.map((slots, cell): FrameParts => {
      if (dice.below(20) === 0) return this.#keyframe(cell);
      const leaves: [number, number][] = [];
      const moves: [number, number, number][] = [];
      for (const [slot, id] of [...slots]) {
        if (dice.below(10) > 0) {
          moves.push([slot, dice.below(255) - 127, dice.below(255) - 127]);
        } else {
          const to = dice.below(CELLS + 1);
          const goesOn = id === OWN || to < CELLS;
          leaves.push([slot, goesOn ? to % CELLS : CELL_NONE]);
          slots.delete(slot);
          if (goesOn) arrivals.push([to % CELLS, id, this.#freeSlot(to % CELLS, arrivals)]);
        }
      }
      return { cell, leaves, moves };
    });
    if (dice.below(2) === 0) {
      const cell = dice.below(CELLS);
      arrivals.push([cell, this.#strangers++, this.#freeSlot(cell, arrivals)]);
    }
    for (const [cell, id, slot] of arrivals) this.#slots[cell]!.set(slot, id);
    const appearing = frames.map((frame): FrameParts => {
      if (frame.isKeyframe === true) return this.#keyframe(frame.cell);
      const appears = arrivals
        .filter(([cell]) => cell === frame.cell)
        .map(([, id, slot]) => [id, slot] as const);
      return { ...frame, appears };
    });
    // A cell in which nothing happened is not told of.
    return appearing.filter(
      ({ isKeyframe, appears = [], leaves = [], moves = [] }) =>
        isKeyframe === true || appears.length + leaves.length + moves.length > 0,
    );
  }

  #keyframe(cell: number): FrameParts {
    const appears = [...this.#slots[cell]!].map(([slot, id]) => [id, slot] as const);
    return { cell, isKeyframe: true, appears };
  }

  /** One that nobody has; of so many that one given up in this tick is hardly taken in it, which no shard does either. */
  #freeSlot(cell: number, arrivals: readonly (readonly number[])[]): number {
    for (;;) {
      const slot = 1 + this.#dice.below(60_000);
      if (!this.#slots[cell]!.has(slot) && !arrivals.some(([to, , taken]) => to === cell && taken === slot))
        return slot;
    }
  }
}

for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
  test(`[BO16] who reads only the own trail knows of itself what who reads everything knows (seed ${seed})`, () => {
    const crowd = new Crowd(new Prng(seed));
    const dice = new Prng(seed + 1000);
    const both = [reading(OwnTrail), reading(BotSight)];
    const feed = (act: (reader: OwnTrail) => void) => {
      for (const { reader } of both) act(reader);
      assert.deepEqual(both[0]!.state(), both[1]!.state());
    };
    const all = encodeSight({ center: 0, shard: 0, cells: [0, 1, 2, 3] });
    feed((reader) => reader.sight(all, 0));
    const first = framesMessage(0, crowd.keyframes());
    feed((reader) => reader.frame(first));
    for (let tick = 1; tick < TICKS; tick++) {
      const frames = crowd.tick();
      const nowMs = tick * 50;
      const list = encodeSight({ center: 0, shard: dice.below(2), cells: [0, 1, 2, 3] });
      feed((reader) => {
        reader.nowMs = nowMs;
        if (frames.length > 0) reader.frame(framesMessage(tick, frames));
        if (tick % 37 === 0) reader.sight(list, nowMs);
        if (tick % 5 === 0) reader.sweep(nowMs);
      });
    }
    const { told, errors, isPlaced } = both[0]!.state();
    assert.ok(told.length > 2 * TICKS - 100 && isPlaced);
    assert.deepEqual(errors, {});
  });
}

test("[BO16] who reads only the own trail finds it lost when its cell goes out of sight or loses it", () => {
  for (const lose of [
    (reader: OwnTrail) => reader.sight(encodeSight({ center: 1, shard: 0, cells: [1] }), 0),
    (reader: OwnTrail) => reader.frame(framesMessage(2, [{ cell: 0, leaves: [[3, CELL_NONE]] }])),
    (reader: OwnTrail) => reader.frame(framesMessage(2, [{ cell: 0, isKeyframe: true, appears: [[9, 0]] }])),
  ]) {
    const { reader, errors } = reading(OwnTrail);
    reader.sight(encodeSight({ center: 0, shard: 0, cells: [0, 1] }), 0);
    reader.frame(framesMessage(1, [{ cell: 0, isKeyframe: true, appears: [[OWN, 3]] }]));
    assert.equal(reader.isPlaced, true);
    lose(reader);
    assert.equal(reader.isPlaced, false);
    for (const nowMs of [900, 1100, 2000]) reader.sweep(nowMs);
    assert.deepEqual(errors.counts, { ownEntityVanished: 1 });
  }
});

test("[BO16] who reads only the own trail knows a message that is cut short or too long for malformed, wherever that is", () => {
  const parts: FrameParts[] = [
    { cell: 1, moves: [[0, 1, 1]] },
    { cell: 0, isKeyframe: true, appears: [[OWN, 3]] },
    { cell: 2, moves: [[0, 1, 1]] },
  ];
  const whole = framesMessage(1, parts);
  const ends = parts.map((_, at) => framesMessage(1, parts.slice(0, at + 1)).length);
  for (let length = 1; length < whole.length; length++) {
    const { reader, errors } = reading(OwnTrail);
    reader.frame(whole.subarray(0, length));
    assert.deepEqual(errors.counts, ends.includes(length) ? {} : { malformed: 1 }, `${length} bytes`);
  }
  const { reader, errors } = reading(OwnTrail);
  reader.frame(Uint8Array.of(...whole, 0));
  assert.deepEqual(errors.counts, { malformed: 1 });
});
