/** Records from net to a shard. Every payload begins with the shard's incarnation; a shard refuses stale ones. */
import { decodePlayer, encodePlayer, type PlayerRow } from "../player.js";
import type { ByteReader, ByteWriter } from "./bytes.js";
import { readGrants, writeGrants } from "./from-store.js";
import type { GrantRecord } from "./to-store.js";

export const toShard = {
  /** A session enters the field: {@link JoinRecord}. */
  join: 1,
  /** The session ends, for good: {@link SessionRecord}. The shard saves, removes, and answers `left`. */
  leave: 2,
  /** The socket is gone: {@link SessionRecord}. */
  drop: 3,
  /** The socket is back: {@link SessionRecord}. */
  reconnect: 4,
  /** Remove every copy of the session whose joinEpoch is older, silently: {@link SessionRecord}. */
  evict: 5,
  /** A client's message, verified: layout below, hot. */
  intent: 6,
  /** Room {@link RoomSessionRecord}: the session ends or is put out by net. */
  roomLeave: 7,
  roomDrop: 8,
  roomReconnect: 9,
  /** Subscriber count of a cell: {@link SightRecord}. Sent when it becomes zero or non-zero, and after a shard's hello. */
  sight: 10,
  /** Somebody needs a keyframe of a cell: {@link SightRecord}, count unused. */
  keyframeWanted: 11,
  /** No more intents of this session on this lane; forward the marker to `shard`: {@link MarkerRecord}. */
  routeMarker: 12,
} as const;

/** Of a {@link SightRecord}, for those who read it in place. */
export const SIGHT_CELL = 4; // u32
export const SIGHT_SUBSCRIBERS = 8; // u32

/** The intent record: words, then the message as it came from the socket. */
export const INTENT_INCARNATION = 0; // u32
export const INTENT_SESSION = 4; // u32
export const INTENT_JOIN_EPOCH = 8; // u32
export const INTENT_ROOM = 12; // u32, 0 for the field
export const INTENT_MESSAGE = 16; // bytes, to the end of the record

export interface SessionRecord {
  readonly incarnation: number;
  readonly session: number;
  readonly joinEpoch: number;
}

export interface JoinRecord extends SessionRecord {
  readonly x: number;
  readonly y: number;
  /** Seen again after a shard was lost: the shard tells the client it was relocated. */
  readonly isRelocated: boolean;
  readonly isSuspended: boolean;
  readonly player: PlayerRow;
  /** What the player is still to be given, as loaded. */
  readonly grants: readonly GrantRecord[];
}

export interface RoomSessionRecord {
  readonly incarnation: number;
  readonly session: number;
  readonly roomId: number;
}

export interface SightRecord {
  readonly incarnation: number;
  readonly cell: number;
  readonly subscribers: number;
}

export interface MarkerRecord extends SessionRecord {
  /** The shard that has the member now. */
  readonly shard: number;
}

export function writeSession(out: ByteWriter, record: SessionRecord): ByteWriter {
  return out.clear().u32(record.incarnation).u32(record.session).u32(record.joinEpoch);
}
export function readSession(from: ByteReader): SessionRecord {
  return { incarnation: from.u32(), session: from.u32(), joinEpoch: from.u32() };
}

export function writeJoin(out: ByteWriter, record: JoinRecord): ByteWriter {
  writeSession(out, record).f64(record.x).f64(record.y);
  out.u8(record.isRelocated ? 1 : 0).u8(record.isSuspended ? 1 : 0);
  return writeGrants(encodePlayer(record.player, out), record.grants);
}
export function readJoin(from: ByteReader): JoinRecord {
  const session = readSession(from);
  const x = from.f64();
  const y = from.f64();
  const isRelocated = from.u8() === 1;
  const isSuspended = from.u8() === 1;
  const player = decodePlayer(from);
  return { ...session, x, y, isRelocated, isSuspended, player, grants: readGrants(from) };
}

export function writeRoomSession(out: ByteWriter, record: RoomSessionRecord): ByteWriter {
  return out.clear().u32(record.incarnation).u32(record.session).u32(record.roomId);
}
export function readRoomSession(from: ByteReader): RoomSessionRecord {
  return { incarnation: from.u32(), session: from.u32(), roomId: from.u32() };
}

export function writeSight(out: ByteWriter, record: SightRecord): ByteWriter {
  return out.clear().u32(record.incarnation).u32(record.cell).u32(record.subscribers);
}
export function readSight(from: ByteReader): SightRecord {
  return { incarnation: from.u32(), cell: from.u32(), subscribers: from.u32() };
}

export function writeMarker(out: ByteWriter, record: MarkerRecord): ByteWriter {
  return writeSession(out, record).u32(record.shard);
}
export function readMarker(from: ByteReader): MarkerRecord {
  return { ...readSession(from), shard: from.u32() };
}
