import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../engine/time.js";
import { runStopSteps, type StopStep } from "./stop-steps.js";

const LONG_MS = 60_000;

/** A step that writes down when it begins and ends. */
function step(name: string, log: string[], more: Partial<StopStep> = {}): StopStep {
  return {
    name,
    byMs: LONG_MS,
    run: async () => {
      log.push(`${name} begins`);
      await new Promise(setImmediate);
      log.push(`${name} ends`);
    },
    ...more,
  };
}

test("[SU8] the steps of a stop run one after the other", async () => {
  const log: string[] = [];
  assert.equal(await runStopSteps([step("one", log), step("two", log)], systemClock), null);
  assert.deepEqual(log, ["one begins", "one ends", "two begins", "two ends"]);
});

test("[SU8] a step that fails does not keep later ones from saving what they can", async () => {
  const log: string[] = [];
  const failing = step("shards end", log, { run: () => Promise.reject(new Error("one died")) });
  assert.equal(await runStopSteps([failing, step("rows", log)], systemClock), "shards end: one died");
  assert.deepEqual(log, ["rows begins", "rows ends"]);
});

test("[SU8] a step that is late is named and cut short, and the next one runs", async () => {
  const log: string[] = [];
  const late = step("shards end", log, {
    byMs: 1,
    run: () => new Promise(() => {}),
    giveUp: async () => {
      log.push("cut short");
    },
  });
  assert.equal(
    await runStopSteps([late, step("rows", log)], systemClock),
    "shards end: not done within 1 ms",
  );
  assert.deepEqual(log, ["cut short", "rows begins", "rows ends"]);
});
