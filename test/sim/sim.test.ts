import assert from "node:assert/strict";
import { test } from "node:test";
import { type FaultFamily, faultFamilies } from "./faults.js";
import { plantedBugs } from "./planted-bugs.js";
import { runSimulation, SimulationFailed, type SimulationResult } from "./simulation.js";

const replayed = process.env.GRIDSHARD_SEED === undefined ? null : Number(process.env.GRIDSHARD_SEED);
/** One failing seed tells as much as a hundred. */
const FAILURES_MAX = 3;

/** Runs so many seeds of a family, or the one that is to be replayed. Returns what they met, summed up. */
async function runSeeds(family: FaultFamily, count: number): Promise<Record<string, number>> {
  const failures: string[] = [];
  const troubles: Record<string, number> = {};
  const first = replayed ?? 1;
  const last = replayed ?? count;
  for (let seed = first; seed <= last && failures.length < FAILURES_MAX; seed++) {
    try {
      sumUp(troubles, await runSimulation({ seed, family }));
    } catch (error) {
      failures.push(`${String(error)}\n  again: ${replay(family, seed)}`);
    }
  }
  assert.deepEqual(failures, []);
  return troubles;
}

function replay(family: FaultFamily, seed: number): string {
  return `GRIDSHARD_SEED=${seed} node --test --test-name-pattern=' ${family}:' dist/test/sim/sim.test.js`;
}

function sumUp(sums: Record<string, number>, { troubles }: SimulationResult): void {
  for (const [name, count] of Object.entries(troubles)) sums[name] = (sums[name] ?? 0) + count;
}

/** A family whose runs never met what it is made of has shown nothing. */
function assertMet(troubles: Record<string, number>, names: readonly string[]): void {
  if (replayed !== null) return;
  for (const name of names) assert.ok(troubles[name]! > 0, `no run met ${name}`);
}

test("[WS1] the same seed does the same, another does not", async () => {
  for (const family of Object.keys(faultFamilies) as FaultFamily[]) {
    const first = await runSimulation({ seed: 7, family });
    assert.deepEqual(await runSimulation({ seed: 7, family }), first);
    assert.notEqual((await runSimulation({ seed: 8, family })).hash, first.hash);
  }
});

test("[WS2] [WS3] [WS4] [WS5] [WS6] [WS7] calm: nothing goes wrong", async () => {
  const troubles = await runSeeds("calm", 30);
  assertMet(troubles, ["handoffs", "roomsFailed", "backPressure", "intentsRefusedByShards"]);
});

test("[WS2] [WS3] [WS4] [WS5] [WS6] [WS7] network: connections break, go half-open, log in twice", async () => {
  const troubles = await runSeeds("network", 60);
  assertMet(troubles, ["resumes", "takeovers", "eventsReplayed"]);
});

test("[WS2] [WS3] [WS4] [WS5] [WS6] [WS7] slow: clients do not read for seconds", async () => {
  const troubles = await runSeeds("slow", 50);
  assertMet(troubles, ["stateSkipped", "messagesDropped"]);
});

test("[WS2] [WS3] [WS4] [WS5] [WS6] [WS7] store: it is late, away, and unsure of what it did", async () => {
  const troubles = await runSeeds("store", 50);
  assertMet(troubles, ["storeFailures", "takeovers"]);
});

test("[WS2] [WS3] [WS4] [WS5] [WS6] [WS7] stalls: threads do not get the processor", async () => {
  const troubles = await runSeeds("stalls", 60);
  assertMet(troubles, ["ticksForfeited", "lateFlushes", "framesSkipped"]);
});

test("[WS2] [WS3] [WS4] [WS5] [WS6] [WS7] deaths: shards die between duty cycles and within hooks", async () => {
  const troubles = await runSeeds("deaths", 70);
  assertMet(troubles, ["restarts", "handoffsAdrift", "staleRecords"]);
});

test("[WS2] [WS3] [WS4] [WS5] [WS6] [WS7] failover: shards die while others stall and clients come and go", async () => {
  const troubles = await runSeeds("failover", 80);
  assertMet(troubles, ["restarts", "handoffsAdrift", "staleAtNet", "resumes"]);
});

test("[WS2] [WS3] [WS4] [WS5] [WS6] [WS7] everything: all of it at once", async () => {
  const troubles = await runSeeds("everything", 80);
  assertMet(troubles, [
    "crashes",
    "restarts",
    "resumes",
    "takeovers",
    "storeFailures",
    "diskFailures",
    "stateSkipped",
    "ticksForfeited",
  ]);
});

const lasting = "[WS9] [WS10] [WS11] [WS12]";

test(`${lasting} kill: the process is killed between any two events, and starts again on the same disk`, async () => {
  const troubles = await runSeeds("kill", 60);
  assertMet(troubles, ["crashes", "resumes", "roomsRestored", "eventsReplayed"]);
});

test(`${lasting} power: the machine loses power, and the disk what was not synced`, async () => {
  const troubles = await runSeeds("power", 60);
  assertMet(troubles, ["crashes", "resumes", "roomsRestored", "eventsReplayed"]);
});

test(`${lasting} disk: it stalls, refuses, fails to sync, and is full`, async () => {
  const troubles = await runSeeds("disk", 60);
  assertMet(troubles, ["crashes", "diskFailures", "notDurable"]);
});

/** Mistakes that were found, each with the seed that showed it. */
const found: readonly (readonly [FaultFamily, number, string])[] = [
  ["failover", 59, "an event known from the connection before is acknowledged before it is sent again"],
  ["failover", 8, "an intent is lost with the shard that held it behind an accepted offer"],
  ["failover", 22, "intents refused while others are held are reported as settled before those"],
  ["failover", 9, "an intent for a room is settled and vouches for those for the field that are held"],
  ["failover", 156, "a member comes to a shard that was started again after all were told to let go of it"],
  ["failover", 23118, "a cell falls asleep and wakes while net makes somebody its subscriber"],
  ["slow", 185, "an acknowledgement is among what was dropped, and is not given again"],
];

for (const [family, seed, what] of found) {
  test(`[WS3] [WS4] [WS5] found by seed ${seed} of ${family}: ${what}`, async () => {
    await runSimulation({ seed, family });
  });
}

const foundLasting: readonly (readonly [FaultFamily, number, string])[] = [
  ["kill", 1, "what was taken is in the journal before it was given: ticks of two shards have one number"],
  ["kill", 65, "an intent by which its sender left the room is called durable before it is"],
  ["calm", 11, "a room that ended with the last tick is kept, because net does not say that it has heard"],
  ["everything", 39, "who left while a room was away stays in it for ever"],
  ["disk", 258, "a session's number is given twice, to two players"],
  [
    "disk",
    18,
    "a refusal is durable, and not any more when a process starts that does not know who was told",
  ],
];

for (const [family, seed, what] of foundLasting) {
  test(`${lasting} found by seed ${seed} of ${family}: ${what}`, async () => {
    await runSimulation({ seed, family });
  });
}

const SEEDS_PER_BUG = 30;

for (const [what, plant] of Object.entries(plantedBugs)) {
  test(`[WS8] a planted bug is found: ${what}`, async (context) => {
    const first = plant().firstSeed ?? 1;
    for (let seed = first; seed < first + SEEDS_PER_BUG; seed++) {
      const bug = plant();
      try {
        await runSimulation({ seed, family: bug.family, bug });
      } catch (error) {
        assert.ok(error instanceof SimulationFailed, String(error));
        context.diagnostic(error.message);
        return;
      }
    }
    assert.fail(`${SEEDS_PER_BUG} seeds did not find it`);
  });
}
