import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import { LaneWriter } from "../engine/lane/lane.js";
import { readSessionProgress, toStore } from "../engine/lane/to-store.js";
import { silentLog } from "../engine/log.js";
import { Counters, createCounters } from "../engine/memory/counters.js";
import { createDoorbell, Doorbell } from "../engine/memory/doorbell.js";
import { createRing, RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import { netCatalogue, netMetric } from "../engine/metrics.js";
import { EventLog } from "./event-log.js";
import { IntentWindow } from "./intent-window.js";
import type { Buckets } from "./rate-limit.js";
import { Session } from "./session.js";
import { SessionJournal } from "./session-journal.js";

const FILLER = 99;
const IDLE = { isTicking: false };

function sessionOf(number: number): Session {
  return new Session({
    number,
    playerId: "a".repeat(32),
    name: "A name of some length that needs room",
    events: new EventLog({ eventsMax: 100, bytesMax: 100_000 }),
    intents: new IntentWindow(64),
    buckets: null as unknown as Buckets,
    state: { is: "live" },
    attachEpoch: 7,
  });
}

function journalOf() {
  const ring = createRing(4096);
  const lane = new LaneWriter(new RingWriter(ring), new Doorbell(createDoorbell()), { outboxBytesMax: 0 });
  const reader = new RingReader(ring);
  const counters = new Counters(createCounters(netCatalogue), netCatalogue);
  const journal = new SessionJournal({ lane, counters, log: silentLog, ticksTaken: () => [3] });
  const take = () => {
    lane.flush();
    const records: { type: number; payload: Uint8Array }[] = [];
    reader.drain((type, at, length) => {
      if (type !== FILLER) records.push({ type, payload: reader.bytes.slice(at, at + length) });
    }, 10_000);
    return records;
  };
  return { lane, journal, counters, take };
}

test("[DS14] no group ends before it says what it lacks, though its end would find room", () => {
  const { lane, journal, counters, take } = journalOf();
  // 24 bytes are left: an end fits, the record of a session does not.
  lane.send(FILLER, new Uint8Array(24));
  while (lane.send(FILLER, new Uint8Array(32)));
  const session = sessionOf(1);
  journal.opened(session);
  assert.equal(session.keeping, "unkept");
  assert.equal(counters.get(netMetric.sessions_unkept_total), 1);
  session.events.append({ scope: 1, kind: 2, room: 0, body: new Uint8Array(0), isDurable: true });
  const group = journal.event(session, { roomId: 0, roomSeq: 0 });
  journal.endTurn(1000, IDLE);
  assert.equal(journal.group, group, "the group goes on");
  assert.equal(lane.send(FILLER, new Uint8Array(10)), true, "though there was room for its end");
  assert.deepEqual(take(), []);
  journal.endTurn(1050, IDLE);
  const records = take();
  assert.deepEqual(
    records.map(({ type }) => type),
    [toStore.sessionOpened, toStore.sessionProgress, toStore.netEnd],
  );
  const { attachEpoch, eventsAcked } = readSessionProgress(new ByteReader(records[1]!.payload));
  assert.deepEqual([attachEpoch, eventsAcked], [15, 1], "epoch 7, not whole, nothing owed");
  assert.equal(journal.group, group + 1);
  assert.equal(session.keeping, "lost");
  // From here on it is kept no more, and still promises are kept to it.
  session.events.append({ scope: 1, kind: 2, room: 0, body: new Uint8Array(0), isDurable: true });
  assert.equal(journal.event(session, { roomId: 0, roomSeq: 0 }), group + 1);
  journal.endTurn(1100, IDLE);
  assert.deepEqual(
    take().map(({ type }) => type),
    [toStore.netEnd],
  );
});

test("[DS14] a session that ends while there is no room is closed in the journal when there is", () => {
  const { lane, journal, take } = journalOf();
  const session = sessionOf(1);
  journal.opened(session);
  journal.endTurn(0, IDLE);
  take();
  while (lane.send(FILLER, new Uint8Array(32)));
  while (lane.send(FILLER, new Uint8Array(1)));
  journal.closed(session);
  journal.load({ session: 2, joinEpoch: 1, playerId: "b".repeat(32) });
  assert.deepEqual(journal.endTurn(1000, IDLE), [{ session: 2, joinEpoch: 1, playerId: "b".repeat(32) }]);
  assert.equal(journal.isBehind, true);
  assert.deepEqual(take(), []);
  journal.endTurn(2000, IDLE);
  assert.deepEqual(
    take().map(({ type }) => type),
    [toStore.sessionClosed, toStore.netEnd],
  );
});

test("[DS23] a session whose intents come far within a second is written at once", () => {
  const { journal, take } = journalOf();
  const session = sessionOf(1);
  journal.opened(session);
  journal.stands(session);
  take();
  session.intents.durable = 255;
  journal.changed(session);
  assert.deepEqual(take(), []);
  session.intents.durable = 256;
  journal.changed(session);
  assert.deepEqual(
    take().map(({ payload }) => readSessionProgress(new ByteReader(payload)).intentsDurable),
    [256],
  );
});
