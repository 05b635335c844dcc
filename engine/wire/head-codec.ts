/** The small messages and headers from server to client that are structs. */
import { readU16, readU32, writeU16, writeU32 } from "./bytes-le.js";
import {
  EventHeaderLayout,
  IntentAckLayout,
  PongLayout,
  RoomFrameHeaderLayout,
  SightHeaderLayout,
} from "./generated/frames-layout.js";
import { eventScopes, messageTypes } from "./message-types.js";
import { expectAtLeast, expectExactly, WireError } from "./wire-error.js";

const CELL_BYTES = 2;

export interface PongFields {
  readonly sentMs: number;
  readonly tick: number;
  readonly shard: number;
}

/** Writes `PongLayout.size` bytes at `at`. */
export function writePong(bytes: Uint8Array, at: number, fields: PongFields): void {
  writeU32(bytes, at + PongLayout.type, messageTypes.pong);
  writeU32(bytes, at + PongLayout.sentMs, fields.sentMs);
  writeU32(bytes, at + PongLayout.tick, fields.tick);
  writeU32(bytes, at + PongLayout.shard, fields.shard);
}
export function encodePong(fields: PongFields): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PongLayout.size);
  writePong(bytes, 0, fields);
  return bytes;
}
export function decodePong(message: Uint8Array): PongFields {
  expectExactly(message, messageTypes.pong, PongLayout.size);
  return {
    sentMs: readU32(message, PongLayout.sentMs),
    tick: readU32(message, PongLayout.tick),
    shard: readU32(message, PongLayout.shard),
  };
}

export interface IntentAckFields {
  /** Reliable intents up to this number took effect, or were refused. */
  readonly applied: number;
  /** Those up to this number survive a crash of the server. */
  readonly durable: number;
}

/** Writes `IntentAckLayout.size` bytes at `at`. */
export function writeIntentAck(bytes: Uint8Array, at: number, fields: IntentAckFields): void {
  writeU32(bytes, at + IntentAckLayout.type, messageTypes.intentAck);
  writeU32(bytes, at + IntentAckLayout.applied, fields.applied);
  writeU32(bytes, at + IntentAckLayout.durable, fields.durable);
}
export function encodeIntentAck(fields: IntentAckFields): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(IntentAckLayout.size);
  writeIntentAck(bytes, 0, fields);
  return bytes;
}
export function decodeIntentAck(message: Uint8Array): IntentAckFields {
  expectExactly(message, messageTypes.intentAck, IntentAckLayout.size);
  return {
    applied: readU32(message, IntentAckLayout.applied),
    durable: readU32(message, IntentAckLayout.durable),
  };
}

export interface SightFields {
  /** The cell the player is in. */
  readonly center: number;
  /** The shard that simulates the player. */
  readonly shard: number;
  /** Every cell in sight, the first `count` of them if that is given. */
  readonly cells: ArrayLike<number>;
  readonly count?: number;
}

/** Bytes of a sight message of so many cells. */
export function sightLength(count: number): number {
  return SightHeaderLayout.size + count * CELL_BYTES;
}

/** Writes `sightLength(count)` bytes at `at` and returns how many that is. */
export function writeSight(bytes: Uint8Array, at: number, fields: SightFields): number {
  const { cells, count = cells.length } = fields;
  bytes[at + SightHeaderLayout.type] = messageTypes.sight;
  bytes[at + SightHeaderLayout.reserved] = 0;
  writeU16(bytes, at + SightHeaderLayout.count, count);
  writeU16(bytes, at + SightHeaderLayout.center, fields.center);
  writeU16(bytes, at + SightHeaderLayout.shard, fields.shard);
  const first = at + SightHeaderLayout.size;
  for (let index = 0; index < count; index++) writeU16(bytes, first + index * CELL_BYTES, cells[index]!);
  return sightLength(count);
}
export function encodeSight(fields: SightFields): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sightLength(fields.count ?? fields.cells.length));
  writeSight(bytes, 0, fields);
  return bytes;
}
export function decodeSight(message: Uint8Array): { center: number; shard: number; cells: number[] } {
  expectAtLeast(message, messageTypes.sight, SightHeaderLayout.size);
  const count = readU16(message, SightHeaderLayout.count);
  expectExactly(message, messageTypes.sight, sightLength(count));
  const cells: number[] = [];
  for (let index = 0; index < count; index++) {
    cells.push(readU16(message, SightHeaderLayout.size + index * CELL_BYTES));
  }
  return {
    center: readU16(message, SightHeaderLayout.center),
    shard: readU16(message, SightHeaderLayout.shard),
    cells,
  };
}

export interface EventHeaderFields {
  /** One of `eventScopes`. */
  readonly scope: number;
  readonly kind: number;
  readonly seq: number;
  readonly room: number;
}

/** Writes `EventHeaderLayout.size` bytes at `at`; the body, if any, follows. */
export function writeEventHeader(bytes: Uint8Array, at: number, fields: EventHeaderFields): void {
  bytes[at + EventHeaderLayout.type] = messageTypes.event;
  bytes[at + EventHeaderLayout.scope] = fields.scope;
  writeU16(bytes, at + EventHeaderLayout.kind, fields.kind);
  writeU32(bytes, at + EventHeaderLayout.seq, fields.seq);
  writeU32(bytes, at + EventHeaderLayout.room, fields.room);
  writeU32(bytes, at + EventHeaderLayout.reserved, 0);
}
/** A whole event message. */
export function encodeEvent(fields: EventHeaderFields, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(EventHeaderLayout.size + body.length);
  writeEventHeader(bytes, 0, fields);
  bytes.set(body, EventHeaderLayout.size);
  return bytes;
}
/** Header and body of an event. The body is a view of the message and not verified yet. */
export function decodeEvent(message: Uint8Array): EventHeaderFields & { readonly body: Uint8Array } {
  expectAtLeast(message, messageTypes.event, EventHeaderLayout.size);
  const scope = message[EventHeaderLayout.scope]!;
  if (scope > eventScopes.room) throw new WireError(messageTypes.event, `scope ${scope}, want 0, 1 or 2`);
  return {
    scope,
    kind: readU16(message, EventHeaderLayout.kind),
    seq: readU32(message, EventHeaderLayout.seq),
    room: readU32(message, EventHeaderLayout.room),
    body: message.subarray(EventHeaderLayout.size),
  };
}

export interface RoomFrameFields {
  readonly kind: number;
  readonly room: number;
}

/** Writes `RoomFrameHeaderLayout.size` bytes at `at`; bytes of the room type follow. */
export function writeRoomFrameHeader(bytes: Uint8Array, at: number, fields: RoomFrameFields): void {
  bytes[at + RoomFrameHeaderLayout.type] = messageTypes.roomFrame;
  bytes[at + RoomFrameHeaderLayout.reserved] = 0;
  writeU16(bytes, at + RoomFrameHeaderLayout.kind, fields.kind);
  writeU32(bytes, at + RoomFrameHeaderLayout.room, fields.room);
}
export function encodeRoomFrame(fields: RoomFrameFields, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(RoomFrameHeaderLayout.size + body.length);
  writeRoomFrameHeader(bytes, 0, fields);
  bytes.set(body, RoomFrameHeaderLayout.size);
  return bytes;
}
/** Header and body of a room's state. The body is a view of the message and not verified. */
export function decodeRoomFrame(message: Uint8Array): RoomFrameFields & { readonly body: Uint8Array } {
  expectAtLeast(message, messageTypes.roomFrame, RoomFrameHeaderLayout.size);
  return {
    kind: readU16(message, RoomFrameHeaderLayout.kind),
    room: readU32(message, RoomFrameHeaderLayout.room),
    body: message.subarray(RoomFrameHeaderLayout.size),
  };
}
