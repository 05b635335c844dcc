/** The property every shipped field and room must have, as a test: a checkpoint, restored elsewhere, goes on the very same. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { Prng } from "../engine/prng.js";
import { type RigOptions, ShardRig } from "./shard-rig.js";

/** One step of input, decided by `prng` alone; `seq` counts reliable intents per session. */
export type Script = (rig: ShardRig, prng: Prng, tick: number) => void;

function stateHash(rig: ShardRig): string {
  const out = new ByteWriter(1 << 16);
  rig.shards[0]!.checkpoint(out);
  return createHash("sha256").update(out.bytes()).digest("hex");
}

/**
 * Runs a shard under a script, checkpoints it at a random tick, restores it into another server's shard, feeds
 * both the same inputs and compares state hashes at every tick.
 */
export function assertContinuesFromCheckpoint(
  options: Omit<RigOptions, "shards">,
  script: Script,
  run: { readonly seed: number; readonly ticks: number },
): void {
  const { seed, ticks } = run;
  const first = new ShardRig({ ...options, shards: 1 });
  const second = new ShardRig({ ...options, shards: 1 });
  const inputs = new Prng(seed);
  const copyAt = 2 + new Prng(seed ^ 0x5bd1).below(ticks - 4);
  for (const rig of [first, second]) {
    rig.step();
    rig.seeEverything();
    rig.step();
  }
  for (let tick = 0; tick < ticks; tick++) {
    const state = inputs.state;
    script(first, inputs, tick);
    first.step();
    if (tick < copyAt) {
      second.step();
    } else if (tick === copyAt) {
      second.step();
      const out = new ByteWriter(1 << 16);
      first.shards[0]!.checkpoint(out);
      second.shards[0]!.restore(new ByteReader(out.bytes().slice()));
      second.adopt(first);
    } else {
      const replayed = new Prng(0);
      replayed.state = state;
      script(second, replayed, tick);
      second.step();
      assert.equal(stateHash(second), stateHash(first), `seed ${seed}, tick ${tick}, restored at ${copyAt}`);
    }
  }
}
