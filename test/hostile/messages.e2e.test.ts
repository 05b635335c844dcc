/** Messages that no client may send, over real sockets, with a bystander in the world. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "../../engine/prng.js";
import { closeCodes } from "../../engine/wire/codes.js";
import { messageTypes } from "../../engine/wire/message-types.js";
import { opcodes, rawFrame } from "../../net/raw-client.js";
import { codeOf, enter, message } from "./attacker.js";
import { overEach, type Stage, sideBySide } from "./stage.js";

const { malformed, unknownType, tooLarge, outOfOrder, textMessage, goodbye } = closeCodes;

/** What one message comes to: a close code, or 0 when the session goes on, which a ping tells. */
async function verdictOf(stage: Stage, ...messages: readonly Uint8Array[]): Promise<number | null> {
  const client = await enter(stage);
  for (const bytes of messages) client.send(opcodes.binary, bytes);
  client.send(opcodes.binary, pingOf(0xfeed));
  await client.until(
    () =>
      client.socket.destroyed ||
      client.frames.some(
        ({ opcode, payload }) =>
          opcode === opcodes.close ||
          (payload[0] === messageTypes.pong && payload.readUInt32LE(4) === 0xfeed),
      ),
  );
  const isAlive = client.frames.some(({ payload }) => payload[0] === messageTypes.pong);
  if (!isAlive) return codeOf(client);
  client.send(opcodes.binary, goodbyeBytes);
  assert.equal(await codeOf(client), goodbye.code);
  return 0;
}

const goodbyeBytes = Uint8Array.of(messageTypes.goodbye, 0, 0, 0, 0, 0, 0, 0);

function pingOf(number: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes[0] = messageTypes.ping;
  bytes.writeUInt32LE(number, 4);
  return bytes;
}

function moveOf(dx: number, dy: number, seq: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes[0] = messageTypes.moveIntent;
  bytes.writeInt8(dx, 2);
  bytes.writeInt8(dy, 3);
  bytes.writeUInt32LE(seq, 4);
  return bytes;
}

function fieldIntentOf(kind: number, seq: number, body: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(8);
  head[0] = messageTypes.fieldIntent;
  head.writeUInt16LE(kind, 2);
  head.writeUInt32LE(seq, 4);
  return Buffer.concat([head, body]);
}

function roomIntentOf(kind: number, seq: number, room: number, body: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(16);
  head[0] = messageTypes.roomIntent;
  head.writeUInt16LE(kind, 2);
  head.writeUInt32LE(seq, 4);
  head.writeUInt32LE(room, 8);
  return Buffer.concat([head, body]);
}

function ackOf(events: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes[0] = messageTypes.eventAck;
  bytes.writeUInt32LE(events, 4);
  return bytes;
}

/** A table with one u32 field, as FlatBuffers write it: Challenge { entity }. */
const challengeBody = Buffer.from("0c000000000006000800040006000000ffffff7f", "hex");
const challenge = 1;
const usePotion = 4;

overEach("hostile messages", (theStage) => {
  test(`[HC1] every malformed message has its one close code`, async () => {
    const stage = theStage();
    const cases: [string, number, ...Uint8Array[]][] = [
      ["nothing", malformed.code, new Uint8Array(0)],
      ["dx of -128", malformed.code, moveOf(-128, 0, 1)],
      ["dy of -128", malformed.code, moveOf(0, -128, 1)],
      ["a move backwards", outOfOrder.code, moveOf(1, 0, 5), moveOf(1, 0, 4)],
      ["a move around 2^32", outOfOrder.code, moveOf(1, 0, 0xffff_ffff), moveOf(1, 0, 0)],
      ["moves that skip", 0, moveOf(1, 0, 1), moveOf(1, 0, 0xffff_ffff), moveOf(0, 0, 0xffff_ffff)],
      ["intent 0", outOfOrder.code, fieldIntentOf(usePotion, 0)],
      ["intent 2 first", outOfOrder.code, fieldIntentOf(usePotion, 2)],
      ["intent 2^32-1 first", outOfOrder.code, fieldIntentOf(usePotion, 0xffff_ffff)],
      ["an intent that skips", outOfOrder.code, fieldIntentOf(usePotion, 1), fieldIntentOf(usePotion, 3)],
      ["an intent again", 0, fieldIntentOf(usePotion, 1), fieldIntentOf(usePotion, 1)],
      ["a kind there is not", unknownType.code, fieldIntentOf(0xffff, 1)],
      ["kind __proto__ would have", unknownType.code, fieldIntentOf(0, 1)],
      ["a body where there is none", malformed.code, fieldIntentOf(usePotion, 1, Buffer.alloc(4))],
      ["no body where there is one", malformed.code, fieldIntentOf(challenge, 1)],
      ["a good body", 0, fieldIntentOf(challenge, 1, challengeBody)],
      ["a room of nobody", 0, roomIntentOf(1, 1, 0)],
      ["a foreign room", 0, roomIntentOf(1, 1, 0xffff_ffff), roomIntentOf(9, 2, 1027, challengeBody)],
      ["an ack of what never was", outOfOrder.code, ackOf(1_000_000)],
      ["an ack of 2^32-1", outOfOrder.code, ackOf(0xffff_ffff)],
      ["a little too long", tooLarge.code, Buffer.concat([pingOf(1), Buffer.alloc(4100)])],
      ["goodbye twice", goodbye.code, goodbyeBytes, goodbyeBytes],
      ["a message after goodbye", goodbye.code, goodbyeBytes, fieldIntentOf(usePotion, 7)],
    ];
    for (const valid of [
      moveOf(1, 1, 1),
      fieldIntentOf(usePotion, 1),
      roomIntentOf(1, 1, 7),
      ackOf(0),
      pingOf(1),
      goodbyeBytes,
    ]) {
      const name = `type ${valid[0]}`;
      const takesBody = valid[0] === messageTypes.fieldIntent || valid[0] === messageTypes.roomIntent;
      for (let length = 1; length < valid.length; length++)
        cases.push([`${name} of ${length} bytes`, malformed.code, valid.subarray(0, length)]);
      if (!takesBody)
        cases.push([`${name} and a byte`, malformed.code, Buffer.concat([valid, Buffer.of(0)])]);
      const reserved = Buffer.from(valid);
      reserved[1] = 1;
      cases.push([`${name} with a reserved byte`, malformed.code, reserved]);
    }
    await sideBySide(cases, async ([name, want, ...messages]) => {
      assert.equal(await verdictOf(stage, ...messages), want, name);
    });
  });

  test(`[HC1] every byte as the type of noise has its one close code`, async () => {
    const stage = theStage();
    const types = Array.from({ length: 256 }, (_, type) => type).filter((type) => type < 1 || type > 6);
    await sideBySide(types, async (type) => {
      assert.equal(
        await verdictOf(stage, Uint8Array.of(type, 0, 0, 0, 1, 0, 0, 0)),
        unknownType.code,
        `${type}`,
      );
    });
  });

  test(`[HC2] mutated tables are refused or harmless, never more`, async () => {
    const seed = Number(process.env.GRIDSHARD_SEED ?? 20261120);
    console.log(`GRIDSHARD_SEED=${seed}`);
    const stage = theStage();
    const prng = new Prng(seed);
    const mutants = Array.from({ length: 200 }, () => {
      const body = Buffer.from(challengeBody);
      for (let left = 1 + prng.below(4); left > 0; left--) body[prng.below(body.length)] = prng.next() & 0xff;
      return body.subarray(0, prng.below(8) === 0 ? prng.below(body.length) : body.length);
    });
    await sideBySide(mutants, async (body) => {
      const verdict = await verdictOf(stage, fieldIntentOf(challenge, 1, body));
      assert.ok(verdict === 0 || verdict === malformed.code, `${verdict} for ${body.toString("hex")}`);
    });
  });

  test(`[HC3] frames that are no messages end their own connection alone`, async () => {
    const stage = theStage();
    const text = await enter(stage);
    text.send(opcodes.text, Buffer.from("{}"));
    assert.equal(await codeOf(text), textMessage.code);
    const fragments = Buffer.concat([
      rawFrame(opcodes.binary, pingOf(1).subarray(0, 1), { fin: false }),
      ...Array.from({ length: 2000 }, () =>
        rawFrame(opcodes.continuation, new Uint8Array(0), { fin: false }),
      ),
      rawFrame(opcodes.continuation, pingOf(77).subarray(1)),
    ]);
    const patient = await enter(stage);
    patient.socket.write(fragments);
    assert.equal((await message(patient, messageTypes.pong)).readUInt32LE(4), 77);
    patient.socket.destroy();
    const breaches: [string, Buffer][] = [
      [
        "endless fragments",
        Buffer.concat([
          rawFrame(opcodes.binary, new Uint8Array(8), { fin: false }),
          ...Array.from({ length: 20_000 }, () =>
            rawFrame(opcodes.continuation, new Uint8Array(1), { fin: false }),
          ),
        ]),
      ],
      ["a close of one byte", rawFrame(opcodes.close, Uint8Array.of(3))],
      ["a close in bad UTF-8", rawFrame(opcodes.close, Uint8Array.of(0x0f, 0xa0, 0xff, 0xfe, 0xc0))],
      ["a close with a forbidden code", rawFrame(opcodes.close, Uint8Array.of(0x03, 0xed))],
      ["a long ping", rawFrame(opcodes.ping, new Uint8Array(126))],
      ["a fragmented ping", rawFrame(opcodes.ping, new Uint8Array(1), { fin: false })],
      [
        "a message within a message",
        Buffer.concat([
          rawFrame(opcodes.binary, pingOf(1), { fin: false }),
          rawFrame(opcodes.binary, pingOf(1)),
        ]),
      ],
      ["a length of 2^63", Buffer.from([0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4])],
      ["text that is not UTF-8", rawFrame(opcodes.text, Uint8Array.of(0xc0, 0x80))],
    ];
    for (const [name, bytes] of breaches) {
      const client = await enter(stage);
      client.socket.write(bytes);
      const code = await codeOf(client);
      // uWebSockets.js takes a message within a message for its next fragment.
      const isKnown = code === null || (code >= 1000 && code <= 1015) || code === malformed.code;
      assert.ok(isKnown, `${name}: ${code}`);
    }
    const unmasked = await enter(stage);
    for (let count = 0; count < 4; count++) unmasked.send(opcodes.binary, goodbyeBytes, { masked: false });
    assert.notEqual(await codeOf(unmasked), goodbye.code, "what is not masked is not obeyed");
  });
});
