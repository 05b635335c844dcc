/** What the journal is told of sessions, and what waits for its word. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import { readSessionOpened, readSessionProgress, toStore } from "../engine/lane/to-store.js";
import {
  decodeIntentAck,
  decodeRefusedBody,
  encodeEventAck,
  encodeFieldIntent,
  encodeGoodbye,
  encodeRefusedBody,
  encodeRoomIntent,
} from "../engine/wire/codec.js";
import { closeCodes, refusals } from "../engine/wire/codes.js";
import { engineEvents, eventScopes, messageTypes } from "../engine/wire/message-types.js";
import { GatewayRig, rigIntents, told } from "./gateway-rig.js";
import type { MemoryClient } from "./memory-transport.js";

const empty = new Uint8Array(0);
const seqs = (client: MemoryClient) => told(client).events.map(({ seq }) => seq);
const acks = (client: MemoryClient) =>
  told(client)
    .raw.filter((bytes) => bytes[0] === messageTypes.intentAck)
    .map(decodeIntentAck);

/** Session 1 is told something by a shard: durable, if it has a number in its room or says so. */
function say(rig: GatewayRig, kind: number, options: { roomSeq?: number; isDurable?: boolean } = {}): void {
  const { roomSeq = 0, isDurable = roomSeq > 0 } = options;
  const roomId = roomSeq > 0 ? 5 : 0;
  rig.shards[0]!.say({
    sessions: [1],
    scope: eventScopes.room,
    kind,
    roomId,
    roomSeq,
    isDurable,
    body: empty,
  });
}

// ---- groups -------------------------------------------------------------------------------------------------

test("[DS1] every event is journaled with its number and its room, in one group for each turn that wrote anything", () => {
  const rig = new GatewayRig();
  rig.enter("a");
  rig.journal.take();
  const before = rig.journal.last;
  say(rig, 70);
  say(rig, 71, { roomSeq: 9 });
  rig.endTick();
  rig.journal.take();
  assert.equal(rig.journal.last, before + 1);
  assert.deepEqual(
    rig.journal.events().map(({ session, seq, roomId, roomSeq }) => [session, seq, roomId, roomSeq]),
    [
      [1, 1, 0, 0],
      [1, 2, 5, 9],
    ],
  );
  assert.deepEqual(
    rig.journal.groups.map(({ group }) => group),
    Array.from({ length: before + 1 }, (_, index) => index + 1),
  );
  assert.deepEqual(rig.journal.groups.at(-1)!.ticks, [rig.shards[0]!.tick - 1, rig.shards[1]!.tick - 1]);
  rig.duty();
  rig.journal.take();
  assert.equal(rig.journal.last, before + 1, "nothing was written, so there is no group");
});

test("[DS1] while ticks pass a group ends at least once a second; when none do, there are none", () => {
  const rig = new GatewayRig();
  const groupsOf = (pass: () => void) => {
    rig.journal.take();
    const before = rig.journal.last;
    for (let round = 0; round < 100; round++) pass();
    rig.journal.take();
    return rig.journal.last - before;
  };
  groupsOf(() => rig.endTick());
  const idle = groupsOf(() => {
    rig.clock.advance(50);
    rig.duty();
  });
  assert.ok(idle <= 1, "the last ticks are still to be said");
  const groups = groupsOf(() => rig.endTick());
  assert.ok(groups >= 4 && groups <= 6, `${groups} groups in 5 s`);
});

test("[DS1] a turn that writes a great deal ends its group on the way", () => {
  const rig = new GatewayRig({
    shards: { count: 2, ringBytes: 8_388_608 },
    session: { eventBytesKeptMax: 16_777_216 },
  });
  rig.enter("a");
  rig.journal.take();
  const before = rig.journal.last;
  const body = new Uint8Array(8000);
  for (let kind = 0; kind < 300; kind++) rig.shards[0]!.event([1], 1, kind, body);
  rig.endTick();
  rig.journal.take();
  assert.ok(rig.journal.last - before >= 2);
  const bytes = rig.journal.groups.map(({ items }) =>
    items.reduce((sum, item) => sum + item.payload.length, 0),
  );
  assert.ok(Math.max(...bytes) <= 1_048_576);
});

test("[DS2] whoever is loaded is in the journal first", () => {
  const rig = new GatewayRig();
  rig.connect("a");
  rig.duty();
  rig.journal.take();
  const [load] = rig.journal.loads;
  assert.equal(load!.session, 1);
  const groups = rig.journal.groups.slice(0, load!.groupsBefore);
  const opened = groups.flatMap(({ items }) => items.filter(({ type }) => type === toStore.sessionOpened));
  assert.deepEqual(
    opened.map(({ payload }) => readSessionOpened(new ByteReader(payload))),
    [{ session: 1, playerId: "a".repeat(32), name: "Ann" }],
  );
});

test("[DS3] where a session stands is journaled at every attach, and once a second if it has changed", () => {
  const rig = new GatewayRig();
  const { client, welcome } = rig.enter("a");
  const progress = () => {
    rig.journal.take();
    return rig.journal
      .items(toStore.sessionProgress)
      .map((payload) => readSessionProgress(new ByteReader(payload)))
      .map(({ eventsAcked, intentsDurable }) => [eventsAcked, intentsDurable]);
  };
  assert.deepEqual(progress(), [[0, 0]]);
  for (let kind = 1; kind <= 40; kind++) {
    say(rig, kind);
    rig.endTick();
    client.send(encodeEventAck(kind));
    rig.turn();
  }
  const told = progress();
  assert.ok(told.length >= 3 && told.length <= 4, `${told.length} records in 2 s`);
  client.hangUp();
  rig.connect("a", { resume: { session: 1, token: welcome.resumeToken } });
  rig.duty();
  assert.deepEqual(progress().at(-1), [40, 0]);
  rig.clock.advance(5000);
  rig.duty();
  assert.equal(progress().length, told.length + 1, "nothing has changed since");
});

test("[DS18] a session that ends is closed in the journal at once", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  client.send(encodeGoodbye());
  rig.duty();
  rig.journal.take();
  assert.deepEqual(
    rig.journal.items(toStore.sessionClosed).map((payload) => new ByteReader(payload).u32()),
    [1],
  );
  // A last word of a shard about it is nobody's any more.
  const before = rig.journal.events().length;
  say(rig, 9);
  rig.endTick();
  rig.journal.take();
  assert.equal(rig.journal.events().length, before);
});

// ---- held events ----------------------------------------------------------------------------------------------

test("[DS4] a durable event leaves when the journal has its group for good, and what is behind it waits", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  say(rig, 1);
  rig.endTick();
  assert.deepEqual(seqs(client), [1], "volatile, and nothing waits: in the same turn");
  say(rig, 2, { isDurable: true });
  say(rig, 3);
  rig.endTick();
  say(rig, 4, { isDurable: true });
  rig.endTick();
  assert.deepEqual(seqs(client), []);
  rig.journal.take();
  const last = rig.journal.last;
  rig.journal.makeDurable(last - 2);
  rig.duty();
  assert.deepEqual(seqs(client), [], "an older group is not its own");
  rig.journal.makeDurable(last - 1);
  rig.duty();
  assert.deepEqual(seqs(client), [2, 3]);
  rig.journal.makeDurable();
  rig.duty();
  assert.deepEqual(seqs(client), [4]);
  say(rig, 5);
  rig.endTick();
  assert.deepEqual(seqs(client), [5]);
  assert.equal(rig.count("events_held_total"), 3);
});

test("[DS4] one session's held event keeps nobody else waiting", () => {
  const rig = new GatewayRig();
  rig.enter("a");
  const other = rig.enter("b").client;
  told(other);
  say(rig, 1, { isDurable: true });
  rig.shards[0]!.event([2], 1, 7);
  rig.endTick();
  assert.deepEqual(seqs(other), [1]);
});

test("[DS4] a resume replays what may leave, and no more", () => {
  const rig = new GatewayRig();
  const { client, welcome } = rig.enter("a");
  say(rig, 1);
  say(rig, 2, { isDurable: true });
  rig.endTick();
  client.hangUp();
  const back = rig.connect("a", { resume: { session: 1, token: welcome.resumeToken } });
  rig.duty();
  const seen = told(back);
  assert.equal(seen.welcomes[0]!.recovered, true);
  assert.deepEqual(
    seen.events.map(({ seq }) => seq),
    [1],
  );
  rig.journal.take();
  rig.journal.makeDurable();
  rig.duty();
  assert.deepEqual(seqs(back), [2]);
});

test("[DS5] an acknowledgement of an event that is held is outOfOrder", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  say(rig, 1, { isDurable: true });
  rig.endTick();
  client.send(encodeEventAck(1));
  assert.equal(client.closed?.code, closeCodes.outOfOrder.code);
});

test("[DS5] held events are bounded like others: past that a live session is closed with tooSlow", () => {
  const rig = new GatewayRig({ session: { eventsKeptMax: 16 } });
  const { client, welcome } = rig.enter("a");
  for (let kind = 1; kind <= 17; kind++) say(rig, kind, { isDurable: true });
  rig.endTick();
  assert.equal(client.closed?.code, closeCodes.tooSlow.code);
  const back = rig.connect("a", { resume: { session: 1, token: welcome.resumeToken } });
  rig.duty();
  assert.equal(told(back).welcomes[0]!.recovered, false);
  rig.journal.take();
  rig.journal.makeDurable();
  rig.duty();
  assert.deepEqual(seqs(back), [], "what was given up never left");
});

test("[DS6] an event that a durable room tells again is numbered once", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.enter("b");
  for (const roomSeq of [1, 2, 4]) say(rig, 100 + roomSeq, { roomSeq });
  rig.endTick();
  // Replayed: the same again, and on. A number may be another member's alone.
  for (const roomSeq of [1, 2, 3, 4, 5]) say(rig, 100 + roomSeq, { roomSeq });
  rig.shards[0]!.say({
    sessions: [1, 2],
    scope: eventScopes.room,
    kind: 106,
    roomId: 6,
    roomSeq: 1,
    isDurable: true,
    body: empty,
  });
  rig.endTick();
  rig.journal.take();
  rig.journal.makeDurable();
  rig.duty();
  assert.deepEqual(
    told(client).events.map(({ seq, kind }) => [seq, kind]),
    [
      [1, 101],
      [2, 102],
      [3, 104],
      [4, 105],
      [5, 106],
    ],
    "number 3 was not this session's when it was new, so it is not now",
  );
  assert.equal(rig.count("events_repeated_total"), 4);
});

test("[DS7] who takes a session over hears of the player's state only what is safe", () => {
  const rig = new GatewayRig();
  rig.enter("a");
  rig.shards[0]!.say({
    sessions: [1],
    scope: eventScopes.engine,
    kind: engineEvents.playerChanged,
    roomId: 0,
    roomSeq: 0,
    isDurable: true,
    body: Uint8Array.of(9),
  });
  rig.endTick();
  const second = rig.connect("a");
  rig.duty();
  assert.deepEqual(seqs(second), []);
  rig.journal.take();
  rig.journal.makeDurable();
  rig.duty();
  assert.deepEqual(
    told(second).events.map(({ kind, body }) => [kind, ...body]),
    [[engineEvents.playerChanged, 9]],
  );
});

test("[DS7] joining and leaving a durable room are told when they are safe, of another room at once", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  const seat = { session: 1, cell: 9, roomType: "table", staysWhenDropped: true };
  rig.shards[0]!.roomJoined({ ...seat, roomId: 6 });
  rig.endTick();
  assert.equal(told(client).events.length, 1);
  rig.shards[0]!.roomJoined({ ...seat, roomId: 5, isDurable: true });
  rig.shards[0]!.roomLeft(1, 5, 0);
  rig.endTick();
  assert.equal(told(client).events.length, 0);
  rig.journal.take();
  rig.journal.makeDurable();
  rig.duty();
  assert.deepEqual(
    told(client).events.map(({ kind }) => kind),
    [engineEvents.roomJoined, engineEvents.roomLeft],
  );
});

// ---- intents --------------------------------------------------------------------------------------------------

test("[DS8] an intent is durable when its shard's tick is, and the acknowledgement is cumulative", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  rig.shards[1]!.roomJoined({ session: 1, roomId: 5, cell: 9, roomType: "table", staysWhenDropped: true });
  rig.endTick();
  client.send(encodeFieldIntent(rigIntents.bare, 1));
  client.send(encodeRoomIntent({ room: 5, kind: rigIntents.roomBare, seq: 2 }));
  client.send(encodeFieldIntent(rigIntents.bare, 3));
  rig.duty();
  const tick = rig.shards[0]!.tick;
  rig.shards[0]!.applied(1, 3);
  rig.shards[1]!.applied(1, 2, 5);
  rig.endTick();
  assert.deepEqual(acks(client), [{ applied: 3, durable: 0 }]);
  rig.control.setDurable(0, tick);
  rig.duty();
  rig.endTick();
  assert.deepEqual(acks(client), [{ applied: 3, durable: 1 }], "the second one's shard is not that far");
  rig.control.setDurable(1, tick - 1);
  rig.endTick();
  assert.deepEqual(acks(client), []);
  rig.control.setDurable(1, tick);
  rig.endTick();
  assert.deepEqual(acks(client), [{ applied: 3, durable: 3 }]);
});

test("[DS26] what net refuses is durable when the journal has the word of it, behind what is not", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  const keep = () => {
    rig.journal.take();
    rig.journal.makeDurable();
    rig.duty();
    rig.endTick();
  };
  keep();
  client.send(encodeRoomIntent({ room: 99, kind: 1, seq: 1 }));
  rig.duty();
  rig.endTick();
  assert.deepEqual(acks(client), [{ applied: 1, durable: 0 }]);
  keep();
  assert.deepEqual(acks(client), [{ applied: 1, durable: 1 }]);
  client.send(encodeFieldIntent(rigIntents.bare, 2));
  client.send(encodeRoomIntent({ room: 99, kind: 1, seq: 3 }));
  rig.duty();
  const tick = rig.shards[0]!.tick;
  rig.shards[0]!.applied(1, 2);
  rig.endTick();
  keep();
  assert.deepEqual(acks(client).at(-1), { applied: 3, durable: 1 });
  rig.control.setDurable(0, tick);
  rig.endTick();
  assert.deepEqual(acks(client), [{ applied: 3, durable: 3 }]);
});

test("[DS26] what a shard refused is durable when the journal has both groups: its own, and that of the word of it", () => {
  for (const isNetFirst of [false, true]) {
    const rig = new GatewayRig();
    const { client } = rig.enter("a");
    client.send(encodeFieldIntent(rigIntents.bare, 1));
    rig.duty();
    const tick = rig.shards[0]!.tick;
    const body = encodeRefusedBody({ intentSeq: 1, code: 1, reason: "" });
    rig.shards[0]!.say({
      ...{ sessions: [1], scope: eventScopes.engine, kind: engineEvents.refused },
      ...{ roomId: 0, roomSeq: 0, isDurable: false, body },
    });
    rig.shards[0]!.applied(1, 1);
    rig.endTick();
    rig.journal.take();
    for (const isNet of [isNetFirst, !isNetFirst]) {
      assert.deepEqual(acks(client).at(-1)?.durable ?? 0, 0);
      if (isNet) rig.journal.makeDurable();
      else rig.control.setDurable(0, tick);
      rig.duty();
      rig.endTick();
    }
    assert.deepEqual(acks(client), [{ applied: 1, durable: 1 }]);
  }
});

test("[DS22] the word that intents are durable leaves with the next tick, or after a little while", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  const settle = (seq: number) => {
    client.send(encodeFieldIntent(rigIntents.bare, seq));
    rig.duty();
    const tick = rig.shards[0]!.tick;
    rig.shards[0]!.applied(1, seq);
    rig.endTick();
    told(client);
    rig.control.setDurable(0, tick);
    rig.duty();
    assert.deepEqual(acks(client), []);
  };
  settle(1);
  rig.endTick();
  assert.deepEqual(acks(client), [{ applied: 1, durable: 1 }]);
  settle(2);
  assert.ok(rig.gateway.sleepMs(rig.clock.nowMs()) <= 50);
  rig.clock.advance(50);
  rig.duty();
  assert.deepEqual(acks(client), [{ applied: 2, durable: 2 }]);
});

// ---- shards that are lost -------------------------------------------------------------------------------------

test("[DS13] when a shard begins anew, seats it tells of are kept without a word, others are left", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  const seat = { session: 1, cell: 60, roomType: "table", staysWhenDropped: true };
  rig.shards[1]!.roomJoined({ ...seat, roomId: 5, isDurable: true });
  rig.shards[1]!.roomJoined({ ...seat, roomId: 6 });
  rig.endTick();
  rig.journal.take();
  rig.journal.makeDurable();
  rig.duty();
  told(client);
  rig.shards[1]!.hello(2);
  rig.endTick();
  assert.deepEqual(seqs(client), [], "nothing is known yet");
  rig.shards[1]!.roomJoined({ ...seat, roomId: 5, isDurable: true });
  rig.shards[1]!.restored(2);
  rig.endTick();
  assert.deepEqual(
    told(client).events.map(({ kind, room }) => [kind, room]),
    [[engineEvents.roomLeft, 6]],
  );
});

test("[DS13] intents that the shard's successor knows of are applied, the others refused; later ones are neither", () => {
  const rig = new GatewayRig();
  const { client } = rig.enter("a");
  const seat = { session: 1, cell: 60, roomType: "table", staysWhenDropped: true, isDurable: true };
  rig.shards[1]!.roomJoined({ ...seat, roomId: 5 });
  rig.endTick();
  for (const seq of [1, 2]) client.send(encodeRoomIntent({ room: 5, kind: rigIntents.roomBare, seq }));
  rig.duty();
  rig.shards[1]!.hello(2);
  rig.endTick();
  client.send(encodeRoomIntent({ room: 5, kind: rigIntents.roomBare, seq: 3 }));
  rig.duty();
  rig.shards[1]!.roomJoined({ ...seat, roomId: 5 });
  rig.shards[1]!.applied(1, 1, 5);
  rig.shards[1]!.restored(2);
  rig.endTick();
  rig.journal.take();
  rig.journal.makeDurable();
  rig.duty();
  const seen = told(client);
  const refused = seen.events.filter(({ kind }) => kind === engineEvents.refused);
  assert.deepEqual(
    refused.map(({ body }) => [decodeRefusedBody(body).intentSeq, decodeRefusedBody(body).code]),
    [[2, refusals.notAlive.code]],
  );
  rig.shards[1]!.applied(1, 3, 5);
  rig.endTick();
  assert.equal(acks(client).at(-1)!.applied, 3);
});

test("[DS13] a member of a lost shard joins when its successor has told what survived", () => {
  const rig = new GatewayRig();
  rig.enter("a");
  rig.hear();
  rig.shards[0]!.hello(2);
  rig.endTick();
  rig.letGoAll();
  rig.loadAll(15, 15);
  const joins = () => rig.hear().filter(({ type }) => type === 1).length;
  assert.equal(joins(), 0);
  rig.shards[0]!.restored(2);
  rig.endTick();
  rig.duty();
  assert.equal(joins(), 1);
});

// ---- a lane that is full --------------------------------------------------------------------------------------

test("[DS14] a session of which something found no room cannot be recovered, which is counted; it goes on", () => {
  const rig = new GatewayRig({
    shards: { count: 2, ringBytes: 8_388_608 },
    session: { eventBytesKeptMax: 16_777_216 },
  });
  const { client } = rig.enter("a");
  const other = rig.enter("b").client;
  const body = new Uint8Array(8000);
  let last = 0;
  // Nobody reads net's lane: ring and outbox fill.
  for (let round = 0; rig.count("sessions_unkept_total") === 0; round++) {
    assert.ok(round < 40);
    for (let kind = 0; kind < 50; kind++) rig.shards[0]!.event([1], 1, kind, body);
    rig.endTick();
    last = seqs(client).at(-1)!;
    client.send(encodeEventAck(last));
  }
  rig.shards[0]!.say({
    sessions: [1],
    scope: eventScopes.room,
    kind: 77,
    roomId: 0,
    roomSeq: 0,
    isDurable: true,
    body: empty,
  });
  rig.endTick();
  for (let turn = 0; turn < 10; turn++) {
    rig.journal.take();
    rig.clock.advance(50);
    rig.duty();
  }
  rig.journal.take();
  assert.deepEqual(seqs(client), [], "a promise waits all the same");
  rig.journal.makeDurable();
  rig.duty();
  assert.deepEqual(seqs(client), [last + 1]);
  assert.equal(client.isOpen, true);
  const [kept, whole] = rig.journal.survivors().sessions;
  assert.equal(kept!.attachEpoch & 1, 1, "the journal knows that it is not complete");
  assert.equal(kept!.events.length, 0);
  assert.equal(whole!.attachEpoch & 1, 0, "nobody else's is");
  assert.equal(rig.count("sessions_unkept_total"), 1);
  assert.equal(other.isOpen, true);
});
