/** A shard for the tests of supervision: it does what its task says, in the real thread of a real pool. */
import { ControlBlock, type ControlMemory } from "../engine/memory/control-block.js";
import { Doorbell, type DoorbellMemory } from "../engine/memory/doorbell.js";
import { systemThreadId } from "../engine/system-thread.js";
import { systemClock } from "../engine/time.js";

export interface TestShardTask {
  readonly control: ControlMemory;
  readonly doorbell: DoorbellMemory;
  readonly shard: number;
  /** What this start does after its first beat. `serve` beats until the phase is `stopping`. */
  readonly act: "serve" | "throw" | "throwLater" | "exit" | "spin" | "return";
}

export default async function run({
  control: memory,
  doorbell: bell,
  shard,
  act,
}: TestShardTask): Promise<void> {
  const control = new ControlBlock(memory);
  const doorbell = new Doorbell(bell);
  const beat = () => control.beat(shard, systemClock.nowMs());
  control.setSystemThreadId(shard, systemThreadId());
  beat();
  switch (act) {
    case "throw":
      throw new Error("made to throw");
    case "throwLater":
      setTimeout(() => {
        throw new Error("made to throw outside of the task");
      }, 0);
      break;
    case "exit":
      process.exit(3);
      break;
    case "spin":
      for (;;) beat();
    case "return":
      return;
    case "serve":
      break;
  }
  while (control.phase !== "stopping") {
    beat();
    doorbell.wait(20, () => control.phase === "stopping");
    await new Promise(setImmediate);
  }
}
