import assert from "node:assert/strict";
import test from "node:test";
import {
  encodeSight,
  FRAMES_HEAD_BYTES,
  type FrameCounts,
  frameLength,
  WireError,
  writeAppear,
  writeFrameHead,
  writeFramesHead,
  writeLeave,
  writeMove,
} from "../engine/wire/codec.js";
import { CELL_NONE, POSITION_OFFSET, POSITION_UNITS } from "../engine/wire/message-types.js";
import { World } from "./world.js";

const shape = { widthCells: 4, heightCells: 3, cellSizeMeters: 16, tickPeriodMs: 50, tick: 65_530 };
const UNITS_PER_METER = POSITION_UNITS / shape.cellSizeMeters;

interface Parts {
  readonly cell: number;
  readonly tick: number;
  readonly isKeyframe?: boolean;
  readonly isPartial?: boolean;
  readonly appears?: readonly { id: number; slot: number; x?: number; y?: number }[];
  readonly leaves?: readonly { slot: number; toCell: number }[];
  readonly moves?: readonly { slot: number; dx: number; dy: number }[];
}

function frame({
  cell,
  tick,
  isKeyframe = false,
  isPartial = false,
  appears = [],
  leaves = [],
  moves = [],
}: Parts): Uint8Array {
  const counts: FrameCounts = {
    appears: appears.length,
    leaves: leaves.length,
    changes: 0,
    moves: moves.length,
  };
  const bytes = new Uint8Array(FRAMES_HEAD_BYTES + frameLength(counts));
  let at = writeFrameHead(bytes, writeFramesHead(bytes, 0, tick), { ...counts, cell, isKeyframe, isPartial });
  for (const { id, slot, x = 0, y = 0 } of appears) {
    const [fx, fy] = [POSITION_OFFSET + x * UNITS_PER_METER, POSITION_OFFSET + y * UNITS_PER_METER];
    const rest = { kind: 1, level: 2, look: 3, state: 4, health: 255, heading: 5 };
    at = writeAppear(bytes, at, { id, x: fx, y: fy, slot, ...rest });
  }
  for (const { slot, toCell } of leaves) at = writeLeave(bytes, at, slot, toCell);
  for (const { slot, dx, dy } of moves) at = writeMove(bytes, at, slot, dx, dy);
  return bytes;
}

function worldInSight(...cells: number[]): World {
  const world = new World();
  world.reset(shape);
  world.applySight(encodeSight({ center: cells[0]!, shard: 0, cells }));
  return world;
}

test("[CL17] an entity that walks into another cell stays the same object, whichever frame comes first", () => {
  const leave = frame({ cell: 5, tick: 102, leaves: [{ slot: 0, toCell: 6 }] });
  const appear = frame({ cell: 6, tick: 102, appears: [{ id: 9, slot: 3, x: 0.5, y: 4 }] });
  for (const [first, second] of [
    [leave, appear],
    [appear, leave],
  ] as const) {
    const world = worldInSight(5, 6);
    world.applyFrames(
      frame({ cell: 5, tick: 101, isKeyframe: true, appears: [{ id: 9, slot: 0, x: 15.5, y: 4 }] }),
      0,
    );
    world.applyFrames(frame({ cell: 6, tick: 101, isKeyframe: true }), 0);
    const before = world.entities.get(9);
    assert.equal(before?.x, 31.5);
    world.applyFrames(first, 50);
    assert.equal(world.entities.get(9), before);
    world.applyFrames(second, 50);
    world.sweep(5000);
    assert.equal(world.entities.get(9), before);
    assert.equal(before.x, 32.5);
    assert.equal(before.cell, 6);
    world.applyFrames(
      frame({ cell: 6, tick: 103, moves: [{ slot: 3, dx: UNITS_PER_METER / 4, dy: -UNITS_PER_METER / 4 }] }),
      100,
    );
    assert.equal(before.x, 32.75);
    assert.equal(before.y, 19.75);
  }
});

test("[CL17] an entity that never appears where it went is gone after a second", () => {
  const world = worldInSight(5, 6);
  world.applyFrames(frame({ cell: 5, tick: 101, isKeyframe: true, appears: [{ id: 9, slot: 0 }] }), 0);
  world.applyFrames(frame({ cell: 5, tick: 102, leaves: [{ slot: 0, toCell: 6 }] }), 1000);
  world.sweep(1999);
  assert.equal(world.entities.size, 1);
  world.sweep(2000);
  assert.equal(world.entities.size, 0);
  world.applyFrames(frame({ cell: 5, tick: 103, appears: [{ id: 9, slot: 1 }] }), 2000);
  world.applyFrames(frame({ cell: 5, tick: 104, leaves: [{ slot: 1, toCell: 11 }] }), 2000);
  assert.equal(world.entities.size, 0, "out of sight is gone at once");
});

test("[CL17] an entity that leaves and comes back within one frame is here", () => {
  const world = worldInSight(5);
  world.applyFrames(frame({ cell: 5, tick: 101, isKeyframe: true, appears: [{ id: 9, slot: 0 }] }), 0);
  const backAgain = { appears: [{ id: 9, slot: 1 }], leaves: [{ slot: 0, toCell: CELL_NONE }] };
  world.applyFrames(frame({ cell: 5, tick: 102, ...backAgain }), 0);
  assert.equal(world.entities.size, 1);
});

test("[CL21] who takes a tick longer to the next cell, over a border of shards, walks on without a halt", () => {
  const world = worldInSight(5, 6);
  world.applyFrames(
    frame({ cell: 5, tick: 101, isKeyframe: true, appears: [{ id: 9, slot: 0, x: 15.5 }] }),
    0,
  );
  world.applyFrames(frame({ cell: 6, tick: 101, isKeyframe: true, appears: [{ id: 8, slot: 0 }] }), 0);
  world.applyFrames(frame({ cell: 5, tick: 102, leaves: [{ slot: 0, toCell: 6 }] }), 0);
  world.applyFrames(frame({ cell: 6, tick: 102, moves: [{ slot: 0, dx: 1, dy: 0 }] }), 0);
  world.applyFrames(frame({ cell: 6, tick: 103, appears: [{ id: 9, slot: 1, x: 0.5 }] }), 0);
  assert.equal(world.place(world.entities.get(9)!, world.tick - 1).x, 32);
});

test("[CL21] whom a partial frame does not name is not shown as standing still", () => {
  const shown: number[] = [];
  for (const isPartial of [false, true]) {
    const world = worldInSight(5);
    const appears = [
      { id: 1, slot: 0 },
      { id: 2, slot: 1 },
    ];
    world.applyFrames(frame({ cell: 5, tick: 101, isKeyframe: true, appears }), 0);
    world.applyFrames(frame({ cell: 5, tick: 102, moves: [{ slot: 1, dx: 1, dy: 0 }], isPartial }), 50);
    world.applyFrames(
      frame({ cell: 5, tick: 103, moves: [{ slot: 0, dx: UNITS_PER_METER / 4, dy: 0 }] }),
      100,
    );
    const entity = world.entities.get(1)!;
    const [start, between, end] = [2, 1, 0].map((ago) => world.place(entity, world.tick - ago).x);
    shown.push((between! - start!) / (end! - start!));
  }
  assert.deepEqual(shown, [0, 0.5]);
});

test("[CL18] what is out of sight is forgotten, and frames of unknown cells are stray", () => {
  const world = worldInSight(5, 6);
  world.applyFrames(frame({ cell: 5, tick: 101, isKeyframe: true, appears: [{ id: 1, slot: 0 }] }), 0);
  world.applyFrames(frame({ cell: 6, tick: 101, isKeyframe: true, appears: [{ id: 2, slot: 0 }] }), 0);
  world.applySight(encodeSight({ center: 6, shard: 1, cells: [6, 7] }));
  assert.deepEqual([...world.entities.keys()], [2]);
  assert.equal(world.center, 6);
  assert.equal(world.shard, 1);
  world.applyFrames(frame({ cell: 5, tick: 102, appears: [{ id: 1, slot: 0 }] }), 0);
  world.applyFrames(frame({ cell: 7, tick: 102, appears: [{ id: 3, slot: 0 }] }), 0);
  assert.equal(world.framesStray, 2);
  assert.deepEqual([...world.entities.keys()], [2]);
  assert.deepEqual([world.knows(5), world.knows(6), world.knows(7)], [false, true, false]);
});

test("[CL18] a malformed frame throws a WireError and changes nothing", () => {
  const world = worldInSight(5);
  const good = frame({ cell: 5, tick: 101, isKeyframe: true, appears: [{ id: 1, slot: 0 }] });
  assert.throws(() => world.applyFrames(good.subarray(0, good.length - 1), 0), WireError);
  assert.throws(() => world.applySight(Uint8Array.of(135, 0, 9, 0, 0, 0, 0, 0)), WireError);
  assert.equal(world.entities.size, 0);
  assert.equal(world.framesApplied, 0);
});

test("[CL16] ticks count on across their 16 bits", () => {
  const world = worldInSight(5);
  world.applyFrames(frame({ cell: 5, tick: 65_535, isKeyframe: true }), 0);
  world.applyFrames(frame({ cell: 5, tick: 65_537, appears: [{ id: 1, slot: 0 }] }), 100);
  assert.equal(world.tick, 65_537);
  world.applyFrames(frame({ cell: 5, tick: 65_536 }), 100);
  assert.equal(world.tick, 65_537);
});

test("[CL19] names come before or after their entity, and are bounded", () => {
  const world = worldInSight(5);
  world.learnName(1, "Ada");
  world.applyFrames(
    frame({
      cell: 5,
      tick: 101,
      isKeyframe: true,
      appears: [
        { id: 1, slot: 0 },
        { id: 2, slot: 1 },
      ],
    }),
    0,
  );
  world.learnName(2, "Bea");
  assert.deepEqual(
    [...world.entities.values()].map((entity) => entity.name),
    ["Ada", "Bea"],
  );
  for (let id = 100; id < 100 + 4096; id++) world.learnName(id, "x");
  world.applyFrames(frame({ cell: 5, tick: 102, leaves: [{ slot: 0, toCell: CELL_NONE }] }), 0);
  world.applyFrames(frame({ cell: 5, tick: 103, appears: [{ id: 1, slot: 0 }] }), 0);
  assert.equal(world.entities.get(1)?.name, "", "the oldest name was forgotten");
  assert.equal(world.entities.get(2)?.name, "Bea");
});

test("[CL24] after a resume what was known stays until its keyframe, and paths start over", () => {
  const world = worldInSight(5, 6);
  world.applyFrames(frame({ cell: 5, tick: 101, isKeyframe: true, appears: [{ id: 1, slot: 0, x: 3 }] }), 0);
  world.applyFrames(frame({ cell: 6, tick: 101, isKeyframe: true, appears: [{ id: 2, slot: 0 }] }), 0);
  world.reset({ ...shape, tick: 40 });
  assert.equal(world.entities.size, 2);
  assert.equal(world.knows(5), false);
  world.applySight(encodeSight({ center: 5, shard: 0, cells: [5] }));
  assert.deepEqual([...world.entities.keys()], [1]);
  world.applyFrames(frame({ cell: 5, tick: 41, moves: [{ slot: 0, dx: 100, dy: 0 }] }), 0);
  assert.equal(world.entities.get(1)?.x, 19, "no delta before the keyframe");
  world.applyFrames(frame({ cell: 5, tick: 42, isKeyframe: true, appears: [{ id: 1, slot: 2, x: 4 }] }), 0);
  const entity = world.entities.get(1)!;
  assert.equal(world.place(entity, 42).x, 20);
  world.reset({ ...shape, widthCells: 5 });
  assert.equal(world.entities.size, 0, "another world");
});

test("[CL24] a restarted server's smaller ticks are not taken for old ones", () => {
  const world = worldInSight(5, 6);
  world.applyFrames(frame({ cell: 6, tick: 40_000, isKeyframe: true, appears: [{ id: 1, slot: 0 }] }), 0);
  world.reset({ ...shape, tick: 3 });
  world.applySight(encodeSight({ center: 5, shard: 0, cells: [5, 6] }));
  world.applyFrames(frame({ cell: 5, tick: 4, isKeyframe: true, appears: [{ id: 1, slot: 0 }] }), 0);
  world.applyFrames(frame({ cell: 6, tick: 4, isKeyframe: true }), 0);
  assert.equal(world.entities.get(1)?.cell, 5);
});
