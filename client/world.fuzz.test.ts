import assert from "node:assert/strict";
import test from "node:test";
import { freshSeed, Prng } from "../engine/prng.js";
import {
  encodeSight,
  FRAMES_HEAD_BYTES,
  type FrameCounts,
  frameLength,
  writeAppear,
  writeChange,
  writeFrameHead,
  writeFramesHead,
  writeLeave,
  writeMove,
} from "../engine/wire/codec.js";
import { CELL_NONE, POSITION_OFFSET, POSITION_UNITS } from "../engine/wire/message-types.js";
import { World } from "./world.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());
const WIDTH = 5;
const HEIGHT = 4;
const CELL_METERS = 16;
const UNITS_PER_METER = POSITION_UNITS / CELL_METERS;
const CELLS = WIDTH * HEIGHT;

/** What a server knows of an entity. Places are in the wire's units, from the world's corner. */
interface Thing {
  readonly id: number;
  x: number;
  y: number;
  cell: number;
  slot: number;
  state: number;
  health: number;
  level: number;
  /** What the cell's subscribers were told. */
  sentX: number;
  sentY: number;
  sentState: number;
  sentLevel: number;
  isNew: boolean;
}

/** The reference: everything there is, encoded by cells like a shard does it, only simpler. */
class ReferenceServer {
  readonly things = new Map<number, Thing>();
  tick = 65_000;
  readonly #dice: Prng;
  readonly #freeSlots = Array.from({ length: CELLS }, () =>
    Array.from({ length: 40 }, (_, slot) => 39 - slot),
  );
  readonly #leaves: { slot: number; toCell: number }[][] = Array.from({ length: CELLS }, () => []);
  #lastId = 0;

  constructor(dice: Prng) {
    this.#dice = dice;
  }

  spawn(): void {
    const x = this.#dice.below(WIDTH * POSITION_UNITS);
    const y = this.#dice.below(HEIGHT * POSITION_UNITS);
    const id = ++this.#lastId;
    const at = { x, y, cell: cellOf(x, y), slot: -1, sentX: 0, sentY: 0 };
    const looks = { state: 0, health: 255, level: 1, sentState: 0, sentLevel: 1, isNew: true };
    this.things.set(id, { id, ...at, ...looks });
  }

  act(): void {
    for (const thing of this.things.values()) {
      const what = this.#dice.below(20);
      if (what < 10) this.#walk(thing, 100);
      else if (what === 10) this.#walk(thing, 3000);
      else if (what === 11) thing.state = this.#dice.below(256);
      else if (what === 12) thing.level = 1 + this.#dice.below(9);
      else if (what === 13 && this.#dice.below(6) === 0) {
        this.#leave(thing, CELL_NONE);
        this.things.delete(thing.id);
      }
    }
    if (this.things.size < 30) this.spawn();
    this.tick++;
  }

  #walk(thing: Thing, reach: number): void {
    const step = () => this.#dice.below(reach * 2 + 1) - reach;
    thing.x = Math.max(0, Math.min(WIDTH * POSITION_UNITS - 1, thing.x + step()));
    thing.y = Math.max(0, Math.min(HEIGHT * POSITION_UNITS - 1, thing.y + step()));
    const cell = cellOf(thing.x, thing.y);
    if (cell === thing.cell) return;
    this.#leave(thing, cell);
    thing.cell = cell;
    thing.isNew = true;
  }

  #leave(thing: Thing, toCell: number): void {
    if (thing.slot >= 0) this.#leaves[thing.cell]!.push({ slot: thing.slot, toCell });
    thing.slot = -1;
  }

  /** The cell's delta of this tick, undefined when there is nothing to say. Every cell must be asked once a tick. */
  delta(cell: number): Uint8Array | undefined {
    const here = [...this.things.values()].filter((thing) => thing.cell === cell);
    const appears = here.filter(
      (thing) =>
        thing.isNew ||
        thing.level !== thing.sentLevel ||
        far(thing.x - thing.sentX) ||
        far(thing.y - thing.sentY),
    );
    const rest = here.filter((thing) => !appears.includes(thing));
    const changes = rest.filter((thing) => thing.state !== thing.sentState);
    const moves = rest.filter((thing) => thing.x !== thing.sentX || thing.y !== thing.sentY);
    const leaves = this.#leaves[cell]!.splice(0);
    for (const thing of appears) if (thing.slot < 0) thing.slot = this.#freeSlots[cell]!.pop()!;
    for (const { slot } of leaves) this.#freeSlots[cell]!.push(slot);
    const counts = {
      appears: appears.length,
      leaves: leaves.length,
      changes: changes.length,
      moves: moves.length,
    };
    if (appears.length + leaves.length + changes.length + moves.length === 0) return undefined;
    const bytes = new Uint8Array(FRAMES_HEAD_BYTES + frameLength(counts));
    let at = writeFrameHead(bytes, writeFramesHead(bytes, 0, this.tick), {
      ...counts,
      cell,
      isKeyframe: false,
    });
    for (const thing of appears) at = appear(bytes, at, thing);
    for (const { slot, toCell } of leaves) at = writeLeave(bytes, at, slot, toCell);
    for (const thing of changes) at = writeChange(bytes, at, thing.slot, thing.state, thing.health);
    for (const thing of moves)
      at = writeMove(bytes, at, thing.slot, thing.x - thing.sentX, thing.y - thing.sentY);
    for (const thing of here) {
      thing.sentX = thing.x;
      thing.sentY = thing.y;
      thing.sentState = thing.state;
      thing.sentLevel = thing.level;
      thing.isNew = false;
    }
    return bytes;
  }

  keyframe(cell: number): Uint8Array {
    const here = [...this.things.values()].filter((thing) => thing.cell === cell);
    const counts: FrameCounts = { appears: here.length, leaves: 0, changes: 0, moves: 0 };
    const bytes = new Uint8Array(FRAMES_HEAD_BYTES + frameLength(counts));
    let at = writeFrameHead(bytes, writeFramesHead(bytes, 0, this.tick), {
      ...counts,
      cell,
      isKeyframe: true,
    });
    for (const thing of here) at = appear(bytes, at, thing);
    return bytes;
  }
}

function cellOf(x: number, y: number): number {
  return Math.floor(y / POSITION_UNITS) * WIDTH + Math.floor(x / POSITION_UNITS);
}
function far(step: number): boolean {
  return step > 127 || step < -127;
}
function appear(bytes: Uint8Array, at: number, thing: Thing): number {
  const x = POSITION_OFFSET + thing.x - (thing.cell % WIDTH) * POSITION_UNITS;
  const y = POSITION_OFFSET + thing.y - Math.floor(thing.cell / WIDTH) * POSITION_UNITS;
  const { id, slot, level, state, health } = thing;
  return writeAppear(bytes, at, { id, x, y, slot, kind: 1, level, look: 0, state, health, heading: 0 });
}

test(`[CL16] the world model equals the server's under random frames (seed ${seed})`, () => {
  for (let run = 0; run < 40; run++) {
    const dice = new Prng(seed + run);
    const server = new ReferenceServer(dice);
    const world = new World();
    world.reset({
      widthCells: WIDTH,
      heightCells: HEIGHT,
      cellSizeMeters: CELL_METERS,
      tickPeriodMs: 50,
      tick: 65_000,
    });
    let sight: number[] = [];
    for (let count = 0; count < 20; count++) server.spawn();
    for (let round = 0; round < 120; round++) {
      server.act();
      const added: number[] = [];
      if (dice.below(6) === 0) {
        const next = Array.from({ length: CELLS }, (_, cell) => cell).filter(() => dice.below(2) === 0);
        added.push(...next.filter((cell) => !sight.includes(cell)));
        sight = next;
        world.applySight(encodeSight({ center: sight[0] ?? CELL_NONE, shard: 0, cells: sight }));
      }
      // Shards' frames of one tick come in any order, each cell's keyframe behind its delta.
      const order = Array.from({ length: CELLS }, (_, cell) => cell);
      if (dice.below(2) === 0) order.reverse();
      const parts: Uint8Array[] = [];
      const apply = (messages: readonly Uint8Array[]) => {
        if (messages.length > 0) world.applyFrames(joined(messages), round * 50);
      };
      for (const cell of order) {
        const delta = server.delta(cell);
        if (delta !== undefined && sight.includes(cell)) parts.push(delta);
        if (added.includes(cell) || (sight.includes(cell) && dice.below(30) === 0)) {
          apply(parts.splice(0));
          world.applyFrames(server.keyframe(cell), round * 50);
        }
        // Their deltas come in one message, or in any number of them.
        if (dice.below(4) === 0) apply(parts.splice(0));
      }
      apply(parts);
      compare(world, server, sight, `run ${run}, round ${round}`);
    }
  }
});

/** One message of the frames of several, which are of one tick. */
function joined(messages: readonly Uint8Array[]): Uint8Array {
  const frames = messages.map((message) => message.subarray(FRAMES_HEAD_BYTES));
  return Uint8Array.from([
    ...messages[0]!.subarray(0, FRAMES_HEAD_BYTES),
    ...frames.flatMap((bytes) => [...bytes]),
  ]);
}

function compare(world: World, server: ReferenceServer, sight: readonly number[], where: string): void {
  const expected = [...server.things.values()]
    .filter((thing) => sight.includes(thing.cell))
    .map(({ id, cell, x, y, state, level }) => ({
      id,
      cell,
      x: x / UNITS_PER_METER,
      y: y / UNITS_PER_METER,
      state,
      level,
    }));
  const known = [...world.entities.values()].map(({ id, cell, x, y, state, level }) => ({
    id,
    cell,
    x,
    y,
    state,
    level,
  }));
  const byId = (a: { id: number }, b: { id: number }) => a.id - b.id;
  assert.deepEqual(known.sort(byId), expected.sort(byId), where);
  assert.ok(world.tick <= server.tick, where);
}
