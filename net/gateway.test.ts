import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import { toNet } from "../engine/lane/to-net.js";
import {
  INTENT_MESSAGE,
  readJoin,
  readMarker,
  readRoomSession,
  readSession,
  readSight,
  toShard,
} from "../engine/lane/to-shard.js";
import { newPlayer } from "../engine/player.js";
import {
  decodeIntentAck,
  decodeRefusedBody,
  decodeRoomJoinedBody,
  decodeRoomLeftBody,
  decodeSight,
  encodeEventAck,
  encodeFieldIntent,
  encodeGoodbye,
  encodeMoveIntent,
  encodePing,
  encodeRoomIntent,
} from "../engine/wire/codec.js";
import { closeCodes, refusals } from "../engine/wire/codes.js";
import { engineEvents, messageTypes } from "../engine/wire/message-types.js";
import { GatewayRig, type HeardRecord, rigIntents, told } from "./gateway-rig.js";

const only = (heard: readonly HeardRecord[], type: number) => heard.filter((record) => record.type === type);
const reader = (record: HeardRecord) => new ByteReader(record.payload);
const empty = new Uint8Array(0);

// ---- coming in --------------------------------------------------------------------------------------------

test("[SE1] a session is loaded, joins the owner of its cell, and its first message is a Welcome", () => {
  const rig = new GatewayRig();
  const client = rig.connect("a");
  rig.loadAll(55, 15);
  const heard = rig.admitAll();
  const [join] = only(heard, toShard.join);
  assert.equal(join!.shard, 1, "the right half is shard 1's");
  assert.equal(readJoin(reader(join!)).isRelocated, false);
  const seen = told(client);
  assert.equal(seen.types[0], messageTypes.welcome);
  assert.equal(seen.welcomes[0]!.session, 1);
  assert.equal(seen.welcomes[0]!.entity, 1);
  assert.equal(seen.welcomes[0]!.recovered, false);
  assert.equal(rig.count("sessions_live"), 1);
});

test("[SE2] a player nobody knows is new and stands where the field says", () => {
  const rig = new GatewayRig();
  rig.connect("a");
  rig.duty();
  rig.answerLoad(rig.takeLoads()[0]!, null);
  rig.duty();
  const join = readJoin(reader(only(rig.hear(), toShard.join)[0]!));
  assert.deepEqual([join.x, join.y, join.player.level, join.player.name], [5, 5, 1, "Ann"]);
});

test("[SE2] a ticket with another name renames the player", () => {
  const rig = new GatewayRig();
  rig.connect("a", { name: "Bea" });
  rig.loadAll(15, 15);
  assert.equal(readJoin(reader(only(rig.hear(), toShard.join)[0]!)).player.name, "Bea");
});

test("[SE3] a store that cannot answer closes the connection with storeUnavailable", () => {
  const rig = new GatewayRig();
  const client = rig.connect("a");
  rig.duty();
  rig.failLoad(rig.takeLoads()[0]!);
  rig.duty();
  assert.equal(client.closed?.code, closeCodes.storeUnavailable.code);
  assert.equal(rig.gateway.sessionCount, 0);
});

test("[SE4] a session that does not get into the world in time is let go", () => {
  const rig = new GatewayRig();
  const client = rig.connect("a");
  rig.loadAll(15, 15);
  rig.clock.advance(10_001);
  rig.duty();
  assert.equal(client.closed?.code, closeCodes.overloaded.code);
  assert.equal(only(rig.hear(), toShard.leave).length, 1, "the shard is told to let it go as well");
});

test("[SE4] a connection lost while it comes in leaves", () => {
  const rig = new GatewayRig();
  rig.connect("a").hangUp();
  assert.equal(rig.gateway.sessionCount, 0, "not loaded: forgotten at once");
  const client = rig.connect("b");
  rig.loadAll(15, 15);
  client.hangUp();
  rig.duty();
  assert.equal(only(rig.hear(), toShard.leave).length, 1);
});

test("[SE5] an answer for an older joinEpoch, or for nobody, changes nothing", () => {
  const rig = new GatewayRig();
  const client = rig.connect("a");
  rig.duty();
  const [load] = rig.takeLoads();
  rig.answerLoad({ ...load!, joinEpoch: load!.joinEpoch + 1 }, null);
  rig.answerLoad({ session: 999, joinEpoch: 1 }, null);
  rig.duty();
  rig.shards[0]!.member(toNet.joined, { session: 1, joinEpoch: 77, entityId: 1, cell: 9 });
  rig.shards[0]!.member(toNet.memberCell, { session: 1, joinEpoch: 77, entityId: 1, cell: 9 });
  rig.shards[0]!.member(toNet.left, { session: 555, joinEpoch: 1, entityId: 1, cell: 9 });
  rig.endTick();
  assert.deepEqual(told(client).types, []);
  assert.equal(only(rig.hear(), toShard.join).length, 0);
  assert.equal(rig.count("records_stale_total"), 5);
});

test("[SE6] a cell without an owner is waited for", () => {
  const rig = new GatewayRig();
  rig.ownership.assign(9, 127);
  rig.connect("a");
  rig.loadAll(15, 15);
  assert.equal(only(rig.hear(), toShard.join).length, 0);
  rig.ownership.assign(9, 1);
  rig.clock.advance(60);
  rig.duty();
  assert.equal(only(rig.hear(), toShard.join)[0]!.shard, 1);
});

// ---- leaving and coming back -----------------------------------------------------------------------------

test("[SE7] goodbye leaves, and the same player is loaded again only when the shard said left", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  client.send(encodeGoodbye());
  assert.equal(client.closed?.code, closeCodes.goodbye.code);
  const again = rig.connect("a");
  rig.duty();
  const [leave] = only(rig.hear(), toShard.leave);
  assert.equal(rig.takeLoads().length, 0, "the row may not be in the store yet");
  rig.shards[0]!.member(toNet.left, { ...readSession(reader(leave!)), entityId: 1, cell: 0 });
  rig.endTick();
  assert.equal(rig.takeLoads().length, 1);
  assert.equal(again.isOpen, true);
});

test("[SE7] nor when one who waited for that has gone meanwhile", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  client.send(encodeGoodbye());
  const hasty = rig.connect("a");
  rig.duty();
  hasty.hangUp();
  const again = rig.connect("a");
  rig.duty();
  const [leave] = only(rig.hear(), toShard.leave);
  assert.equal(rig.takeLoads().length, 0, "the row may not be in the store yet");
  rig.shards[0]!.member(toNet.left, { ...readSession(reader(leave!)), entityId: 1, cell: 0 });
  rig.endTick();
  assert.equal(rig.takeLoads().length, 1);
  assert.equal(again.isOpen, true);
});

test("[SE1] what is sent before the Welcome is answered behind it, or not at all", () => {
  const rig = new GatewayRig();
  const client = rig.connect("a");
  client.send(encodeFieldIntent(rigIntents.bare, 1));
  client.send(encodePing(7));
  rig.duty();
  assert.deepEqual(client.messages, []);
});

test("[SE8] a lost socket suspends the session; after the grace time it leaves", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  client.hangUp();
  rig.duty();
  assert.equal(only(rig.hear(), toShard.drop).length, 1);
  assert.equal(rig.count("sessions_suspended"), 1);
  rig.clock.advance(29_999);
  rig.duty();
  assert.equal(only(rig.hear(), toShard.leave).length, 0);
  rig.clock.advance(2);
  rig.duty();
  assert.equal(only(rig.hear(), toShard.leave).length, 1);
});

test("[SE8] without a grace time a lost socket is a leave", () => {
  const rig = new GatewayRig({ session: { graceMs: 0 } });
  rig.enter("a").client.hangUp();
  rig.duty();
  const heard = rig.hear();
  assert.equal(only(heard, toShard.leave).length, 1);
  assert.equal(only(heard, toShard.drop).length, 0);
});

test("[SE9] a resume with the token continues the session and replays exactly the unacknowledged events", () => {
  const rig = new GatewayRig();
  const { client, welcome } = rig.enter("a");
  for (let kind = 1; kind <= 3; kind++) rig.shards[0]!.event([1], 1, kind);
  rig.endTick();
  assert.deepEqual(
    told(client).events.map((event) => event.seq),
    [1, 2, 3],
  );
  client.send(encodeEventAck(1));
  client.hangUp();
  rig.shards[0]!.event([1], 1, 4);
  rig.endTick();
  const back = rig.connect("a", { resume: { session: 1, token: welcome.resumeToken } });
  rig.duty();
  const seen = told(back);
  assert.equal(seen.welcomes[0]!.recovered, true);
  assert.equal(seen.welcomes[0]!.session, 1);
  assert.equal(seen.welcomes[0]!.eventsAcked, 1);
  assert.deepEqual(
    seen.events.map((event) => [event.seq, event.kind]),
    [
      [2, 2],
      [3, 3],
      [4, 4],
    ],
  );
  assert.equal(only(rig.hear(), toShard.reconnect).length, 1);
  assert.equal(rig.count("events_replayed_total"), 3);
});

test("[SE10] a resume token works once: every attach rotates it", () => {
  const rig = new GatewayRig();
  const { client, welcome } = rig.enter("a");
  client.hangUp();
  const resume = { session: 1, token: welcome.resumeToken };
  const back = rig.connect("a", { resume });
  const next = told(back).welcomes[0]!.resumeToken;
  assert.notEqual(next, welcome.resumeToken);
  back.hangUp();
  assert.equal(rig.connect("a", { resume }).closed?.code, closeCodes.resumeInvalid.code);
  assert.equal(rig.connect("a", { resume: { session: 1, token: next } }).isOpen, true);
});

test("[SE10] a token of another player's session, of no session, or of one that left, is resumeInvalid", () => {
  const rig = new GatewayRig();
  const { client, welcome } = rig.enter("a");
  const token = welcome.resumeToken;
  assert.equal(
    rig.connect("b", { resume: { session: 1, token } }).closed?.code,
    closeCodes.resumeInvalid.code,
  );
  assert.equal(
    rig.connect("a", { resume: { session: 2, token } }).closed?.code,
    closeCodes.resumeInvalid.code,
  );
  assert.equal(client.isOpen, true, "a wrong token does not touch the session");
  client.send(encodeGoodbye());
  assert.equal(
    rig.connect("a", { resume: { session: 1, token } }).closed?.code,
    closeCodes.resumeInvalid.code,
  );
});

test("[SE11] a second login takes over: the older socket is told, nobody leaves or joins", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.shards[0]!.event([1], 0, engineEvents.playerChanged, Uint8Array.of(9));
  rig.endTick();
  rig.hear();
  const second = rig.connect("a");
  rig.duty();
  assert.equal(client.closed?.code, closeCodes.takenOver.code);
  const seen = told(second);
  assert.equal(seen.welcomes[0]!.session, 1, "the same session");
  assert.equal(seen.welcomes[0]!.recovered, false);
  assert.deepEqual(
    seen.events.map((event) => [event.kind, event.seq, ...event.body]),
    [[engineEvents.playerChanged, 2, 9]],
    "what the engine knows is told again, numbers go on",
  );
  const heard = rig.hear();
  for (const type of [toShard.leave, toShard.join]) assert.equal(only(heard, type).length, 0);
  // The game hears that one client went and another came, so that it tells the new one what it must know.
  for (const type of [toShard.drop, toShard.reconnect]) assert.equal(only(heard, type).length, 1);
  assert.equal(rig.count("takeovers_total"), 1);
});

test("[SE11] a second login while the first still comes in takes its place", () => {
  const rig = new GatewayRig();
  const first = rig.connect("a");
  const second = rig.connect("a");
  assert.equal(first.closed?.code, closeCodes.takenOver.code);
  rig.loadAll(15, 15);
  rig.admitAll();
  assert.equal(told(second).welcomes.length, 1);
});

test("[SE12] a late close of a replaced socket does not touch the session", () => {
  const rig = new GatewayRig();
  const { client, welcome } = rig.enter("a");
  const second = rig.connect("a", { resume: { session: 1, token: welcome.resumeToken } });
  client.hangUp();
  rig.duty();
  assert.equal(second.isOpen, true);
  assert.equal(rig.count("sessions_live"), 1);
  assert.equal(only(rig.hear(), toShard.drop).length, 0);
});

test("[SE13] events beyond the bounds while live close with tooSlow; the resume says they were lost", () => {
  const rig = new GatewayRig({ session: { eventsKeptMax: 16 } });
  const { client, welcome } = rig.enter("a");
  for (let kind = 1; kind <= 17; kind++) rig.shards[0]!.event([1], 1, kind);
  rig.endTick();
  assert.equal(client.closed?.code, closeCodes.tooSlow.code);
  const back = rig.connect("a", { resume: { session: 1, token: welcome.resumeToken } });
  rig.duty();
  const seen = told(back);
  assert.equal(seen.welcomes[0]!.recovered, false);
  assert.equal(seen.welcomes[0]!.eventsAcked, 17);
  rig.shards[0]!.event([1], 1, 99);
  rig.endTick();
  assert.deepEqual(
    told(back).events.map((event) => [event.seq, event.kind]),
    [[18, 99]],
  );
});

test("[SE13] events beyond the bounds while suspended: not recovered, and state is told again", () => {
  const rig = new GatewayRig({ session: { eventBytesKeptMax: 4096 } });
  const { client, welcome } = rig.enter("a");
  rig.shards[0]!.roomJoined({ session: 1, roomId: 5, cell: 9, roomType: "table", staysWhenDropped: true });
  rig.shards[0]!.event([1], 0, engineEvents.playerChanged, Uint8Array.of(3));
  rig.endTick();
  client.hangUp();
  rig.shards[0]!.event([1], 1, 50, new Uint8Array(5000));
  rig.endTick();
  const back = rig.connect("a", { resume: { session: 1, token: welcome.resumeToken } });
  rig.duty();
  const seen = told(back);
  assert.equal(seen.welcomes[0]!.recovered, false);
  assert.deepEqual(
    seen.events.map((event) => event.kind),
    [engineEvents.playerChanged, engineEvents.roomJoined],
  );
});

test("[SE14] a full server refuses new sessions by name; who has one may come back", () => {
  const rig = new GatewayRig({ net: { connectionsMax: 2 } });
  const { client, welcome } = rig.enter("a");
  rig.enter("b");
  assert.equal(rig.connect("c").closed?.code, closeCodes.serverFull.code);
  client.hangUp();
  assert.equal(rig.connect("a", { resume: { session: 1, token: welcome.resumeToken } }).isOpen, true);
});

test("[SE14] suspended sessions are bounded too", () => {
  const rig = new GatewayRig({ net: { connectionsMax: 1 } });
  rig.enter("a").client.hangUp();
  rig.enter("b").client.hangUp();
  assert.equal(rig.connect("c").closed?.code, closeCodes.serverFull.code);
});

// ---- intents ----------------------------------------------------------------------------------------------

test("[RO1] a verified intent reaches the owner's lane as it came, with session and joinEpoch", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.hear();
  const message = encodeFieldIntent(rigIntents.bare, 1, empty);
  client.send(message);
  rig.duty();
  const [intent] = only(rig.hear(), toShard.intent);
  assert.equal(intent!.shard, 0);
  const from = reader(intent!);
  assert.deepEqual([from.u32(), from.u32(), from.u32(), from.u32()], [1, 1, 1, 0]);
  assert.deepEqual(intent!.payload.slice(INTENT_MESSAGE), message);
});

test("[RO2] a move is visible at once and wakes only a shard that sleeps; reliable intents once per turn", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.hear();
  const word = () => Atomics.load(new Int32Array(rig.wiring.doorbells.shards[0]!.buffer), 0);
  rig.control.setTicking(0, true);
  const before = word();
  for (let seq = 1; seq <= 5; seq++) client.send(encodeMoveIntent({ dx: 1, dy: 0, seq }));
  assert.equal(only(rig.hear(), toShard.intent).length, 5);
  assert.equal(word(), before, "it ticks: it will look by itself");
  rig.control.setTicking(0, false);
  client.send(encodeMoveIntent({ dx: 1, dy: 0, seq: 6 }));
  assert.equal(only(rig.hear(), toShard.intent).length, 1);
  assert.notEqual(word(), before, "it sleeps: it is woken");
  rig.wakes = 0;
  for (let seq = 1; seq <= 5; seq++) client.send(encodeFieldIntent(rigIntents.bare, seq, empty));
  assert.equal(rig.hear().length, 0, "not before the turn ends");
  assert.equal(rig.wakes, 1, "one duty cycle is asked for");
  rig.turn();
  assert.equal(only(rig.hear(), toShard.intent).length, 5);
});

test("[RO14] nothing follows moves alone; behind anything else comes a whole duty cycle, and moves behind it wait for that", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.hear();
  rig.wakes = 0;
  client.send(encodeMoveIntent({ dx: 1, dy: 0, seq: 1 }));
  assert.equal(rig.wakes, 0);
  assert.equal(only(rig.hear(), toShard.intent).length, 1);
  const flushed = rig.count("messages_out_total");
  // Refused by name in the same turn of the sockets: the answer must not wait for the next tick.
  client.send(encodeRoomIntent({ room: 99, kind: 1, seq: 1 }));
  client.send(encodeMoveIntent({ dx: 1, dy: 0, seq: 2 }));
  assert.equal(rig.hear().length, 0, "what else is on the lane is not shown before its turn ends");
  rig.turn();
  assert.ok(rig.count("messages_out_total") > flushed);
  assert.equal(only(rig.hear(), toShard.intent).length, 1);
});

test("[RO3] a full lane refuses reliable intents with backPressure and counts moves", () => {
  const rig = new GatewayRig({ net: { payloadBytesMax: 4096 } });
  const { client } = rig.enter("a");
  // Nobody drains shard 0: its 64 KiB fill up.
  for (let seq = 1; seq <= 120; seq++) {
    client.send(encodeMoveIntent({ dx: 1, dy: 0, seq }));
  }
  let sent = 120;
  while (rig.count("intents_refused_total") === 0) {
    rig.clock.advance(1000);
    for (let more = 0; more < 50; more++) client.send(encodeMoveIntent({ dx: 1, dy: 0, seq: ++sent }));
    rig.duty();
  }
  const refusedMoves = rig.count("intents_refused_total");
  client.send(encodeFieldIntent(rigIntents.bare, 1, empty));
  rig.duty();
  assert.equal(rig.count("intents_refused_total"), refusedMoves + 1);
  const seen = told(client);
  const refused = decodeRefusedBody(seen.events[0]!.body);
  assert.deepEqual([refused.intentSeq, refused.code], [1, refusals.backPressure.code]);
  assert.equal(decodeIntentAck(seen.raw.at(-1)!).applied, 1, "a refused intent is done with");
  assert.equal(client.isOpen, true);
});

test("[RO4] acknowledgements are cumulative, and stop at the oldest intent that is still out", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.shards[1]!.roomJoined({ session: 1, roomId: 5, cell: 9, roomType: "table", staysWhenDropped: true });
  rig.endTick();
  client.send(encodeFieldIntent(rigIntents.bare, 1, empty));
  client.send(encodeRoomIntent({ room: 5, kind: rigIntents.roomBare, seq: 2 }));
  rig.duty();
  told(client);
  rig.shards[1]!.applied(1, 2, 5);
  rig.endTick();
  assert.equal(decodeIntentAck(told(client).raw.at(-1)!).applied, 0, "number 1 is still out");
  rig.shards[0]!.applied(1, 1);
  rig.endTick();
  assert.equal(decodeIntentAck(told(client).raw.at(-1)!).applied, 2);
});

test("[RO5] a room intent goes to the room's shard; for a room one is not in it is refused", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.shards[1]!.roomJoined({ session: 1, roomId: 5, cell: 9, roomType: "table", staysWhenDropped: true });
  rig.endTick();
  assert.deepEqual(decodeRoomJoinedBody(told(client).events[0]!.body), {
    room: 5,
    roomType: "table",
    cell: 9,
  });
  rig.hear();
  client.send(encodeRoomIntent({ room: 5, kind: rigIntents.roomBare, seq: 1 }));
  client.send(encodeRoomIntent({ room: 6, kind: rigIntents.roomBare, seq: 2 }));
  rig.duty();
  assert.equal(only(rig.hear(), toShard.intent)[0]!.shard, 1);
  const refused = decodeRefusedBody(told(client).events[0]!.body);
  assert.deepEqual([refused.intentSeq, refused.code], [2, refusals.notInRoom.code]);
});

test("[RO6] a repeated intent after a resume is ignored: it takes effect once", () => {
  const rig = new GatewayRig();
  const { client, welcome } = rig.enter("a");
  client.send(encodeFieldIntent(rigIntents.bare, 1, empty));
  client.send(encodeFieldIntent(rigIntents.bare, 2, empty));
  client.hangUp();
  const back = rig.connect("a", { resume: { session: 1, token: welcome.resumeToken } });
  assert.equal(told(back).welcomes[0]!.intentsApplied, 2);
  for (const seq of [1, 2, 3]) back.send(encodeFieldIntent(rigIntents.bare, seq, empty));
  rig.duty();
  const numbers = only(rig.hear(), toShard.intent).map((record) => record.payload[INTENT_MESSAGE + 4]);
  assert.deepEqual(numbers, [1, 2, 3]);
  assert.equal(back.isOpen, true);
});

test("[RO7] after a handoff the old shard gets a marker, last, and the new one the intents", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a", 35, 15);
  rig.hear();
  client.send(encodeFieldIntent(rigIntents.bare, 1, empty));
  rig.shards[1]!.member(toNet.memberMoved, { session: 1, joinEpoch: 1, entityId: 1, cell: 12 });
  rig.endTick();
  client.send(encodeFieldIntent(rigIntents.bare, 2, empty));
  rig.duty();
  const heard = rig.hear();
  const old = heard.filter(
    (record) => record.shard === 0 && record.type !== toShard.sight && record.type !== toShard.keyframeWanted,
  );
  assert.deepEqual(
    old.map((record) => record.type),
    [toShard.intent, toShard.routeMarker],
  );
  assert.equal(readMarker(reader(old[1]!)).shard, 1);
  const fresh = heard.filter((record) => record.shard === 1 && record.type === toShard.intent);
  assert.equal(fresh.length, 1);
  // The first was forwarded: the new shard reports both.
  rig.shards[1]!.applied(1, 2);
  rig.endTick();
  assert.equal(decodeIntentAck(told(client).raw.at(-1)!).applied, 2);
});

test("[RO7] a move reported before the join is a join, and a stale cell of the old shard is ignored", () => {
  const rig = new GatewayRig();
  const client = rig.connect("a");
  rig.loadAll(35, 15);
  rig.shards[1]!.member(toNet.memberMoved, { session: 1, joinEpoch: 1, entityId: 1, cell: 12 });
  rig.endTick();
  rig.shards[0]!.member(toNet.joined, { session: 1, joinEpoch: 1, entityId: 1, cell: 11 });
  rig.shards[0]!.member(toNet.memberCell, { session: 1, joinEpoch: 1, entityId: 1, cell: 11 });
  rig.endTick();
  const sights = told(client)
    .raw.filter((bytes) => bytes[0] === messageTypes.sight)
    .map(decodeSight);
  assert.deepEqual(
    sights.map((sight) => [sight.center, sight.shard]),
    [[12, 1]],
  );
});

test("[RO8] no more than intentsOutstandingMax intents are on their way; the next is refused", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  for (let seq = 1; seq <= 65; seq++) client.send(encodeFieldIntent(rigIntents.bare, seq, empty));
  rig.duty();
  assert.equal(only(rig.hear(), toShard.intent).length, 64);
  const refused = decodeRefusedBody(told(client).events[0]!.body);
  assert.deepEqual([refused.intentSeq, refused.code], [65, refusals.backPressure.code]);
});

// ---- shards that are lost ---------------------------------------------------------------------------------

test("[SE15] when a shard begins anew its members are evicted everywhere, and loaded again under a new joinEpoch", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.enter("b", 55, 15);
  client.send(encodeFieldIntent(rigIntents.bare, 1, empty));
  rig.duty();
  rig.hear();
  told(client);
  rig.shards[0]!.hello(2);
  rig.shards[0]!.restored(2);
  rig.endTick();
  const evicts = only(rig.letGoAll(), toShard.evict);
  assert.deepEqual(
    evicts.map((record) => [record.shard, readSession(reader(record)).joinEpoch]),
    [
      [0, 2],
      [1, 2],
    ],
  );
  const [load, ...none] = rig.takeLoads();
  assert.deepEqual([load!.session, load!.joinEpoch, none.length], [1, 3, 0], "only who was there");
  const lost = decodeRefusedBody(told(client).events[0]!.body);
  assert.deepEqual([lost.intentSeq, lost.code], [1, refusals.notAlive.code]);
  client.send(encodeFieldIntent(rigIntents.bare, 2, empty));
  rig.duty();
  assert.equal(decodeRefusedBody(told(client).events[0]!.body).code, refusals.notAlive.code);
  rig.answerLoad(load!, { ...newPlayer("a".repeat(32), "Ann"), x: 25, y: 15 });
  rig.duty();
  const heard = rig.hear();
  const join = readJoin(reader(only(heard, toShard.join)[0]!));
  assert.deepEqual([join.incarnation, join.isRelocated, join.isSuspended], [2, true, false]);
  assert.equal(client.isOpen, true, "the socket never closed");
});

test("[SE15] a suspended member of a lost shard joins again suspended", () => {
  const rig = new GatewayRig();
  rig.enter("a").client.hangUp();
  rig.shards[0]!.hello(2);
  rig.shards[0]!.restored(2);
  rig.endTick();
  rig.letGoAll();
  rig.loadAll(15, 15);
  const join = readJoin(reader(only(rig.hear(), toShard.join)[0]!));
  assert.equal(join.isSuspended, true);
});

test("[SE22] a member who is adrift is loaded again under a new joinEpoch, and what its shard held is refused", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  client.send(encodeFieldIntent(rigIntents.bare, 1, empty));
  client.send(encodeFieldIntent(rigIntents.bare, 2, empty));
  rig.duty();
  rig.shards[0]!.applied(1, 1);
  rig.endTick();
  rig.hear();
  told(client);
  const adrift = { session: 1, joinEpoch: 1, entityId: 1, cell: 12 };
  rig.shards[0]!.adrift(adrift);
  rig.endTick();
  const loads = rig.takeLoads();
  assert.deepEqual(only(rig.hear(), toShard.evict), [], "nobody else can have the member");
  assert.deepEqual(
    loads.map(({ session, joinEpoch }) => [session, joinEpoch]),
    [[1, 2]],
  );
  const { events, raw } = told(client);
  const refused = events.map(({ body }) => decodeRefusedBody(body));
  assert.deepEqual(
    refused.map(({ intentSeq, code }) => [intentSeq, code]),
    [[2, refusals.notAlive.code]],
  );
  assert.equal(decodeIntentAck(raw.at(-1)!).applied, 2);
  // The dead shard's successor, its last word, and the same again: all of an older presence.
  rig.shards[1]!.member(toNet.memberMoved, adrift);
  rig.shards[0]!.adrift(adrift);
  rig.endTick();
  assert.deepEqual(rig.takeLoads(), []);
  rig.answerLoad(loads[0]!, { ...newPlayer("a".repeat(32), "Ann"), x: 25, y: 15 });
  rig.duty();
  const join = readJoin(reader(only(rig.hear(), toShard.join)[0]!));
  assert.deepEqual([join.joinEpoch, join.isRelocated, join.isSuspended], [2, true, false]);
  assert.equal(client.isOpen, true, "the socket never closed");
});

test("[SE22] what the shard refused itself of what it held for a member adrift is not refused again", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  for (let seq = 1; seq <= 4; seq++) client.send(encodeFieldIntent(rigIntents.bare, seq, empty));
  rig.duty();
  told(client);
  rig.shards[0]!.adrift({ session: 1, joinEpoch: 1, entityId: 1, cell: 12 }, [2, 3]);
  rig.endTick();
  const { events, raw } = told(client);
  assert.deepEqual(
    events.map(({ body }) => decodeRefusedBody(body).intentSeq),
    [1, 4],
  );
  assert.equal(decodeIntentAck(raw.at(-1)!).applied, 4, "nothing of them is waited for");
});

test("[SE22] a session that was leaving is closed when its member is adrift", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  client.send(encodeGoodbye());
  rig.duty();
  rig.shards[0]!.adrift({ session: 1, joinEpoch: 1, entityId: 1, cell: 12 });
  rig.endTick();
  assert.deepEqual(rig.takeLoads(), []);
  rig.connect("a");
  rig.duty();
  assert.equal(rig.takeLoads().length, 1, "nobody waits for a farewell");
});

test("[SE16] a lost shard's rooms are left with roomFailed", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.shards[1]!.roomJoined({ session: 1, roomId: 5, cell: 60, roomType: "table", staysWhenDropped: true });
  rig.endTick();
  told(client);
  rig.shards[1]!.hello(2);
  rig.shards[1]!.restored(2);
  rig.endTick();
  const [event] = told(client).events;
  assert.equal(event!.kind, engineEvents.roomLeft);
  assert.equal(decodeRoomLeftBody(event!.body).code, refusals.roomFailed.code);
});

test("[SE17] a session that was leaving a lost shard is closed, and its successor comes in", () => {
  const rig = new GatewayRig();
  rig.enter("a").client.send(encodeGoodbye());
  rig.connect("a");
  rig.shards[0]!.hello(2);
  rig.shards[0]!.restored(2);
  rig.endTick();
  rig.takeLoads();
  rig.letGoAll();
  assert.equal(rig.takeLoads().length, 1);
  assert.equal(rig.gateway.sessionCount, 1);
});

// ---- rooms and sockets ------------------------------------------------------------------------------------

test("[SE18] a lost socket drops out of rooms that keep a place and leaves the others", () => {
  const rig = new GatewayRig();
  const { client, welcome } = rig.enter("a");
  rig.shards[1]!.roomJoined({ session: 1, roomId: 5, cell: 9, roomType: "table", staysWhenDropped: true });
  rig.shards[1]!.roomJoined({ session: 1, roomId: 6, cell: 9, roomType: "table", staysWhenDropped: false });
  rig.endTick();
  rig.hear();
  client.hangUp();
  rig.duty();
  let heard = rig.hear();
  assert.equal(readRoomSession(reader(only(heard, toShard.roomDrop)[0]!)).roomId, 5);
  assert.equal(readRoomSession(reader(only(heard, toShard.roomLeave)[0]!)).roomId, 6);
  rig.shards[1]!.roomLeft(1, 6, 0);
  rig.endTick();
  rig.connect("a", { resume: { session: 1, token: welcome.resumeToken } });
  rig.duty();
  heard = rig.hear();
  assert.deepEqual(
    only(heard, toShard.roomReconnect).map((record) => readRoomSession(reader(record)).roomId),
    [5],
  );
});

test("[SE18] a session that ends leaves all its rooms", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.shards[1]!.roomJoined({ session: 1, roomId: 5, cell: 9, roomType: "table", staysWhenDropped: true });
  rig.endTick();
  rig.hear();
  client.send(encodeGoodbye());
  rig.duty();
  assert.equal(only(rig.hear(), toShard.roomLeave).length, 1);
});

// ---- stopping ---------------------------------------------------------------------------------------------

test("[SE19] a drain tells everybody, closes with shuttingDown, saves all, and refuses who comes", async () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  const suspended = rig.enter("b");
  suspended.client.hangUp();
  rig.duty();
  rig.hear();
  rig.gateway.beginDrain();
  rig.duty();
  assert.equal(told(client).events.at(-1)!.kind, engineEvents.notice);
  assert.equal(client.closed?.code, closeCodes.shuttingDown.code);
  const leaves = only(rig.hear(), toShard.leave);
  assert.equal(leaves.length, 2, "the suspended one is saved too");
  assert.equal(rig.connect("c").closed?.code, closeCodes.shuttingDown.code);
  for (const leave of leaves) {
    rig.shards[leave.shard]!.member(toNet.left, { ...readSession(reader(leave)), entityId: 0, cell: 0 });
  }
  rig.endTick();
  assert.equal(rig.gateway.sessionCount, 0);
  await rig.gateway.stop();
});

test("[SE20] a shard that gives a member up by itself ends the session", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.shards[0]!.member(toNet.left, { session: 1, joinEpoch: 1, entityId: 1, cell: 0 });
  rig.endTick();
  assert.equal(client.closed?.code, closeCodes.overloaded.code);
  assert.equal(rig.gateway.sessionCount, 0);
});

test("[SE21] sight of a cell is told when it begins and when it ends", () => {
  const rig = new GatewayRig();
  const client = rig.connect("a");
  rig.loadAll(5, 5);
  rig.admitAll();
  const begun = only(rig.hear(), toShard.sight).map((record) => readSight(reader(record)));
  assert.deepEqual(
    begun.map((sight) => [sight.cell, sight.subscribers]),
    [
      [0, 1],
      [1, 1],
      [8, 1],
      [9, 1],
    ],
  );
  client.hangUp();
  rig.duty();
  const ended = only(rig.hear(), toShard.sight).map((record) => readSight(reader(record)));
  assert.deepEqual(
    ended.map((sight) => [sight.cell, sight.subscribers]).sort((a, b) => a[0]! - b[0]!),
    [
      [0, 0],
      [1, 0],
      [8, 0],
      [9, 0],
    ],
  );
});
