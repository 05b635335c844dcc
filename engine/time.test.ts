import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { systemClock } from "./time.js";

const THREADS = 6;
const QUESTIONS = 20;
/** The clock's own step and the arithmetic of doubles; a message takes many times as long. */
const STEP_MS = 0.001;

test("[TM1] what one thread did before another has no later time, however the threads began", async () => {
  const workers = Array.from(
    { length: THREADS },
    () => new Worker(new URL("./time.stress-worker.js", import.meta.url)),
  );
  try {
    for (let question = 0; question < QUESTIONS; question++) {
      for (const worker of workers) {
        const askedMs = systemClock.nowMs();
        worker.postMessage("what is the time");
        const [saidMs] = (await once(worker, "message")) as [number];
        const heardMs = systemClock.nowMs();
        assert.ok(askedMs <= saidMs + STEP_MS, `asked at ${askedMs}, answered at ${saidMs}`);
        assert.ok(saidMs <= heardMs + STEP_MS, `answered at ${saidMs}, heard at ${heardMs}`);
      }
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
});
