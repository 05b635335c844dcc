/** Messages from client to server, both ways: the client writes them, the gateway reads what was verified. */
import { readI8, readU16, readU32, writeU16, writeU32 } from "./bytes-le.js";
import {
  EventAckLayout,
  FieldIntentHeaderLayout,
  GoodbyeLayout,
  MoveIntentLayout,
  PingLayout,
  RoomIntentHeaderLayout,
} from "./generated/frames-layout.js";
import { messageTypes } from "./message-types.js";

const emptyBody = new Uint8Array(0);

export interface MoveIntentFields {
  /** −127..127 each; 0,0 stops. */
  readonly dx: number;
  readonly dy: number;
  readonly seq: number;
}

/** Writes `MoveIntentLayout.size` bytes at `at`. */
export function writeMoveIntent(bytes: Uint8Array, at: number, dx: number, dy: number, seq: number): void {
  bytes[at + MoveIntentLayout.type] = messageTypes.moveIntent;
  bytes[at + MoveIntentLayout.reserved] = 0;
  bytes[at + MoveIntentLayout.dx] = dx;
  bytes[at + MoveIntentLayout.dy] = dy;
  writeU32(bytes, at + MoveIntentLayout.seq, seq);
}

export function encodeMoveIntent(fields: MoveIntentFields): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(MoveIntentLayout.size);
  writeMoveIntent(bytes, 0, fields.dx, fields.dy, fields.seq);
  return bytes;
}

/** Of a verified message at `at`. */
export function moveIntentDx(bytes: Uint8Array, at = 0): number {
  return readI8(bytes, at + MoveIntentLayout.dx);
}
export function moveIntentDy(bytes: Uint8Array, at = 0): number {
  return readI8(bytes, at + MoveIntentLayout.dy);
}

/** Number of a verified move, field or room intent at `at`: it is in the same place in all three. */
export function intentSeq(bytes: Uint8Array, at = 0): number {
  return readU32(bytes, at + FieldIntentHeaderLayout.seq);
}
/** Kind of a verified field or room intent at `at`. */
export function intentKind(bytes: Uint8Array, at = 0): number {
  return readU16(bytes, at + FieldIntentHeaderLayout.kind);
}
/** Room of a verified room intent at `at`. */
export function intentRoom(bytes: Uint8Array, at = 0): number {
  return readU32(bytes, at + RoomIntentHeaderLayout.room);
}

/** A reliable intent for the field. `body` is the FlatBuffers table of the kind, if it has one. */
export function encodeFieldIntent(
  kind: number,
  seq: number,
  body: Uint8Array = emptyBody,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FieldIntentHeaderLayout.size + body.length);
  bytes[FieldIntentHeaderLayout.type] = messageTypes.fieldIntent;
  writeU16(bytes, FieldIntentHeaderLayout.kind, kind);
  writeU32(bytes, FieldIntentHeaderLayout.seq, seq);
  bytes.set(body, FieldIntentHeaderLayout.size);
  return bytes;
}

export interface RoomIntentFields {
  readonly room: number;
  readonly kind: number;
  readonly seq: number;
  /** The FlatBuffers table of the kind, if it has one. */
  readonly body?: Uint8Array;
}

/** A reliable intent for a room the session is in. */
export function encodeRoomIntent(fields: RoomIntentFields): Uint8Array<ArrayBuffer> {
  const body = fields.body ?? emptyBody;
  const bytes = new Uint8Array(RoomIntentHeaderLayout.size + body.length);
  bytes[RoomIntentHeaderLayout.type] = messageTypes.roomIntent;
  writeU16(bytes, RoomIntentHeaderLayout.kind, fields.kind);
  writeU32(bytes, RoomIntentHeaderLayout.seq, fields.seq);
  writeU32(bytes, RoomIntentHeaderLayout.room, fields.room);
  bytes.set(body, RoomIntentHeaderLayout.size);
  return bytes;
}

/** All events up to and including `events` have arrived. */
export function encodeEventAck(events: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(EventAckLayout.size);
  bytes[EventAckLayout.type] = messageTypes.eventAck;
  writeU32(bytes, EventAckLayout.events, events);
  return bytes;
}
/** Of a verified message at `at`. */
export function eventAckEvents(bytes: Uint8Array, at = 0): number {
  return readU32(bytes, at + EventAckLayout.events);
}

/** `sentMs` is any u32 of the client's; the pong brings it back. */
export function encodePing(sentMs: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PingLayout.size);
  bytes[PingLayout.type] = messageTypes.ping;
  writeU32(bytes, PingLayout.sentMs, sentMs);
  return bytes;
}
/** Of a verified message at `at`. */
export function pingSentMs(bytes: Uint8Array, at = 0): number {
  return readU32(bytes, at + PingLayout.sentMs);
}

export function encodeGoodbye(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(GoodbyeLayout.size);
  bytes[GoodbyeLayout.type] = messageTypes.goodbye;
  return bytes;
}
