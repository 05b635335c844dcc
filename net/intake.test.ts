/** Everything a client may do wrong, one row each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toShard } from "../engine/lane/to-shard.js";
import {
  decodeIntentAck,
  decodeRefusedBody,
  encodeEventAck,
  encodeFieldIntent,
  encodeGoodbye,
  encodeMoveIntent,
  encodePing,
  encodeRefusedBody,
  encodeRoomIntent,
} from "../engine/wire/codec.js";
import { type CodeEntry, closeCodes, refusals } from "../engine/wire/codes.js";
import { GatewayRig, rigIntents, told } from "./gateway-rig.js";

const goodBody = encodeRefusedBody({ intentSeq: 1, code: 2, reason: "why" });
const longer = (bytes: Uint8Array, by: number) => {
  const out = new Uint8Array(bytes.length + by);
  out.set(bytes.subarray(0, Math.min(bytes.length, out.length)));
  return out;
};
const shorter = (bytes: Uint8Array, by: number) => bytes.slice(0, bytes.length - by);
const withByte = (bytes: Uint8Array, at: number, value: number) => {
  const out = bytes.slice();
  out[at] = value;
  return out;
};
const move = encodeMoveIntent({ dx: 1, dy: 1, seq: 5 });
const room = encodeRoomIntent({ room: 5, kind: rigIntents.roomBare, seq: 1 });

const wrong: readonly (readonly [title: string, message: Uint8Array, CodeEntry])[] = [
  ["[RO9] an empty message", new Uint8Array(0), closeCodes.malformed],
  ["[RO9] a type that does not exist", Uint8Array.of(99, 0, 0, 0), closeCodes.unknownType],
  ["[RO9] type 0", Uint8Array.of(0), closeCodes.unknownType],
  ["[RO9] a type that only servers send", Uint8Array.of(128, 0, 0, 0, 0, 0, 0, 0), closeCodes.unknownType],
  ["[RO9] a message longer than allowed", new Uint8Array(4097).fill(1), closeCodes.tooLarge],
  ["[RO9] a move that is too short", shorter(move, 1), closeCodes.malformed],
  ["[RO9] a move that is too long", longer(move, 1), closeCodes.malformed],
  ["[RO9] a move with a reserved byte set", withByte(move, 1, 1), closeCodes.malformed],
  ["[RO9] a ping that is too short", shorter(encodePing(1), 1), closeCodes.malformed],
  ["[RO9] a ping that is too long", longer(encodePing(1), 1), closeCodes.malformed],
  ["[RO9] an acknowledgement that is too short", shorter(encodeEventAck(0), 4), closeCodes.malformed],
  ["[RO9] an acknowledgement of events never sent", encodeEventAck(2), closeCodes.outOfOrder],
  ["[RO9] a goodbye that is too long", longer(encodeGoodbye(), 4), closeCodes.malformed],
  ["[RO9] a field intent shorter than its header", Uint8Array.of(2, 0, 1, 0, 1, 0, 0), closeCodes.malformed],
  ["[RO9] a field intent of a kind that does not exist", encodeFieldIntent(999, 1), closeCodes.unknownType],
  [
    "[RO9] a field intent of a room's kind",
    encodeFieldIntent(rigIntents.roomBare, 1),
    closeCodes.unknownType,
  ],
  ["[RO9] a body where none belongs", encodeFieldIntent(rigIntents.bare, 1, goodBody), closeCodes.malformed],
  ["[RO9] no body where one belongs", encodeFieldIntent(rigIntents.table, 1), closeCodes.malformed],
  [
    "[RO9] a body that is cut off",
    encodeFieldIntent(rigIntents.table, 1, shorter(goodBody, 5)),
    closeCodes.malformed,
  ],
  [
    "[RO9] a body that points outside",
    encodeFieldIntent(rigIntents.table, 1, withByte(goodBody, 1, 0x7f)),
    closeCodes.malformed,
  ],
  [
    "[RO9] a body of noise",
    encodeFieldIntent(rigIntents.table, 1, new Uint8Array(64).fill(0xa5)),
    closeCodes.malformed,
  ],
  [
    "[RO9] an intent with a reserved byte set",
    withByte(encodeFieldIntent(rigIntents.bare, 1), 1, 1),
    closeCodes.malformed,
  ],
  ["[RO10] a number that skips", encodeFieldIntent(rigIntents.bare, 2), closeCodes.outOfOrder],
  ["[RO10] number 0", encodeFieldIntent(rigIntents.bare, 0), closeCodes.outOfOrder],
  ["[RO10] the greatest number", encodeFieldIntent(rigIntents.bare, 0xffff_ffff), closeCodes.outOfOrder],
  ["[RO9] a room intent shorter than its header", shorter(room, 1), closeCodes.malformed],
  ["[RO9] a room intent with reserved bytes set", withByte(room, 13, 1), closeCodes.malformed],
  ["[RO9] a room intent of a kind that does not exist", withByte(room, 2, 99), closeCodes.unknownType],
  ["[RO9] a room intent with a body where none belongs", longer(room, 8), closeCodes.malformed],
];

for (const [title, message, code] of wrong) {
  test(`${title} closes with ${code.name}, and reaches no shard`, () => {
    const rig = new GatewayRig();
    const { client } = rig.enter("a");
    rig.shards[0]!.roomJoined({ session: 1, roomId: 5, cell: 9, roomType: "table", staysWhenDropped: true });
    rig.endTick();
    rig.hear();
    client.send(message);
    client.send(encodeMoveIntent({ dx: 1, dy: 0, seq: 1 }));
    rig.duty();
    assert.equal(client.closed?.code, code.code);
    const heard = rig.hear();
    assert.equal(heard.filter((record) => record.type === toShard.intent).length, 0);
    assert.equal(heard.filter((record) => record.type === toShard.leave).length, 1, "the session ended");
    assert.equal(rig.count("protocol_errors_total"), 1);
  });
}

test("[RO9] a text message closes with textMessage", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  client.sendText("hello");
  assert.equal(client.closed?.code, closeCodes.textMessage.code);
});

test("[RO9] what is right goes through: a table that verifies", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.hear();
  client.send(encodeFieldIntent(rigIntents.table, 1, goodBody));
  rig.duty();
  assert.equal(rig.hear().filter((record) => record.type === toShard.intent).length, 1);
});

test("[RO11] moves may repeat and skip numbers but not go back; a new connection begins anew", () => {
  const rig = new GatewayRig();
  const { client, welcome } = rig.enter("a");
  for (const seq of [5, 5, 9]) client.send(encodeMoveIntent({ dx: 1, dy: 0, seq }));
  assert.equal(client.isOpen, true);
  client.hangUp();
  const back = rig.connect("a", { resume: { session: 1, token: welcome.resumeToken } });
  back.send(encodeMoveIntent({ dx: 1, dy: 0, seq: 1 }));
  assert.equal(back.isOpen, true);
  back.send(encodeMoveIntent({ dx: 1, dy: 0, seq: 0 }));
  assert.equal(back.closed?.code, closeCodes.outOfOrder.code);
});

test("[RO12] messages of somebody who is not in the world yet are refused or nothing, never routed", () => {
  const rig = new GatewayRig();
  const client = rig.connect("a");
  client.send(encodeMoveIntent({ dx: 1, dy: 0, seq: 1 }));
  client.send(encodeFieldIntent(rigIntents.bare, 1));
  rig.loadAll(15, 15);
  assert.equal(rig.hear().filter((record) => record.type === toShard.intent).length, 0);
  rig.admitAll();
  assert.equal(client.isOpen, true);
});

test("[RL1] an intent over its rate is refused with tooFrequent, told once a second, and its number is spent", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  told(client);
  for (let seq = 1; seq <= 10; seq++) client.send(encodeFieldIntent(rigIntents.rare, seq));
  rig.duty();
  assert.equal(rig.hear().filter((record) => record.type === toShard.intent).length, 2, "the burst");
  const seen = told(client);
  assert.deepEqual(
    seen.events.map((event) => decodeRefusedBody(event.body)).map(({ intentSeq, code }) => [intentSeq, code]),
    [[3, refusals.tooFrequent.code]],
  );
  rig.shards[0]!.applied(1, 2);
  rig.endTick();
  assert.equal(decodeIntentAck(told(client).raw.at(-1)!).applied, 10);
  rig.clock.advance(1000);
  for (let seq = 11; seq <= 13; seq++) client.send(encodeFieldIntent(rigIntents.rare, seq));
  rig.duty();
  assert.equal(told(client).events.length, 1, "told again after a second");
  assert.equal(rig.count("intents_limited_total"), 10);
});

test("[RL2] moves over their rate are dropped before they are read, and cost nobody else", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  const other = rig.enter("b").client;
  rig.hear();
  // Backwards numbers would close the session, if anybody looked.
  for (let count = 0; count < 120; count++) client.send(encodeMoveIntent({ dx: 1, dy: 0, seq: 500 }));
  client.send(encodeMoveIntent({ dx: 1, dy: 0, seq: 1 }));
  assert.equal(client.isOpen, true);
  other.send(encodeMoveIntent({ dx: 1, dy: 0, seq: 1 }));
  rig.duty();
  assert.equal(rig.hear().filter((record) => record.type === toShard.intent).length, 121);
});

const floods: readonly (readonly [string, (seq: number) => Uint8Array])[] = [
  ["moves", (seq) => encodeMoveIntent({ dx: 1, dy: 0, seq })],
  ["pings", (seq) => encodePing(seq)],
  ["acknowledgements", () => encodeEventAck(0)],
  ["intents", (seq) => encodeFieldIntent(rigIntents.rare, seq)],
  ["intents for rooms one is not in", (seq) => encodeRoomIntent({ room: 77, kind: 1, seq })],
];
for (const [what, message] of floods) {
  test(`[RL3] a flood of ${what}, sustained, closes with tooFrequent`, () => {
    const rig = new GatewayRig();
    const { client } = rig.enter("a");
    let sent = 0;
    while (client.isOpen) {
      assert.ok(sent < 100_000, "a flood ends");
      client.send(message(++sent));
      if (sent % 100 === 0) {
        rig.clock.advance(2);
        rig.duty();
      }
    }
    assert.equal(client.closed?.code, closeCodes.tooFrequent.code);
  });
}

test("[RL3] a little too much for a long time closes nobody", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  // Twice the rate of moves, for a minute.
  for (let count = 1; count <= 7200; count++) {
    client.send(encodeMoveIntent({ dx: 1, dy: 0, seq: count }));
    rig.clock.advance(1000 / 120);
    if (count % 60 === 0) {
      rig.duty();
      rig.hear();
    }
  }
  assert.equal(client.isOpen, true);
});
