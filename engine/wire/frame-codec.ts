/**
 * Cell frames. A frame is its header, the extension if `FRAME_EXTENDED` is set, then appears, leaves, changes and
 * moves, in this order and as many as the header and the extension count.
 */
import { readI8, readU16, readU32, writeU16, writeU32 } from "./bytes-le.js";
import {
  EntityAppearLayout,
  EntityChangeLayout,
  EntityLeaveLayout,
  EntityMoveLayout,
  FrameExtensionLayout,
  FrameHeaderLayout,
} from "./generated/frames-layout.js";
import { FRAME_EXTENDED, FRAME_KEYFRAME, messageTypes } from "./message-types.js";
import { expectAtLeast, WireError } from "./wire-error.js";

/** How many of everything a frame carries. */
export interface FrameCounts {
  readonly appears: number;
  readonly leaves: number;
  readonly changes: number;
  readonly moves: number;
}

export interface FrameHeaderFields extends FrameCounts {
  readonly cell: number;
  /** Written modulo 65,536. */
  readonly tick: number;
  readonly isKeyframe: boolean;
}

/** Whether a frame with these counts needs the extension. */
function isExtended(counts: FrameCounts): boolean {
  return counts.appears > 0 || counts.leaves > 0 || counts.changes > 0;
}

/** Bytes before the first appear, leave, change or move. */
export function frameHeadLength(counts: FrameCounts): number {
  return FrameHeaderLayout.size + (isExtended(counts) ? FrameExtensionLayout.size : 0);
}

/** Bytes of a whole frame. */
export function frameLength(counts: FrameCounts): number {
  return (
    frameHeadLength(counts) +
    counts.appears * EntityAppearLayout.size +
    counts.leaves * EntityLeaveLayout.size +
    counts.changes * EntityChangeLayout.size +
    counts.moves * EntityMoveLayout.size
  );
}

/** Writes header and, if it is needed, extension at `at`; returns where the first struct goes. */
export function writeFrameHead(bytes: Uint8Array, at: number, fields: FrameHeaderFields): number {
  const extended = isExtended(fields);
  bytes[at + FrameHeaderLayout.type] = messageTypes.cellFrame;
  bytes[at + FrameHeaderLayout.kind] =
    (fields.isKeyframe ? FRAME_KEYFRAME : 0) | (extended ? FRAME_EXTENDED : 0);
  writeU16(bytes, at + FrameHeaderLayout.cell, fields.cell);
  writeU16(bytes, at + FrameHeaderLayout.tick, fields.tick);
  writeU16(bytes, at + FrameHeaderLayout.moves, fields.moves);
  const next = at + FrameHeaderLayout.size;
  if (!extended) return next;
  writeU16(bytes, next + FrameExtensionLayout.appears, fields.appears);
  writeU16(bytes, next + FrameExtensionLayout.leaves, fields.leaves);
  writeU16(bytes, next + FrameExtensionLayout.changes, fields.changes);
  writeU16(bytes, next + FrameExtensionLayout.reserved, 0);
  return next + FrameExtensionLayout.size;
}

export interface AppearFields {
  readonly id: number;
  /** Fixed point within the cell, see POSITION_UNITS. */
  readonly x: number;
  readonly y: number;
  readonly slot: number;
  readonly kind: number;
  readonly level: number;
  readonly look: number;
  readonly state: number;
  readonly health: number;
  readonly heading: number;
}

/** Writes one struct and returns where the next one goes. */
export function writeAppear(bytes: Uint8Array, at: number, fields: AppearFields): number {
  writeU32(bytes, at + EntityAppearLayout.id, fields.id);
  writeU16(bytes, at + EntityAppearLayout.x, fields.x);
  writeU16(bytes, at + EntityAppearLayout.y, fields.y);
  writeU16(bytes, at + EntityAppearLayout.slot, fields.slot);
  bytes[at + EntityAppearLayout.kind] = fields.kind;
  bytes[at + EntityAppearLayout.level] = fields.level;
  bytes[at + EntityAppearLayout.look] = fields.look;
  bytes[at + EntityAppearLayout.state] = fields.state;
  bytes[at + EntityAppearLayout.health] = fields.health;
  bytes[at + EntityAppearLayout.heading] = fields.heading;
  return at + EntityAppearLayout.size;
}

/** Writes one struct and returns where the next one goes. */
export function writeLeave(bytes: Uint8Array, at: number, slot: number, toCell: number): number {
  writeU16(bytes, at + EntityLeaveLayout.slot, slot);
  writeU16(bytes, at + EntityLeaveLayout.toCell, toCell);
  return at + EntityLeaveLayout.size;
}

/** Writes one struct and returns where the next one goes. */
export function writeChange(
  bytes: Uint8Array,
  at: number,
  slot: number,
  state: number,
  health: number,
): number {
  writeU16(bytes, at + EntityChangeLayout.slot, slot);
  bytes[at + EntityChangeLayout.state] = state;
  bytes[at + EntityChangeLayout.health] = health;
  return at + EntityChangeLayout.size;
}

/** Writes one struct and returns where the next one goes. */
export function writeMove(bytes: Uint8Array, at: number, slot: number, dx: number, dy: number): number {
  writeU16(bytes, at + EntityMoveLayout.slot, slot);
  bytes[at + EntityMoveLayout.dx] = dx;
  bytes[at + EntityMoveLayout.dy] = dy;
  return at + EntityMoveLayout.size;
}

/** What a decoded frame is told to, in the order of the message. */
export interface FrameSink {
  onFrame(cell: number, tick: number, isKeyframe: boolean): void;
  onAppear(
    id: number,
    x: number,
    y: number,
    slot: number,
    kind: number,
    level: number,
    look: number,
    state: number,
    health: number,
    heading: number,
  ): void;
  onLeave(slot: number, toCell: number): void;
  onChange(slot: number, state: number, health: number): void;
  onMove(slot: number, dx: number, dy: number): void;
}

/**
 * Reads a whole frame. Throws {@link WireError} before the sink hears anything, unless the frame's length is
 * exactly what its counts say.
 */
export function decodeFrame(bytes: Uint8Array, sink: FrameSink): void {
  expectAtLeast(bytes, messageTypes.cellFrame, FrameHeaderLayout.size);
  const kind = bytes[FrameHeaderLayout.kind]!;
  if ((kind & ~(FRAME_KEYFRAME | FRAME_EXTENDED)) !== 0) {
    throw new WireError(messageTypes.cellFrame, `frame kind ${kind} has bits this version does not know`);
  }
  const moves = readU16(bytes, FrameHeaderLayout.moves);
  let at: number = FrameHeaderLayout.size;
  let appears = 0;
  let leaves = 0;
  let changes = 0;
  if ((kind & FRAME_EXTENDED) !== 0) {
    expectAtLeast(bytes, messageTypes.cellFrame, at + FrameExtensionLayout.size);
    appears = readU16(bytes, at + FrameExtensionLayout.appears);
    leaves = readU16(bytes, at + FrameExtensionLayout.leaves);
    changes = readU16(bytes, at + FrameExtensionLayout.changes);
    at += FrameExtensionLayout.size;
  }
  const leavesAt = at + appears * EntityAppearLayout.size;
  const changesAt = leavesAt + leaves * EntityLeaveLayout.size;
  const movesAt = changesAt + changes * EntityChangeLayout.size;
  const end = movesAt + moves * EntityMoveLayout.size;
  if (end !== bytes.length) {
    throw new WireError(messageTypes.cellFrame, `${bytes.length} bytes, want ${end} by its counts`);
  }
  const isKeyframe = (kind & FRAME_KEYFRAME) !== 0;
  sink.onFrame(readU16(bytes, FrameHeaderLayout.cell), readU16(bytes, FrameHeaderLayout.tick), isKeyframe);
  for (; at < leavesAt; at += EntityAppearLayout.size) readAppear(bytes, at, sink);
  for (; at < changesAt; at += EntityLeaveLayout.size) {
    sink.onLeave(readU16(bytes, at + EntityLeaveLayout.slot), readU16(bytes, at + EntityLeaveLayout.toCell));
  }
  for (; at < movesAt; at += EntityChangeLayout.size) {
    const slot = readU16(bytes, at + EntityChangeLayout.slot);
    sink.onChange(slot, bytes[at + EntityChangeLayout.state]!, bytes[at + EntityChangeLayout.health]!);
  }
  for (; at < end; at += EntityMoveLayout.size) {
    const slot = readU16(bytes, at + EntityMoveLayout.slot);
    sink.onMove(slot, readI8(bytes, at + EntityMoveLayout.dx), readI8(bytes, at + EntityMoveLayout.dy));
  }
}

function readAppear(bytes: Uint8Array, at: number, sink: FrameSink): void {
  sink.onAppear(
    readU32(bytes, at + EntityAppearLayout.id),
    readU16(bytes, at + EntityAppearLayout.x),
    readU16(bytes, at + EntityAppearLayout.y),
    readU16(bytes, at + EntityAppearLayout.slot),
    bytes[at + EntityAppearLayout.kind]!,
    bytes[at + EntityAppearLayout.level]!,
    bytes[at + EntityAppearLayout.look]!,
    bytes[at + EntityAppearLayout.state]!,
    bytes[at + EntityAppearLayout.health]!,
    bytes[at + EntityAppearLayout.heading]!,
  );
}
