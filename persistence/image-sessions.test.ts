import assert from "node:assert/strict";
import { test } from "node:test";
import { ImageSessions } from "./image-sessions.js";

const SESSION = 17;
/** Several times what is kept one by one. */
const COUNT = 5000;

function sessionsWith(before: (sessions: ImageSessions) => void = () => {}): ImageSessions {
  const sessions = new ImageSessions(() => false);
  before(sessions);
  sessions.open({ session: SESSION, playerId: "", name: "Ada" }, 1);
  return sessions;
}

const settle = (sessions: ImageSessions, seq: number) => sessions.settle({ session: SESSION, seqs: [seq] });
const refuse = (sessions: ImageSessions, intentSeq: number) =>
  sessions.refuse({ session: SESSION, intentSeq, code: 1, reason: "" });
const standsAt = (sessions: ImageSessions, intentsDurable: number) =>
  sessions.progress({ session: SESSION, attachEpoch: 2, eventsAcked: 0, intentsDurable });

/** Up to where a session's intents are settled without a gap, for the process that is told so. */
function settledUpTo(sessions: ImageSessions): number {
  const { intentsDurable, settled } = sessions.get(SESSION)!.copy();
  const known = new Set(settled);
  assert.ok(known.size <= 1024, "it fits a record");
  let upTo = intentsDurable;
  while (known.has(upTo + 1)) upTo++;
  return upTo;
}

test("[RV21] however many intents were settled while the disk was away, none of them is taken for new", () => {
  const all = (sessions: ImageSessions) => {
    for (let seq = 1; seq <= COUNT; seq++) settle(sessions, seq);
  };
  const opened = sessionsWith();
  all(opened);
  assert.equal(settledUpTo(opened), COUNT);
  assert.equal(settledUpTo(sessionsWith(all)), COUNT, "also where shards were faster than net");
  standsAt(opened, COUNT);
  assert.deepEqual(opened.get(SESSION)!.copy().settled, []);
});

test("[RV21] a refusal is owed however far what is settled has gone on, until net says more than that", () => {
  const sessions = sessionsWith();
  for (let seq = 1; seq <= COUNT; seq++) {
    if (seq === 100) refuse(sessions, seq);
    settle(sessions, seq);
  }
  const owed = () =>
    sessions
      .get(SESSION)!
      .copy()
      .refusals.map(({ intentSeq }) => intentSeq);
  standsAt(sessions, 99);
  assert.deepEqual(owed(), [100]);
  assert.equal(settledUpTo(sessions), COUNT);
  standsAt(sessions, 100);
  assert.deepEqual(owed(), []);
});

test("[RV21] no more refusals are owed than a bound, the newest; all that were refused are settled", () => {
  const sessions = sessionsWith();
  const { bytes } = sessions;
  for (let seq = 1; seq <= COUNT; seq++) refuse(sessions, seq);
  const owed = sessions
    .get(SESSION)!
    .copy()
    .refusals.map(({ intentSeq }) => intentSeq);
  assert.deepEqual([owed.length, owed[0], owed.at(-1)], [1024, COUNT - 1023, COUNT]);
  assert.equal(settledUpTo(sessions), COUNT);
  standsAt(sessions, COUNT);
  assert.equal(sessions.bytes, bytes, "what is no more owed weighs nothing");
});
