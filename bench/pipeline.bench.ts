/**
 * The way of a tick through a server without the kernel's sockets: gateway, lane, shard, lane, gateway, on real threads,
 * with the real journal and store, and clients that live in the network thread (bench/pipeline). What is left is what the
 * engine itself costs, thread by thread; and there more shards show, which sockets on few cores hide.
 *
 * The saturated cases ask for more ticks than can be made: ticks of clients a second are counted, of one shard and of
 * several. Shards gain only as far as there are cores for them beside the network thread.
 */
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Tally } from "./bots/tally.js";
import { type BenchOptions, type Figures, type Measured, measuredOf, type Want } from "./measured.js";
import type { PipelinePlan, PipelineReport } from "./pipeline/pipeline-process.js";
import { measureRounds } from "./rounds.js";
import { TICK_HZ, TICK_MS } from "./wander.js";

interface Plan {
  readonly clientCounts: readonly number[];
  readonly shardCounts: readonly number[];
  /** Of each game, as many as keep a thread busy at this rate: net, or the shard. */
  readonly saturatedClients: Readonly<Record<keyof typeof games, number>>;
  readonly saturatedHz: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
}
const full: Plan = {
  clientCounts: [2000, 5000],
  shardCounts: [1, 2, 4],
  saturatedClients: { walking: 16_000, thinking: 8000 },
  saturatedHz: 100,
  rounds: 3,
  seconds: 5,
  // Each thread compiles its own code: with less, four shards are charged with four compilations.
  warmupSeconds: 10,
};
const small: Plan = {
  clientCounts: [50],
  shardCounts: [1, 2],
  saturatedClients: { walking: 50, thinking: 50 },
  saturatedHz: 100,
  rounds: 1,
  seconds: 0.5,
  warmupSeconds: 0,
};

const SUITE = "pipeline";
const SEED = 1;
/** Of four shards to one, all threads together, on the same load. */
const SHARDS_RATIO_MAX = 1.15;
/** Of the shard's thread, in µs. */
const SHARD_US_MAX = 1.5;
/** Two shards make so many times the ticks of one, where what a shard does is most of the work and there is a core for each thread. */
const SPEEDUP_MIN = 1.6;
const RUN_MS_MAX = 120_000;

const nameOf = (shards: number) => (shards === 1 ? "1 shard" : `${shards} shards`);
const entry = fileURLToPath(new URL("./pipeline/pipeline-process.js", import.meta.url));

/** What is played: people who only walk, so that the engine is measured; or who think, too. */
const games = {
  walking: { module: "games-world", field: "bench-walk" },
  thinking: { module: "games-thinking", field: "bench-thinking" },
} as const;

export async function run(options: BenchOptions): Promise<Measured[]> {
  const base = options.smoke ? small : full;
  const plan = { ...base, rounds: options.rounds ?? base.rounds, seconds: options.seconds ?? base.seconds };
  const measured: Measured[] = [];
  for (const clients of plan.clientCounts) {
    const load = { ...games.walking, clients, tickHz: TICK_HZ };
    const label = `${clients.toLocaleString("en")} people who walk, ${TICK_HZ} Hz`;
    measured.push(...(await runCase(plan, load, { case: label, wantsOf: pacedWants })));
  }
  for (const what of ["walking", "thinking"] as const) {
    const clients = plan.saturatedClients[what];
    const load = { ...games[what], clients, tickHz: plan.saturatedHz };
    const label = `saturated: ${clients.toLocaleString("en")} people who are ${what}, as many ticks as can be`;
    const wantsOf = (shards: number) => saturatedWants(shards, what === "thinking" && !options.smoke);
    measured.push(...(await runCase(plan, load, { case: label, wantsOf })));
  }
  return measured;
}

interface Case {
  readonly case: string;
  readonly wantsOf: (shards: number) => Want[];
}

async function runCase(
  plan: Plan,
  load: Pick<PipelinePlan, "clients" | "tickHz" | "module" | "field">,
  { case: label, wantsOf }: Case,
): Promise<Measured[]> {
  const { seconds, warmupSeconds, rounds, shardCounts } = plan;
  const figures = await measureRounds({
    title: `${SUITE}, ${label}`,
    rounds,
    subjects: shardCounts.map((shards) => ({
      name: nameOf(shards),
      measure: async () => {
        const report = await runProcess({ ...load, shards, seconds, warmupSeconds, seed: SEED });
        for (const sample of report.crowd.errorSamples) process.stderr.write(`      ${sample}\n`);
        return figuresOf(load, report);
      },
    })),
  });
  return shardCounts.map((shards) =>
    measuredOf({
      suite: SUITE,
      case: label,
      subject: nameOf(shards),
      clients: load.clients,
      shards,
      seconds,
      rounds: figures.get(nameOf(shards))!,
      wants: wantsOf(shards),
    }),
  );
}

async function runProcess(plan: PipelinePlan): Promise<PipelineReport> {
  const { stdout } = await promisify(execFile)(process.execPath, [entry, JSON.stringify(plan)], {
    timeout: RUN_MS_MAX,
  });
  return JSON.parse(stdout) as PipelineReport;
}

function figuresOf(load: Pick<PipelinePlan, "clients" | "tickHz">, report: PipelineReport): Figures {
  const { cpu, crowd, clientTicks, seconds } = report;
  const perClientTick = (cpuSeconds: number) => (cpuSeconds * 1e6) / clientTicks;
  const lateness = new Tally();
  lateness.add(crowd.lateness);
  const sendLateness = new Tally();
  sendLateness.add(crowd.sendLateness);
  const rest = cpu.process - cpu.net - cpu.shards - cpu.persistence;
  return {
    usPerClientTick: perClientTick(cpu.process),
    netUsPerClientTick: perClientTick(cpu.net),
    intakeUsPerClientTick: perClientTick(crowd.sendingMs / 1000),
    shardUsPerClientTick: perClientTick(cpu.shards),
    persistenceUsPerClientTick: perClientTick(cpu.persistence),
    restUsPerClientTick: perClientTick(rest),
    clientTicksPerSecond: clientTicks / seconds,
    ticksPerSecond: crowd.ticksTold / seconds,
    ticksLate: report.overruns + report.forfeited + report.flushesLate,
    lateMsP50: lateness.percentiles().p50Ms,
    lateMsP99: lateness.percentiles().p99Ms,
    messagesPerClientSecond: crowd.messages / load.clients / seconds,
    bytesPerClientSecond: crowd.bytes / load.clients / seconds,
    inSight: crowd.inSight,
    generatorCores: crowd.readingMs / 1000 / seconds,
    generatorLateMsP99: sendLateness.percentiles().p99Ms,
    unplaced: crowd.unplaced,
    errors: crowd.errors,
  };
}

function pacedWants(shards: number): Want[] {
  const isJudged = shards === 4;
  return [
    { figure: "errors", atMost: 0 },
    { figure: "unplaced", atMost: 0 },
    { figure: "lateMsP99", atMost: TICK_MS },
    ...(shards === 1
      ? [{ figure: "shardUsPerClientTick", atMost: SHARD_US_MAX } as const]
      : [
          {
            figure: "usPerClientTick",
            floor: nameOf(1),
            ...(isJudged ? { atMost: SHARDS_RATIO_MAX } : {}),
          } as const,
        ]),
  ];
}

/** Ticks are late by intent, and somebody may be between two shards at the end. */
function saturatedWants(shards: number, isShardBound: boolean): Want[] {
  const hasCores = availableParallelism() > shards;
  const isJudged = isShardBound && shards === 2 && hasCores;
  return [
    { figure: "errors", atMost: 0 },
    ...(shards === 1
      ? []
      : [
          {
            figure: "clientTicksPerSecond",
            floor: nameOf(1),
            ...(isJudged ? { atLeast: SPEEDUP_MIN } : {}),
          } as const,
        ]),
  ];
}
