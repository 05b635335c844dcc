import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { INTENT_MESSAGE } from "../engine/lane/to-shard.js";
import { decodePlayer, encodePlayer, type PlayerRow } from "../engine/player.js";
import type { FieldMember, LedgerChange } from "../engine/room/game.js";
import { messageTypes } from "../engine/wire/message-types.js";

const NO_BYTES = new Uint8Array();

/** A record of net for a session, held until it may be applied. */
export interface HeldRecord {
  readonly type: number;
  readonly payload: Uint8Array;
}

/**
 * Type of a held record that no lane has: it stands for intents refused while others were held, and says their numbers
 * (u32 each). Its place in line keeps them from being reported as settled before those that are held.
 */
export const SETTLED = 0;
/** Numbers in one such record. Nobody has as many intents under way: past it the oldest is forgotten. */
const SETTLED_NUMBERS_MAX = 4096;

/** Puts in line that a field intent was refused. A move has no number: nobody waits for it. */
export function holdRefused(held: HeldRecord[], intent: HeldRecord): void {
  const seq = fieldIntentSeq(intent);
  if (seq === 0) return;
  const before = held.at(-1)?.type === SETTLED ? held.pop()!.payload : NO_BYTES;
  const kept = before.length < SETTLED_NUMBERS_MAX * 4 ? before : before.subarray(4);
  held.push({ type: SETTLED, payload: new ByteWriter(kept.length + 4).raw(kept).u32(seq).bytes() });
}

/** The numbers that such a record says; none of any other. */
export function refusedIn({ type, payload }: HeldRecord): number[] {
  if (type !== SETTLED) return [];
  const from = new ByteReader(payload);
  return Array.from({ length: payload.length / 4 }, () => from.u32());
}

/** Number of a reliable intent for the field, 0 of a move. */
export function fieldIntentSeq({ payload }: HeldRecord): number {
  if (payload[INTENT_MESSAGE] !== messageTypes.fieldIntent) return 0;
  return new DataView(payload.buffer, payload.byteOffset + INTENT_MESSAGE).getUint32(4, true);
}

/** A player in this shard's part of the field. */
export class Member implements FieldMember {
  readonly session: number;
  readonly joinEpoch: number;
  readonly entityId: number;
  readonly player: PlayerRow;
  row: number;
  isSuspended: boolean;
  /** Number of the last reliable intent applied, for net to acknowledge. */
  applied: number;
  /** Where the store last knew the player, to save only what changed. */
  savedX: number;
  savedY: number;
  /**
   * After a handoff: the shard whose marker must come before net's own records may be applied, or -1. Until then
   * they wait in `held`, so that what the old shard forwards comes first.
   */
  awaitsMarkerOf = -1;
  /** Lines of the ledger that wait for the next save. */
  readonly lines: Required<LedgerChange>[] = [];
  /** Grants the member took lately, oldest first: each comes by up to two ways. */
  readonly grantsTaken: string[];
  readonly held: HeldRecord[] = [];

  constructor(member: {
    readonly session: number;
    readonly joinEpoch: number;
    readonly player: PlayerRow;
    readonly row: number;
    readonly isSuspended: boolean;
    readonly applied: number;
    readonly grantsTaken?: readonly string[];
  }) {
    this.session = member.session;
    this.joinEpoch = member.joinEpoch;
    this.entityId = member.session;
    this.player = member.player;
    this.row = member.row;
    this.isSuspended = member.isSuspended;
    this.applied = member.applied;
    this.grantsTaken = [...(member.grantsTaken ?? [])];
    this.savedX = member.player.x;
    this.savedY = member.player.y;
  }
}

/** All of a member that the next tick depends on, but what is held for it. */
export function writeMemberState(out: ByteWriter, member: Member): void {
  out
    .u32(member.session)
    .u32(member.joinEpoch)
    .u32(member.row)
    .u8(member.isSuspended ? 1 : 0);
  out.u32(member.applied).f64(member.savedX).f64(member.savedY).u16(member.grantsTaken.length);
  for (const grantId of member.grantsTaken) out.hex16(grantId);
  out.u8(member.lines.length);
  for (const line of member.lines) out.text(line.reason).f64(line.gold).u16(line.item).i32(line.count);
  encodePlayer(member.player, out);
}

export function readMemberState(from: ByteReader): Member {
  const session = from.u32();
  const joinEpoch = from.u32();
  const row = from.u32();
  const isSuspended = from.u8() === 1;
  const applied = from.u32();
  const savedX = from.f64();
  const savedY = from.f64();
  const grantsTaken = Array.from({ length: from.u16() }, () => from.hex16());
  const lines = Array.from({ length: from.u8() }, () => {
    return { reason: from.text(), gold: from.f64(), item: from.u16(), count: from.i32() };
  });
  const member = new Member({
    session,
    joinEpoch,
    row,
    isSuspended,
    applied,
    grantsTaken,
    player: decodePlayer(from),
  });
  member.lines.push(...lines);
  member.savedX = savedX;
  member.savedY = savedY;
  return member;
}
