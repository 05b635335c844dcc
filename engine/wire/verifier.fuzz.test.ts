import assert from "node:assert/strict";
import { test } from "node:test";
import { freshSeed } from "../prng.js";
import { verdicts } from "./verifier.js";
import { fuzzVerifier } from "./verifier-fuzz.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());
const count = Number(process.env.GRIDSHARD_FUZZ_COUNT ?? 200_000);

test(`[VF1] what is accepted is read completely without leaving the message (${count} mutants)`, async (t) => {
  t.diagnostic(`GRIDSHARD_SEED=${seed}`);
  const { accepted, refused } = await fuzzVerifier(count, seed);
  t.diagnostic(
    `accepted ${accepted}, refused by verdict ${JSON.stringify([...refused].sort((a, b) => a[0] - b[0]))}`,
  );
  assert.ok(accepted > count / 100, "enough mutants get past the verifier to say something about reading");
  if (count < 100_000) return;
  for (const [name, verdict] of Object.entries(verdicts)) {
    // Depth, table count and shared parts take patience; the tests of the rules build them on purpose.
    if (["good", "depth", "tables", "work"].includes(name)) continue;
    assert.ok((refused.get(verdict) ?? 0) > 0, `some mutant is refused for ${name}`);
  }
});
