/**
 * Names of people in a cell, message 130, composed of parts that are encoded once: every keyframe and every appear tells
 * names, mostly of people told of before. What is written is a FlatBuffers table like any other, see `session.fbs`; its
 * parts are put where their offsets are known, so that a profile is a copy of its name and a few numbers:
 *
 * ```text
 *   byte  0  message type, zeros        } offsets below count from byte 8, the buffer's start
 *         8  offset of the root table
 *        12  vtable of Profiles         cell, profiles
 *        20  Profiles                   distance to vtable · offset of vector · cell, 2 zeros
 *        32  vtable of Profile          id, name, level; 2 zeros
 *        44  vector                     count, an offset each
 *            profiles                   distance to vtable · offset of name · id · level, 2 zeros · name
 *   a name:  length · UTF-8 · a zero, and zeros up to a multiple of 4
 * ```
 */
import { writeU16, writeU32 } from "./bytes-le.js";
import { messageTypes, TABLE_HEAD_BYTES } from "./message-types.js";

const VTABLE_AT = 32;
const VECTOR_AT = 44;
const OFFSETS_AT = 48;
/** What is the same in every message, up to the vector. */
const HEAD = new Uint8Array(VECTOR_AT);
HEAD[0] = messageTypes.profiles;
for (const [at, value] of [
  [8, 12], // root: from byte 8 to the table
  [20, 8], // table: back to its vtable
  [24, VECTOR_AT - 24],
] as const) {
  writeU32(HEAD, at, value);
}
for (const [at, ...values] of [
  [12, 8, 12, 8, 4], // its own bytes, the table's bytes, where cell and profiles are in the table
  [VTABLE_AT, 10, 16, 8, 4, 12], // likewise id, name, level
] as const) {
  for (const [index, value] of values.entries()) writeU16(HEAD, at + 2 * index, value);
}
const MESSAGE_HEAD = HEAD.subarray(0, TABLE_HEAD_BYTES);
const TABLE_HEAD = HEAD.subarray(TABLE_HEAD_BYTES);
const CELL_AT = 28;
/** A profile before its name. */
const PROFILE_BYTES = 16;
const NAME_OFFSET = PROFILE_BYTES - 4;
const utf8 = new TextEncoder();

/** A name as it stands in the message: its length is a multiple of 4. */
export function encodeName(name: string): Uint8Array {
  const text = utf8.encode(name);
  const bytes = new Uint8Array((4 + text.length + 1 + 3) & -4);
  writeU32(bytes, 0, text.length);
  bytes.set(text, 4);
  return bytes;
}

/** Bytes of a message of so many profiles, whose encoded names have so many bytes together. */
export function profilesLength(count: number, nameBytes: number): number {
  return OFFSETS_AT + count * (4 + PROFILE_BYTES) + nameBytes;
}

/** Bytes of the table alone, without the message's head. */
export function profilesTableLength(count: number, nameBytes: number): number {
  return profilesLength(count, nameBytes) - TABLE_HEAD_BYTES;
}

/** Writes names to any memory, profile by profile. One serves a thread. */
export class ProfileWriter {
  #bytes: Uint8Array = new Uint8Array(0);
  /** Where the message begins, where the next offset and the next profile go. */
  #start = 0;
  #offsetAt = 0;
  #profileAt = 0;

  /** Begins a message at `at`, which has room for {@link profilesLength} bytes; then {@link add} `count` times. */
  begin(bytes: Uint8Array, at: number, fields: { readonly cell: number; readonly count: number }): void {
    bytes.set(MESSAGE_HEAD, at);
    this.beginTable(bytes, at + TABLE_HEAD_BYTES, fields);
  }

  /** As {@link begin}, of the table alone, which has {@link profilesTableLength} bytes. */
  beginTable(bytes: Uint8Array, at: number, fields: { readonly cell: number; readonly count: number }): void {
    const start = at - TABLE_HEAD_BYTES;
    this.#bytes = bytes;
    this.#start = start;
    bytes.set(TABLE_HEAD, at);
    writeU16(bytes, start + CELL_AT, fields.cell);
    writeU32(bytes, start + VECTOR_AT, fields.count);
    this.#offsetAt = start + OFFSETS_AT;
    this.#profileAt = this.#offsetAt + 4 * fields.count;
  }

  add(id: number, level: number, name: Uint8Array): void {
    const bytes = this.#bytes;
    const at = this.#profileAt;
    writeU32(bytes, this.#offsetAt, at - this.#offsetAt);
    this.#offsetAt += 4;
    writeU32(bytes, at, at - this.#start - VTABLE_AT);
    writeU32(bytes, at + 4, NAME_OFFSET);
    writeU32(bytes, at + 8, id);
    writeU16(bytes, at + 12, level);
    writeU16(bytes, at + 14, 0);
    const nameAt = at + PROFILE_BYTES;
    // Names are short: a loop is quicker than a call.
    for (let index = 0; index < name.length; index++) bytes[nameAt + index] = name[index]!;
    this.#profileAt = nameAt + name.length;
  }
}

export interface ProfileFields {
  /** Entity id. */
  readonly id: number;
  readonly name: string;
  readonly level: number;
}
export interface ProfilesFields {
  readonly cell: number;
  readonly profiles: readonly ProfileFields[];
}

export function encodeProfiles({ cell, profiles }: ProfilesFields): Uint8Array<ArrayBuffer> {
  const names = profiles.map(({ name }) => encodeName(name));
  const nameBytes = names.reduce((sum, { length }) => sum + length, 0);
  const message = new Uint8Array(profilesLength(profiles.length, nameBytes));
  const writer = new ProfileWriter();
  writer.begin(message, 0, { cell, count: profiles.length });
  for (const [index, { id, level }] of profiles.entries()) writer.add(id, level, names[index]!);
  return message;
}
