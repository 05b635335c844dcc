/**
 * Cell frames. A message of them is a header with the tick and frames of different cells, back to back. A frame is its
 * header, the extension if `FRAME_EXTENDED` is set, then appears, leaves, changes and moves, in this order and as many
 * as are counted; and, if `FRAME_NAMED` is set, the length of a Profiles table and the table. Nothing within a message is aligned.
 */
import { readI8, readU16, readU32, writeU16, writeU32 } from "./bytes-le.js";
import {
  CellFramesHeaderLayout,
  EntityAppearLayout,
  EntityChangeLayout,
  EntityLeaveLayout,
  EntityMoveLayout,
  EntityNarrowMoveLayout,
  FrameExtensionLayout,
  FrameHeaderLayout,
} from "./generated/frames-layout.js";
import {
  FRAME_EXTENDED,
  FRAME_KEYFRAME,
  FRAME_NAMED,
  FRAME_PARTIAL,
  FRAME_WIDE,
  messageTypes,
} from "./message-types.js";
import type { ProfileFields } from "./profile-codec.js";
import { decodeProfilesTable } from "./table-codec.js";
import { expectAtLeast, WireError } from "./wire-error.js";

/** Bytes before the first frame of a message. */
export const FRAMES_HEAD_BYTES = CellFramesHeaderLayout.size;
/** More moves than this need the extension to count them. */
const MOVES_UNEXTENDED_MAX = 255;
const KINDS = FRAME_KEYFRAME | FRAME_EXTENDED | FRAME_WIDE | FRAME_PARTIAL | FRAME_NAMED;
/** The length before the names of a frame. */
export const NAMES_HEAD_BYTES = 2;
/** A table of names must not be longer. */
export const FRAME_NAME_BYTES_MAX = 0xffff;
const NOBODY: readonly ProfileFields[] = [];

/** How many of everything a frame carries. */
export interface FrameCounts {
  readonly appears: number;
  readonly leaves: number;
  readonly changes: number;
  readonly moves: number;
  /** All slots that move are below 256, and so the moves are narrow ones. */
  readonly isNarrow?: boolean;
  /** Bytes of the table with the names of who appears; 0: there is none. */
  readonly nameBytes?: number;
}

export interface FrameHeaderFields extends FrameCounts {
  readonly cell: number;
  readonly isKeyframe: boolean;
  /** Not everything that moved is in it. */
  readonly isPartial?: boolean;
}

/** Whether a frame with these counts needs the extension. */
function isExtended(counts: FrameCounts): boolean {
  return counts.appears > 0 || counts.leaves > 0 || counts.changes > 0 || counts.moves > MOVES_UNEXTENDED_MAX;
}

function isNamed(counts: FrameCounts): boolean {
  return counts.nameBytes !== undefined && counts.nameBytes > 0;
}

/** Bytes of a frame before its first appear, leave, change or move. */
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
    counts.moves * (counts.isNarrow === true ? EntityNarrowMoveLayout.size : EntityMoveLayout.size) +
    (isNamed(counts) ? NAMES_HEAD_BYTES + counts.nameBytes! : 0)
  );
}

/** Begins a message of frames at `at`; returns where the first of them goes. The tick is written modulo 65,536. */
export function writeFramesHead(bytes: Uint8Array, at: number, tick: number): number {
  bytes[at + CellFramesHeaderLayout.type] = messageTypes.cellFrames;
  bytes[at + CellFramesHeaderLayout.reserved] = 0;
  writeU16(bytes, at + CellFramesHeaderLayout.tick, tick);
  return at + CellFramesHeaderLayout.size;
}

/** Writes header and, if it is needed, extension at `at`; returns where the first struct goes. */
export function writeFrameHead(bytes: Uint8Array, at: number, fields: FrameHeaderFields): number {
  const extended = isExtended(fields);
  writeU16(bytes, at + FrameHeaderLayout.cell, fields.cell);
  bytes[at + FrameHeaderLayout.kind] =
    (fields.isKeyframe ? FRAME_KEYFRAME : 0) |
    (extended ? FRAME_EXTENDED : 0) |
    (fields.isNarrow === true ? 0 : FRAME_WIDE) |
    (fields.isPartial === true ? FRAME_PARTIAL : 0) |
    (isNamed(fields) ? FRAME_NAMED : 0);
  bytes[at + FrameHeaderLayout.moves] = extended ? 0 : fields.moves;
  const next = at + FrameHeaderLayout.size;
  if (!extended) return next;
  writeU16(bytes, next + FrameExtensionLayout.appears, fields.appears);
  writeU16(bytes, next + FrameExtensionLayout.leaves, fields.leaves);
  writeU16(bytes, next + FrameExtensionLayout.changes, fields.changes);
  writeU16(bytes, next + FrameExtensionLayout.moves, fields.moves);
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

/** Writes a move of a slot below 256 and returns where the next one goes. */
export function writeNarrowMove(bytes: Uint8Array, at: number, slot: number, dx: number, dy: number): number {
  bytes[at + EntityNarrowMoveLayout.slot] = slot;
  bytes[at + EntityNarrowMoveLayout.dx] = dx;
  bytes[at + EntityNarrowMoveLayout.dy] = dy;
  return at + EntityNarrowMoveLayout.size;
}

/** Writes what stands before a frame's table of names, and returns where the table goes. */
export function writeNamesHead(bytes: Uint8Array, at: number, nameBytes: number): number {
  writeU16(bytes, at, nameBytes);
  return at + NAMES_HEAD_BYTES;
}

/** What decoded frames are told to, in the order of the message. */
export interface FrameSink {
  /** A frame begins; what follows up to the next is about its cell. */
  onFrame(cell: number, tick: number, isKeyframe: boolean, isPartial: boolean): void;
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
  /** Behind all frames of the message: who somebody is that appeared in one of them. */
  onProfile?(profile: ProfileFields): void;
}

/**
 * Reads a whole message of frames. Throws {@link WireError} before the sink hears anything, unless its frames end
 * exactly where it ends.
 */
export function decodeFrames(bytes: Uint8Array, sink: FrameSink): void {
  expectAtLeast(bytes, messageTypes.cellFrames, FRAMES_HEAD_BYTES + FrameHeaderLayout.size);
  let at: number = FRAMES_HEAD_BYTES;
  let profiles = NOBODY;
  while (at < bytes.length) {
    const start = at;
    at = endOfFrame(bytes, start);
    if (at <= bytes.length && (bytes[start + FrameHeaderLayout.kind]! & FRAME_NAMED) !== 0) {
      profiles = [
        ...profiles,
        ...decodeProfilesTable(bytes.subarray(endOfStructs(bytes, start) + NAMES_HEAD_BYTES, at)),
      ];
    }
  }
  if (at !== bytes.length) throw new WireError(messageTypes.cellFrames, tooShort(bytes.length, at));
  const tick = readU16(bytes, CellFramesHeaderLayout.tick);
  for (at = FRAMES_HEAD_BYTES; at < bytes.length; ) at = readFrame(bytes, at, tick, sink);
  if (sink.onProfile !== undefined) for (const profile of profiles) sink.onProfile(profile);
}

function tooShort(length: number, wanted: number): string {
  return `${length} bytes, want ${wanted} by its counts`;
}

/** Where the frame at `at` ends by what it says, which may be beyond the message. @throws WireError */
export function endOfFrame(bytes: Uint8Array, at: number): number {
  const end = endOfStructs(bytes, at);
  if (end > bytes.length || (bytes[at + FrameHeaderLayout.kind]! & FRAME_NAMED) === 0) return end;
  const table = end + NAMES_HEAD_BYTES;
  return table > bytes.length ? table : table + readU16(bytes, end);
}

/** Where its counted structs end. */
function endOfStructs(bytes: Uint8Array, at: number): number {
  let next = at + FrameHeaderLayout.size;
  if (next > bytes.length) return next;
  const kind = bytes[at + FrameHeaderLayout.kind]!;
  if ((kind & ~KINDS) !== 0) {
    throw new WireError(messageTypes.cellFrames, `frame kind ${kind} has bits this version does not know`);
  }
  const moveBytes = (kind & FRAME_WIDE) !== 0 ? EntityMoveLayout.size : EntityNarrowMoveLayout.size;
  if ((kind & FRAME_EXTENDED) === 0) return next + bytes[at + FrameHeaderLayout.moves]! * moveBytes;
  const extension = next;
  next += FrameExtensionLayout.size;
  if (next > bytes.length) return next;
  return (
    next +
    readU16(bytes, extension + FrameExtensionLayout.appears) * EntityAppearLayout.size +
    readU16(bytes, extension + FrameExtensionLayout.leaves) * EntityLeaveLayout.size +
    readU16(bytes, extension + FrameExtensionLayout.changes) * EntityChangeLayout.size +
    readU16(bytes, extension + FrameExtensionLayout.moves) * moveBytes
  );
}

/** Tells one frame that is known to be whole, but not its names; returns where it ends. */
export function readFrame(bytes: Uint8Array, start: number, tick: number, sink: FrameSink): number {
  const cell = readU16(bytes, start + FrameHeaderLayout.cell);
  const kind = bytes[start + FrameHeaderLayout.kind]!;
  sink.onFrame(cell, tick, (kind & FRAME_KEYFRAME) !== 0, (kind & FRAME_PARTIAL) !== 0);
  let at = start + FrameHeaderLayout.size;
  let moves = bytes[start + FrameHeaderLayout.moves]!;
  if ((kind & FRAME_EXTENDED) !== 0) {
    const leavesAt =
      at +
      FrameExtensionLayout.size +
      readU16(bytes, at + FrameExtensionLayout.appears) * EntityAppearLayout.size;
    const changesAt = leavesAt + readU16(bytes, at + FrameExtensionLayout.leaves) * EntityLeaveLayout.size;
    const movesAt = changesAt + readU16(bytes, at + FrameExtensionLayout.changes) * EntityChangeLayout.size;
    moves = readU16(bytes, at + FrameExtensionLayout.moves);
    at += FrameExtensionLayout.size;
    for (; at < leavesAt; at += EntityAppearLayout.size) readAppear(bytes, at, sink);
    for (; at < changesAt; at += EntityLeaveLayout.size) {
      sink.onLeave(
        readU16(bytes, at + EntityLeaveLayout.slot),
        readU16(bytes, at + EntityLeaveLayout.toCell),
      );
    }
    for (; at < movesAt; at += EntityChangeLayout.size) {
      const slot = readU16(bytes, at + EntityChangeLayout.slot);
      sink.onChange(slot, bytes[at + EntityChangeLayout.state]!, bytes[at + EntityChangeLayout.health]!);
    }
  }
  if ((kind & FRAME_WIDE) !== 0) {
    for (; moves > 0; moves--, at += EntityMoveLayout.size) {
      const slot = readU16(bytes, at + EntityMoveLayout.slot);
      sink.onMove(slot, readI8(bytes, at + EntityMoveLayout.dx), readI8(bytes, at + EntityMoveLayout.dy));
    }
  } else {
    for (; moves > 0; moves--, at += EntityNarrowMoveLayout.size) {
      const slot = bytes[at + EntityNarrowMoveLayout.slot]!;
      sink.onMove(
        slot,
        readI8(bytes, at + EntityNarrowMoveLayout.dx),
        readI8(bytes, at + EntityNarrowMoveLayout.dy),
      );
    }
  }
  return (kind & FRAME_NAMED) !== 0 ? at + NAMES_HEAD_BYTES + readU16(bytes, at) : at;
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
