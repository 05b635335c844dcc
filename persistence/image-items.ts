/**
 * Items of the recovery image as the journal holds them when they are written again: each says all there is of one room,
 * session and so on, and replaces what was known of it.
 */
import type { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { readSessionImage, type SessionImage, writeSessionImage } from "../engine/lane/from-store.js";

/** Numbers beyond those of engine/lane/to-store.ts: one name per number. */
export const imageItem = {
  /** {@link MetaCopy} */
  metaCopy: 100,
  /** {@link RoomCopy} */
  roomCopy: 101,
  /** {@link SessionCopy} */
  sessionCopy: 102,
  /** An EntityRecord. */
  entityCopy: 103,
  /** A GrantRecord. */
  grantCopy: 104,
  /** u32 room: it is over, whatever was said of it before. */
  roomGone: 105,
} as const;

/** The greatest numbers there have been. */
export interface MetaCopy {
  /** -1: none. */
  readonly lastTick: number;
  readonly incarnation: number;
  readonly lastSession: number;
}

export function writeMetaCopy(out: ByteWriter, copy: MetaCopy): ByteWriter {
  return out.clear().i32(copy.lastTick).u32(copy.incarnation).u32(copy.lastSession);
}
export function readMetaCopy(from: ByteReader): MetaCopy {
  return { lastTick: from.i32(), incarnation: from.u32(), lastSession: from.u32() };
}

export interface RoomInputs {
  readonly tick: number;
  readonly wallMs: number;
  readonly inputs: Uint8Array;
}

/** A checkpoint that is not yet known to be needed: what it covers may not have reached net. */
export interface RoomCandidate {
  readonly shard: number;
  readonly tick: number;
  /** How many of the room's inputs precede it. */
  readonly covered: number;
  /** Null: the room ended here. */
  readonly checkpoint: Uint8Array | null;
}

export interface RoomCopy {
  readonly roomId: number;
  readonly cell: number;
  /** Null: the room begins with its inputs. */
  readonly checkpoint: Uint8Array | null;
  readonly inputs: readonly RoomInputs[];
  readonly candidates: readonly RoomCandidate[];
}

export function writeRoomCopy(out: ByteWriter, copy: RoomCopy): ByteWriter {
  writeOptional(out.clear().u32(copy.roomId).u32(copy.cell), copy.checkpoint);
  out.u32(copy.inputs.length);
  for (const { tick, wallMs, inputs } of copy.inputs) out.u32(tick).f64(wallMs).blob(inputs);
  out.u16(copy.candidates.length);
  for (const { shard, tick, covered, checkpoint } of copy.candidates)
    writeOptional(out.u16(shard).i32(tick).u32(covered), checkpoint);
  return out;
}
export function readRoomCopy(from: ByteReader): RoomCopy {
  return {
    roomId: from.u32(),
    cell: from.u32(),
    checkpoint: readOptional(from),
    inputs: Array.from({ length: from.u32() }, () => ({
      tick: from.u32(),
      wallMs: from.f64(),
      inputs: from.blob(),
    })),
    candidates: Array.from({ length: from.u16() }, () => ({
      shard: from.u16(),
      tick: from.i32(),
      covered: from.u32(),
      checkpoint: readOptional(from),
    })),
  };
}

function writeOptional(out: ByteWriter, bytes: Uint8Array | null): ByteWriter {
  return bytes === null ? out.u8(0) : out.u8(1).blob(bytes);
}
function readOptional(from: ByteReader): Uint8Array | null {
  return from.u8() === 1 ? from.blob() : null;
}

/** An event that a session has not acknowledged. */
export interface OwedEvent {
  readonly seq: number;
  readonly message: Uint8Array;
}

/** A refusal that the client was not told of, as far as is known. */
export interface OwedRefusal {
  readonly intentSeq: number;
  readonly code: number;
  readonly reason: string;
}

export interface SessionCopy extends SessionImage {
  readonly events: readonly OwedEvent[];
  readonly refusals: readonly OwedRefusal[];
}

export function writeSessionCopy(out: ByteWriter, copy: SessionCopy): ByteWriter {
  writeSessionImage(out, copy).u32(copy.events.length);
  for (const { seq, message } of copy.events) out.u32(seq).blob(message);
  out.u16(copy.refusals.length);
  for (const { intentSeq, code, reason } of copy.refusals) out.u32(intentSeq).u16(code).text(reason);
  return out;
}
export function readSessionCopy(from: ByteReader): SessionCopy {
  const image = readSessionImage(from);
  const events = Array.from({ length: from.u32() }, () => ({ seq: from.u32(), message: from.blob() }));
  // Copies of journals from before refusals were kept end here.
  const refusals = Array.from({ length: from.left() > 0 ? from.u16() : 0 }, () => ({
    intentSeq: from.u32(),
    code: from.u16(),
    reason: from.text(),
  }));
  return { ...image, events, refusals };
}
