/**
 * Every byte of the journal. Little-endian; everything begins at a multiple of eight.
 *
 * A segment is one file, named by the position of its first record: `00000000000000000001.journal`, and, where a file of
 * that name could not be written, `00000000000000000001-1.journal` and so on; the greatest counts.
 *
 * ```
 *  segment:  | segment header | group 0 | group 1 | …            group 0 is written and synced with the header
 *  group:    | group header | record | record | …                one write and one sync; without records: a mark
 *
 *  segment header, 64 bytes
 *   0        8         12        16               32        40         48        52        60      64
 *  +--------+---------+---------+----------------+---------+----------+---------+---------+-------+
 *  | magic  | version | length  | journal id     | first   | created  | attempt | zero    | crc   |
 *  |        |         | = 64    | 16 bytes       | position| wall ms  |         |         | [0,60)|
 *  +--------+---------+---------+----------------+---------+----------+---------+---------+-------+
 *
 *  group header, 40 bytes
 *   0       4       8         12       16               24       28        32       36     40
 *  +-------+-------+---------+--------+----------------+--------+---------+--------+------+
 *  | magic | crc   | bytes   | records| first position | number | offset  | id's   | zero |
 *  |       | [8,40)| of them |        |                | in file| in file | crc    |      |
 *  +-------+-------+---------+--------+----------------+--------+---------+--------+------+
 *
 *  record, 20 bytes and the payload, padded with zeros to a multiple of eight
 *   0       4        8                16      20
 *  +-------+--------+----------------+-------+---------~
 *  | crc   | length | position       | type  | payload
 *  |       | of it  |                |       |
 *  +-------+--------+----------------+-------+---------~
 *   over the journal's id, and all that follows but the padding
 * ```
 */
import { assert } from "../../engine/assert.js";
import { readU32, writeU32 } from "../../engine/wire/bytes-le.js";
import { crc32c, viewOf } from "./crc32c.js";

export const JOURNAL_VERSION = 1;

export const segmentHeader = {
  magic: 0,
  version: 8,
  length: 12,
  id: 16,
  first: 32,
  created: 40,
  attempt: 48,
  crc: 60,
  bytes: 64,
} as const;

export const groupHeader = {
  magic: 0,
  crc: 4,
  length: 8,
  count: 12,
  first: 16,
  number: 24,
  offset: 28,
  seed: 32,
  bytes: 40,
} as const;

export const recordHeader = { crc: 0, length: 4, position: 8, type: 16, bytes: 20 } as const;

/** Everything in a segment begins at a multiple of this. */
export const ALIGNMENT = 8;
/** Bytes that a group's header can count; offsets are counted in units of {@link ALIGNMENT}. */
export const lengthMax = 2 ** 32;
/** Bytes of the largest payload. */
export const payloadBytesMax = 16 * 1024 * 1024;

const SEGMENT_MAGIC_LOW = 0x6a647367; // "gsdj"
const SEGMENT_MAGIC_HIGH = 0x6c6e726f; // "ornl"
const GROUP_MAGIC = 0x50524721; // "!GRP"
const TWO_TO_32 = 0x1_0000_0000;
const NAME = /^(\d{20})(?:-(\d{1,9}))?\.journal$/;

/** Bytes of a record on disk. */
export function recordBytes(payloadLength: number): number {
  return (recordHeader.bytes + payloadLength + ALIGNMENT - 1) & -ALIGNMENT;
}

export interface SegmentName {
  readonly name: string;
  /** Position of its first record. */
  readonly first: number;
  /** 0, or how many files of that position were begun before. */
  readonly attempt: number;
}

export function segmentName(first: number, attempt: number): string {
  return `${String(first).padStart(20, "0")}${attempt === 0 ? "" : `-${attempt}`}.journal`;
}

/** Null: not a segment's name. */
export function parseSegmentName(name: string): SegmentName | null {
  const match = NAME.exec(name);
  if (match === null) return null;
  const first = Number(match[1]);
  const attempt = Number(match[2] ?? 0);
  if (!Number.isSafeInteger(first) || segmentName(first, attempt) !== name) return null;
  return { name, first, attempt };
}

export interface SegmentHead {
  /** 32 hex digits. */
  readonly id: string;
  readonly first: number;
  readonly attempt: number;
  readonly createdMs: number;
}

export function encodeSegmentHead(bytes: Uint8Array, at: number, head: SegmentHead): void {
  bytes.fill(0, at, at + segmentHeader.bytes);
  writeU32(bytes, at + segmentHeader.magic, SEGMENT_MAGIC_LOW);
  writeU32(bytes, at + segmentHeader.magic + 4, SEGMENT_MAGIC_HIGH);
  writeU32(bytes, at + segmentHeader.version, JOURNAL_VERSION);
  writeU32(bytes, at + segmentHeader.length, segmentHeader.bytes);
  bytes.set(idBytes(head.id), at + segmentHeader.id);
  writePosition(bytes, at + segmentHeader.first, head.first);
  writePosition(bytes, at + segmentHeader.created, head.createdMs);
  writeU32(bytes, at + segmentHeader.attempt, head.attempt);
  writeU32(bytes, at + segmentHeader.crc, crc32c(viewOf(bytes), at, at + segmentHeader.crc));
}

/** Null: not a whole header. Another version than ours is told apart by {@link versionOf}. */
export function decodeSegmentHead(bytes: Uint8Array): SegmentHead | null {
  if (bytes.length < segmentHeader.bytes) return null;
  if (readU32(bytes, segmentHeader.magic) !== SEGMENT_MAGIC_LOW) return null;
  if (readU32(bytes, segmentHeader.magic + 4) !== SEGMENT_MAGIC_HIGH) return null;
  if (crc32c(viewOf(bytes), 0, segmentHeader.crc) !== readU32(bytes, segmentHeader.crc)) return null;
  if (readU32(bytes, segmentHeader.length) !== segmentHeader.bytes) return null;
  return {
    id: hexOf(bytes.subarray(segmentHeader.id, segmentHeader.first)),
    first: readPosition(bytes, segmentHeader.first),
    attempt: readU32(bytes, segmentHeader.attempt),
    createdMs: readPosition(bytes, segmentHeader.created),
  };
}

/** The version that a valid header names. */
export function versionOf(bytes: Uint8Array): number {
  return readU32(bytes, segmentHeader.version);
}

export interface GroupHead {
  /** Bytes of its records. */
  readonly length: number;
  readonly count: number;
  /** Position of its first record, or of the next one where it has none. */
  readonly first: number;
  /** Groups before it in the file; each of them was synced before this one was written. */
  readonly number: number;
  /** Where in the file it begins. */
  readonly offset: number;
  /** CRC of the journal's id. */
  readonly seed: number;
}

export function encodeGroupHead(bytes: Uint8Array, at: number, head: GroupHead): void {
  writeU32(bytes, at + groupHeader.magic, GROUP_MAGIC);
  writeU32(bytes, at + groupHeader.length, head.length);
  writeU32(bytes, at + groupHeader.count, head.count);
  writePosition(bytes, at + groupHeader.first, head.first);
  writeU32(bytes, at + groupHeader.number, head.number);
  writeU32(bytes, at + groupHeader.offset, head.offset / ALIGNMENT);
  writeU32(bytes, at + groupHeader.seed, head.seed);
  writeU32(bytes, at + groupHeader.seed + 4, 0);
  writeU32(
    bytes,
    at + groupHeader.crc,
    crc32c(viewOf(bytes), at + groupHeader.length, at + groupHeader.bytes),
  );
}

/** Whether four bytes look like the beginning of a group: a quick look before {@link decodeGroupHead}. */
export function looksLikeGroup(bytes: Uint8Array, at: number): boolean {
  return readU32(bytes, at) === GROUP_MAGIC;
}

/** The group header at `at`, which must be in `bytes` whole; null where there is none. */
export function decodeGroupHead(bytes: Uint8Array, at: number): GroupHead | null {
  if (!looksLikeGroup(bytes, at)) return null;
  const crc = crc32c(viewOf(bytes), at + groupHeader.length, at + groupHeader.bytes);
  if (crc !== readU32(bytes, at + groupHeader.crc)) return null;
  return {
    length: readU32(bytes, at + groupHeader.length),
    count: readU32(bytes, at + groupHeader.count),
    first: readPosition(bytes, at + groupHeader.first),
    number: readU32(bytes, at + groupHeader.number),
    offset: readU32(bytes, at + groupHeader.offset) * ALIGNMENT,
    seed: readU32(bytes, at + groupHeader.seed),
  };
}

export interface RecordHead {
  readonly position: number;
  readonly type: number;
}

/** Memory that records are in, and the view of it that reads and writes words. */
export interface Memory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function memoryOf(bytes: Uint8Array): Memory {
  return { bytes, view: viewOf(bytes) };
}

/** Writes a record, padding included. Returns its end. */
export function encodeRecord(
  { bytes, view }: Memory,
  at: number,
  record: RecordHead & { readonly payload: Uint8Array; readonly seed: number },
): number {
  const { payload, position, type, seed } = record;
  const payloadAt = at + recordHeader.bytes;
  const payloadEnd = payloadAt + payload.length;
  const end = at + recordBytes(payload.length);
  view.setUint32(at + recordHeader.length, payload.length, true);
  view.setUint32(at + recordHeader.position, position % TWO_TO_32, true);
  view.setUint32(at + recordHeader.position + 4, position / TWO_TO_32, true);
  view.setUint32(at + recordHeader.type, type, true);
  bytes.set(payload, payloadAt);
  for (let pad = payloadEnd; pad < end; pad++) bytes[pad] = 0;
  view.setUint32(at + recordHeader.crc, crc32c(view, at + recordHeader.length, payloadEnd, seed), true);
  return end;
}

/** The end of the record of a position that begins at `at`; -1 where there is no whole record of that position. */
export function checkRecord(
  { bytes, view }: Memory,
  at: number,
  want: { readonly position: number; readonly seed: number },
): number {
  if (at + recordHeader.bytes > bytes.length) return -1;
  const length = view.getUint32(at + recordHeader.length, true);
  if (length > payloadBytesMax) return -1;
  const payloadEnd = at + recordHeader.bytes + length;
  const end = at + recordBytes(length);
  if (end > bytes.length) return -1;
  if (readPosition(bytes, at + recordHeader.position) !== want.position) return -1;
  const crc = crc32c(view, at + recordHeader.length, payloadEnd, want.seed);
  if (crc !== view.getUint32(at + recordHeader.crc, true)) return -1;
  for (let pad = payloadEnd; pad < end; pad++) if (bytes[pad] !== 0) return -1;
  return end;
}

export function recordType(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at + recordHeader.type);
}

/** The payload as a view of `bytes`. */
export function recordPayload(bytes: Uint8Array, at: number): Uint8Array {
  const payloadAt = at + recordHeader.bytes;
  return bytes.subarray(payloadAt, payloadAt + readU32(bytes, at + recordHeader.length));
}

/** Offset of the first record of a group's `body` that is not whole and in order; -1: all are, and fill it exactly. */
export function findBadRecord(body: Uint8Array, head: GroupHead): number {
  let at = 0;
  const memory = memoryOf(body);
  const want = { position: head.first, seed: head.seed };
  for (let record = 0; record < head.count; record++, want.position++) {
    const end = checkRecord(memory, at, want);
    if (end < 0) return at;
    at = end;
  }
  return at === body.length ? -1 : at;
}

/** What ties groups and records to their journal. */
export function seedOf(id: string): number {
  return crc32c(viewOf(idBytes(id)), 0, 16);
}

function writePosition(bytes: Uint8Array, at: number, position: number): void {
  writeU32(bytes, at, position % TWO_TO_32);
  writeU32(bytes, at + 4, position / TWO_TO_32);
}

function readPosition(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at) + readU32(bytes, at + 4) * TWO_TO_32;
}

function idBytes(id: string): Uint8Array {
  assert(/^[0-9a-f]{32}$/.test(id), "a journal's id is 32 hex digits");
  return Uint8Array.from(Buffer.from(id, "hex"));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
