/**
 * People who walk to and fro across the borders between shards: nothing may be lost, doubled or gone, and everybody
 * who counts must come to the same count.
 */
import { gameModule } from "./child-server.js";
import { figuresOf, runLoaded } from "./loaded-run.js";
import { type BenchOptions, type Figures, type Measured, measuredOf, type Want } from "./measured.js";
import { measureRounds } from "./rounds.js";

interface Plan {
  readonly clients: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly shardCounts: readonly number[];
}
const full: Plan = { clients: 200, seconds: 60, warmupSeconds: 2, shardCounts: [2, 4] };
const small: Plan = { clients: 20, seconds: 2, warmupSeconds: 0.2, shardCounts: [2] };

/** What must never happen. */
const never = [
  "errors",
  "reliableLost",
  "duplicates",
  "vanished",
  "unplaced",
  "membersOff",
  "sessionsOff",
] as const;

export async function run(options: BenchOptions): Promise<Measured[]> {
  const base = options.smoke ? small : full;
  const plan = { ...base, seconds: options.seconds ?? base.seconds };
  const { clients, seconds } = plan;
  const nameOf = (shards: number) => `gridshard, ${shards} shards`;
  const figures = await measureRounds({
    title: "border",
    rounds: options.rounds ?? 1,
    secondsEach: seconds + plan.warmupSeconds + 4,
    subjects: plan.shardCounts.map((shards) => ({ name: nameOf(shards), measure: () => walk(plan, shards) })),
  });
  const wants: readonly Want[] = never.map((figure) => ({ figure, atMost: 0 }));
  return plan.shardCounts.map((shards) =>
    measuredOf({
      suite: "border",
      case: `${clients} people across the borders, ${seconds} s`,
      subject: nameOf(shards),
      clients,
      shards,
      seconds,
      rounds: figures.get(nameOf(shards))!,
      wants,
    }),
  );
}

async function walk(plan: Plan, shards: number): Promise<Figures> {
  // Eight small cells a side: the next border is a few seconds away.
  const world = { field: "bench-walk", widthCells: 8, heightCells: 8, cellSizeMeters: 12 };
  const run = await runLoaded(
    { config: { games: [gameModule("games-world")], world, shards: { count: shards } } },
    {
      clients: plan.clients,
      seconds: plan.seconds,
      "warmup-seconds": plan.warmupSeconds,
      behaviour: "zigzag",
      "reliable-per-second": 5,
    },
  );
  const { report, statsSettled } = run;
  for (const sample of report.errorSamples) process.stderr.write(`  ${sample}\n`);
  const counted = (name: string) =>
    statsSettled!.shards.reduce((sum, shard) => sum + shard.counters[name]!, 0);
  return {
    ...figuresOf(run),
    handoffs: counted("handoffs_released_total"),
    reliableSent: report.totals.reliableSent,
    reliableLost: report.reliableLost,
    duplicates: report.errors.duplicateEntity ?? 0,
    vanished: report.errors.ownEntityVanished ?? 0,
    unplaced: plan.clients - report.placedAtEnd,
    membersOff: Math.abs(counted("members") - plan.clients),
    sessionsOff: Math.abs(statsSettled!.net.counters.sessions_live! - plan.clients),
    crossingMsP99: report.crossing.p99Ms,
    crossingMsMax: report.crossing.maxMs,
  };
}
