import assert from "node:assert/strict";
import { test } from "node:test";
import type { FaultFamily } from "./faults.js";
import { runSimulation } from "./simulation.js";

const replayed = process.env.GRIDSHARD_SEED === undefined ? null : Number(process.env.GRIDSHARD_SEED);

/** Runs so many seeds of a family, or the one that is to be replayed. */
async function runSeeds(family: FaultFamily, count: number): Promise<void> {
  const failures: string[] = [];
  const first = replayed ?? 1;
  for (let seed = first; seed < first + (replayed === null ? count : 1); seed++) {
    try {
      await runSimulation({ seed, family });
    } catch (error) {
      failures.push(
        `${(error as Error).message}\n  again: GRIDSHARD_SEED=${seed} node --test --test-name-pattern='${family}:' dist/test/sim/sim.test.js`,
      );
    }
  }
  assert.deepEqual(failures, []);
}

test("[WS1] the same seed does the same, another does not", async () => {
  const first = await runSimulation({ seed: 7, family: "everything" });
  const again = await runSimulation({ seed: 7, family: "everything" });
  const other = await runSimulation({ seed: 8, family: "everything" });
  assert.deepEqual(again, first);
  assert.notEqual(other.hash, first.hash);
});

const seeds: Readonly<Record<FaultFamily, number>> = {
  calm: 40,
  network: 90,
  slow: 70,
  store: 70,
  stalls: 70,
  deaths: 90,
  everything: 90,
};

test("[WS2] [WS3] [WS4] [WS5] [WS6] [WS7] calm: nothing goes wrong", () => runSeeds("calm", seeds.calm));
