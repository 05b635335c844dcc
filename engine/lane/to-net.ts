/** Records from a shard to net, all written at the end of a tick and closed by `tickDone`. */
import type { ByteReader, ByteWriter } from "./bytes.js";

export const toNet = {
  /** First record of a new incarnation: u32 incarnation. Whatever net believed to be on this shard is gone. */
  hello: 1,
  /** {@link MemberRecord}: the join is done. */
  joined: 2,
  /** {@link MemberRecord} (cell unused): the member left and its row is on its way to the store. */
  left: 3,
  /** {@link MemberRecord}: the member is in another cell of the same shard. */
  memberCell: 4,
  /** {@link MemberRecord}: this shard took the member over from another by handoff. */
  memberMoved: 5,
  /** A message for those who see a cell: hot, layout below. */
  cellMessage: 6,
  /** A reliable event: {@link EventRecord}. */
  event: 7,
  /** {@link AppliedRecord} */
  applied: 8,
  /** {@link RoomJoinedRecord} */
  roomJoined: 9,
  /** {@link RoomLeftRecord} */
  roomLeft: 10,
  /** Room frame: u32 roomId, u32 zero, then the whole message. */
  roomMessage: 11,
  /** u32 tick: everything of this tick precedes. */
  tickDone: 12,
  /**
   * u32 incarnation: everything that survived in this shard has been told again: the events of its durable rooms since
   * their checkpoints, a roomJoined for each seat, the intents it applied. What net knows of beyond is gone.
   */
  restored: 13,
  /**
   * {@link AdriftRecord} (cell: where it was going): the member was on its way to a shard that has died. This shard has let
   * go of it, and only the journal knows what the dead one made of it: it is to be loaded and joined anew.
   */
  memberAdrift: 14,
  /**
   * {@link MemberRecord} (joinEpoch: that of the eviction; cell unused): there is no older copy of the member here, none
   * will be taken from another shard, and all that this shard has ever written of one is on its way to the store.
   */
  evicted: 15,
} as const;

/** The cell message record. */
export const CELL_MESSAGE_CELL = 0; // u32
export const CELL_MESSAGE_FLAGS = 4; // u32
export const CELL_MESSAGE_BODY = 8; // the message, to the end of the record
/** Only for sessions waiting for a keyframe of this cell; without it, for the cell's subscribers. */
export const CELL_TO_PENDING = 1;
/** Last message for those who wait: they are subscribers from here on. */
export const CELL_PROMOTES = 2;

/** The room message record. */
export const ROOM_MESSAGE_ROOM = 0; // u32
export const ROOM_MESSAGE_BODY = 8;

/** Bit of an event record's first byte, beside the scope. */
const EVENT_DURABLE = 0x80;

export interface MemberRecord {
  readonly session: number;
  readonly joinEpoch: number;
  readonly entityId: number;
  readonly cell: number;
}

export interface AdriftRecord extends MemberRecord {
  /** Numbers of field intents that were held for the member, or would have been, and of which it was told why not. */
  readonly refused: readonly number[];
}

export interface EventRecord {
  readonly sessions: readonly number[];
  readonly scope: number;
  readonly kind: number;
  readonly roomId: number;
  /**
   * Its number among the events of a durable room, from 1: a room that is replayed tells the same event by the same
   * number. 0: not from a durable room.
   */
  readonly roomSeq: number;
  /** Leaves the process only when its cause, and so everything the shard wrote in this tick, is safe. */
  readonly isDurable: boolean;
  /** The table, without any header. */
  readonly body: Uint8Array;
}

/** Intents for the field, and those for each room, are counted apart: they wait for different things. */
export interface AppliedRecord {
  readonly session: number;
  /** 0: the field. */
  readonly room: number;
  /** Number of the last reliable intent that took effect or was refused. */
  readonly applied: number;
  /** World tick in which it did: durable as soon as that tick of the shard is. */
  readonly tick: number;
}

export interface RoomJoinedRecord {
  readonly session: number;
  readonly roomId: number;
  readonly cell: number;
  readonly roomType: string;
  readonly staysWhenDropped: boolean;
  /** The room survives the process, and with it the client's knowledge of being in it. */
  readonly isDurable: boolean;
}

export interface RoomLeftRecord {
  readonly session: number;
  readonly roomId: number;
  /** 0, or a refusal code that says why. */
  readonly code: number;
}

export function writeMember(out: ByteWriter, record: MemberRecord): ByteWriter {
  return out.clear().u32(record.session).u32(record.joinEpoch).u32(record.entityId).u32(record.cell);
}
export function readMember(from: ByteReader): MemberRecord {
  return { session: from.u32(), joinEpoch: from.u32(), entityId: from.u32(), cell: from.u32() };
}

export function writeAdrift(out: ByteWriter, record: AdriftRecord): ByteWriter {
  writeMember(out, record).u16(record.refused.length);
  for (const seq of record.refused) out.u32(seq);
  return out;
}
export function readAdrift(from: ByteReader): AdriftRecord {
  return { ...readMember(from), refused: Array.from({ length: from.u16() }, () => from.u32()) };
}

export function writeEvent(out: ByteWriter, record: EventRecord): ByteWriter {
  out.clear().u8(record.scope | (record.isDurable ? EVENT_DURABLE : 0));
  out.u16(record.kind).u32(record.roomId).u32(record.roomSeq).u16(record.sessions.length);
  for (const session of record.sessions) out.u32(session);
  return out.raw(record.body);
}
export function readEvent(from: ByteReader): EventRecord {
  const flags = from.u8();
  const kind = from.u16();
  const roomId = from.u32();
  const roomSeq = from.u32();
  const sessions: number[] = [];
  for (let left = from.u16(); left > 0; left--) sessions.push(from.u32());
  const isDurable = (flags & EVENT_DURABLE) !== 0;
  return { sessions, scope: flags & ~EVENT_DURABLE, kind, roomId, roomSeq, isDurable, body: from.rest() };
}

export function writeApplied(out: ByteWriter, record: AppliedRecord): ByteWriter {
  return out.clear().u32(record.session).u32(record.room).u32(record.applied).u32(record.tick);
}
export function readApplied(from: ByteReader): AppliedRecord {
  return { session: from.u32(), room: from.u32(), applied: from.u32(), tick: from.u32() };
}

export function writeRoomJoined(out: ByteWriter, record: RoomJoinedRecord): ByteWriter {
  out.clear().u32(record.session).u32(record.roomId).u32(record.cell);
  return out.text(record.roomType).u8((record.staysWhenDropped ? 1 : 0) | (record.isDurable ? 2 : 0));
}
export function readRoomJoined(from: ByteReader): RoomJoinedRecord {
  const [session, roomId, cell] = [from.u32(), from.u32(), from.u32()];
  const roomType = from.text();
  const flags = from.u8();
  return {
    session,
    roomId,
    cell,
    roomType,
    staysWhenDropped: (flags & 1) !== 0,
    isDurable: (flags & 2) !== 0,
  };
}

export function writeRoomLeft(out: ByteWriter, record: RoomLeftRecord): ByteWriter {
  return out.clear().u32(record.session).u32(record.roomId).u16(record.code);
}
export function readRoomLeft(from: ByteReader): RoomLeftRecord {
  return { session: from.u32(), roomId: from.u32(), code: from.u16() };
}
