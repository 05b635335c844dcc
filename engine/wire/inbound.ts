/**
 * The gateway's check of what a client sent, before anything else looks at it. {@link verifyInbound} covers the part
 * every message has; the table behind a field or room intent is checked against the schema of its kind by
 * {@link verifyIntentBody}, once it is known who the intent is for.
 */
import { readI8, readI32, readU16 } from "./bytes-le.js";
import { closeCodes } from "./codes.js";
import {
  EventAckLayout,
  FieldIntentHeaderLayout,
  GoodbyeLayout,
  MoveIntentLayout,
  PingLayout,
  RoomIntentHeaderLayout,
} from "./generated/frames-layout.js";
import { messageTypes } from "./message-types.js";
import type { TableSchema } from "./schema.js";
import { compileVerifier, type Verifier } from "./verifier.js";

/** 0 when the message may pass, otherwise the code to close the connection with. */
export type InboundVerdict = 0 | 4100 | 4101;

const malformed = closeCodes.malformed.code as 4100;
const unknownType = closeCodes.unknownType.code as 4101;

/** −128 has no opposite, so directions stop at −127. */
const AXIS_NONE = -128;

/** Checks type, length, reserved fields and ranges of the client message `bytes[0..length)`. */
export function verifyInbound(bytes: Uint8Array, length = bytes.length): InboundVerdict {
  if (length < 1) return malformed;
  switch (bytes[0]) {
    case messageTypes.moveIntent:
      if (length !== MoveIntentLayout.size || bytes[MoveIntentLayout.reserved] !== 0) return malformed;
      return readI8(bytes, MoveIntentLayout.dx) === AXIS_NONE ||
        readI8(bytes, MoveIntentLayout.dy) === AXIS_NONE
        ? malformed
        : 0;
    case messageTypes.fieldIntent:
      if (length < FieldIntentHeaderLayout.size || bytes[FieldIntentHeaderLayout.reserved] !== 0)
        return malformed;
      return 0;
    case messageTypes.roomIntent:
      if (length < RoomIntentHeaderLayout.size || bytes[RoomIntentHeaderLayout.reserved] !== 0)
        return malformed;
      return readI32(bytes, RoomIntentHeaderLayout.reserved2) === 0 ? 0 : malformed;
    case messageTypes.eventAck:
      return length === EventAckLayout.size && hasPlainHead(bytes) ? 0 : malformed;
    case messageTypes.ping:
      return length === PingLayout.size && hasPlainHead(bytes) ? 0 : malformed;
    case messageTypes.goodbye:
      if (length !== GoodbyeLayout.size || !hasPlainHead(bytes)) return malformed;
      return readI32(bytes, GoodbyeLayout.reserved3) === 0 ? 0 : malformed;
    default:
      return unknownType;
  }
}

/** The reserved bytes that event ack, ping and goodbye have in the same place. */
function hasPlainHead(bytes: Uint8Array): boolean {
  return bytes[EventAckLayout.reserved] === 0 && readU16(bytes, EventAckLayout.reserved2) === 0;
}

/** The part of an IntentSpec that says what its body looks like. */
export interface BodySpec {
  readonly schema: TableSchema | null;
}

const verifiers = new WeakMap<BodySpec, Verifier>();

/**
 * Checks the body `bytes[at..end)` of a field or room intent of this kind. The verifier is compiled when a spec is
 * seen first and kept as long as the spec.
 */
export function verifyIntentBody(spec: BodySpec, bytes: Uint8Array, at: number, end: number): InboundVerdict {
  if (spec.schema === null) return at === end ? 0 : malformed;
  let verify = verifiers.get(spec);
  if (verify === undefined) {
    verify = compileVerifier(spec.schema);
    verifiers.set(spec, verify);
  }
  return verify(bytes, at, end) === 0 ? 0 : malformed;
}
