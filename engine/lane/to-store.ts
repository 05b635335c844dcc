/**
 * Records to the persistence thread. Shards write what a tick changed and close it with `tickEnd`, net what a turn
 * changed, closed with `netEnd`: the records between two ends are one group, kept as a whole or not at all.
 */
import type { ByteReader, ByteWriter } from "./bytes.js";

export const toStore = {
  // ---- from shards
  /** An encoded PlayerRow (engine/player.ts). */
  player: 1,
  /** An encoded BattleResultRow. */
  battleResult: 2,
  /** An encoded LedgerRow. */
  ledger: 4,
  /** {@link GrantRecord}: to be given to a player exactly once, whatever happens. */
  grant: 5,
  /** {@link GrantedRecord}: what it did to the player is in the rows of this group. */
  granted: 6,
  /** {@link RoomInputsRecord}: what a durable room took in during this tick, in order. */
  roomInputs: 7,
  /** {@link RoomCheckpointRecord}: a durable room as it is now, behind its inputs of this tick. */
  roomCheckpoint: 8,
  /** u32 room: a durable room has ended. Its inputs of this tick precede. */
  roomClosed: 9,
  /** {@link EntityRecord}: an entity as it is now, for a start after a crash. */
  entity: 10,
  /** {@link SettledRecord}: reliable intents applied or refused in this tick, all of them by number. */
  settled: 11,
  /** {@link TickEndRecord}: ends a shard's group. */
  tickEnd: 12,
  /**
   * u32 incarnation: the first record of a shard's thread. What precedes without an end is void; answered on the
   * from-store lane with everything to be restored, ended by `restoreEnd`.
   */
  hello: 13,
  /** {@link RefusedRecord}: a reliable intent was refused in this tick. In the group of the tick that says so to net. */
  refused: 14,

  // ---- from net
  /** {@link LoadRecord}. Answered with what every row published before it says. Belongs to no group. */
  load: 3,
  /** {@link SessionOpenedRecord} */
  sessionOpened: 20,
  /** {@link SessionProgressRecord} */
  sessionProgress: 21,
  /** {@link SessionEventRecord}: an event has been given its number. */
  sessionEvent: 22,
  /** {@link SessionRoomRecord}: the client has been told that it is in a room, or no more. */
  sessionRoom: 23,
  /** u32 session: it is closed for good. */
  sessionClosed: 24,
  /** {@link NetEndRecord}: ends net's group. Written at least once a second while a shard ticks. */
  netEnd: 25,
} as const;

export interface LoadRecord {
  /** Echoed in the answer: net's session and the joinEpoch it loads for. */
  readonly session: number;
  readonly joinEpoch: number;
  readonly playerId: string;
}

export function writeLoad(out: ByteWriter, record: LoadRecord): ByteWriter {
  return out.clear().u32(record.session).u32(record.joinEpoch).hex16(record.playerId);
}
export function readLoad(from: ByteReader): LoadRecord {
  return { session: from.u32(), joinEpoch: from.u32(), playerId: from.hex16() };
}

/** Something for a player, from a durable room or another player, that neither a crash nor an absence may lose or double. */
export interface GrantRecord {
  /** 32 hex digits, unique for ever. */
  readonly grantId: string;
  readonly playerId: string;
  /** The game's own number. */
  readonly kind: number;
  /** Room it is from, or 0. */
  readonly fromRoom: number;
  readonly body: Uint8Array;
}

/** Appends: grants also travel inside other records. */
export function writeGrant(out: ByteWriter, record: GrantRecord): ByteWriter {
  out.hex16(record.grantId).hex16(record.playerId).u16(record.kind).u32(record.fromRoom);
  return out.blob(record.body);
}
export function readGrant(from: ByteReader): GrantRecord {
  return {
    grantId: from.hex16(),
    playerId: from.hex16(),
    kind: from.u16(),
    fromRoom: from.u32(),
    body: from.blob(),
  };
}

export interface GrantedRecord {
  readonly grantId: string;
  readonly playerId: string;
}

export function writeGranted(out: ByteWriter, record: GrantedRecord): ByteWriter {
  return out.clear().hex16(record.grantId).hex16(record.playerId);
}
export function readGranted(from: ByteReader): GrantedRecord {
  return { grantId: from.hex16(), playerId: from.hex16() };
}

export interface RoomInputsRecord {
  readonly roomId: number;
  /** Decides the room's shard after a start. */
  readonly cell: number;
  /** As shards/room-inputs.ts encodes them; opaque to persistence. */
  readonly inputs: Uint8Array;
}

export function writeRoomInputs(out: ByteWriter, record: RoomInputsRecord): ByteWriter {
  return out.clear().u32(record.roomId).u32(record.cell).raw(record.inputs);
}
export function readRoomInputs(from: ByteReader): RoomInputsRecord {
  return { roomId: from.u32(), cell: from.u32(), inputs: from.rest() };
}

export interface RoomCheckpointRecord {
  readonly roomId: number;
  readonly cell: number;
  readonly checkpoint: Uint8Array;
}

export function writeRoomCheckpoint(out: ByteWriter, record: RoomCheckpointRecord): ByteWriter {
  return out.clear().u32(record.roomId).u32(record.cell).raw(record.checkpoint);
}
export function readRoomCheckpoint(from: ByteReader): RoomCheckpointRecord {
  return { roomId: from.u32(), cell: from.u32(), checkpoint: from.rest() };
}

export interface EntityRecord {
  readonly entityId: number;
  /** Of a person; 32 zeros for a creature. */
  readonly playerId: string;
  readonly x: number;
  readonly y: number;
  /** What EntityTable.packRow wrote; empty: the entity is no more. */
  readonly row: Uint8Array;
}

export function writeEntity(out: ByteWriter, record: EntityRecord): ByteWriter {
  out.clear().u32(record.entityId).hex16(record.playerId);
  return out.f64(record.x).f64(record.y).raw(record.row);
}
export function readEntity(from: ByteReader): EntityRecord {
  return {
    entityId: from.u32(),
    playerId: from.hex16(),
    x: from.f64(),
    y: from.f64(),
    row: from.rest(),
  };
}

/** Whose playerId a creature has in an {@link EntityRecord}. */
export const nobody = "0".repeat(32);

export interface SettledRecord {
  readonly session: number;
  /** 0: the field. */
  readonly room: number;
  readonly seqs: readonly number[];
}

export function writeSettled(out: ByteWriter, record: SettledRecord): ByteWriter {
  out.clear().u32(record.session).u32(record.room).u16(record.seqs.length);
  for (const seq of record.seqs) out.u32(seq);
  return out;
}
export function readSettled(from: ByteReader): SettledRecord {
  const session = from.u32();
  const room = from.u32();
  return { session, room, seqs: Array.from({ length: from.u16() }, () => from.u32()) };
}

/** Should the process end before net has written down that its client was told, it is told again. */
export interface RefusedRecord {
  readonly session: number;
  readonly intentSeq: number;
  readonly code: number;
  readonly reason: string;
}

export function writeRefused(out: ByteWriter, record: RefusedRecord): ByteWriter {
  return out.clear().u32(record.session).u32(record.intentSeq).u16(record.code).text(record.reason);
}
export function readRefused(from: ByteReader): RefusedRecord {
  return { session: from.u32(), intentSeq: from.u32(), code: from.u16(), reason: from.text() };
}

export interface TickEndRecord {
  readonly tick: number;
  /** Wall-clock milliseconds of the tick, as its rooms saw them. */
  readonly wallMs: number;
  /** ControlBlock.nextStamp: ticks of two shards may have one number though one is the other's cause. */
  readonly stamp: number;
}

export function writeTickEnd(out: ByteWriter, record: TickEndRecord): ByteWriter {
  return out.clear().u32(record.tick).f64(record.wallMs).i32(record.stamp);
}
export function readTickEnd(from: ByteReader): TickEndRecord {
  return { tick: from.u32(), wallMs: from.f64(), stamp: from.i32() };
}

export interface SessionOpenedRecord {
  readonly session: number;
  readonly playerId: string;
  readonly name: string;
}

export function writeSessionOpened(out: ByteWriter, record: SessionOpenedRecord): ByteWriter {
  return out.clear().u32(record.session).hex16(record.playerId).text(record.name);
}
export function readSessionOpened(from: ByteReader): SessionOpenedRecord {
  return { session: from.u32(), playerId: from.hex16(), name: from.text() };
}

/** Where a session stands: at every attach, and now and then. */
export interface SessionProgressRecord {
  readonly session: number;
  readonly attachEpoch: number;
  /** Events up to here are owed no more. */
  readonly eventsAcked: number;
  /** Reliable intents up to here are settled for good. */
  readonly intentsDurable: number;
}

export function writeSessionProgress(out: ByteWriter, record: SessionProgressRecord): ByteWriter {
  out.clear().u32(record.session).u32(record.attachEpoch);
  return out.u32(record.eventsAcked).u32(record.intentsDurable);
}
export function readSessionProgress(from: ByteReader): SessionProgressRecord {
  return {
    session: from.u32(),
    attachEpoch: from.u32(),
    eventsAcked: from.u32(),
    intentsDurable: from.u32(),
  };
}

export interface SessionEventRecord {
  readonly session: number;
  /** Its number in the session. */
  readonly seq: number;
  /** The durable room it is from and its number there; 0 and 0 for every other event. */
  readonly roomId: number;
  readonly roomSeq: number;
  /** The whole message. */
  readonly message: Uint8Array;
}

export function writeSessionEvent(out: ByteWriter, record: SessionEventRecord): ByteWriter {
  out.clear().u32(record.session).u32(record.seq).u32(record.roomId).u32(record.roomSeq);
  return out.raw(record.message);
}
export function readSessionEvent(from: ByteReader): SessionEventRecord {
  return {
    session: from.u32(),
    seq: from.u32(),
    roomId: from.u32(),
    roomSeq: from.u32(),
    message: from.rest(),
  };
}

export interface SessionRoomRecord {
  readonly session: number;
  readonly roomId: number;
  readonly isMember: boolean;
}

export function writeSessionRoom(out: ByteWriter, record: SessionRoomRecord): ByteWriter {
  return out
    .clear()
    .u32(record.session)
    .u32(record.roomId)
    .u8(record.isMember ? 1 : 0);
}
export function readSessionRoom(from: ByteReader): SessionRoomRecord {
  return { session: from.u32(), roomId: from.u32(), isMember: from.u8() === 1 };
}

export interface NetEndRecord {
  /** 1, 2, 3 … within the process. */
  readonly group: number;
  /** Per shard, the last tick whose records net has put into effect: the events of these ticks precede. */
  readonly ticks: readonly number[];
}

export function writeNetEnd(out: ByteWriter, record: NetEndRecord): ByteWriter {
  out.clear().u32(record.group).u16(record.ticks.length);
  for (const tick of record.ticks) out.i32(tick);
  return out;
}
export function readNetEnd(from: ByteReader): NetEndRecord {
  const group = from.u32();
  return { group, ticks: Array.from({ length: from.u16() }, () => from.i32()) };
}
