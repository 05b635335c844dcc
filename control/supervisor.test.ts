import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { limits } from "../engine/limits.js";
import { silentLog } from "../engine/log.js";
import { ControlBlock, createControl } from "../engine/memory/control-block.js";
import { createDoorbell } from "../engine/memory/doorbell.js";
import { type Clock, ManualClock, systemClock } from "../engine/time.js";
import { exitCodes } from "../engine/wire/codes.js";
import { RestartBudget } from "./restart-budget.js";
import { type ShardThread, startShardThread } from "./shard-pool.js";
import { type FatalEnd, ShardSupervisor } from "./supervisor.js";
import type { TestShardTask } from "./test-shard.js";

const entry = new URL("./test-shard.js", import.meta.url);

interface Rig {
  readonly control: ControlBlock;
  readonly supervisor: ShardSupervisor;
  readonly fatal: Promise<FatalEnd>;
  /** Tasks started so far, as `shard:incarnation`. */
  readonly starts: string[];
  stop(): Promise<void>;
}

/** A supervisor over real threads; `acts` says what each start of a shard does, the last one again and again. */
function rig(
  acts: readonly TestShardTask["act"][],
  options: { shards?: number; restartsMax?: number; entry?: URL } = {},
): Rig {
  const shardCount = options.shards ?? 1;
  const memory = createControl(shardCount);
  const control = new ControlBlock(memory);
  const starts: string[] = [];
  let resolveFatal: (end: FatalEnd) => void = () => {};
  const fatal = new Promise<FatalEnd>((resolve) => {
    resolveFatal = resolve;
  });
  const budget = new RestartBudget(systemClock, { restartsMax: options.restartsMax ?? 3, windowMs: 60_000 });
  const supervisor = new ShardSupervisor({
    shardCount,
    control,
    budget,
    clock: systemClock,
    log: silentLog,
    startShard: (shard, incarnation) => {
      starts.push(`${shard}:${incarnation}`);
      const act = shard === 0 ? (acts[Math.min(incarnation, acts.length) - 1] ?? "serve") : "serve";
      const task: TestShardTask = { control: memory, doorbell: createDoorbell(), shard, act };
      return startShardThread(options.entry ?? entry, task);
    },
    onFatal: resolveFatal,
  });
  return {
    control,
    supervisor,
    fatal,
    starts,
    stop: async () => {
      control.setPhase("stopping");
      for (const shard of supervisor.running()) supervisor.kill(shard, "the test is over");
      await supervisor.ended();
    },
  };
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadlineMs = systemClock.nowMs() + 30_000;
  while (!isSo()) {
    assert.ok(systemClock.nowMs() < deadlineMs, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

for (const act of ["throw", "throwLater", "exit", "return"] as const) {
  test(`[SU1] a shard that dies by ${act} is started again, under the next incarnation`, async () => {
    const { supervisor, starts, stop } = rig([act, "serve"]);
    supervisor.start();
    await until("the second start beats", () => starts.length === 2 && supervisor.hasBeaten(0));
    assert.deepEqual(starts, ["0:1", "0:2"]);
    assert.equal(supervisor.restarts(0), 1);
    await stop();
    assert.equal(starts.length, 2);
  });
}

test("[SU1] the others go on while one is started again", async () => {
  const { supervisor, control, starts, stop } = rig(["throw", "serve"], { shards: 3 });
  supervisor.start();
  await until(
    "all beat",
    () => starts.length === 4 && [0, 1, 2].every((shard) => supervisor.hasBeaten(shard)),
  );
  assert.deepEqual(starts, ["0:1", "1:1", "2:1", "0:2"]);
  assert.equal(control.incarnation(1), 1);
  assert.deepEqual(
    [0, 1, 2].map((shard) => supervisor.restarts(shard)),
    [1, 0, 0],
  );
  await stop();
});

test("[SU2] a kill ends the real thread even in a loop without end, and only then is it started again", async (t) => {
  const { supervisor, control, starts, stop } = rig(["spin", "serve"]);
  supervisor.start();
  await until("it spins", () => supervisor.hasBeaten(0));
  const thread = control.systemThreadId(0);
  if (thread === 0) t.diagnostic("no /proc here: that the thread is gone is taken from its exit event");
  supervisor.kill(0, "test");
  await until("it is started again", () => starts.length === 2);
  assert.ok(thread === 0 || !existsSync(`/proc/self/task/${thread}`), "the old thread is gone");
  await until("the successor beats", () => supervisor.hasBeaten(0));
  await stop();
});

test("[SU3] past the restart budget the server ends, and says which shard died of what", async () => {
  const { supervisor, starts, fatal, stop } = rig(["throw"], { restartsMax: 2 });
  supervisor.start();
  const end = await fatal;
  assert.equal(end.code, exitCodes.restartBudgetSpent);
  assert.match(end.reason, /^shard 0 died \(Error: made to throw .*\) after 2 restarts within 60 s/);
  assert.deepEqual(starts, ["0:1", "0:2", "0:3"]);
  await supervisor.ended();
  await stop();
});

test("[SU3] restarts count within the window only", () => {
  const clock = new ManualClock();
  const budget = new RestartBudget(clock, { restartsMax: 2, windowMs: 1000 });
  assert.ok(budget.trySpend());
  clock.advance(600);
  assert.ok(budget.trySpend());
  assert.ok(!budget.trySpend());
  clock.advance(400);
  assert.ok(budget.trySpend());
  assert.ok(!budget.trySpend());
  assert.ok(!new RestartBudget(clock, { restartsMax: 0, windowMs: 1000 }).trySpend());
});

test("[SU6] a shard whose module cannot be loaded is a death with a reason, not a wait", async () => {
  const { supervisor, fatal, stop } = rig([], {
    restartsMax: 0,
    entry: new URL("./no-such-module.js", import.meta.url),
  });
  supervisor.start();
  assert.match((await fatal).reason, /no-such-module/);
  await stop();
});

test("[SU7] a shard that returns while the server stops is not started again", async () => {
  const { supervisor, control, starts } = rig(["serve"], { shards: 2 });
  supervisor.start();
  await until("both beat", () => supervisor.hasBeaten(0) && supervisor.hasBeaten(1));
  control.setPhase("stopping");
  await supervisor.ended();
  assert.deepEqual(supervisor.running(), []);
  assert.equal(starts.length, 2);
});

/** A supervisor over threads that exist on paper only, so that time can be cranked. */
function watchRig() {
  const clock = new ManualClock(1_000_000);
  const control = new ControlBlock(createControl(2));
  const killed: string[] = [];
  const supervisor = new ShardSupervisor({
    shardCount: 2,
    control,
    budget: new RestartBudget(clock as Clock, { restartsMax: 9, windowMs: 60_000 }),
    clock,
    log: silentLog,
    startShard: (shard): ShardThread => ({
      ended: new Promise(() => {}),
      kill: (reason) => killed.push(`${shard}: ${reason}`),
    }),
    onFatal: () => assert.fail("nothing dies here"),
  });
  const watchFor = (ms: number, beating: readonly number[]) => {
    for (let passedMs = 0; passedMs < ms; passedMs += limits.watchPeriodMs) {
      clock.advance(limits.watchPeriodMs);
      for (const shard of beating) control.beat(shard, clock.nowMs());
      supervisor.watch();
    }
  };
  return { clock, control, supervisor, killed, watchFor };
}

test("[SU4] a shard that gives no sign of life is ended, the one that does is not", () => {
  const { supervisor, killed, watchFor } = watchRig();
  supervisor.start();
  watchFor(1000, [0, 1]);
  watchFor(limits.heartbeatAgeMsMax, [0]);
  assert.deepEqual(killed, []);
  watchFor(limits.watchPeriodMs, [0]);
  assert.equal(killed.length, 1);
  assert.match(killed[0]!, /^1: it gave no sign of life for 5000 ms/);
});

test("[SU4] a shard that is starting is given longer, and not for ever", () => {
  const { supervisor, killed, watchFor } = watchRig();
  supervisor.start();
  watchFor(limits.threadStartMsMax, [0]);
  assert.deepEqual(killed, []);
  watchFor(limits.watchPeriodMs, [0]);
  assert.match(killed[0]!, /^1: it did not begin to work within 30000 ms/);
});

test("[SU5] when the watching thread itself stood still, nobody is blamed", () => {
  const { supervisor, clock, killed, watchFor } = watchRig();
  supervisor.start();
  watchFor(1000, [0, 1]);
  clock.advance(60_000);
  supervisor.watch();
  assert.deepEqual(killed, []);
  watchFor(limits.heartbeatAgeMsMax, [0, 1]);
  assert.deepEqual(killed, []);
});
