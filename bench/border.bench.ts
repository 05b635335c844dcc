/**
 * People who walk to and fro across the borders between shards: nothing may be lost, doubled or gone, and everybody
 * who counts must come to the same count.
 */
import type { BenchOptions, BenchRow } from "./bench-row.js";
import { gameModule } from "./child-server.js";
import { runLoaded } from "./loaded-run.js";

interface Plan {
  readonly clients: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly shardCounts: readonly number[];
}
const full: Plan = { clients: 200, seconds: 60, warmupSeconds: 2, shardCounts: [2, 4] };
const small: Plan = { clients: 20, seconds: 2, warmupSeconds: 0.2, shardCounts: [2] };

export async function run(options: BenchOptions & { readonly seconds?: number }): Promise<BenchRow[]> {
  const plan = options.smoke ? small : full;
  const seconds = options.seconds ?? plan.seconds;
  const rows: BenchRow[] = [];
  for (const shards of plan.shardCounts) rows.push(...(await walk({ ...plan, seconds }, shards)));
  return rows;
}

async function walk(plan: Plan, shards: number): Promise<BenchRow[]> {
  // Eight small cells a side: the next border is a few seconds away.
  const world = { field: "bench-walk", widthCells: 8, heightCells: 8, cellSizeMeters: 12 };
  const { report, statsSettled } = await runLoaded(
    { config: { games: [gameModule("games-world")], world, shards: { count: shards } } },
    {
      clients: plan.clients,
      seconds: plan.seconds,
      "warmup-seconds": plan.warmupSeconds,
      behaviour: "zigzag",
      "reliable-per-second": 5,
    },
  );
  for (const sample of report.errorSamples) process.stderr.write(`  ${sample}\n`);
  const row = (what: string, value: number, unit: string): BenchRow => ({
    suite: "border",
    case: `${plan.clients} people across the borders of ${shards} shards, ${plan.seconds} s`,
    subject: what,
    value,
    unit,
  });
  const none = (what: string, value: number): BenchRow => ({ ...row(what, value, "times"), wantAtMost: 0 });
  const { errors } = report;
  const named = ["duplicateEntity", "ownEntityVanished"];
  const others = Object.entries(errors).reduce(
    (sum, [kind, count]) => sum + (named.includes(kind) ? 0 : count),
    0,
  );
  const counted = (name: string) =>
    statsSettled!.shards.reduce((sum, shard) => sum + shard.counters[name]!, 0);
  const members = counted("members");
  const sessions = statsSettled!.net.counters.sessions_live!;
  return [
    row("handoffs between shards", counted("handoffs_released_total"), "times"),
    row("reliable intents sent", report.totals.reliableSent, "times"),
    none("reliable intents lost", report.reliableLost),
    none("entities in two places", errors.duplicateEntity ?? 0),
    none("own entity gone", errors.ownEntityVanished ?? 0),
    none("other protocol errors", others),
    row("clients that see themselves", report.placedAtEnd, "clients"),
    none("clients that do not", plan.clients - report.placedAtEnd),
    none("members counted by shards, off by", Math.abs(members - plan.clients)),
    none("sessions counted by net, off by", Math.abs(sessions - plan.clients)),
    row("between two cells, p99", report.crossing.p99Ms, "ms"),
    row("between two cells, at most", report.crossing.maxMs, "ms"),
    row("frame lateness p99", report.lateness.p99Ms, "ms"),
  ];
}
