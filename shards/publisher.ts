/**
 * Sight, as its owner encodes it: once per cell and tick, straight into the lane to net. Subscribers get deltas;
 * those who wait get a keyframe behind the delta of the same tick, so what they know is the same.
 */

import type { LaneWriter } from "../engine/lane/lane.js";
import { CELL_MESSAGE_BODY, CELL_PROMOTES, CELL_TO_PENDING } from "../engine/lane/to-net.js";
import type { Counters } from "../engine/memory/counters.js";
import { shardMetric } from "../engine/metrics.js";
import { type EntityTable, NO_ROW, ROW_GHOST } from "../engine/room/entity-table.js";
import { columnOf, type Grid, rowOf } from "../engine/space/grid.js";
import {
  FRAMES_HEAD_BYTES,
  frameLength,
  NAMES_HEAD_BYTES,
  writeChange,
  writeFrameHead,
  writeFramesHead,
  writeLeave,
  writeMove,
  writeNamesHead,
  writeNarrowMove,
} from "../engine/wire/codec.js";
import {
  EntityAppearLayout,
  FrameExtensionLayout,
  FrameHeaderLayout,
} from "../engine/wire/generated/frames-layout.js";
import { CELL_NONE, POSITION_OFFSET, POSITION_UNITS } from "../engine/wire/message-types.js";
import { claimCellMessage } from "./cell-message.js";
import { CellNames, type ProfileOf } from "./cell-names.js";
import {
  type FrameTally,
  MoveTurns,
  SAY_APPEAR,
  SAY_CHANGE,
  SAY_JUMP,
  SAY_MOVE,
  SAY_NEAR,
  SAY_NOTHING,
  STEP_MAX,
  STRIDES_MAX,
} from "./move-turns.js";

const HEADS_BYTES = FRAMES_HEAD_BYTES + FrameHeaderLayout.size + FrameExtensionLayout.size;
const APPEAR_BYTES = EntityAppearLayout.size;
const NARROW_SLOT_MAX = 255;
/** A row its cell's subscribers have not been told of. */
const SLOT_NONE = 0xffff;

/** Slots are 16 bits on the wire. */
const SLOTS = 0x1_0000;

export class Publisher {
  readonly #grid: Grid;
  readonly #entities: EntityTable;
  readonly #lane: LaneWriter;
  readonly #counters: Counters;
  readonly #names: CellNames;
  readonly #say: Uint8Array;
  /** Per cell: slots free for reuse, and the first never used. */
  readonly #freeSlots: (number[] | undefined)[];
  readonly #slotsTouched: Uint16Array;
  /** Per cell, who has left, as many as counted: the slot in the low 16 bits, where to above. */
  readonly #leaves: (number[] | undefined)[];
  readonly #leaveCounts: Uint16Array;
  readonly #isWanted: Uint8Array;
  readonly #isResync: Uint8Array;
  /** Appears that fit one message. */
  readonly #appearsMax: number;
  #wantedCount = 0;
  readonly #turns: MoveTurns;
  /** The head of the frame being written, and what it counts. */
  readonly #head: FrameTally & {
    cell: number;
    leaves: number;
    isKeyframe: boolean;
    isNarrow: boolean;
    isPartial: boolean;
    nameBytes: number;
  };

  constructor(options: {
    readonly grid: Grid;
    readonly entities: EntityTable;
    readonly lane: LaneWriter;
    readonly counters: Counters;
    readonly profileOf: ProfileOf;
    /** Moves told per cell and tick, see {@link MoveTurns}. */
    readonly movesPerCellMax: number;
  }) {
    this.#grid = options.grid;
    this.#entities = options.entities;
    this.#lane = options.lane;
    this.#counters = options.counters;
    this.#names = new CellNames(options);
    const cells = options.grid.cellCount;
    this.#say = new Uint8Array(options.entities.capacity);
    this.#freeSlots = new Array<number[] | undefined>(cells);
    this.#slotsTouched = new Uint16Array(cells);
    this.#leaveCounts = new Uint16Array(cells);
    this.#leaves = new Array<number[] | undefined>(cells);
    this.#isWanted = new Uint8Array(cells);
    this.#isResync = new Uint8Array(cells);
    const room = options.lane.ring.recordLengthMax - CELL_MESSAGE_BODY - HEADS_BYTES;
    this.#appearsMax = Math.min(8000, Math.floor(room / APPEAR_BYTES) >> 1);
    this.#turns = new MoveTurns(cells, options.movesPerCellMax);
    this.#head = {
      cell: 0,
      isKeyframe: false,
      isPartial: false,
      isNarrow: true,
      appears: 0,
      leaves: 0,
      changes: 0,
      moves: 0,
      slotMax: 0,
      nameBytes: 0,
    };
  }

  /** Whether a keyframe is owed to somebody. */
  get isOwing(): boolean {
    return this.#wantedCount > 0;
  }

  /** A row that nobody has been told of yet: call for every row added to a cell. */
  entered(row: number): void {
    this.#entities.slot[row] = SLOT_NONE;
  }

  /** The row is about to leave its cell for `toCell` (CELL_NONE: for good). */
  leaving(row: number, toCell = CELL_NONE): void {
    const { slot, cell } = this.#entities;
    if (slot[row] === SLOT_NONE) return;
    const at = cell[row]!;
    const leaves = this.#leaves[at] ?? [];
    this.#leaves[at] = leaves;
    leaves[this.#leaveCounts[at]!++] = slot[row]! + toCell * SLOTS;
    slot[row] = SLOT_NONE;
  }

  /** Something only an appear can say has changed: show the row afresh. */
  renew(row: number): void {
    this.#entities.sentLevel[row] = ~this.#entities.level[row]!;
  }

  wantKeyframe(cell: number): void {
    if (this.#isWanted[cell] === 1) return;
    this.#isWanted[cell] = 1;
    this.#wantedCount++;
  }

  /**
   * Nobody sees the cell any more, as far as this shard was told: whoever comes next begins with a keyframe. Net may
   * have made somebody a subscriber meanwhile, with a keyframe from before; so the next frame is one for subscribers too.
   */
  forget(cell: number): void {
    const { slot, first, next } = this.#entities;
    for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) slot[row] = SLOT_NONE;
    this.#resetSlots(cell);
    this.#isResync[cell] = 1;
    if (this.#isWanted[cell] === 1) {
      this.#isWanted[cell] = 0;
      this.#wantedCount--;
    }
  }

  /** Writes one cell's messages of this tick. */
  publish(cell: number, tick: number): void {
    if (this.#isResync[cell] === 1) this.#resync(cell, tick);
    else this.#delta(cell, tick);
    if (this.#isWanted[cell] === 1 && this.#isResync[cell] === 0) {
      if (this.#keyframe(cell, tick, CELL_TO_PENDING, CELL_TO_PENDING | CELL_PROMOTES)) {
        this.#isWanted[cell] = 0;
        this.#wantedCount--;
      }
    }
  }

  #delta(cell: number, tick: number): void {
    const head = this.#head;
    const leaves = this.#leaves[cell];
    const deferred = this.#decide(cell);
    head.leaves = this.#leaveCounts[cell]!;
    if (head.appears + head.leaves + head.changes + head.moves === 0) return;
    head.isKeyframe = false;
    head.isPartial = deferred > 0;
    head.isNarrow = head.slotMax <= NARROW_SLOT_MAX;
    head.nameBytes = 0;
    const bare = FRAMES_HEAD_BYTES + frameLength(head);
    if (head.appears > 0) head.nameBytes = this.#names.measure(cell, this.#isNew, bare + NAMES_HEAD_BYTES);
    const length = FRAMES_HEAD_BYTES + frameLength(head);
    const fits = CELL_MESSAGE_BODY + length <= this.#lane.ring.recordLengthMax;
    const at = fits ? claimCellMessage(this.#lane, cell, length, 0) : -1;
    if (at < 0) {
      this.#counters.add(shardMetric.frames_skipped_total);
      this.#isResync[cell] = 1;
      return;
    }
    if (deferred > 0) this.#counters.add(shardMetric.moves_deferred_total, deferred);
    const { bytes } = this.#lane.ring;
    let out = writeFrameHead(bytes, writeFramesHead(bytes, at, tick), head);
    if (head.appears > 0) out = this.#writeAppears(cell, out);
    for (let index = 0; index < head.leaves; index++) {
      const leave = leaves![index]!;
      out = writeLeave(bytes, out, leave % SLOTS, Math.floor(leave / SLOTS));
    }
    if (head.changes > 0) out = this.#writeChanges(cell, out);
    if (head.moves > 0) out = this.#writeMoves(cell, out);
    if (head.nameBytes > 0) this.#names.write(cell, writeNamesHead(bytes, out, head.nameBytes));
    this.#commit(length);
    for (let index = 0; index < head.leaves; index++) this.#giveSlot(cell, leaves![index]! % SLOTS);
    this.#leaveCounts[cell] = 0;
    // Whoever is seen has a name: where there is no room for it now, it comes with a keyframe for everybody.
    if (head.appears > 0 && head.nameBytes === 0 && !this.#names.tell(cell, 0, this.#isNew)) {
      this.#counters.add(shardMetric.frames_skipped_total);
      this.#isResync[cell] = 1;
    }
  }

  readonly #isNew = (row: number): boolean => this.#say[row] === SAY_APPEAR;
  readonly #isTold = (row: number): boolean => this.#entities.slot[row] !== SLOT_NONE;

  /** What is to be said of each row, and how much that is. Returns how many rows that moved have to wait. */
  #decide(cell: number): number {
    const entities = this.#entities;
    const { first, next, slot, flags } = entities;
    const say = this.#say;
    const head = this.#head;
    head.cell = cell;
    const originX = columnOf(this.#grid, cell) * this.#grid.cellSizeMeters;
    const originY = rowOf(this.#grid, cell) * this.#grid.cellSizeMeters;
    const scale = POSITION_UNITS / this.#grid.cellSizeMeters;
    let appears = 0;
    let changes = 0;
    let moves = 0;
    let jumps = 0;
    let slotMax = 0;
    for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
      if ((flags[row]! & ROW_GHOST) !== 0) continue;
      const own = slot[row]!;
      if (own === SLOT_NONE || entities.level[row] !== entities.sentLevel[row]) {
        say[row] = SAY_APPEAR;
        appears++;
        continue;
      }
      const isChanged =
        entities.state[row] !== entities.sentState[row] || entities.health[row] !== entities.sentHealth[row];
      let what = isChanged ? SAY_CHANGE : SAY_NOTHING;
      const dx = quantize((entities.x[row]! - originX) * scale) - entities.sentX[row]!;
      const dy = quantize((entities.y[row]! - originY) * scale) - entities.sentY[row]!;
      const reach = Math.max(Math.abs(dx), Math.abs(dy));
      if (reach > STEP_MAX) {
        what |= reach > STRIDES_MAX * STEP_MAX ? SAY_JUMP : SAY_JUMP | SAY_NEAR;
        jumps++;
      } else {
        if (isChanged) changes++;
        if (dx !== 0 || dy !== 0) {
          what |= SAY_MOVE;
          moves++;
          if (own > slotMax) slotMax = own;
        }
      }
      say[row] = what;
    }
    head.appears = appears + jumps;
    head.changes = changes;
    head.moves = moves;
    head.slotMax = slotMax;
    return this.#turns.isTooMuch(moves, jumps) ? this.#takeTurns(cell) : 0;
  }

  #takeTurns(cell: number): number {
    const { first, next, slot, flags } = this.#entities;
    for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
      if ((flags[row]! & ROW_GHOST) !== 0 || (this.#say[row]! & (SAY_MOVE | SAY_JUMP)) === 0) continue;
      this.#turns.offer(slot[row]!, row);
    }
    return this.#turns.take(cell, this.#slotsTouched[cell]!, this.#say, this.#head);
  }

  #writeAppears(cell: number, at: number): number {
    const { first, next, slot, flags } = this.#entities;
    let out = at;
    for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
      if ((flags[row]! & ROW_GHOST) !== 0 || (this.#say[row]! & (SAY_APPEAR | SAY_JUMP)) === 0) continue;
      if (slot[row] === SLOT_NONE) slot[row] = this.#takeSlot(cell);
      this.#bringUpToDate(cell, row);
      out = this.#writeAppear(out, row);
    }
    return out;
  }

  #writeChanges(cell: number, at: number): number {
    const entities = this.#entities;
    const { first, next, slot, flags } = entities;
    const { bytes } = this.#lane.ring;
    let out = at;
    for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
      if ((flags[row]! & ROW_GHOST) !== 0 || (this.#say[row]! & (SAY_CHANGE | SAY_JUMP)) !== SAY_CHANGE)
        continue;
      out = writeChange(bytes, out, slot[row]!, entities.state[row]!, entities.health[row]!);
      entities.sentState[row] = entities.state[row]!;
      entities.sentHealth[row] = entities.health[row]!;
    }
    return out;
  }

  #writeMoves(cell: number, at: number): number {
    const entities = this.#entities;
    const { first, next, slot, flags, sentX, sentY } = entities;
    const { bytes } = this.#lane.ring;
    const { isNarrow } = this.#head;
    const originX = columnOf(this.#grid, cell) * this.#grid.cellSizeMeters;
    const originY = rowOf(this.#grid, cell) * this.#grid.cellSizeMeters;
    const scale = POSITION_UNITS / this.#grid.cellSizeMeters;
    let out = at;
    for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
      if ((flags[row]! & ROW_GHOST) !== 0 || (this.#say[row]! & SAY_MOVE) === 0) continue;
      let dx = quantize((entities.x[row]! - originX) * scale) - sentX[row]!;
      let dy = quantize((entities.y[row]! - originY) * scale) - sentY[row]!;
      const reach = Math.max(Math.abs(dx), Math.abs(dy));
      if (reach > STEP_MAX) {
        // Straight towards where it is, as far as a move reaches.
        dx = Math.trunc((dx * STEP_MAX) / reach);
        dy = Math.trunc((dy * STEP_MAX) / reach);
      }
      out = isNarrow
        ? writeNarrowMove(bytes, out, slot[row]!, dx, dy)
        : writeMove(bytes, out, slot[row]!, dx, dy);
      sentX[row]! += dx;
      sentY[row]! += dy;
    }
    return out;
  }

  /** A delta was lost: subscribers start over from a keyframe, with fresh slots. */
  #resync(cell: number, tick: number): void {
    const { first, next, slot, flags } = this.#entities;
    this.#resetSlots(cell);
    for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
      if ((flags[row]! & ROW_GHOST) !== 0) continue;
      slot[row] = this.#takeSlot(cell);
      this.#bringUpToDate(cell, row);
    }
    if (this.#keyframe(cell, tick, 0, 0)) this.#isResync[cell] = 0;
  }

  /**
   * The whole cell, as subscribers know it, as one keyframe and, past what fits, further appears. Rows must have their
   * slots.
   */
  #keyframe(cell: number, tick: number, flagsEach: number, flagsLast: number): boolean {
    const { first, next, slot, flags } = this.#entities;
    let left = 0;
    for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
      if ((flags[row]! & ROW_GHOST) === 0 && slot[row] !== SLOT_NONE) left++;
    }
    if (left > 0 && !this.#names.tell(cell, flagsEach, this.#isTold)) {
      this.#counters.add(shardMetric.frames_skipped_total);
      return false;
    }
    const head = this.#head;
    head.cell = cell;
    head.isKeyframe = true;
    head.isPartial = false;
    head.isNarrow = true;
    head.leaves = 0;
    head.changes = 0;
    head.moves = 0;
    head.nameBytes = 0;
    let row = first[cell]!;
    do {
      head.appears = Math.min(left, this.#appearsMax);
      left -= head.appears;
      const length = FRAMES_HEAD_BYTES + frameLength(head);
      const flagsNow = left === 0 ? flagsLast : flagsEach;
      const at = claimCellMessage(this.#lane, cell, length, flagsNow);
      if (at < 0) {
        this.#counters.add(shardMetric.frames_skipped_total);
        return false;
      }
      const { bytes } = this.#lane.ring;
      let out = writeFrameHead(bytes, writeFramesHead(bytes, at, tick), head);
      for (let written = 0; written < head.appears; row = next[row]!) {
        if ((flags[row]! & ROW_GHOST) !== 0 || slot[row] === SLOT_NONE) continue;
        out = this.#writeAppear(out, row);
        written++;
      }
      this.#commit(length);
      head.isKeyframe = false;
    } while (left > 0);
    return true;
  }

  /** What an appear is about to tell, or a keyframe for all. */
  #bringUpToDate(cell: number, row: number): void {
    const entities = this.#entities;
    const { cellSizeMeters } = this.#grid;
    const scale = POSITION_UNITS / cellSizeMeters;
    entities.sentX[row] = quantize((entities.x[row]! - columnOf(this.#grid, cell) * cellSizeMeters) * scale);
    entities.sentY[row] = quantize((entities.y[row]! - rowOf(this.#grid, cell) * cellSizeMeters) * scale);
    entities.sentState[row] = entities.state[row]!;
    entities.sentHealth[row] = entities.health[row]!;
    entities.sentLevel[row] = entities.level[row]!;
  }

  /** Tells a row as subscribers know it: who waits for a keyframe will hear what is put off together with them. */
  #writeAppear(out: number, row: number): number {
    const entities = this.#entities;
    const { view } = this.#lane.ring;
    view.setUint32(out + EntityAppearLayout.id, entities.id[row]!, true);
    view.setUint16(out + EntityAppearLayout.x, entities.sentX[row]!, true);
    view.setUint16(out + EntityAppearLayout.y, entities.sentY[row]!, true);
    view.setUint16(out + EntityAppearLayout.slot, entities.slot[row]!, true);
    view.setUint8(out + EntityAppearLayout.kind, entities.kind[row]!);
    view.setUint8(out + EntityAppearLayout.level, entities.sentLevel[row]!);
    view.setUint8(out + EntityAppearLayout.look, entities.look[row]!);
    view.setUint8(out + EntityAppearLayout.state, entities.sentState[row]!);
    view.setUint8(out + EntityAppearLayout.health, entities.sentHealth[row]!);
    view.setUint8(out + EntityAppearLayout.heading, entities.heading[row]!);
    return out + APPEAR_BYTES;
  }

  #commit(length: number): void {
    this.#lane.commit();
    this.#counters.add(shardMetric.frames_total);
    this.#counters.add(shardMetric.frame_bytes_total, length);
  }

  #takeSlot(cell: number): number {
    return this.#freeSlots[cell]?.pop() ?? this.#slotsTouched[cell]!++;
  }

  #giveSlot(cell: number, slot: number): void {
    const free = this.#freeSlots[cell] ?? [];
    this.#freeSlots[cell] = free;
    free.push(slot);
  }

  #resetSlots(cell: number): void {
    this.#freeSlots[cell] = undefined;
    this.#leaves[cell] = undefined;
    this.#leaveCounts[cell] = 0;
    this.#slotsTouched[cell] = 0;
  }
}

/** Cell-relative meters, scaled, to the wire's unsigned units; what is further out than they reach is clamped. */
function quantize(units: number): number {
  const value = Math.round(units) + POSITION_OFFSET;
  return Math.min(Math.max(value, 0), 0xffff);
}
