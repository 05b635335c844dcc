/** Records from the persistence thread: answers and restored sessions to net, what is to be restored to shards. */
import { decodePlayer, encodePlayer, type PlayerRow } from "../player.js";
import type { ByteReader, ByteWriter } from "./bytes.js";
import { type EntityRecord, type GrantRecord, readGrant, writeGrant } from "./to-store.js";

export const fromStore = {
  // ---- to net
  /** {@link LoadedRecord} */
  loaded: 1,
  /** {@link LoadFailedRecord}: the store could not answer within its bounds. */
  loadFailed: 2,
  /** u8: 1 the store answers, 0 it does not. Sent at every change. */
  storeState: 3,
  /** {@link SessionImage}: a session of the process before this one. Before anything else but storeState. */
  restoreSession: 4,
  /** {@link RestoreEventRecord}: an event that is still owed to the session restored last. */
  restoreEvent: 5,
  /** u32, the newest session number ever given: every session has been restored. Sent once, also when there are none. */
  sessionsRestored: 6,
  /** RefusedRecord of to-store: the session restored last was not told of it, as far as the journal knows. */
  restoreRefused: 7,

  // ---- to shards
  /** {@link RestoreRoomRecord}; its {@link RestoreInputsRecord}s follow, oldest first. */
  restoreRoom: 10,
  restoreInputs: 11,
  /** An entity as of its last checkpoint: as EntityRecord of to-store. */
  restoreEntity: 12,
  /** u32 incarnation, as in the hello that this ends the answer to. */
  restoreEnd: 13,
  /** One of the above, longer than the lane takes: see parts.ts. */
  restorePart: 14,
} as const;

export interface LoadedRecord {
  readonly session: number;
  readonly joinEpoch: number;
  /** null: nobody by that id. */
  readonly player: PlayerRow | null;
  /** What the player is still to be given. Pass it on with the join. */
  readonly grants: readonly GrantRecord[];
}

export interface LoadFailedRecord {
  readonly session: number;
  readonly joinEpoch: number;
}

export function writeLoaded(out: ByteWriter, record: LoadedRecord): ByteWriter {
  out.clear().u32(record.session).u32(record.joinEpoch);
  writeGrants(out, record.grants);
  if (record.player === null) return out.u8(0);
  out.u8(1);
  return encodePlayer(record.player, out);
}
export function readLoaded(from: ByteReader): LoadedRecord {
  const session = from.u32();
  const joinEpoch = from.u32();
  const grants = readGrants(from);
  return { session, joinEpoch, grants, player: from.u8() === 1 ? decodePlayer(from) : null };
}

/** Appends a u16 count and the grants. */
export function writeGrants(out: ByteWriter, grants: readonly GrantRecord[]): ByteWriter {
  out.u16(grants.length);
  for (const grant of grants) writeGrant(out, grant);
  return out;
}
export function readGrants(from: ByteReader): GrantRecord[] {
  return Array.from({ length: from.u16() }, () => readGrant(from));
}

export function writeLoadFailed(out: ByteWriter, record: LoadFailedRecord): ByteWriter {
  return out.clear().u32(record.session).u32(record.joinEpoch);
}
export function readLoadFailed(from: ByteReader): LoadFailedRecord {
  return { session: from.u32(), joinEpoch: from.u32() };
}

/** A session as the journal knows it. */
export interface SessionImage {
  readonly session: number;
  readonly playerId: string;
  readonly name: string;
  readonly attachEpoch: number;
  readonly eventsAcked: number;
  /** Number of the newest event; those from eventsAcked + 1 on follow as restoreEvent, without a gap. */
  readonly eventsLast: number;
  /** Reliable intents up to here are settled … */
  readonly intentsDurable: number;
  /** … and these beyond. */
  readonly settled: readonly number[];
  /** Durable rooms the client knows itself to be in, and the newest of each one's events that the session has. */
  readonly rooms: readonly {
    readonly roomId: number;
    readonly isMember: boolean;
    readonly roomSeq: number;
  }[];
}

export function writeSessionImage(out: ByteWriter, image: SessionImage): ByteWriter {
  out.clear().u32(image.session).hex16(image.playerId).text(image.name).u32(image.attachEpoch);
  out.u32(image.eventsAcked).u32(image.eventsLast).u32(image.intentsDurable);
  out.u16(image.settled.length);
  for (const seq of image.settled) out.u32(seq);
  out.u16(image.rooms.length);
  for (const { roomId, isMember, roomSeq } of image.rooms)
    out
      .u32(roomId)
      .u8(isMember ? 1 : 0)
      .u32(roomSeq);
  return out;
}
export function readSessionImage(from: ByteReader): SessionImage {
  return {
    session: from.u32(),
    playerId: from.hex16(),
    name: from.text(),
    attachEpoch: from.u32(),
    eventsAcked: from.u32(),
    eventsLast: from.u32(),
    intentsDurable: from.u32(),
    settled: Array.from({ length: from.u16() }, () => from.u32()),
    rooms: Array.from({ length: from.u16() }, () => ({
      roomId: from.u32(),
      isMember: from.u8() === 1,
      roomSeq: from.u32(),
    })),
  };
}

export interface RestoreEventRecord {
  readonly session: number;
  readonly seq: number;
  readonly message: Uint8Array;
}

export function writeRestoreEvent(out: ByteWriter, record: RestoreEventRecord): ByteWriter {
  return out.clear().u32(record.session).u32(record.seq).raw(record.message);
}
export function readRestoreEvent(from: ByteReader): RestoreEventRecord {
  return { session: from.u32(), seq: from.u32(), message: from.rest() };
}

export interface RestoreRoomRecord {
  readonly roomId: number;
  readonly cell: number;
  /** The last one whose events net has; null: the room begins with its inputs. */
  readonly checkpoint: Uint8Array | null;
}

export function writeRestoreRoom(out: ByteWriter, record: RestoreRoomRecord): ByteWriter {
  const { roomId, cell, checkpoint } = record;
  out
    .clear()
    .u32(roomId)
    .u32(cell)
    .u8(checkpoint === null ? 0 : 1);
  return checkpoint === null ? out : out.raw(checkpoint);
}
export function readRestoreRoom(from: ByteReader): RestoreRoomRecord {
  return {
    roomId: from.u32(),
    cell: from.u32(),
    checkpoint: from.u8() === 1 ? from.rest() : null,
  };
}

/** The inputs of one room in one tick, as roomInputs of to-store said them. */
export interface RestoreInputsRecord {
  readonly roomId: number;
  readonly tick: number;
  readonly wallMs: number;
  readonly inputs: Uint8Array;
}

export function writeRestoreInputs(out: ByteWriter, record: RestoreInputsRecord): ByteWriter {
  return out.clear().u32(record.roomId).u32(record.tick).f64(record.wallMs).raw(record.inputs);
}
export function readRestoreInputs(from: ByteReader): RestoreInputsRecord {
  return { roomId: from.u32(), tick: from.u32(), wallMs: from.f64(), inputs: from.rest() };
}

export type { EntityRecord };
