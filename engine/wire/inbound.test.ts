import assert from "node:assert/strict";
import { test } from "node:test";
import { Builder } from "flatbuffers";
import {
  encodeEventAck,
  encodeFieldIntent,
  encodeGoodbye,
  encodeMoveIntent,
  encodePing,
  encodeRoomIntent,
} from "./codec.js";
import { closeCodes } from "./codes.js";
import { Item } from "./generated/item.js";
import { ItemSchema } from "./generated/session-schema.js";
import { verifyInbound, verifyIntentBody } from "./inbound.js";

const malformed = closeCodes.malformed.code;

const move = encodeMoveIntent({ dx: -127, dy: 127, seq: 1 });
const messages = {
  move,
  field: encodeFieldIntent(65_535, 0xffff_ffff),
  room: encodeRoomIntent({ room: 0xffff_ffff, kind: 1, seq: 2 }),
  ack: encodeEventAck(0xffff_ffff),
  ping: encodePing(0xffff_ffff),
  goodbye: encodeGoodbye(),
};
/** Bytes that have to be zero. */
const reserved: Record<keyof typeof messages, number[]> = {
  move: [1],
  field: [1],
  room: [1, 12, 13, 14, 15],
  ack: [1, 2, 3],
  ping: [1, 2, 3],
  goodbye: [1, 2, 3, 4, 5, 6, 7],
};
const names = Object.keys(messages) as (keyof typeof messages)[];

test("[WR7] every message a client may send passes", () => {
  for (const name of names) assert.equal(verifyInbound(messages[name]), 0, name);
});

test("[WR7] a message that is too short is malformed, and one without a body that is too long as well", () => {
  for (const name of names) {
    const message = messages[name];
    for (let length = 0; length < message.length; length++) {
      assert.equal(verifyInbound(message.subarray(0, length)), malformed, `${name} of ${length} bytes`);
      assert.equal(verifyInbound(message, length), malformed, `${name}, ${length} bytes of it`);
    }
    const longer = new Uint8Array(message.length + 1);
    longer.set(message);
    const hasBody = name === "field" || name === "room";
    assert.equal(verifyInbound(longer), hasBody ? 0 : malformed, `${name} and a byte`);
  }
});

test("[WR8] reserved bytes are zero", () => {
  for (const name of names) {
    for (const at of reserved[name]) {
      const message = Uint8Array.from(messages[name]);
      message[at] = 1;
      assert.equal(verifyInbound(message), malformed, `${name}, byte ${at}`);
    }
  }
});

test("[WR9] a direction of -128 is malformed, because it has no opposite", () => {
  for (const at of [2, 3]) {
    const message = Uint8Array.from(move);
    message[at] = 0x80;
    assert.equal(verifyInbound(message), malformed);
  }
});

test("[WR10] a type clients do not send is an unknown type", () => {
  for (let type = 0; type < 256; type++) {
    if (type >= 1 && type <= 6) continue;
    assert.equal(verifyInbound(Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0)), closeCodes.unknownType.code);
  }
});

test("[WR11] the body of an intent is what the schema of its kind says, or nothing", () => {
  const builder = new Builder(64);
  builder.finish(Item.createItem(builder, 3, 4));
  const message = encodeFieldIntent(1, 1, builder.asUint8Array());
  const withBody = { schema: ItemSchema };
  const withoutBody = { schema: null };
  assert.equal(verifyIntentBody(withBody, message, 8, message.length), 0);
  assert.equal(verifyIntentBody(withBody, message, 8, message.length - 8), malformed);
  assert.equal(verifyIntentBody(withBody, message, 8, 8), malformed);
  assert.equal(verifyIntentBody(withoutBody, message, 8, 8), 0);
  assert.equal(verifyIntentBody(withoutBody, message, 8, message.length), malformed);
});
