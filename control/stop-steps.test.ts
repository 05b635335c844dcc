import assert from "node:assert/strict";
import { test } from "node:test";
import { runStopSteps } from "./stop-steps.js";

test("[SU8] the steps of a stop run one after the other", async () => {
  const log: string[] = [];
  const step = (name: string) => ({
    name,
    run: async () => {
      log.push(`${name} begins`);
      await new Promise(setImmediate);
      log.push(`${name} ends`);
    },
  });
  assert.equal(await runStopSteps([step("one"), step("two")], 60_000), null);
  assert.deepEqual(log, ["one begins", "one ends", "two begins", "two ends"]);
});

test("[SU8] a step that fails does not keep later ones from saving what they can", async () => {
  let isSaved = false;
  const outcome = await runStopSteps(
    [
      { name: "shards end", run: () => Promise.reject(new Error("one died")) },
      {
        name: "rows are applied",
        run: async () => {
          isSaved = true;
        },
      },
    ],
    60_000,
  );
  assert.equal(outcome, "shards end: one died");
  assert.ok(isSaved);
});

test("[SU8] at the deadline the step that did not finish is named", async () => {
  const outcome = await runStopSteps([{ name: "players leave", run: () => new Promise(() => {}) }], 1);
  assert.equal(outcome, "players leave: not done after 1 ms (stop.deadlineMs)");
});
