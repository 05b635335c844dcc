/**
 * Sight, as its owner encodes it: once per cell and tick, straight into the lane to net. Subscribers get deltas;
 * those who wait get a keyframe behind the delta of the same tick, so what they know is the same.
 */

import type { LaneWriter } from "../engine/lane/lane.js";
import {
  CELL_MESSAGE_BODY,
  CELL_MESSAGE_CELL,
  CELL_MESSAGE_FLAGS,
  CELL_PROMOTES,
  CELL_TO_PENDING,
  toNet,
} from "../engine/lane/to-net.js";
import type { Counters } from "../engine/memory/counters.js";
import { shardMetric } from "../engine/metrics.js";
import { type EntityTable, NO_ROW, ROW_GHOST } from "../engine/room/entity-table.js";
import { columnOf, type Grid, rowOf } from "../engine/space/grid.js";
import { encodeProfiles, writeChange, writeLeave, writeMove } from "../engine/wire/codec.js";
import {
  EntityAppearLayout,
  EntityMoveLayout,
  FrameExtensionLayout,
  FrameHeaderLayout,
} from "../engine/wire/generated/frames-layout.js";
import {
  CELL_NONE,
  FRAME_EXTENDED,
  FRAME_KEYFRAME,
  messageTypes,
  POSITION_OFFSET,
  POSITION_UNITS,
} from "../engine/wire/message-types.js";

const HEADER_BYTES = FrameHeaderLayout.size;
const EXTENSION_BYTES = FrameExtensionLayout.size;
const APPEAR_BYTES = EntityAppearLayout.size;
/** A leave, a change and a move are of one size. */
const ENTRY_BYTES = EntityMoveLayout.size;
const STEP_MAX = 127;
/** A row its cell's subscribers have not been told of. */
const SLOT_NONE = 0xffff;
/** What a row needs said, decided in the first pass over a cell. */
const SAY_NOTHING = 0;
const SAY_APPEAR = 1;
const SAY_CHANGE = 2;
const SAY_MOVE = 4;

interface Leave {
  readonly slot: number;
  readonly toCell: number;
}

/** Gives the name and level of a person, or undefined. */
export type ProfileOf = (entityId: number) => { readonly name: string; readonly level: number } | undefined;

export class Publisher {
  readonly #grid: Grid;
  readonly #entities: EntityTable;
  readonly #lane: LaneWriter;
  readonly #counters: Counters;
  readonly #profileOf: ProfileOf;
  readonly #say: Uint8Array;
  /** Per cell: slots free for reuse, and the first never used. */
  readonly #freeSlots: (number[] | undefined)[];
  readonly #slotsTouched: Uint16Array;
  readonly #leaves: (Leave[] | undefined)[];
  readonly #isWanted: Uint8Array;
  readonly #isResync: Uint8Array;
  /** Appears that fit one message. */
  readonly #appearsMax: number;
  #wantedCount = 0;

  constructor(options: {
    readonly grid: Grid;
    readonly entities: EntityTable;
    readonly lane: LaneWriter;
    readonly counters: Counters;
    readonly profileOf: ProfileOf;
  }) {
    this.#grid = options.grid;
    this.#entities = options.entities;
    this.#lane = options.lane;
    this.#counters = options.counters;
    this.#profileOf = options.profileOf;
    const cells = options.grid.cellCount;
    this.#say = new Uint8Array(options.entities.capacity);
    this.#freeSlots = new Array<number[] | undefined>(cells);
    this.#slotsTouched = new Uint16Array(cells);
    this.#leaves = new Array<Leave[] | undefined>(cells);
    this.#isWanted = new Uint8Array(cells);
    this.#isResync = new Uint8Array(cells);
    const room = options.lane.ring.recordLengthMax - CELL_MESSAGE_BODY - HEADER_BYTES - EXTENSION_BYTES;
    this.#appearsMax = Math.min(8000, Math.floor(room / APPEAR_BYTES) >> 1);
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
    leaves.push({ slot: slot[row]!, toCell });
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
    const entities = this.#entities;
    const { first, next, slot, flags, cell: cellColumn } = entities;
    const say = this.#say;
    const leaves = this.#leaves[cell];
    const leaveCount = leaves?.length ?? 0;
    const originX = columnOf(this.#grid, cell) * this.#grid.cellSizeMeters;
    const originY = rowOf(this.#grid, cell) * this.#grid.cellSizeMeters;
    const scale = POSITION_UNITS / this.#grid.cellSizeMeters;
    let appears = 0;
    let changes = 0;
    let moves = 0;
    for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
      if ((flags[row]! & ROW_GHOST) !== 0) continue;
      const x = quantize((entities.x[row]! - originX) * scale);
      const y = quantize((entities.y[row]! - originY) * scale);
      if (slot[row] === SLOT_NONE) {
        say[row] = SAY_APPEAR;
        appears++;
        continue;
      }
      let what = SAY_NOTHING;
      const dx = x - entities.sentX[row]!;
      const dy = y - entities.sentY[row]!;
      if (
        dx > STEP_MAX ||
        dx < -STEP_MAX ||
        dy > STEP_MAX ||
        dy < -STEP_MAX ||
        entities.level[row] !== entities.sentLevel[row]
      ) {
        what = SAY_APPEAR;
        appears++;
      } else {
        if (dx !== 0 || dy !== 0) {
          what |= SAY_MOVE;
          moves++;
        }
        if (
          entities.state[row] !== entities.sentState[row] ||
          entities.health[row] !== entities.sentHealth[row]
        ) {
          what |= SAY_CHANGE;
          changes++;
        }
      }
      say[row] = what;
    }
    if (appears + leaveCount + changes + moves === 0) return;
    const isExtended = appears + leaveCount + changes > 0;
    const length =
      HEADER_BYTES +
      (isExtended ? EXTENSION_BYTES : 0) +
      appears * APPEAR_BYTES +
      (leaveCount + changes + moves) * ENTRY_BYTES;
    const fits = CELL_MESSAGE_BODY + length <= this.#lane.ring.recordLengthMax;
    const at = fits ? this.#claim(cell, 0, length) : -1;
    if (at < 0) {
      this.#counters.add(shardMetric.frames_skipped_total);
      this.#isResync[cell] = 1;
      return;
    }
    const { view, bytes } = this.#lane.ring;
    let out = writeHead(view, at, { kind: isExtended ? FRAME_EXTENDED : 0, cell, tick, moves });
    if (isExtended) out = writeExtension(view, out, appears, leaveCount, changes);
    if (appears > 0) {
      for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
        if ((flags[row]! & ROW_GHOST) !== 0 || say[row] !== SAY_APPEAR) continue;
        if (slot[row] === SLOT_NONE) slot[row] = this.#takeSlot(cell);
        out = this.#writeAppear(view, out, row, originX, originY, scale);
      }
    }
    for (let index = 0; index < leaveCount; index++) {
      const leave = leaves![index]!;
      out = writeLeave(bytes, out, leave.slot, leave.toCell);
    }
    if (changes > 0) {
      for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
        if ((flags[row]! & ROW_GHOST) !== 0 || (say[row]! & SAY_CHANGE) === 0) continue;
        out = writeChange(bytes, out, slot[row]!, entities.state[row]!, entities.health[row]!);
        entities.sentState[row] = entities.state[row]!;
        entities.sentHealth[row] = entities.health[row]!;
      }
    }
    if (moves > 0) {
      for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
        if ((flags[row]! & ROW_GHOST) !== 0 || (say[row]! & SAY_MOVE) === 0) continue;
        const x = quantize((entities.x[row]! - originX) * scale);
        const y = quantize((entities.y[row]! - originY) * scale);
        out = writeMove(bytes, out, slot[row]!, x - entities.sentX[row]!, y - entities.sentY[row]!);
        entities.sentX[row] = x;
        entities.sentY[row] = y;
      }
    }
    this.#commit(length);
    if (leaveCount > 0) {
      for (const leave of leaves!) this.#giveSlot(cell, leave.slot);
      leaves!.length = 0;
    }
    if (appears > 0) this.#profiles(cell, 0, (row) => say[row] === SAY_APPEAR && cellColumn[row] === cell);
  }

  /** A delta was lost: subscribers start over from a keyframe, with fresh slots. */
  #resync(cell: number, tick: number): void {
    const { first, next, slot, flags } = this.#entities;
    this.#resetSlots(cell);
    for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
      if ((flags[row]! & ROW_GHOST) === 0) slot[row] = this.#takeSlot(cell);
    }
    if (this.#keyframe(cell, tick, 0, 0)) this.#isResync[cell] = 0;
  }

  /** The whole cell as one keyframe and, past what fits, further appears. Rows must have their slots. */
  #keyframe(cell: number, tick: number, flagsEach: number, flagsLast: number): boolean {
    const { first, next, slot, flags } = this.#entities;
    const originX = columnOf(this.#grid, cell) * this.#grid.cellSizeMeters;
    const originY = rowOf(this.#grid, cell) * this.#grid.cellSizeMeters;
    const scale = POSITION_UNITS / this.#grid.cellSizeMeters;
    let left = 0;
    for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
      if ((flags[row]! & ROW_GHOST) === 0 && slot[row] !== SLOT_NONE) left++;
    }
    if (left > 0) this.#profiles(cell, flagsEach, (row) => slot[row] !== SLOT_NONE);
    let row = first[cell]!;
    let isFirst = true;
    do {
      const appears = Math.min(left, this.#appearsMax);
      left -= appears;
      const length = HEADER_BYTES + EXTENSION_BYTES + appears * APPEAR_BYTES;
      const at = this.#claim(cell, left === 0 ? flagsLast : flagsEach, length);
      if (at < 0) {
        this.#counters.add(shardMetric.frames_skipped_total);
        return false;
      }
      const { view } = this.#lane.ring;
      const kind = FRAME_EXTENDED | (isFirst ? FRAME_KEYFRAME : 0);
      let out = writeExtension(view, writeHead(view, at, { kind, cell, tick, moves: 0 }), appears, 0, 0);
      for (let written = 0; written < appears; row = next[row]!) {
        if ((flags[row]! & ROW_GHOST) !== 0 || slot[row] === SLOT_NONE) continue;
        out = this.#writeAppear(view, out, row, originX, originY, scale);
        written++;
      }
      this.#commit(length);
      isFirst = false;
    } while (left > 0);
    return true;
  }

  /** Names of the people among the rows chosen. */
  #profiles(cell: number, cellFlags: number, isChosen: (row: number) => boolean): void {
    const { first, next, id, flags } = this.#entities;
    const profiles: { id: number; name: string; level: number }[] = [];
    for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
      if ((flags[row]! & ROW_GHOST) !== 0 || !isChosen(row)) continue;
      const profile = this.#profileOf(id[row]!);
      if (profile !== undefined) profiles.push({ id: id[row]!, ...profile });
    }
    for (let at = 0; at < profiles.length; at += 500) {
      const bytes = encodeProfiles({ cell, profiles: profiles.slice(at, at + 500) });
      const claimed = this.#claim(cell, cellFlags, bytes.length);
      if (claimed < 0) return; // names come again with the next keyframe
      this.#lane.ring.bytes.set(bytes, claimed);
      this.#lane.commit();
    }
  }

  #writeAppear(
    view: DataView,
    out: number,
    row: number,
    originX: number,
    originY: number,
    scale: number,
  ): number {
    const entities = this.#entities;
    const x = quantize((entities.x[row]! - originX) * scale);
    const y = quantize((entities.y[row]! - originY) * scale);
    view.setUint32(out, entities.id[row]!, true);
    view.setUint16(out + 4, x, true);
    view.setUint16(out + 6, y, true);
    view.setUint16(out + 8, entities.slot[row]!, true);
    view.setUint8(out + 10, entities.kind[row]!);
    view.setUint8(out + 11, entities.level[row]!);
    view.setUint8(out + 12, entities.look[row]!);
    view.setUint8(out + 13, entities.state[row]!);
    view.setUint8(out + 14, entities.health[row]!);
    view.setUint8(out + 15, entities.heading[row]!);
    entities.sentX[row] = x;
    entities.sentY[row] = y;
    entities.sentState[row] = entities.state[row]!;
    entities.sentHealth[row] = entities.health[row]!;
    entities.sentLevel[row] = entities.level[row]!;
    return out + APPEAR_BYTES;
  }

  #claim(cell: number, flags: number, length: number): number {
    const at = this.#lane.tryClaim(toNet.cellMessage, CELL_MESSAGE_BODY + length);
    if (at < 0) return -1;
    const { view } = this.#lane.ring;
    view.setUint32(at + CELL_MESSAGE_CELL, cell, true);
    view.setUint32(at + CELL_MESSAGE_FLAGS, flags, true);
    return at + CELL_MESSAGE_BODY;
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
    this.#slotsTouched[cell] = 0;
  }
}

/** Cell-relative meters, scaled, to the wire's unsigned units; what is further out than they reach is clamped. */
function quantize(units: number): number {
  const value = Math.round(units) + POSITION_OFFSET;
  return Math.min(Math.max(value, 0), 0xffff);
}

function writeHead(
  view: DataView,
  at: number,
  head: { kind: number; cell: number; tick: number; moves: number },
): number {
  view.setUint8(at, messageTypes.cellFrame);
  view.setUint8(at + 1, head.kind);
  view.setUint16(at + 2, head.cell, true);
  view.setUint16(at + 4, head.tick & 0xffff, true);
  view.setUint16(at + 6, head.moves, true);
  return at + HEADER_BYTES;
}

function writeExtension(
  view: DataView,
  at: number,
  appears: number,
  leaves: number,
  changes: number,
): number {
  view.setUint16(at, appears, true);
  view.setUint16(at + 2, leaves, true);
  view.setUint16(at + 4, changes, true);
  view.setUint16(at + 6, 0, true);
  return at + EXTENSION_BYTES;
}
