/**
 * A thousand people who wander, each seeing about 27 others: CPU of the whole server process, against a bare
 * uWebSockets.js server that sends the same bytes and reads the same input. Rounds are interleaved, every run has
 * fresh processes, figures are medians, ratios medians of each round's ratio.
 */
import type { BenchOptions, BenchRow } from "./bench-row.js";
import { gameModule } from "./child-server.js";
import { type LoadedRun, runFloor, runLoaded } from "./loaded-run.js";
import { median } from "./median.js";

interface Plan {
  readonly clients: number;
  readonly widthCells: number;
  readonly heightCells: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly shardCounts: readonly number[];
}

// 17 × 18 cells: nine cells hold about 28 of the thousand, edges reckoned in.
const full: Plan = {
  clients: 1000,
  widthCells: 17,
  heightCells: 18,
  rounds: 3,
  seconds: 10,
  warmupSeconds: 4,
  shardCounts: [1, 2],
};
const small: Plan = {
  clients: 30,
  widthCells: 3,
  heightCells: 3,
  rounds: 1,
  seconds: 1,
  warmupSeconds: 0.2,
  shardCounts: [2],
};

const TICK_HZ = 20;
const TICK_MS = 1000 / TICK_HZ;
const RATIOS_MAX: Readonly<Record<number, number>> = { 1: 1.5, 2: 1.7 };
/** Clients that share a message of the floor: as many as share a cell's. */
const GROUP_SIZE = 28;
/** As many bytes in as many messages. */
const FLOOR = "bare server";
/** As many bytes in one message: less than anybody can do whose clients see different things. */
const FLOOR_JOINED = "bare server, one message";

const name = (shards: number) => (shards === 1 ? "gridshard, 1 shard" : `gridshard, ${shards} shards`);

export async function run(options: BenchOptions): Promise<BenchRow[]> {
  const plan = options.smoke ? small : full;
  const bots = {
    clients: plan.clients,
    seconds: plan.seconds,
    "warmup-seconds": plan.warmupSeconds,
    "intents-per-second": 10,
    "reliable-per-second": 0,
    "connects-per-second": 400,
  };
  const runs = new Map<string, LoadedRun[]>();
  const note = (subject: string, loaded: LoadedRun) => {
    runs.set(subject, [...(runs.get(subject) ?? []), loaded]);
    const { lateness, failures } = loaded.report;
    const problems = failures.length === 0 ? "" : `  ${failures.join("; ")}`;
    process.stderr.write(
      `  ${subject}: ${loaded.cores.toFixed(3)} cores, p99 ${lateness.p99Ms} ms${problems}\n`,
    );
    return loaded;
  };
  for (let round = 0; round < plan.rounds; round++) {
    let learned: LoadedRun | undefined;
    for (const shards of plan.shardCounts) {
      const measured = note(name(shards), await runLoaded({ config: configOf(plan, shards) }, bots));
      learned ??= measured;
      if (shards !== plan.shardCounts[0]) continue;
      for (const [subject, messagesPerTick] of floorsOf(learned)) {
        const floor = {
          clients: plan.clients,
          tickHz: TICK_HZ,
          bytesPerTick: Math.round((learned.report.kilobytesPerSecondPerClient * 1000) / TICK_HZ),
          messagesPerTick,
          groupSize: Math.min(GROUP_SIZE, plan.clients),
        };
        note(subject, await runFloor(floor, bots));
      }
    }
  }
  return rowsOf(plan, runs);
}

function floorsOf(learned: LoadedRun): readonly (readonly [string, number])[] {
  const messages = Math.max(1, Math.round(learned.report.messagesPerSecondPerClient / TICK_HZ));
  return [
    [FLOOR, messages],
    [FLOOR_JOINED, 1],
  ];
}

function configOf(plan: Plan, shards: number) {
  return {
    games: [gameModule("games-world")],
    world: {
      field: "bench-walk",
      widthCells: plan.widthCells,
      heightCells: plan.heightCells,
      cellSizeMeters: 24,
      tickHz: TICK_HZ,
    },
    shards: { count: shards },
  };
}

function rowsOf(plan: Plan, runs: ReadonlyMap<string, readonly LoadedRun[]>): BenchRow[] {
  const of = (subject: string, value: (run: LoadedRun) => number) => runs.get(subject)!.map(value);
  const others = median(of(name(plan.shardCounts[0]!), ({ report }) => report.entitiesInSightMean - 1));
  const people = plan.clients.toLocaleString("en");
  const row = (what: string, subject: string, unit: string, value: (run: LoadedRun) => number): BenchRow => ({
    suite: "world",
    case: `${what}: ${people} people at ${TICK_HZ} Hz, ${others.toFixed(0)} others in sight`,
    subject,
    value: median(of(subject, value)),
    unit,
  });
  const cpu = (subject: string) => row("CPU", subject, "cores", (run) => run.cores);
  const against = (subject: string, floor: string) => {
    const floors = of(floor, (run) => run.cores);
    return {
      floor,
      ratio: median(of(subject, (run) => run.cores).map((cores, round) => cores / floors[round]!)),
    };
  };
  const servers = plan.shardCounts.map(name);
  const all = [...servers, FLOOR, FLOOR_JOINED];
  return [
    ...plan.shardCounts.flatMap((shards) => [
      { ...cpu(name(shards)), ...against(name(shards), FLOOR), wantAtMost: RATIOS_MAX[shards]! },
      { ...cpu(name(shards)), ...against(name(shards), FLOOR_JOINED) },
    ]),
    { ...cpu(FLOOR), ...against(FLOOR, FLOOR_JOINED) },
    cpu(FLOOR_JOINED),
    ...servers.map((subject) => row("CPU of the net thread", subject, "cores", (run) => run.netCores)),
    ...servers.map((subject) => row("CPU of the shard threads", subject, "cores", (run) => run.shardCores)),
    ...all.map((subject) => ({
      ...row("frame lateness p99", subject, "ms", ({ report }) => report.lateness.p99Ms),
      ...(servers.includes(subject) ? { wantAtMost: TICK_MS } : {}),
    })),
    ...servers.map((subject) =>
      row("intent to effect p50", subject, "ms", ({ report }) => report.effect.p50Ms),
    ),
    ...servers.map((subject) =>
      row("intent to effect p99", subject, "ms", ({ report }) => report.effect.p99Ms),
    ),
    ...all.map((subject) =>
      row("received by a client", subject, "kB/s", ({ report }) => report.kilobytesPerSecondPerClient),
    ),
    ...all.map((subject) =>
      row("messages to a client", subject, "messages/s", ({ report }) => report.messagesPerSecondPerClient),
    ),
    // Not the median: one error in one round is one too many.
    ...servers.map((subject) => ({
      ...row("protocol errors and lost clients", subject, "errors", () => 0),
      value: sum(
        of(subject, ({ report }) => sum(Object.values(report.errors)) + plan.clients - report.liveAtEnd),
      ),
      wantAtMost: 0,
    })),
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
