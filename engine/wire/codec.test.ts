import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteBuffer } from "flatbuffers";
import * as codec from "./codec.js";
import { CellFramesHeader } from "./generated/cell-frames-header.js";
import { EntityAppear } from "./generated/entity-appear.js";
import { EntityChange } from "./generated/entity-change.js";
import { EntityLeave } from "./generated/entity-leave.js";
import { EntityMove } from "./generated/entity-move.js";
import { EntityNarrowMove } from "./generated/entity-narrow-move.js";
import { EventAck } from "./generated/event-ack.js";
import { EventHeader } from "./generated/event-header.js";
import { FieldIntentHeader } from "./generated/field-intent-header.js";
import { FrameExtension } from "./generated/frame-extension.js";
import { FrameHeader } from "./generated/frame-header.js";
import * as layouts from "./generated/frames-layout.js";
import { Goodbye } from "./generated/goodbye.js";
import { IntentAck } from "./generated/intent-ack.js";
import { MoveIntent } from "./generated/move-intent.js";
import { Ping } from "./generated/ping.js";
import { Pong } from "./generated/pong.js";
import { RoomFrameHeader } from "./generated/room-frame-header.js";
import { RoomIntentHeader } from "./generated/room-intent-header.js";
import { SightHeader } from "./generated/sight-header.js";
import {
  EVENT_HEAD_BYTES,
  FIELD_INTENT_HEAD_BYTES,
  messageTypes,
  ROOM_FRAME_HEAD_BYTES,
  ROOM_INTENT_HEAD_BYTES,
} from "./message-types.js";

/** A generated struct class, as far as this test needs it. */
interface StructClass<Struct> {
  new (): Struct & { __init(at: number, buffer: ByteBuffer): Struct };
  sizeOf(): number;
}

/** What the generated accessors read of a struct in `bytes`. */
function readStruct<Struct extends object>(type: StructClass<Struct>, bytes: Uint8Array, at = 0) {
  const struct = new type().__init(at, new ByteBuffer(bytes)) as Record<string, unknown>;
  const names = Object.getOwnPropertyNames(type.prototype).filter(
    (name) => name !== "constructor" && name !== "__init",
  );
  return Object.fromEntries(names.map((name) => [name, (struct[name] as () => number)()]));
}

const U32 = 0xfedc_ba98;

test("[WR2] the writers of small messages write what the generated accessors read", () => {
  const none = { reserved: 0, reserved2: 0 };
  assert.deepEqual(readStruct(MoveIntent, codec.encodeMoveIntent({ dx: -127, dy: 126, seq: U32 })), {
    type: messageTypes.moveIntent,
    reserved: 0,
    dx: -127,
    dy: 126,
    seq: U32,
  });
  assert.deepEqual(readStruct(FieldIntentHeader, codec.encodeFieldIntent(0xabcd, U32)), {
    type: messageTypes.fieldIntent,
    reserved: 0,
    kind: 0xabcd,
    seq: U32,
  });
  assert.deepEqual(
    readStruct(RoomIntentHeader, codec.encodeRoomIntent({ room: U32, kind: 0xabcd, seq: U32 - 1 })),
    { type: messageTypes.roomIntent, ...none, kind: 0xabcd, seq: U32 - 1, room: U32 },
  );
  assert.deepEqual(readStruct(EventAck, codec.encodeEventAck(U32)), {
    type: messageTypes.eventAck,
    ...none,
    events: U32,
  });
  assert.deepEqual(readStruct(Ping, codec.encodePing(U32)), {
    type: messageTypes.ping,
    ...none,
    sentMs: U32,
  });
  assert.deepEqual(readStruct(Goodbye, codec.encodeGoodbye()), {
    type: messageTypes.goodbye,
    ...none,
    reserved3: 0,
  });
  assert.deepEqual(readStruct(Pong, codec.encodePong({ sentMs: U32, tick: 1, shard: 2 })), {
    type: messageTypes.pong,
    ...none,
    sentMs: U32,
    tick: 1,
    shard: 2,
  });
  assert.deepEqual(readStruct(IntentAck, codec.encodeIntentAck({ applied: U32, durable: 3 })), {
    type: messageTypes.intentAck,
    ...none,
    applied: U32,
    durable: 3,
  });
  assert.deepEqual(readStruct(SightHeader, codec.encodeSight({ center: 0xabcd, shard: 9, cells: [1, 2] })), {
    type: messageTypes.sight,
    reserved: 0,
    count: 2,
    center: 0xabcd,
    shard: 9,
  });
  const event = codec.encodeEvent({ scope: 2, kind: 0xabcd, seq: U32, room: U32 - 1 }, Uint8Array.of(1));
  assert.deepEqual(readStruct(EventHeader, event), {
    type: messageTypes.event,
    scope: 2,
    kind: 0xabcd,
    seq: U32,
    room: U32 - 1,
    reserved: 0,
  });
  const roomFrame = codec.encodeRoomFrame({ kind: 0xabcd, room: U32 }, Uint8Array.of(1));
  assert.deepEqual(readStruct(RoomFrameHeader, roomFrame), {
    type: messageTypes.roomFrame,
    reserved: 0,
    kind: 0xabcd,
    room: U32,
  });
});

test("[WR2] the writers overwrite whatever was in the memory before", () => {
  const dirty = new Uint8Array(64).fill(0xff);
  codec.writeMoveIntent(dirty, 0, 1, 2, 3);
  assert.equal(readStruct(MoveIntent, dirty).reserved, 0);
  codec.writePong(dirty.fill(0xff), 0, { sentMs: 1, tick: 2, shard: 3 });
  assert.deepEqual(dirty.subarray(0, 16), codec.encodePong({ sentMs: 1, tick: 2, shard: 3 }));
  codec.writeIntentAck(dirty.fill(0xff), 0, { applied: 1, durable: 2 });
  assert.deepEqual(dirty.subarray(0, 12), codec.encodeIntentAck({ applied: 1, durable: 2 }));
  codec.writeSight(dirty.fill(0xff), 0, { center: 1, shard: 2, cells: [3] });
  assert.deepEqual(dirty.subarray(0, 10), codec.encodeSight({ center: 1, shard: 2, cells: [3] }));
  const head = { scope: 1, kind: 2, seq: 3, room: 4 };
  codec.writeEventHeader(dirty.fill(0xff), 0, head);
  assert.deepEqual(dirty.subarray(0, 16), codec.encodeEvent(head, new Uint8Array(0)));
  codec.writeRoomFrameHeader(dirty.fill(0xff), 0, { kind: 1, room: 2 });
  assert.deepEqual(dirty.subarray(0, 8), codec.encodeRoomFrame({ kind: 1, room: 2 }, new Uint8Array(0)));
});

const appear = {
  id: U32,
  x: 2048,
  y: 65_535,
  slot: 300,
  kind: 1,
  level: 2,
  look: 3,
  state: 4,
  health: 5,
  heading: 255,
};
const counts = { appears: 1, leaves: 2, changes: 1, moves: 2 };

/** Two frames of one tick: one with everything in it, and one with a narrow move only. */
function encodeSampleFrames(): Uint8Array {
  const narrow = { appears: 0, leaves: 0, changes: 0, moves: 1, isNarrow: true };
  const length = codec.FRAMES_HEAD_BYTES + codec.frameLength(counts) + codec.frameLength(narrow);
  const bytes = new Uint8Array(length).fill(0xff);
  let at = codec.writeFramesHead(bytes, 0, 70_000);
  at = codec.writeFrameHead(bytes, at, { cell: 77, isKeyframe: true, isPartial: true, ...counts });
  at = codec.writeAppear(bytes, at, appear);
  at = codec.writeLeave(bytes, at, 8, 0xffff);
  at = codec.writeLeave(bytes, at, 9, 78);
  at = codec.writeChange(bytes, at, 10, 128, 200);
  at = codec.writeMove(bytes, at, 11, -128, 127);
  at = codec.writeMove(bytes, at, 65_535, 0, -1);
  at = codec.writeFrameHead(bytes, at, { cell: 65_534, isKeyframe: false, ...narrow });
  at = codec.writeNarrowMove(bytes, at, 255, 127, -128);
  assert.equal(at, bytes.length);
  return bytes;
}

test("[WR2] the parts of frames are what the generated accessors read", () => {
  const bytes = encodeSampleFrames();
  assert.deepEqual(readStruct(CellFramesHeader, bytes), {
    type: messageTypes.cellFrames,
    reserved: 0,
    tick: 70_000 - 65_536,
  });
  assert.deepEqual(readStruct(FrameHeader, bytes, 4), { cell: 77, kind: 15, moves: 0 });
  assert.deepEqual(readStruct(FrameExtension, bytes, 8), { appears: 1, leaves: 2, changes: 1, moves: 2 });
  assert.deepEqual(readStruct(EntityAppear, bytes, 16), appear);
  assert.deepEqual(readStruct(EntityLeave, bytes, 32), { slot: 8, toCell: 0xffff });
  assert.deepEqual(readStruct(EntityChange, bytes, 40), { slot: 10, state: 128, health: 200 });
  assert.deepEqual(readStruct(EntityMove, bytes, 44), { slot: 11, dx: -128, dy: 127 });
  assert.deepEqual(readStruct(FrameHeader, bytes, 52), { cell: 65_534, kind: 0, moves: 1 });
  assert.deepEqual(readStruct(EntityNarrowMove, bytes, 56), { slot: 255, dx: 127, dy: -128 });
});

test("[WR2] the layouts have the sizes of the generated structs", () => {
  const sizes: [{ size: number }, { sizeOf(): number }][] = [
    [layouts.MoveIntentLayout, MoveIntent],
    [layouts.FieldIntentHeaderLayout, FieldIntentHeader],
    [layouts.RoomIntentHeaderLayout, RoomIntentHeader],
    [layouts.EventAckLayout, EventAck],
    [layouts.PingLayout, Ping],
    [layouts.GoodbyeLayout, Goodbye],
    [layouts.CellFramesHeaderLayout, CellFramesHeader],
    [layouts.FrameHeaderLayout, FrameHeader],
    [layouts.FrameExtensionLayout, FrameExtension],
    [layouts.EntityAppearLayout, EntityAppear],
    [layouts.EntityLeaveLayout, EntityLeave],
    [layouts.EntityChangeLayout, EntityChange],
    [layouts.EntityMoveLayout, EntityMove],
    [layouts.EntityNarrowMoveLayout, EntityNarrowMove],
    [layouts.RoomFrameHeaderLayout, RoomFrameHeader],
    [layouts.EventHeaderLayout, EventHeader],
    [layouts.PongLayout, Pong],
    [layouts.IntentAckLayout, IntentAck],
    [layouts.SightHeaderLayout, SightHeader],
  ];
  for (const [layout, struct] of sizes) assert.equal(layout.size, struct.sizeOf());
  assert.equal(FIELD_INTENT_HEAD_BYTES, layouts.FieldIntentHeaderLayout.size);
  assert.equal(ROOM_INTENT_HEAD_BYTES, layouts.RoomIntentHeaderLayout.size);
  assert.equal(EVENT_HEAD_BYTES, layouts.EventHeaderLayout.size);
  assert.equal(ROOM_FRAME_HEAD_BYTES, layouts.RoomFrameHeaderLayout.size);
});

test("[WR4] the gateway reads of an intent what the client wrote", () => {
  const move = codec.encodeMoveIntent({ dx: -5, dy: 6, seq: U32 });
  assert.deepEqual([codec.moveIntentDx(move), codec.moveIntentDy(move), codec.intentSeq(move)], [-5, 6, U32]);
  const field = codec.encodeFieldIntent(9, 10, Uint8Array.of(1, 2));
  assert.deepEqual([codec.intentKind(field), codec.intentSeq(field), field.length], [9, 10, 10]);
  const room = codec.encodeRoomIntent({ room: U32, kind: 9, seq: 10, body: Uint8Array.of(3) });
  assert.deepEqual([codec.intentKind(room), codec.intentSeq(room), codec.intentRoom(room)], [9, 10, U32]);
  assert.equal(room[16], 3);
  assert.equal(codec.eventAckEvents(codec.encodeEventAck(U32)), U32);
  assert.equal(codec.pingSentMs(codec.encodePing(U32)), U32);
});

const welcome: codec.WelcomeFields = {
  protocol: 1,
  session: U32,
  entity: U32,
  playerId: "0123456789abcdef0123456789abcdef",
  name: "Łucja 🗡",
  resumeToken: "s3cret",
  recovered: true,
  eventsAcked: U32,
  intentsApplied: 12,
  tick: U32,
  tickPeriodMs: 50,
  worldWidthCells: 24,
  worldHeightCells: 25,
  cellSizeMeters: 24.5,
  sessionGraceMs: 30_000,
  shardCount: 2,
  owners: Uint8Array.of(0, 1, 1, 0),
  fieldType: "open-world",
  serverVersion: "0.1.0",
};

test("[WR3] every message of the server comes out of the decoder as it went into the encoder", () => {
  assert.deepEqual(codec.decodeWelcome(codec.encodeWelcome(welcome)), welcome);
  const fresh = { ...welcome, recovered: false, owners: new Uint8Array(0), name: "" };
  assert.deepEqual(codec.decodeWelcome(codec.encodeWelcome(fresh)), fresh);
  const profiles = Array.from({ length: 500 }, (_, id) => ({ id, name: `n${id}`, level: id }));
  assert.deepEqual(codec.decodeProfiles(codec.encodeProfiles({ cell: 5, profiles })), { cell: 5, profiles });
  const none = { cell: 0, profiles: [] };
  assert.deepEqual(codec.decodeProfiles(codec.encodeProfiles(none)), none);
  const player = { level: 9, experience: 1e15 + 1, gold: 0.5, inventory: [{ item: 1, count: 65_535 }] };
  assert.deepEqual(codec.decodePlayerChangedBody(codec.encodePlayerChangedBody(player)), player);
  const joined = { room: U32, roomType: "battle", cell: 9 };
  assert.deepEqual(codec.decodeRoomJoinedBody(codec.encodeRoomJoinedBody(joined)), joined);
  const left = { room: U32, code: 10, reason: "" };
  assert.deepEqual(codec.decodeRoomLeftBody(codec.encodeRoomLeftBody(left)), left);
  const refused = { intentSeq: U32, code: 1000, reason: "too far" };
  assert.deepEqual(codec.decodeRefusedBody(codec.encodeRefusedBody(refused)), refused);
  const relocated = { x: 1.5, y: -2.25, reason: "restart" };
  assert.deepEqual(codec.decodeRelocatedBody(codec.encodeRelocatedBody(relocated)), relocated);
  const notice = { code: 4201, text: "soon", seconds: 60 };
  assert.deepEqual(codec.decodeNoticeBody(codec.encodeNoticeBody(notice)), notice);
  const pong = { sentMs: U32, tick: U32, shard: 3 };
  assert.deepEqual(codec.decodePong(codec.encodePong(pong)), pong);
  const ack = { applied: U32, durable: 0 };
  assert.deepEqual(codec.decodeIntentAck(codec.encodeIntentAck(ack)), ack);
  const sight = { center: 7, shard: 1, cells: [6, 7, 8, 65_534] };
  assert.deepEqual(codec.decodeSight(codec.encodeSight(sight)), sight);
  const some = codec.encodeSight({ ...sight, cells: Int32Array.of(6, 7, 8), count: 2 });
  assert.deepEqual(codec.decodeSight(some).cells, [6, 7]);
  const head = { scope: 1, kind: 2, seq: U32, room: 0 };
  const body = Uint8Array.of(1, 2, 3);
  assert.deepEqual(codec.decodeEvent(codec.encodeEvent(head, body)), { ...head, body });
  const frame = { kind: 1, room: U32 };
  assert.deepEqual(codec.decodeRoomFrame(codec.encodeRoomFrame(frame, body)), { ...frame, body });
});

test("[WR3] an encoder's result is not overwritten by the next one", () => {
  const first = codec.encodeNoticeBody({ code: 1, text: "first", seconds: 0 });
  codec.encodeNoticeBody({ code: 2, text: "second", seconds: 0 });
  assert.equal(codec.decodeNoticeBody(first).text, "first");
});

/** Writes down what it is told. */
class Recorder implements codec.FrameSink {
  readonly calls: unknown[][] = [];
  onFrame(...values: unknown[]): void {
    this.calls.push(["frame", ...values]);
  }
  onAppear(...values: unknown[]): void {
    this.calls.push(["appear", ...values]);
  }
  onLeave(...values: unknown[]): void {
    this.calls.push(["leave", ...values]);
  }
  onChange(...values: unknown[]): void {
    this.calls.push(["change", ...values]);
  }
  onMove(...values: unknown[]): void {
    this.calls.push(["move", ...values]);
  }
}

test("[WR5] frames are told in the order of the message", () => {
  const recorder = new Recorder();
  codec.decodeFrames(encodeSampleFrames(), recorder);
  const tick = 70_000 - 65_536;
  assert.deepEqual(recorder.calls, [
    ["frame", 77, tick, true, true],
    ["appear", ...Object.values(appear)],
    ["leave", 8, 0xffff],
    ["leave", 9, 78],
    ["change", 10, 128, 200],
    ["move", 11, -128, 127],
    ["move", 65_535, 0, -1],
    ["frame", 65_534, tick, false, false],
    ["move", 255, 127, -128],
  ]);
});

test("[WR5] a frame with nothing but moves has no extension unless they are more than a byte counts", () => {
  for (const moves of [1, 255, 256, 65_535]) {
    for (const isNarrow of [false, true]) {
      const some = { appears: 0, leaves: 0, changes: 0, moves, isNarrow };
      assert.equal(codec.frameHeadLength(some), moves > 255 ? 12 : 4);
      assert.equal(codec.frameLength(some), codec.frameHeadLength(some) + moves * (isNarrow ? 3 : 4));
      const bytes = new Uint8Array(codec.FRAMES_HEAD_BYTES + codec.frameLength(some));
      let at = codec.writeFrameHead(bytes, codec.writeFramesHead(bytes, 0, 2), {
        cell: 1,
        isKeyframe: false,
        ...some,
      });
      const write = isNarrow ? codec.writeNarrowMove : codec.writeMove;
      for (let move = 0; move < moves; move++) at = write(bytes, at, move % 256, 4, 5);
      const recorder = new Recorder();
      codec.decodeFrames(bytes, recorder);
      assert.deepEqual(recorder.calls.slice(0, 2), [
        ["frame", 1, 2, false, false],
        ["move", 0, 4, 5],
      ]);
      assert.equal(recorder.calls.length, 1 + moves);
    }
  }
});

test("[WR6] frames that do not end where their message ends are refused before the sink hears of any", () => {
  const frames = encodeSampleFrames();
  const recorder = new Recorder();
  // Its first frame alone is a message as well.
  const wholeToo = frames.length - 7;
  for (let length = 0; length < frames.length; length++) {
    if (length === wholeToo) continue;
    const cut = frames.subarray(0, length);
    assert.throws(() => codec.decodeFrames(cut, recorder), codec.WireError, `${length}`);
  }
  for (const extra of [1, 2, 3]) {
    const longer = new Uint8Array(frames.length + extra);
    longer.set(frames);
    assert.throws(() => codec.decodeFrames(longer, recorder), codec.WireError);
  }
  for (const kindAt of [6, 54]) {
    const unknownBit = Uint8Array.from(frames);
    unknownBit[kindAt] = 16;
    assert.throws(() => codec.decodeFrames(unknownBit, recorder), codec.WireError);
  }
  assert.deepEqual(recorder.calls, []);
  const first = new Recorder();
  codec.decodeFrames(frames.subarray(0, wholeToo), first);
  assert.equal(first.calls.filter(([what]) => what === "frame").length, 1);
});

test("[WR6] whatever bytes a server sends, a client's decoder answers or throws WireError", () => {
  const recorder = new Recorder();
  const samples: [Uint8Array, (message: Uint8Array) => unknown][] = [
    [codec.encodeWelcome(welcome), codec.decodeWelcome],
    [codec.encodeProfiles({ cell: 1, profiles: [{ id: 1, name: "a", level: 2 }] }), codec.decodeProfiles],
    [
      codec.encodePlayerChangedBody({ level: 1, experience: 2, gold: 3, inventory: [{ item: 1, count: 2 }] }),
      codec.decodePlayerChangedBody,
    ],
    [codec.encodeRoomJoinedBody({ room: 1, roomType: "battle", cell: 2 }), codec.decodeRoomJoinedBody],
    [codec.encodeRoomLeftBody({ room: 1, code: 2, reason: "x" }), codec.decodeRoomLeftBody],
    [codec.encodeRefusedBody({ intentSeq: 1, code: 2, reason: "x" }), codec.decodeRefusedBody],
    [codec.encodeRelocatedBody({ x: 1, y: 2, reason: "x" }), codec.decodeRelocatedBody],
    [codec.encodeNoticeBody({ code: 1, text: "x", seconds: 2 }), codec.decodeNoticeBody],
    [codec.encodePong({ sentMs: 1, tick: 2, shard: 3 }), codec.decodePong],
    [codec.encodeIntentAck({ applied: 1, durable: 2 }), codec.decodeIntentAck],
    [codec.encodeSight({ center: 1, shard: 2, cells: [1, 2] }), codec.decodeSight],
    [codec.encodeEvent({ scope: 0, kind: 1, seq: 2, room: 3 }, Uint8Array.of(1)), codec.decodeEvent],
    [codec.encodeRoomFrame({ kind: 1, room: 2 }, Uint8Array.of(1)), codec.decodeRoomFrame],
    [encodeSampleFrames(), (message) => codec.decodeFrames(message, recorder)],
  ];
  for (const [sample, decode] of samples) {
    const attempt = (message: Uint8Array): void => {
      try {
        decode(message);
      } catch (error) {
        assert.ok(error instanceof codec.WireError, `${error}`);
      }
    };
    for (let length = 0; length < sample.length; length++) attempt(sample.slice(0, length));
    for (let at = 0; at < sample.length; at++) {
      for (const value of [0, 1, 4, 0x7f, 0x80, 0xff]) {
        const mutant = Uint8Array.from(sample);
        mutant[at] = value;
        attempt(mutant);
      }
    }
    // A message of another type is not looked at.
    assert.throws(() => decode(Uint8Array.of(255, 0, 0, 0)), codec.WireError);
  }
});
