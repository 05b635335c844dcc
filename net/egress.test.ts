import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import { toNet } from "../engine/lane/to-net.js";
import { readSight, toShard } from "../engine/lane/to-shard.js";
import {
  decodeIntentAck,
  decodePong,
  decodeSight,
  encodeEventAck,
  encodeFieldIntent,
  encodePing,
} from "../engine/wire/codec.js";
import { messageTypes } from "../engine/wire/message-types.js";
import { GatewayRig, type HeardRecord, marksOf, rigIntents, told } from "./gateway-rig.js";
import type { MemoryClient } from "./memory-transport.js";

const { cellFrames, intentAck, profiles, sight } = messageTypes;

/** Frames, as [type, keyframe?, mark], in the order of arrival. */
function frames(client: MemoryClient): number[][] {
  return marksOf(told(client).raw);
}

const wanted = (heard: readonly HeardRecord[]) =>
  heard
    .filter((record) => record.type === toShard.keyframeWanted)
    .map((record) => readSight(new ByteReader(record.payload)).cell);

test("[EG1] a cell that comes into sight begins with names and a keyframe; deltas follow, none before", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a", 5, 5);
  rig.shards[0]!.delta(9, 1);
  rig.endTick();
  assert.deepEqual(frames(client), [], "nobody sees a delta without its keyframe");
  // Keyframe and delta of one tick, and the next tick's delta, all in one turn.
  rig.shards[0]!.keyframe(9, 2);
  rig.shards[0]!.delta(9, 3);
  rig.endTick();
  assert.deepEqual(frames(client), [
    [profiles, 2],
    [cellFrames, 1, 2],
    [cellFrames, 0, 3],
  ]);
  rig.shards[0]!.delta(9, 4);
  rig.endTick();
  assert.deepEqual(frames(client), [[cellFrames, 0, 4]]);
});

test("[EG1] who comes to wait between two messages of a keyframe gets all of the next one", () => {
  const rig = new GatewayRig();
  const first = rig.enter("a", 5, 5).client;
  rig.shards[0]!.cellMessage(0, 1, Uint8Array.of(profiles, 1));
  rig.endTick();
  const second = rig.enter("b", 5, 5).client;
  rig.hear();
  rig.shards[0]!.cellMessage(0, 3, rig.shards[0]!.frame(0, 1, true));
  rig.endTick();
  assert.deepEqual(frames(first), [
    [profiles, 1],
    [cellFrames, 1, 1],
  ]);
  assert.deepEqual(frames(second), []);
  assert.ok(wanted(rig.hear()).includes(0), "asked again for the second");
  rig.shards[0]!.keyframe(0, 2);
  rig.endTick();
  assert.deepEqual(frames(second), [
    [profiles, 2],
    [cellFrames, 1, 2],
  ]);
  assert.deepEqual(frames(first), [], "the first has it");
});

test("[EG2] one keyframe is asked for per cell, however many wait", () => {
  const rig = new GatewayRig();
  rig.enter("a", 5, 5);
  const asked = wanted(rig.hear());
  assert.deepEqual(asked, [0, 1, 8, 9]);
  rig.enter("b", 5, 5);
  assert.deepEqual(wanted(rig.hear()), []);
  for (const cell of asked) rig.shards[0]!.keyframe(cell, 1);
  rig.endTick();
  rig.enter("c", 5, 5);
  assert.deepEqual(wanted(rig.hear()), [0, 1, 8, 9], "answered: the next one asks anew");
});

test("[EG3] walking into another cell changes sight by the difference, and names every cell", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a", 15, 15);
  rig.answerKeyframes();
  told(client);
  rig.shards[0]!.member(toNet.memberCell, { session: 1, joinEpoch: 1, entityId: 1, cell: 10 });
  rig.endTick();
  const [message] = told(client).raw;
  assert.deepEqual(decodeSight(message!), { center: 10, shard: 0, cells: [1, 2, 3, 9, 10, 11, 17, 18, 19] });
  const heard = rig.hear();
  assert.deepEqual(wanted(heard), [3, 11, 19]);
  const told0 = heard
    .filter((record) => record.type === toShard.sight)
    .map((record) => readSight(new ByteReader(record.payload)));
  assert.deepEqual(
    told0.map(({ cell, subscribers }) => [cell, subscribers]).sort((a, b) => a[0]! - b[0]!),
    [
      [0, 0],
      [3, 1],
      [8, 0],
      [11, 1],
      [16, 0],
      [19, 1],
    ],
  );
  rig.shards[0]!.delta(0, 1);
  rig.shards[0]!.delta(1, 2);
  rig.endTick();
  assert.deepEqual(frames(client), [[cellFrames, 0, 2]], "what is out of sight is not heard");
});

test("[EG4] sight crosses the border between shards in one stream", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a", 35, 15);
  const asked = rig.hear().filter((record) => record.type === toShard.keyframeWanted);
  assert.deepEqual(
    asked.map((record) => [record.shard, readSight(new ByteReader(record.payload)).cell]),
    [
      [0, 2],
      [0, 3],
      [0, 10],
      [0, 11],
      [0, 18],
      [0, 19],
      [1, 4],
      [1, 12],
      [1, 20],
    ],
  );
  rig.shards[1]!.keyframe(12, 7);
  rig.shards[0]!.keyframe(11, 8);
  rig.endTick();
  assert.deepEqual(
    frames(client).map((frame) => frame.at(-1)),
    [8, 8, 7, 7],
  );
});

test("[EG5] frames of one tick leave together when all ticking shards have published it", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a", 35, 15);
  rig.answerKeyframes();
  told(client);
  for (const shard of [0, 1]) rig.control.setTicking(shard, true);
  rig.shards[0]!.delta(11, 1);
  rig.shards[0]!.endTick(50);
  rig.duty();
  assert.deepEqual(frames(client), [], "shard 1 has not published tick 50");
  assert.ok(rig.gateway.sleepMs(rig.clock.nowMs()) <= 10);
  rig.shards[1]!.delta(12, 2);
  rig.shards[1]!.endTick(50);
  rig.duty();
  assert.deepEqual(
    frames(client).map((frame) => frame[2]),
    [1, 2],
  );
  assert.equal(rig.count("flush_late_total"), 0);
});

test("[EG15] the frames of a tick are one message, published once for all who stand in the same cell", () => {
  const rig = new GatewayRig();
  const first = rig.enter("a", 35, 15).client;
  rig.answerKeyframes();
  const second = rig.enter("b", 35, 15).client;
  rig.answerKeyframes();
  const elsewhere = rig.enter("c", 45, 15).client;
  rig.answerKeyframes();
  rig.endTick();
  for (const client of [first, second, elsewhere]) told(client);
  const published = rig.count("composed_total");
  for (const cell of [2, 10, 11]) rig.shards[0]!.delta(cell, cell);
  for (const cell of [12, 13]) rig.shards[1]!.delta(cell, cell);
  rig.endTick();
  for (const client of [first, second]) {
    const { raw } = told(client);
    assert.equal(raw.length, 1);
    assert.deepEqual(
      marksOf(raw).map(([, , mark]) => mark),
      [2, 10, 11, 12],
    );
  }
  assert.deepEqual(
    marksOf(told(elsewhere).raw).map(([, , mark]) => mark),
    [11, 12, 13],
  );
  assert.equal(rig.count("composed_total") - published, 2, "one for each cell that somebody stands in");
});

test("[EG15] who waits for a keyframe gets the frames of the other cells by themselves", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a", 5, 5);
  rig.hear();
  for (const cell of [0, 1, 8]) rig.shards[0]!.keyframe(cell, cell);
  rig.endTick();
  told(client);
  const published = rig.count("composed_total");
  for (const cell of [1, 8, 9]) rig.shards[0]!.delta(cell, cell);
  rig.endTick();
  assert.deepEqual(frames(client), [
    [cellFrames, 0, 1],
    [cellFrames, 0, 8],
  ]);
  assert.equal(rig.count("composed_total"), published, "nobody else sees what it sees");
});

test("[EG5] a late shard is waited for frameWaitMsMax, then its tick is sent when it comes", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a", 35, 15);
  rig.answerKeyframes();
  told(client);
  for (const shard of [0, 1]) rig.control.setTicking(shard, true);
  rig.shards[0]!.delta(11, 1);
  rig.shards[0]!.endTick(50);
  rig.duty();
  rig.clock.advance(10);
  rig.duty();
  assert.deepEqual(
    frames(client).map((frame) => frame[2]),
    [1],
  );
  assert.equal(rig.count("flush_late_total"), 1);
  rig.shards[1]!.delta(12, 2);
  rig.shards[1]!.endTick(50);
  rig.duty();
  assert.deepEqual(
    frames(client).map((frame) => frame[2]),
    [2],
  );
});

test("[EG5] ticks are taken in order of their numbers, whichever lanes they are on", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a", 35, 15);
  rig.answerKeyframes();
  told(client);
  for (const shard of [0, 1]) rig.control.setTicking(shard, true);
  rig.shards[0]!.delta(11, 1);
  rig.shards[0]!.endTick(50);
  rig.shards[0]!.delta(11, 3);
  rig.shards[0]!.endTick(51);
  rig.shards[1]!.delta(12, 2);
  rig.shards[1]!.endTick(50);
  rig.clock.advance(20);
  rig.duty();
  rig.duty();
  rig.shards[1]!.delta(12, 4);
  rig.shards[1]!.endTick(51);
  rig.duty();
  assert.deepEqual(
    frames(client).map((frame) => frame[2]),
    [1, 2, 3, 4],
  );
});

test("[EG5] net does not sleep while another tick is at hand", () => {
  const rig = new GatewayRig();
  for (const shard of [0, 1]) {
    rig.shards[shard]!.endTick(50);
    rig.shards[shard]!.endTick(51);
  }
  rig.duty();
  assert.equal(rig.gateway.sleepMs(rig.clock.nowMs()), 0);
  rig.duty();
  rig.duty();
  assert.ok(rig.gateway.sleepMs(rig.clock.nowMs()) > 0, "nothing is left");
});

test("[EG5] what a shard published in mid-tick and died on is taken after the wait", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a", 35, 15);
  rig.answerKeyframes();
  told(client);
  rig.shards[0]!.delta(11, 1);
  rig.shards[0]!.publishPartly();
  rig.duty();
  assert.deepEqual(frames(client), []);
  rig.clock.advance(10);
  rig.duty();
  assert.deepEqual(frames(client), [[cellFrames, 0, 1]]);
});

test("[EG7] a slow client loses state, keeps every event, and starts over with keyframes when it has drained", () => {
  const rig = new GatewayRig({ net: { bufferedBytesMax: 4096 } });
  const { client } = rig.enter("a", 5, 5);
  rig.answerKeyframes(1);
  told(client);
  rig.hear();
  client.stall();
  for (let count = 0; count < 4; count++) {
    rig.shards[0]!.cellMessage(9, 0, rig.shards[0]!.frame(9, 1, false, 750));
    rig.endTick();
  }
  assert.equal(rig.count("state_skipped_total"), 1);
  assert.equal(rig.count("sessions_slow"), 1);
  assert.ok(rig.count("buffered_bytes") > 4096);
  for (let kind = 1; kind <= 3; kind++) rig.shards[0]!.event([1], 1, kind);
  rig.shards[0]!.delta(9, 5);
  rig.endTick();
  const wasDropped = client.droppedCount;
  rig.shards[0]!.delta(9, 6);
  rig.endTick();
  assert.equal(client.droppedCount, wasDropped, "it is not subscribed any more");
  assert.deepEqual(wanted(rig.hear()), [], "and nothing is made for it");
  client.unstall();
  rig.duty();
  assert.equal(rig.count("sessions_slow"), 0);
  assert.equal(rig.count("buffered_bytes"), 0);
  const seen = told(client);
  assert.deepEqual(
    seen.events.map((told) => told.kind),
    [1, 2, 3],
    "no event is lost or doubled",
  );
  assert.equal(seen.raw.filter((bytes) => bytes[0] === sight).length, 1, "its cells are named again");
  assert.deepEqual(wanted(rig.hear()), [0, 1, 8, 9]);
  rig.shards[0]!.delta(9, 7);
  rig.endTick();
  assert.deepEqual(frames(client), [], "no delta before the keyframe");
  rig.shards[0]!.keyframe(9, 8);
  rig.endTick();
  assert.deepEqual(
    frames(client).map((frame) => frame.at(-1)),
    [8, 8],
  );
});

test("[EG7] a slow client disturbs nobody else", () => {
  const rig = new GatewayRig({ net: { bufferedBytesMax: 4096 } });
  const slow = rig.enter("a", 5, 5).client;
  rig.answerKeyframes(1);
  const fast = rig.enter("b", 5, 5).client;
  rig.answerKeyframes(1);
  told(fast);
  slow.stall();
  for (let count = 0; count < 4; count++) {
    rig.shards[0]!.cellMessage(9, 0, rig.shards[0]!.frame(9, 1, false, 750));
    rig.endTick();
  }
  assert.equal(told(fast).raw.length, 4);
});

test("[EG8] events are numbered from 1 per session and sent once, with the turn's state behind them", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a", 5, 5);
  rig.enter("b", 5, 5);
  told(client);
  rig.shards[0]!.event([1, 2, 99], 1, 40, Uint8Array.of(1));
  rig.shards[0]!.event([1], 2, 41);
  rig.endTick();
  const seen = told(client);
  assert.deepEqual(
    seen.events.map(({ seq, scope, kind }) => [seq, scope, kind]),
    [
      [1, 1, 40],
      [2, 2, 41],
    ],
  );
  rig.endTick();
  assert.deepEqual(told(client).types, []);
  client.send(encodeEventAck(2));
  rig.endTick();
  assert.equal(client.isOpen, true);
});

test("[EG9] acknowledgements of intents are coalesced: at most one a turn", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a", 5, 5);
  told(client);
  for (let seq = 1; seq <= 5; seq++) client.send(encodeFieldIntent(rigIntents.bare, seq));
  rig.duty();
  for (let seq = 1; seq <= 5; seq++) rig.shards[0]!.applied(1, seq);
  rig.endTick();
  const seen = told(client);
  assert.deepEqual(seen.types, [intentAck]);
  assert.deepEqual(decodeIntentAck(seen.raw[0]!), { applied: 5, durable: 0 });
});

test("[EG10] a ping is answered at once, with the number it carried and the tick", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a", 55, 15);
  told(client);
  rig.clock.advance(500);
  client.send(encodePing(123_456));
  const pong = decodePong(told(client).raw[0]!);
  assert.deepEqual([pong.sentMs, pong.shard], [123_456, 1]);
  assert.equal(pong.tick, Math.floor(rig.clock.nowMs() / 50));
});

test("[EG11] when a shard begins anew its cells are told and asked for again, and deltas wait for keyframes", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a", 35, 15);
  rig.answerKeyframes(1);
  told(client);
  rig.hear();
  rig.shards[1]!.hello(2);
  rig.shards[1]!.restored(2);
  rig.shards[1]!.delta(12, 2);
  rig.endTick();
  assert.deepEqual(frames(client), []);
  const heard = rig.hear().filter((record) => record.shard === 1);
  assert.deepEqual(wanted(heard), [4, 12, 20]);
  assert.ok(
    heard.every((record) => new ByteReader(record.payload).u32() === 2),
    "under its new incarnation",
  );
  rig.shards[1]!.keyframe(12, 3);
  rig.shards[0]!.delta(11, 4);
  rig.endTick();
  assert.deepEqual(
    frames(client)
      .map((frame) => frame.at(-1))
      .sort(),
    [3, 3, 4],
    "other shards' cells go on",
  );
});

test("[EG12] a cell that changes hands is told to its new owner and begins with its keyframe", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a", 35, 15);
  rig.answerKeyframes(1);
  told(client);
  rig.hear();
  rig.ownership.assign(11, 1);
  rig.duty();
  const heard = rig.hear();
  assert.deepEqual(
    heard.map((record) => [record.shard, record.type, readSight(new ByteReader(record.payload)).cell]),
    [
      [1, toShard.sight, 11],
      [1, toShard.keyframeWanted, 11],
    ],
  );
  rig.shards[1]!.delta(11, 2);
  rig.shards[1]!.keyframe(11, 3);
  rig.endTick();
  assert.deepEqual(
    frames(client).map((frame) => frame.at(-1)),
    [3, 3],
  );
});

test("[EG13] a session that resumes sees its cells from keyframes again", () => {
  const rig = new GatewayRig();
  const { client, welcome } = rig.enter("a", 5, 5);
  rig.answerKeyframes(1);
  client.hangUp();
  rig.endTick();
  rig.hear();
  const back = rig.connect("a", { resume: { session: 1, token: welcome.resumeToken } });
  rig.duty();
  assert.deepEqual(wanted(rig.hear()), [0, 1, 8, 9]);
  assert.deepEqual(told(back).types.slice(0, 2), [messageTypes.welcome, sight]);
  rig.shards[0]!.keyframe(9, 2);
  rig.endTick();
  assert.deepEqual(
    frames(back).map((frame) => frame.at(-1)),
    [2, 2],
  );
});
