/**
 * Records from one shard to another. Every payload begins with the incarnation of the receiver the sender believes in
 * and the sender's own: what was meant for a dead shard is refused by its successor, and the sender takes it back.
 */
import type { ByteReader, ByteWriter } from "./bytes.js";

export const toPeer = {
  /** The border cell as its owner has it: u32 cell, u16 count, then the rows of shards/ghosts.ts. */
  ghosts: 1,
  /** An entity moves over: {@link HandoffRecord}. Answered by accepted or declined. */
  handoff: 2,
  /** u32 entity: the receiver owns it now; the sender may let go. */
  accepted: 3,
  /** u32 entity: the receiver has no room; the sender keeps it. */
  declined: 4,
  /** A record from net for a session that has moved on: {@link ForwardRecord}. */
  forward: 5,
  /** u32 session: nothing more will be forwarded for it. */
  marker: 6,
  /** {@link ActRecord} */
  act: 7,
  /** u32 entity: a creature of yours is with me now. */
  away: 8,
  /** u32 entity: that creature is at home already; remove your copy. */
  recall: 9,
} as const;

export interface PeerHead {
  readonly receiver: number;
  readonly sender: number;
}

export function writePeerHead(out: ByteWriter, head: PeerHead): ByteWriter {
  return out.clear().u32(head.receiver).u32(head.sender);
}
/** The receiver; the sender is read behind it. One by one, as they come with every record. */
export const readPeerReceiver = (from: ByteReader): number => from.u32();
export const readPeerSender = (from: ByteReader): number => from.u32();

export interface HandoffRecord {
  readonly entityId: number;
  /** Target cell. */
  readonly cell: number;
  /** 0 for a creature. */
  readonly session: number;
  readonly joinEpoch: number;
  readonly isSuspended: boolean;
  /** Last reliable intent applied. */
  readonly applied: number;
  /** An encoded PlayerRow, empty for a creature. */
  readonly player: Uint8Array;
  /** What EntityTable.packRow wrote. */
  readonly row: Uint8Array;
  /** Grants the member took lately, so that none is taken twice. Empty for a creature. */
  readonly grantsTaken: readonly string[];
}

export function writeHandoff(out: ByteWriter, record: HandoffRecord): ByteWriter {
  out.u32(record.entityId).u32(record.cell).u32(record.session).u32(record.joinEpoch);
  out
    .u8(record.isSuspended ? 1 : 0)
    .u32(record.applied)
    .blob(record.player)
    .blob(record.row);
  out.u16(record.grantsTaken.length);
  for (const grantId of record.grantsTaken) out.hex16(grantId);
  return out;
}
export function readHandoff(from: ByteReader): HandoffRecord {
  return {
    entityId: from.u32(),
    cell: from.u32(),
    session: from.u32(),
    joinEpoch: from.u32(),
    isSuspended: from.u8() === 1,
    applied: from.u32(),
    player: from.blob(),
    row: from.blob(),
    grantsTaken: Array.from({ length: from.u16() }, () => from.hex16()),
  };
}

/** A to-shard record, passed on unchanged. */
export interface ForwardRecord {
  readonly session: number;
  readonly type: number;
  readonly payload: Uint8Array;
}

export function writeForward(out: ByteWriter, record: ForwardRecord): ByteWriter {
  return out.u32(record.session).u8(record.type).raw(record.payload);
}
export function readForward(from: ByteReader): ForwardRecord {
  return { session: from.u32(), type: from.u8(), payload: from.rest() };
}

/** A game's message to an entity or a room (exactly one of them non-zero). */
export interface ActRecord {
  readonly toEntity: number;
  readonly toRoom: number;
  /** Where the receiver was last seen. */
  readonly cell: number;
  readonly fromEntity: number;
  readonly fromRoom: number;
  readonly fromCell: number;
  readonly kind: number;
  /** Shards it has been through. */
  readonly hops: number;
  /** Of a grant on its short way to a player who is in the field; "" for any other message. */
  readonly grantId: string;
  readonly body: Uint8Array;
}

export function writeAct(out: ByteWriter, act: ActRecord): ByteWriter {
  out.u32(act.toEntity).u32(act.toRoom).u32(act.cell).u32(act.fromEntity).u32(act.fromRoom).u32(act.fromCell);
  out.u16(act.kind).u8(act.hops).blob(act.body);
  return act.grantId === "" ? out.u8(0) : out.u8(1).hex16(act.grantId);
}
export function readAct(from: ByteReader): ActRecord {
  return {
    toEntity: from.u32(),
    toRoom: from.u32(),
    cell: from.u32(),
    fromEntity: from.u32(),
    fromRoom: from.u32(),
    fromCell: from.u32(),
    kind: from.u16(),
    hops: from.u8(),
    body: from.blob(),
    grantId: from.u8() === 1 ? from.hex16() : "",
  };
}
