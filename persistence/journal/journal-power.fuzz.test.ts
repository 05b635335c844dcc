import assert from "node:assert/strict";
import { test } from "node:test";
import { freshSeed } from "../../engine/prng.js";
import { faultKinds, runLives } from "./journal-lives.js";

const replayed = process.env.GRIDSHARD_SEED;
const seed = Number(replayed ?? freshSeed());
const seedsOf = (count: number) => (replayed === undefined ? count : 1);

test(`[JN2] [JN3] after a power cut or a kill at any moment nothing acknowledged is lost and nothing else is found (GRIDSHARD_SEED=${seed})`, async () => {
  const seeds = seedsOf(10_000);
  const { acknowledged } = await runLives({ seed, seeds, options: {} });
  assert.ok(acknowledged >= seeds * 5, "something was promised");
});

for (const kind of faultKinds) {
  test(`[JN4] nothing is acknowledged falsely on a disk with ${kind}, whatever happens to it then (GRIDSHARD_SEED=${seed})`, async () => {
    const seeds = seedsOf(400);
    const { faults } = await runLives({ seed, seeds, options: { faults: { kinds: [kind], percent: 15 } } });
    assert.ok(faults >= seeds / 4, `${faults} faults were met`);
  });
}

test(`[JN4] nothing is acknowledged falsely on a disk where everything goes wrong at once (GRIDSHARD_SEED=${seed})`, async () => {
  const options = { faults: { kinds: faultKinds, percent: 20 } };
  await runLives({ seed, seeds: seedsOf(2000), options });
});
