/** A gateway that is started after another one has died, from what the journal kept of its sessions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import { INTENT_MESSAGE, readJoin, readRoomSession, toShard } from "../engine/lane/to-shard.js";
import { toStore } from "../engine/lane/to-store.js";
import { newPlayer } from "../engine/player.js";
import {
  decodeIntentAck,
  decodeNoticeBody,
  decodeRefusedBody,
  decodeRoomLeftBody,
  encodeEventAck,
  encodeFieldIntent,
  encodeGoodbye,
  type WelcomeFields,
} from "../engine/wire/codec.js";
import { closeCodes, refusals } from "../engine/wire/codes.js";
import { engineEvents, eventScopes, messageTypes } from "../engine/wire/message-types.js";
import { GatewayRig, type HeardRecord, rigIntents, told } from "./gateway-rig.js";
import type { MemoryClient } from "./memory-transport.js";
import { ResumeTokens } from "./resume-token.js";
import type { Survivors } from "./rig-journal.js";

const empty = new Uint8Array(0);
/** Session 1 in the durable room 5. */
const seat = {
  session: 1,
  roomId: 5,
  cell: 9,
  roomType: "table",
  staysWhenDropped: true,
  isDurable: true,
};
const only = (heard: readonly HeardRecord[], type: number) => heard.filter((record) => record.type === type);
const reader = (record: HeardRecord) => new ByteReader(record.payload);

/** The process dies with everything that was written safe, or with what was safe of it. Another one is started. */
function restart(rig: GatewayRig, survivors = survivorsOf(rig)): GatewayRig {
  const next = new GatewayRig({}, survivors);
  next.journal.restore();
  return next;
}

/** Its shards begin, and whoever was in the world is in it again. */
function revive(next: GatewayRig): void {
  next.open();
  next.loadAll(15, 15);
  next.admitAll();
}

function survivorsOf(rig: GatewayRig): Survivors {
  rig.journal.take();
  return rig.journal.survivors(rig.journal.last);
}

/** A process in which one player was told so many volatile events, kinds 1, 2, 3 …, and one that follows it. */
function afterEvents(count: number): { rig: GatewayRig; client: MemoryClient; welcome: WelcomeFields } {
  const rig = new GatewayRig();
  const { client, welcome } = rig.enter("a");
  for (let kind = 1; kind <= count; kind++) rig.shards[0]!.event([1], 1, kind);
  rig.endTick();
  return { rig, client, welcome };
}

const resume = (welcome: WelcomeFields) => ({
  resume: { session: welcome.session, token: welcome.resumeToken },
});
/** What a client was told since: number and kind, without what the engine itself says. */
const news = (client: MemoryClient) =>
  told(client)
    .events.filter(({ scope }) => scope !== eventScopes.engine)
    .map(({ seq, kind }) => [seq, kind]);

// ---- coming back ----------------------------------------------------------------------------------------------

test("[DS9] a restored session is suspended, loaded and joined, and keeps its number", () => {
  const { rig } = afterEvents(0);
  rig.enter("b");
  const next = restart(rig);
  next.open();
  assert.equal(next.count("sessions_suspended"), 2);
  assert.equal(next.count("sessions_restored_total"), 2);
  next.loadAll(15, 15);
  const joins = only(next.hear(), toShard.join).map((record) => readJoin(reader(record)));
  assert.deepEqual(
    joins.map(({ session, isSuspended, isRelocated }) => [session, isSuspended, isRelocated]),
    [
      [1, true, true],
      [2, true, true],
    ],
  );
  assert.equal(next.enter("c").welcome.session, 3, "numbers go on");
});

test("[DS9] who does not come back within the whole grace time leaves", () => {
  const { rig, welcome } = afterEvents(0);
  const next = restart(rig);
  revive(next);
  next.clock.advance(29_900);
  next.duty();
  assert.equal(only(next.hear(), toShard.leave).length, 0);
  next.clock.advance(200);
  next.duty();
  assert.equal(only(next.hear(), toShard.leave).length, 1);
  assert.equal(next.connect("a", resume(welcome)).closed?.code, closeCodes.resumeInvalid.code);
  next.journal.take();
  assert.equal(next.journal.items(toStore.sessionClosed).length, 1);
});

test("[DS9] a store that cannot answer costs nobody the session while its client is away", () => {
  const { rig, welcome } = afterEvents(0);
  const next = restart(rig);
  next.open();
  next.failLoad(next.takeLoads()[0]!);
  next.duty();
  next.clock.advance(1001);
  next.duty();
  next.loadAll(15, 15);
  next.admitAll();
  const back = next.connect("a", resume(welcome));
  next.duty();
  assert.equal(told(back).welcomes[0]!.recovered, true);
});

test("[DS10] a resume after a restart is recovered and gets exactly the events it has not acknowledged", () => {
  const { rig, client, welcome } = afterEvents(3);
  client.send(encodeEventAck(1));
  rig.clock.advance(1000);
  rig.duty();
  const next = restart(rig);
  revive(next);
  const back = next.connect("a", resume(welcome));
  next.duty();
  const seen = told(back);
  assert.equal(seen.welcomes[0]!.recovered, true);
  assert.equal(seen.welcomes[0]!.session, 1);
  assert.equal(seen.welcomes[0]!.eventsAcked, 1);
  assert.deepEqual(
    seen.events.map(({ seq, kind }) => [seq, kind]),
    [
      [2, 2],
      [3, 3],
      [4, engineEvents.notice],
    ],
  );
  assert.equal(decodeNoticeBody(seen.events[2]!.body).text, "the server was restarted");
});

test("[DS11] no number is given twice: what left just before the end is asked of the client first", () => {
  const { rig, client, welcome } = afterEvents(2);
  const survivors = survivorsOf(rig);
  // These leave at once, and then the process dies before the journal has them.
  for (const kind of [3, 4, 5]) rig.shards[0]!.event([1], 1, kind);
  rig.endTick();
  assert.deepEqual(news(client).at(-1), [5, 5]);
  const next = restart(rig, survivors);
  revive(next);
  next.shards[0]!.event([1], 1, 60);
  next.endTick();
  const back = next.connect("a", resume(welcome));
  next.duty();
  assert.deepEqual(news(back), [
    [1, 1],
    [2, 2],
  ]);
  next.shards[0]!.event([1], 1, 61);
  next.endTick();
  assert.deepEqual(news(back), [], "they wait for the client's word");
  // All it has: five events of before. Number 3, the notice, was a repetition to it.
  back.send(encodeEventAck(5));
  next.duty();
  assert.deepEqual(news(back), [], "and for the journal's");
  next.journal.take();
  next.journal.makeDurable();
  next.duty();
  assert.deepEqual(news(back), [
    [6, 60],
    [7, 61],
  ]);
  next.shards[0]!.event([1], 1, 62);
  next.endTick();
  assert.deepEqual(news(back), [[8, 62]]);
});

test("[DS11] a crash between the question and the answer asks again, and loses and doubles nothing", () => {
  const { rig, welcome } = afterEvents(2);
  const survivors = survivorsOf(rig);
  for (const kind of [3, 4, 5]) rig.shards[0]!.event([1], 1, kind);
  rig.endTick();
  const second = restart(rig, survivors);
  revive(second);
  second.shards[0]!.event([1], 1, 60);
  second.endTick();
  const third = restart(second);
  revive(third);
  third.shards[0]!.event([1], 1, 61);
  third.endTick();
  const back = third.connect("a", resume(welcome));
  third.duty();
  const seen = told(back);
  assert.equal(seen.welcomes[0]!.recovered, true);
  assert.deepEqual(
    seen.events.map(({ seq, kind }) => [seq, kind]),
    [
      [1, 1],
      [2, 2],
      [3, engineEvents.notice],
    ],
    "one question, however many restarts",
  );
  back.send(encodeEventAck(5));
  third.duty();
  const fourth = restart(third);
  revive(fourth);
  const again = fourth.connect("a", { resume: { session: 1, token: seen.welcomes[0]!.resumeToken } });
  fourth.duty();
  assert.equal(told(again).events[0]!.seq, 6, "the answer is known, and the events have their new numbers");
});

test("[DS11] an answer beyond all measure ends the session", () => {
  const { rig, welcome } = afterEvents(2);
  const next = restart(rig);
  revive(next);
  const back = next.connect("a", resume(welcome));
  next.duty();
  back.send(encodeEventAck(3_000_000));
  assert.equal(back.closed?.code, closeCodes.outOfOrder.code);
});

test("[DS12] a player who logs in anew takes the restored session over and is told of no past", () => {
  const { rig, welcome } = afterEvents(3);
  const next = restart(rig);
  revive(next);
  const fresh = next.connect("a");
  next.duty();
  const seen = told(fresh);
  assert.equal(seen.welcomes[0]!.session, 1);
  assert.equal(seen.welcomes[0]!.recovered, false);
  assert.equal(seen.welcomes[0]!.eventsAcked, 4, "the notice had a number too");
  assert.deepEqual(seen.events, []);
  next.shards[0]!.event([1], 1, 50);
  next.endTick();
  assert.deepEqual(news(fresh), [[5, 50]], "nothing is asked of it");
  assert.equal(next.connect("a", resume(welcome)).closed?.code, closeCodes.resumeInvalid.code);
});

test("[DS15] events that were lost before the crash are told as lost after it", () => {
  const rig = new GatewayRig({ session: { eventsKeptMax: 16 } });
  const { client, welcome } = rig.enter("a");
  client.hangUp();
  for (let kind = 1; kind <= 20; kind++) rig.shards[0]!.event([1], 1, kind);
  rig.endTick();
  const next = restart(rig);
  revive(next);
  const back = next.connect("a", resume(welcome));
  next.duty();
  const [again] = told(back).welcomes;
  assert.equal(again!.recovered, false);
  assert.ok(again!.eventsAcked >= 17);
  // From here on it is whole again.
  const third = restart(next);
  revive(third);
  const later = third.connect("a", resume(again!));
  third.duty();
  assert.equal(told(later).welcomes[0]!.recovered, true);
});

test("[DS15] whose events are not whole counts on behind all that its client can have", () => {
  const { rig, client, welcome } = afterEvents(2);
  const survivors = survivorsOf(rig);
  for (let kind = 3; kind <= 40; kind++) rig.shards[0]!.event([1], 1, kind);
  rig.endTick();
  assert.equal(told(client).events.length, 40);
  const sessions = survivors.sessions.map((session) => ({
    ...session,
    attachEpoch: session.attachEpoch | 1,
    eventsAcked: 2,
    events: [],
  }));
  const next = restart(rig, { ...survivors, sessions });
  revive(next);
  const back = next.connect("a", resume(welcome));
  next.duty();
  const [again] = told(back).welcomes;
  assert.equal(again!.recovered, false);
  assert.ok(again!.eventsAcked > 40);
  next.shards[0]!.event([1], 1, 50);
  next.endTick();
  assert.deepEqual(news(back), [[again!.eventsAcked + 1, 50]]);
});

test("[DS15] so does one whose client never said what it has and lets events pile up", () => {
  const { rig, client, welcome } = afterEvents(2);
  const survivors = survivorsOf(rig);
  for (let kind = 3; kind <= 9; kind++) rig.shards[0]!.event([1], 1, kind);
  rig.endTick();
  assert.equal(told(client).events.length, 9);
  const next = restart(rig, survivors);
  revive(next);
  const slow = next.connect("a", resume(welcome));
  next.duty();
  for (let kind = 0; kind < 1100; kind++) next.shards[0]!.event([1], 1, kind);
  next.endTick();
  assert.equal(slow.closed?.code, closeCodes.tooSlow.code);
  const back = next.connect("a", resume(told(slow).welcomes[0]!));
  next.duty();
  const [again] = told(back).welcomes;
  assert.equal(again!.recovered, false);
  assert.ok(again!.eventsAcked > 1_000_000);
});

test("[DS15] an image with a gap, or with more than is kept, is told as lost", () => {
  const { rig, welcome } = afterEvents(5);
  const survivors = survivorsOf(rig);
  const gap = {
    ...survivors,
    sessions: survivors.sessions.map((session) => ({
      ...session,
      events: session.events.filter(({ seq }) => seq !== 3),
    })),
  };
  const next = restart(rig, gap);
  revive(next);
  const back = next.connect("a", resume(welcome));
  next.duty();
  assert.equal(told(back).welcomes[0]!.recovered, false);
});

test("[DS15] an image of a thousand events is replayed whole", () => {
  const { rig, client, welcome } = afterEvents(1000);
  assert.equal(told(client).events.length, 1000);
  const next = restart(rig);
  for (let turn = 0; turn < 5; turn++) next.duty();
  revive(next);
  const back = next.connect("a", resume(welcome));
  next.duty();
  const seen = told(back);
  assert.equal(seen.welcomes[0]!.recovered, true);
  assert.deepEqual(
    seen.events.map(({ seq }) => seq),
    Array.from({ length: 1001 }, (_, index) => index + 1),
  );
});

test("[DS16] until everybody is restored nobody gets in and nothing is taken from shards", () => {
  const { rig, welcome } = afterEvents(0);
  rig.shards[0]!.roomJoined(seat);
  rig.endTick();
  const next = new GatewayRig({}, survivorsOf(rig));
  next.shards[0]!.hello(1);
  next.shards[0]!.roomJoined(seat);
  next.shards[0]!.restored(1);
  next.shards[0]!.endTick(0);
  next.clock.advance(100);
  next.duty();
  assert.equal(next.connect("a", resume(welcome)).closed?.code, closeCodes.overloaded.code);
  next.journal.restore();
  next.duty();
  next.clock.advance(100);
  next.duty();
  next.loadAll(15, 15);
  const joins = next.admitAll();
  const back = next.connect("a", resume(welcome));
  next.duty();
  assert.equal(told(back).welcomes[0]!.recovered, true);
  const heard = [...joins, ...next.hear()];
  assert.equal(
    only(heard, toShard.roomReconnect).length,
    1,
    "the room was told of when its member was known",
  );
});

test("[DS16] who comes back early waits for the Welcome until the session is in the world, the newest alone", () => {
  const { rig, welcome } = afterEvents(0);
  const next = restart(rig);
  next.open();
  const older = next.connect("a", resume(welcome));
  const gone = next.connect("a", resume(welcome));
  assert.equal(older.closed?.code, closeCodes.takenOver.code);
  gone.hangUp();
  next.duty();
  const back = next.connect("a", resume(welcome));
  back.send(encodeEventAck(1000));
  next.duty();
  assert.deepEqual(back.messages, []);
  next.loadAll(15, 15);
  next.admitAll();
  next.duty();
  assert.equal(told(back).welcomes[0]!.recovered, true);
});

test("[DS16] who waits for a session that ends hears so", () => {
  const { rig, welcome } = afterEvents(0);
  const next = restart(rig);
  next.open();
  const back = next.connect("a", resume(welcome));
  next.clock.advance(30_001);
  next.duty();
  next.duty();
  assert.equal(back.closed?.code, closeCodes.resumeInvalid.code);
});

test("[DS18] nobody is restored who left, or who was never told that he was there", () => {
  const rig = new GatewayRig();
  rig.enter("a").client.send(encodeGoodbye());
  rig.connect("b");
  rig.duty();
  const next = restart(rig);
  revive(next);
  assert.equal(next.gateway.sessionCount, 0);
  assert.equal(next.enter("c").welcome.session, 3, "their numbers are not given again");
  assert.equal(survivorsOf(next).sessions.length, 1, "the journal forgets them too");
});

test("[DS18] a drain while sessions are being restored ends them", async () => {
  const { rig } = afterEvents(0);
  const next = new GatewayRig({}, survivorsOf(rig));
  next.gateway.beginDrain();
  next.journal.restore();
  next.open();
  assert.equal(next.gateway.sessionCount, 0);
  await next.gateway.stop();
});

// ---- tokens ---------------------------------------------------------------------------------------------------

test("[DS17] a token is good for its player, session and epoch, and by this server's key alone", () => {
  const owner = { number: 7, playerId: "a".repeat(32) };
  const tokens = new ResumeTokens(new Uint8Array(32).fill(7));
  const token = tokens.issue(owner, 41);
  assert.equal(tokens.judge(token, owner), 41);
  assert.equal(tokens.judge(token, { ...owner, number: 8 }), -1);
  assert.equal(tokens.judge(token, { ...owner, playerId: "b".repeat(32) }), -1);
  assert.equal(new ResumeTokens(new Uint8Array(32).fill(8)).judge(token, owner), -1);
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === "A" ? "B" : "A";
    assert.equal(tokens.judge(token.slice(0, at) + other + token.slice(at + 1), owner), -1, `letter ${at}`);
  }
  for (const text of ["", token.slice(1), `${token}A`, "A".repeat(48), "!".repeat(48)]) {
    assert.equal(tokens.judge(text, owner), -1, text);
  }
});

test("[DS17] after a restart the newest token known and any newer one are good, older ones are not", () => {
  const rig = new GatewayRig();
  const welcomes = [rig.enter("a").welcome];
  let survivors: Survivors | null = null;
  for (let attach = 1; attach <= 4; attach++) {
    const back = rig.connect("a", resume(welcomes.at(-1)!));
    rig.duty();
    welcomes.push(told(back).welcomes[0]!);
    // The journal came to know of the third Welcome, not of the fourth and fifth.
    if (attach === 2) survivors = survivorsOf(rig);
  }
  const verdicts = welcomes.map((welcome) => {
    const next = restart(rig, survivors!);
    revive(next);
    return next.connect("a", resume(welcome)).isOpen;
  });
  assert.deepEqual(verdicts, [false, false, true, true, true]);
});

test("[DS17] what was given out before a restart is worth nothing after the first attach behind it", () => {
  const rig = new GatewayRig();
  const { welcome } = rig.enter("a");
  const survivors = survivorsOf(rig);
  const old = [welcome];
  for (let attach = 1; attach <= 3; attach++) {
    const back = rig.connect("a", resume(old.at(-1)!));
    old.push(told(back).welcomes[0]!);
  }
  const next = restart(rig, survivors);
  revive(next);
  let newest = told(next.connect("a")).welcomes[0]!;
  for (let attach = 1; attach <= 4; attach++) {
    for (const welcome of old) {
      assert.equal(next.connect("a", resume(welcome)).closed?.code, closeCodes.resumeInvalid.code);
    }
    newest = told(next.connect("a", resume(newest))).welcomes[0]!;
  }
});

// ---- intents --------------------------------------------------------------------------------------------------

const acksOf = (client: MemoryClient) =>
  told(client)
    .raw.filter((bytes) => bytes[0] === messageTypes.intentAck)
    .map(decodeIntentAck);
const intentsOf = (rig: GatewayRig) =>
  only(rig.hear(), toShard.intent).map((record) => record.payload[INTENT_MESSAGE + 4]);

/** One who made intents 1 to 5, of which 1, 2 and 4 were settled before the crash. */
function afterIntents(): { next: GatewayRig; back: MemoryClient; welcome: WelcomeFields } {
  const { rig, client, welcome } = afterEvents(0);
  for (let seq = 1; seq <= 5; seq++) client.send(encodeFieldIntent(rigIntents.bare, seq));
  rig.duty();
  for (const seq of [1, 2, 4]) rig.journal.settle(1, seq);
  const next = restart(rig);
  revive(next);
  const back = next.connect("a", resume(welcome));
  next.duty();
  next.hear();
  return { next, back, welcome: told(back).welcomes[0]! };
}

test("[DS19] intents settled before the crash are not applied again, the others are", () => {
  const { next, back, welcome } = afterIntents();
  assert.equal(welcome.intentsApplied, 2);
  for (const seq of [3, 4, 5]) back.send(encodeFieldIntent(rigIntents.bare, seq));
  next.duty();
  assert.deepEqual(intentsOf(next), [3, 5]);
  const tick = next.shards[0]!.tick;
  next.shards[0]!.applied(1, 3);
  next.endTick();
  assert.deepEqual(acksOf(back).at(-1), { applied: 4, durable: 2 });
  next.shards[0]!.applied(1, 5);
  next.control.setDurable(0, tick);
  next.endTick();
  assert.deepEqual(acksOf(back).at(-1), { applied: 5, durable: 4 });
});

test("[DS19] the first intent after a restart may skip those the crash took, none after it", () => {
  const { next, back } = afterIntents();
  back.send(encodeFieldIntent(rigIntents.bare, 6));
  next.duty();
  assert.deepEqual(intentsOf(next), [6]);
  assert.equal(back.isOpen, true);
  back.send(encodeFieldIntent(rigIntents.bare, 8));
  assert.equal(back.closed?.code, closeCodes.outOfOrder.code);
});

test("[DS19] who has logged in anew may not skip", () => {
  const { rig } = afterEvents(0);
  const next = restart(rig);
  revive(next);
  const fresh = next.connect("a");
  next.duty();
  fresh.send(encodeFieldIntent(rigIntents.bare, told(fresh).welcomes[0]!.intentsApplied + 2));
  assert.equal(fresh.closed?.code, closeCodes.outOfOrder.code);
});

/**
 * As {@link afterIntents}, and the second and the fourth were refused: the journal does not know that anybody said so.
 * Behind the second crash it has that as events, which did not leave.
 */
function afterRefusals(crashes: number) {
  const { rig, client, welcome } = afterEvents(0);
  for (let seq = 1; seq <= 5; seq++) client.send(encodeFieldIntent(rigIntents.bare, seq));
  rig.duty();
  const survivors = survivorsOf(rig);
  const refusal = { code: refusals.notDurable.code, reason: "" };
  const [session] = survivors.sessions;
  const next = restart(rig, {
    ...survivors,
    sessions: [
      {
        ...session!,
        settled: [1, 2, 4],
        refusals: [
          { intentSeq: 2, ...refusal },
          { intentSeq: 4, ...refusal, code: 1234, reason: "so the game says" },
        ],
      },
    ],
  });
  revive(next);
  const back = next.connect("a", resume(welcome));
  next.duty();
  if (crashes === 1) return { next, back, seen: told(back) };
  next.clock.advance(1000);
  next.duty();
  const third = restart(next);
  revive(third);
  const again = third.connect("a", resume(told(back).welcomes[0]!));
  third.duty();
  return { next: third, back: again, seen: told(again) };
}

test("[DS25] what was refused before the crash is told after it, and called durable only then", () => {
  const runs: [crashes: number, ahead: number][] = [
    [1, 0],
    [1, 7],
    [2, 0],
    [2, 7],
  ];
  for (const [crashes, ahead] of runs) {
    const { next, back, seen } = afterRefusals(crashes);
    assert.equal(seen.welcomes[0]!.intentsApplied, 2);
    assert.deepEqual(
      seen.events.map(({ kind }) => kind),
      [engineEvents.notice],
    );
    const acks = acksOf(back);
    next.hear();
    for (const seq of [2, 3, 4]) back.send(encodeFieldIntent(rigIntents.bare, seq));
    next.duty();
    assert.deepEqual(intentsOf(next), [3]);
    next.shards[0]!.applied(1, 3);
    next.endTick();
    next.control.setDurable(0, next.shards[0]!.tick);
    next.endTick();
    for (const { durable } of [...acks, ...acksOf(back)]) assert.equal(durable, 1);
    // The client has so many events more than is known here.
    back.send(encodeEventAck(seen.events[0]!.seq + ahead));
    next.endTick();
    assert.equal(acksOf(back).filter(({ durable }) => durable > 1).length, 0);
    next.journal.take();
    next.journal.makeDurable();
    next.duty();
    next.endTick();
    next.endTick();
    const { events, raw } = told(back);
    const refused = events.filter(({ kind }) => kind === engineEvents.refused);
    assert.deepEqual(
      refused.map(({ seq, body }) => [seq - seen.events[0]!.seq - ahead, decodeRefusedBody(body)]),
      [
        [1, { intentSeq: 2, code: refusals.notDurable.code, reason: "" }],
        [2, { intentSeq: 4, code: 1234, reason: "so the game says" }],
      ],
    );
    const types = raw.map((bytes) => bytes[0]);
    assert.ok(types.indexOf(messageTypes.event) < types.lastIndexOf(messageTypes.intentAck));
    const last = raw.filter((bytes) => bytes[0] === messageTypes.intentAck).at(-1)!;
    assert.deepEqual(decodeIntentAck(last), { applied: 4, durable: 4 });
  }
});

test("[DS28] whoever takes a restored session over is acknowledged nothing before the journal knows of that", () => {
  const { rig, client } = afterEvents(0);
  for (let seq = 1; seq <= 5; seq++) client.send(encodeFieldIntent(rigIntents.bare, seq));
  rig.duty();
  for (const seq of [1, 2, 4]) rig.journal.settle(1, seq);
  const next = restart(rig);
  revive(next);
  next.journal.take();
  next.journal.makeDurable();
  next.endTick();
  const fresh = next.connect("a");
  next.duty();
  next.endTick();
  const { welcomes, raw } = told(fresh);
  assert.equal(welcomes[0]!.intentsApplied, 4, "intent 3 is not of this client");
  const isAck = (bytes: Uint8Array) => bytes[0] === messageTypes.intentAck;
  assert.equal(raw.filter(isAck).length, 0);
  next.journal.take();
  next.journal.makeDurable();
  next.endTick();
  assert.deepEqual(acksOf(fresh), [{ applied: 4, durable: 4 }]);
  assert.equal(next.journal.survivors().sessions[0]!.intentsDurable, 4);
});

// ---- rooms ----------------------------------------------------------------------------------------------------

/** One who sat in a durable room 5, which told its event number 3, and in room 6. */
function afterRooms(): { rig: GatewayRig; client: MemoryClient; welcome: WelcomeFields } {
  const { rig, client, welcome } = afterEvents(0);
  rig.shards[0]!.roomJoined(seat);
  rig.shards[0]!.roomJoined({ ...seat, roomId: 6, isDurable: false });
  sayRoom(rig, 3);
  rig.endTick();
  rig.journal.take();
  rig.journal.makeDurable();
  rig.duty();
  return { rig, client, welcome };
}

function sayRoom(rig: GatewayRig, roomSeq: number): void {
  const scope = eventScopes.room;
  const kind = 100 + roomSeq;
  rig.shards[0]!.say({ sessions: [1], scope, kind, roomId: 5, roomSeq, isDurable: true, body: empty });
}

test("[DS20] a room that survived goes on without a word; one that did not is left when all shards have spoken", () => {
  const { rig, client, welcome } = afterRooms();
  client.send(encodeEventAck(3));
  rig.clock.advance(1000);
  rig.duty();
  const next = restart(rig);
  next.duty();
  next.shards[0]!.hello(1);
  for (const roomSeq of [2, 3, 4]) sayRoom(next, roomSeq);
  next.shards[0]!.roomJoined(seat);
  next.shards[0]!.restored(1);
  next.shards[0]!.endTick(0);
  next.clock.advance(50);
  next.duty();
  next.loadAll(15, 15);
  next.admitAll();
  const back = next.connect("a", resume(welcome));
  next.duty();
  assert.deepEqual(told(back).types, [], "the other shard has not spoken yet");
  next.shards[1]!.hello(1);
  next.shards[1]!.restored(1);
  next.endTick();
  next.duty();
  told(back);
  back.send(encodeEventAck(4));
  next.duty();
  next.journal.take();
  next.journal.makeDurable();
  next.duty();
  const [told104, left, ...others] = told(back).events;
  assert.deepEqual(
    [told104!.seq, told104!.kind, told104!.room],
    [5, 104, 5],
    "what it had is not told again",
  );
  assert.deepEqual(decodeRoomLeftBody(left!.body), {
    room: 6,
    code: refusals.roomFailed.code,
    reason: refusals.roomFailed.reason,
  });
  assert.equal(others.length, 0);
});

test("[DS20] who was never told of a room hears that it is in it before the room's events", () => {
  const { rig, client, welcome } = afterEvents(0);
  client.send(encodeEventAck(0));
  rig.clock.advance(1000);
  rig.duty();
  const next = restart(rig);
  next.duty();
  next.shards[0]!.hello(1);
  for (const roomSeq of [1, 2]) sayRoom(next, roomSeq);
  next.shards[0]!.roomJoined(seat);
  next.shards[0]!.restored(1);
  next.shards[1]!.hello(1);
  next.shards[1]!.restored(1);
  next.endTick();
  next.clock.advance(50);
  next.duty();
  next.loadAll(15, 15);
  next.admitAll();
  const back = next.connect("a", resume(welcome));
  next.endTick();
  next.duty();
  const [question] = told(back).events;
  back.send(encodeEventAck(question!.seq));
  next.duty();
  next.journal.take();
  next.journal.makeDurable();
  next.duty();
  assert.deepEqual(
    told(back).events.map(({ scope, kind, room }) => [scope, kind, room]),
    [
      [eventScopes.engine, engineEvents.roomJoined, 5],
      [eventScopes.room, 101, 5],
      [eventScopes.room, 102, 5],
    ],
  );
});

test("[DS20] a room that had ended before the crash is left as it was to be, and not as one that failed", () => {
  const { rig, client, welcome } = afterRooms();
  client.send(encodeEventAck(3));
  rig.clock.advance(1000);
  rig.duty();
  const next = restart(rig);
  next.duty();
  next.shards[0]!.hello(1);
  for (const roomId of [5, 6]) next.shards[0]!.roomLeft(1, roomId, 0);
  next.shards[0]!.restored(1);
  next.shards[1]!.hello(1);
  next.shards[1]!.restored(1);
  next.endTick();
  next.clock.advance(50);
  next.duty();
  next.loadAll(15, 15);
  next.admitAll();
  const back = next.connect("a", resume(welcome));
  next.endTick();
  next.duty();
  told(back);
  back.send(encodeEventAck(4));
  next.duty();
  next.journal.take();
  next.journal.makeDurable();
  next.duty();
  const left = told(back).events.map((event) => decodeRoomLeftBody(event.body));
  assert.deepEqual(
    left.map(({ room, code }) => [room, code]),
    [
      [5, 0],
      [6, 0],
    ],
  );
});

test("[DS20] a room whose member is not here any more is told to let go", () => {
  const { rig, client } = afterRooms();
  client.send(encodeGoodbye());
  rig.duty();
  const next = restart(rig);
  next.shards[0]!.hello(1);
  next.shards[0]!.roomJoined(seat);
  next.shards[0]!.restored(1);
  next.shards[0]!.endTick(0);
  next.duty();
  next.clock.advance(50);
  next.duty();
  assert.deepEqual(
    only(next.hear(), toShard.roomLeave).map((record) => readRoomSession(reader(record)).session),
    [1],
  );
});

test("[DS20] who logs in anew is told of the rooms that survived, when they are known", () => {
  const { rig } = afterRooms();
  const next = restart(rig);
  next.duty();
  const fresh = next.connect("a");
  next.shards[0]!.roomJoined(seat);
  revive(next);
  next.duty();
  next.journal.take();
  next.journal.makeDurable();
  next.duty();
  assert.deepEqual(
    told(fresh).events.map(({ kind, room }) => [kind, room]),
    [[engineEvents.roomJoined, 5]],
  );
});

test("[DS2] grants that wait travel from the load into the join", () => {
  const rig = new GatewayRig();
  rig.connect("a");
  rig.duty();
  const [load] = rig.takeLoads();
  const grants = [
    { grantId: "1".repeat(32), playerId: "a".repeat(32), kind: 3, fromRoom: 5, body: Uint8Array.of(1, 2) },
  ];
  rig.journal.loaded({ ...load!, player: newPlayer("a".repeat(32), "Ann"), grants });
  rig.duty();
  assert.deepEqual(readJoin(reader(only(rig.hear(), toShard.join)[0]!)).grants, grants);
});
