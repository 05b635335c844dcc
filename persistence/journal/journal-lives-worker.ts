/** Runs seeds in a thread of its own: the test runner follows every promise of its thread, which takes most of the time. */
import { parentPort, workerData } from "node:worker_threads";
import { JournalLives, type LivesOrder } from "./journal-lives.js";

const order = workerData as LivesOrder;
const totals = { acknowledged: 0, faults: 0, lives: 0 };
for (let seed = order.seed; seed < order.seed + order.seeds; seed++) {
  const lives = new JournalLives(seed, order.options);
  try {
    await lives.run(1 + (seed % 3), 12);
  } catch (error) {
    throw new Error(`GRIDSHARD_SEED=${seed}: ${(error as Error).stack}`);
  }
  totals.acknowledged += lives.acknowledged;
  totals.faults += lives.faults;
  totals.lives += lives.lives;
}
parentPort!.postMessage(totals);
