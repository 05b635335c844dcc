import assert from "node:assert/strict";
import { test } from "node:test";
import { PersistenceRig, turn } from "./persistence-rig.js";
import { sqlitePlace } from "./sqlite-place.js";
import { waitForStore } from "./start.js";
import { StoreUnavailable } from "./store.js";

const WAIT_MS = 5000;

/** Waits for the rig's store; returns at which times it was asked to open, from the beginning on. */
async function waitIn(rig: PersistenceRig, answer: () => Promise<void>): Promise<number[]> {
  const { clock, persistence, log } = rig;
  const startMs = clock.nowMs();
  const asked: number[] = [];
  rig.store.open = () => {
    asked.push(clock.nowMs() - startMs);
    return answer();
  };
  const rest = async (ms: number) => {
    await turn();
    // What has been answered by now is not slept over.
    clock.advance(Math.min(ms, persistence.waitMs(clock.nowMs())));
  };
  await waitForStore(persistence, { clock, log, rest, beat: () => {}, storeWaitMs: WAIT_MS });
  return asked;
}

test("[ST44] a start waits for a store that is not up yet, ever longer, and not for ever", async () => {
  const place = await sqlitePlace();
  const store = place.store();
  const rig = await PersistenceRig.start({ store });
  let failures = 3;
  const asked = await waitIn(rig, async () => {
    if (failures-- > 0) throw new StoreUnavailable("not yet");
    await store.open();
  });
  assert.deepEqual(asked, [0, 50, 150, 350]);
  assert.equal(rig.persistence.batcher.isOpened, true);
  await store.close();

  const patient = await PersistenceRig.start({ store });
  const startMs = patient.clock.nowMs();
  await waitIn(patient, () => Promise.reject(new StoreUnavailable("not yet")));
  assert.equal(patient.clock.nowMs() - startMs, WAIT_MS);
  assert.equal(patient.persistence.batcher.isOpened, false);
  assert.match(patient.logged.at(-1)!, /the server serves without it.+not yet/);

  const refused = await PersistenceRig.start({ store });
  const forGood = new StoreUnavailable("wrong password", { isForGood: true });
  await assert.rejects(
    waitIn(refused, () => Promise.reject(forGood)),
    forGood,
  );
  assert.equal(refused.clock.nowMs(), 0, "not waited for");
  await place.release();
});
