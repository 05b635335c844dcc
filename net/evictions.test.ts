import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import { LaneWriter } from "../engine/lane/lane.js";
import { toNet } from "../engine/lane/to-net.js";
import { readSession, toShard } from "../engine/lane/to-shard.js";
import { ControlBlock, createControl } from "../engine/memory/control-block.js";
import { Counters, createCounters } from "../engine/memory/counters.js";
import { createDoorbell, Doorbell } from "../engine/memory/doorbell.js";
import { createRing, RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import { netCatalogue } from "../engine/metrics.js";
import {
  decodeIntentAck,
  decodeRefusedBody,
  encodeFieldIntent,
  encodeGoodbye,
  encodeRefusedBody,
} from "../engine/wire/codec.js";
import { closeCodes, refusals } from "../engine/wire/codes.js";
import { engineEvents, eventScopes, messageTypes } from "../engine/wire/message-types.js";
import { EventLog } from "./event-log.js";
import { Evictions } from "./evictions.js";
import { GatewayRig, type HeardRecord, rigIntents, told } from "./gateway-rig.js";
import { IntentWindow } from "./intent-window.js";
import type { Buckets } from "./rate-limit.js";
import { Session } from "./session.js";
import { SessionTable } from "./session-table.js";
import { ShardLane } from "./shard-lane.js";

/** Who is told to let go of whom: shard, the incarnation it is told as, session, joinEpoch. */
function evictsIn(heard: readonly HeardRecord[]): number[][] {
  return heard
    .filter(({ type }) => type === toShard.evict)
    .map(({ shard, payload }) => {
      const { incarnation, session, joinEpoch } = readSession(new ByteReader(payload));
      return [shard, incarnation, session, joinEpoch];
    });
}

/** The shard's thread has died, and the next one has said its first words. */
function beginAnew(rig: GatewayRig, shard: number, incarnation: number): void {
  rig.shards[shard]!.hello(incarnation);
  rig.shards[shard]!.restored(incarnation);
  rig.endTick();
}

const loaded = (rig: GatewayRig) => rig.takeLoads().map(({ session }) => session);

test("[SE23] a plain login, a resume and a take-over evict nobody", () => {
  const rig = new GatewayRig();
  const { client, welcome } = rig.enter("a");
  client.hangUp();
  rig.connect("a", { resume: { session: 1, token: welcome.resumeToken } });
  rig.connect("a");
  rig.endTick();
  assert.deepEqual(evictsIn(rig.hear()), []);
  assert.equal(rig.count("sessions_evicting"), 0);
});

test("[SE23] a member of a lost shard is loaded only when the last shard has let go of older copies", () => {
  const rig = new GatewayRig();
  rig.enter("a");
  beginAnew(rig, 0, 2);
  const heard = rig.hear();
  assert.deepEqual(evictsIn(heard), [
    [0, 2, 1, 2],
    [1, 1, 1, 2],
  ]);
  rig.shards[0]!.letGo(heard);
  // What it says of the presence before, and of one that is not yet, is no answer.
  rig.shards[1]!.member(toNet.evicted, { session: 1, joinEpoch: 1, entityId: 1, cell: 0 });
  rig.shards[1]!.member(toNet.evicted, { session: 1, joinEpoch: 3, entityId: 1, cell: 0 });
  rig.shards[1]!.member(toNet.memberMoved, { session: 1, joinEpoch: 1, entityId: 1, cell: 12 });
  rig.endTick();
  assert.deepEqual(loaded(rig), []);
  assert.equal(rig.count("sessions_evicting"), 1);
  rig.shards[1]!.letGo(heard);
  rig.endTick();
  assert.deepEqual(loaded(rig), [1]);
  assert.equal(rig.count("sessions_evicting"), 0);
  rig.shards[1]!.letGo(heard);
  rig.endTick();
  assert.deepEqual(loaded(rig), [], "the same answer again is nothing");
});

test("[DS27] what a shard refused, and handed on behind what it held, is not refused again when the next one is lost", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  for (const seq of [1, 2]) client.send(encodeFieldIntent(rigIntents.bare, seq));
  rig.duty();
  const refusal = { intentSeq: 2, code: refusals.handoffFull.code, reason: "" };
  const scope = eventScopes.engine;
  const event = { sessions: [1], scope, kind: engineEvents.refused, body: encodeRefusedBody(refusal) };
  rig.shards[0]!.say({ ...event, roomId: 0, roomSeq: 0, isDurable: false });
  rig.shards[1]!.member(toNet.memberMoved, { session: 1, joinEpoch: 1, entityId: 1, cell: 12 });
  rig.endTick();
  beginAnew(rig, 1, 2);
  const { events, raw } = told(client);
  assert.deepEqual(
    events.map(({ body }) => decodeRefusedBody(body)).map(({ intentSeq, code }) => [intentSeq, code]),
    [
      [2, refusals.handoffFull.code],
      [1, refusals.notAlive.code],
    ],
  );
  const acks = raw.filter((bytes) => bytes[0] === messageTypes.intentAck).map(decodeIntentAck);
  assert.equal(acks.at(-1)!.applied, 2);
});

test("[SE23] a shard that dies before its answer is told again when it has begun anew, and waited for", () => {
  const rig = new GatewayRig();
  rig.enter("a");
  beginAnew(rig, 0, 2);
  rig.shards[0]!.letGo(rig.hear());
  rig.endTick();
  rig.run(5);
  assert.deepEqual(loaded(rig), [], "it is stalled, or dead");
  beginAnew(rig, 1, 2);
  assert.deepEqual(evictsIn(rig.hear()), [[1, 2, 1, 2]]);
  assert.deepEqual(loaded(rig), []);
  rig.shards[1]!.member(toNet.evicted, { session: 1, joinEpoch: 2, entityId: 1, cell: 0 });
  rig.endTick();
  assert.deepEqual(loaded(rig), [1]);
});

test("[SE23] the answer of a shard that was started again since counts for nothing, though net has not heard of that", () => {
  const rig = new GatewayRig();
  rig.enter("a");
  beginAnew(rig, 0, 2);
  const heard = rig.hear();
  rig.shards[0]!.letGo(heard);
  rig.endTick();
  // Shard 1 still has a copy, and offers it to the third incarnation of shard 0 before it lets go of it.
  rig.control.raiseIncarnation(0);
  rig.shards[1]!.letGo(heard);
  rig.endTick();
  assert.deepEqual(loaded(rig), []);
  beginAnew(rig, 0, 3);
  assert.deepEqual(loaded(rig), []);
  assert.deepEqual(evictsIn(rig.letGoAll()), [[0, 3, 1, 2]]);
  assert.deepEqual(loaded(rig), [1]);
});

test("[SE23] several members wait each for its own answers; both shards lost at once are told once each", () => {
  const rig = new GatewayRig();
  rig.enter("a");
  rig.enter("b", 55, 15);
  rig.enter("c");
  for (const shard of rig.shards) {
    shard.hello(2);
    shard.restored(2);
  }
  rig.endTick();
  const heard = rig.hear();
  const about = (session: number) =>
    heard.filter(({ type, payload }) => {
      return type === toShard.evict && readSession(new ByteReader(payload)).session === session;
    });
  // Before net heard that shard 1 was lost, too, it told the one that has died of the members of shard 0: in vain.
  const alive = evictsIn(heard).filter(([, incarnation]) => incarnation === 2);
  assert.deepEqual(
    alive.map(([shard, , session]) => [shard, session]),
    [
      [0, 1],
      [0, 3],
      [0, 2],
      [1, 1],
      [1, 3],
      [1, 2],
    ],
  );
  rig.shards[0]!.letGo(heard);
  rig.shards[1]!.letGo(about(3));
  rig.endTick();
  assert.deepEqual(loaded(rig), [3]);
  assert.equal(rig.count("sessions_evicting"), 2);
  rig.shards[1]!.letGo([...about(2), ...about(1)]);
  rig.endTick();
  assert.deepEqual(loaded(rig), [2, 1]);
});

test("[SE24] a session that ends while it waits is closed only when all have let go, and so is loaded who comes next", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  beginAnew(rig, 0, 2);
  client.send(encodeGoodbye());
  rig.connect("a");
  rig.endTick();
  assert.deepEqual(loaded(rig), []);
  assert.equal(rig.gateway.sessionCount, 2);
  rig.letGoAll();
  assert.deepEqual(loaded(rig), [2], "the one who comes next");
  assert.equal(rig.gateway.sessionCount, 1);
});

test("[SE24] of a session that was leaving a lost shard older copies are evicted, too, before anybody is loaded", () => {
  const rig = new GatewayRig();
  rig.enter("a").client.send(encodeGoodbye());
  rig.duty();
  beginAnew(rig, 0, 2);
  rig.connect("a");
  rig.run(3);
  const heard = rig.hear();
  assert.equal(
    heard.filter(({ type }) => type === toShard.leave).length,
    1,
    "nobody is told to leave any more",
  );
  assert.deepEqual(evictsIn(heard), [
    [0, 2, 1, 2],
    [1, 1, 1, 2],
  ]);
  assert.deepEqual(loaded(rig), []);
  for (const shard of rig.shards) shard.letGo(heard);
  rig.endTick();
  assert.deepEqual(loaded(rig), [2]);
});

test("[SE24] a lost shard that never had room to be told of a leave is not told of it any more", () => {
  const rig = new GatewayRig({ net: { handshakesPerSecond: 10_000 } });
  let { client, welcome } = rig.enter("a");
  const seat = { session: 1, cell: 9, roomType: "table", staysWhenDropped: true };
  for (let roomId = 1; roomId <= 64; roomId++) rig.shards[0]!.roomJoined({ ...seat, roomId });
  rig.endTick();
  // Nobody reads the shard's lane: ring and outbox fill with what its rooms are told.
  for (let round = 0; rig.count("records_refused_total") === 0; round++) {
    assert.ok(round < 4000);
    client.hangUp();
    client = rig.connect("a", { resume: { session: 1, token: welcome.resumeToken } });
    rig.duty();
    welcome = told(client).welcomes[0]!;
  }
  client.send(encodeGoodbye());
  rig.endTick();
  const refused = rig.count("records_refused_total");
  beginAnew(rig, 0, 2);
  rig.run(3);
  assert.ok(
    rig.count("records_refused_total") > refused,
    "nor is there room to tell its successor to let go",
  );
  for (let left = 1000; left > 0 && rig.gateway.sessionCount > 0; left--) rig.letGoAll();
  assert.equal(rig.gateway.sessionCount, 0);
});

test("[SE24] whoever is taken over or resumed while it waits is loaded once, and welcomed on the newest connection", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  beginAnew(rig, 0, 2);
  const second = rig.connect("a");
  assert.equal(client.closed?.code, closeCodes.takenOver.code);
  rig.endTick();
  const { resumeToken } = told(second).welcomes[0]!;
  second.hangUp();
  const third = rig.connect("a", { resume: { session: 1, token: resumeToken } });
  rig.letGoAll();
  rig.loadAll(15, 15);
  rig.admitAll();
  assert.equal(told(third).welcomes.length, 1);
  assert.equal(rig.gateway.sessionCount, 1);
  assert.equal(rig.count("sessions_live"), 1);
});

test("[SE24] a drain closes who waits as soon as all have let go", () => {
  const rig = new GatewayRig();
  rig.enter("a");
  beginAnew(rig, 0, 2);
  rig.gateway.beginDrain();
  rig.run(3);
  assert.equal(rig.gateway.sessionCount, 1);
  rig.letGoAll();
  assert.equal(rig.gateway.sessionCount, 0);
  assert.deepEqual(loaded(rig), []);
});

test("[SE23] a shard whose lane is full is told as soon as there is room", () => {
  const ring = createRing(4096);
  const writer = new LaneWriter(new RingWriter(ring), new Doorbell(createDoorbell()), { outboxBytesMax: 0 });
  const reader = new RingReader(ring);
  const lane = new ShardLane(0, writer, new Counters(createCounters(netCatalogue), netCatalogue));
  const control = new ControlBlock(createControl(1));
  lane.incarnation = control.raiseIncarnation(0);
  const sessions = new SessionTable();
  const evictions = new Evictions({ sessions, shards: [lane], control });
  const session = new Session({
    number: sessions.nextNumber(),
    playerId: "a".repeat(32),
    name: "Ann",
    events: new EventLog({ eventsMax: 1, bytesMax: 1 }),
    intents: new IntentWindow(1),
    buckets: null as unknown as Buckets,
    state: { is: "live" },
    attachEpoch: 1,
  });
  sessions.add(session);
  while (lane.sendSession(toShard.drop, { number: 9, joinEpoch: 1 }));
  evictions.begin(session);
  evictions.retry();
  assert.equal(evictions.isRetrying, true);
  const hear = () => {
    let evicts = 0;
    lane.flush();
    reader.drain((type) => {
      if (type === toShard.evict) evicts++;
    }, 1000);
    return evicts;
  };
  assert.equal(hear(), 0);
  evictions.retry();
  assert.deepEqual([hear(), evictions.isRetrying], [1, false]);
  evictions.retry();
  assert.equal(hear(), 0, "once");
  const answer = { session: 1, joinEpoch: session.joinEpoch, entityId: 1, cell: 0 };
  assert.equal(evictions.onEvicted(0, answer), session);
  assert.equal(evictions.count, 0);
});
