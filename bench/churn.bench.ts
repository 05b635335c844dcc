/**
 * Clients who come, stay for two seconds and leave, at a given rate for ten seconds and more: the highest rate at which
 * at least 99.9 % of them see all there is to see within a second of when they were due. Each rate has a fresh server;
 * a rate that does not hold is tried once more before it counts as too high.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type ChurnOptions, type ChurnReport, IN_TIME_MS } from "./bots/churn.js";
import type { ChurnNews } from "./bots/churn-process.js";
import { Tally } from "./bots/tally.js";
import { order } from "./bots/told-process.js";
import { ChildServer, gameModule, type ServerStats } from "./child-server.js";
import { botOptions } from "./loaded-run.js";
import type { BenchOptions, Figures, Measured } from "./measured.js";
import { type CpuReading, readCpu, threadSeconds } from "./process-cpu.js";

interface Plan {
  /** Clients a second, rising. */
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly staySeconds: number;
  readonly players: readonly ChurnOptions["players"][];
}
const full: Plan = {
  rates: [500, 1000, 1500, 2000],
  seconds: 10,
  staySeconds: 2,
  players: ["known", "new"],
};
const small: Plan = { rates: [25], seconds: 1, staySeconds: 0.3, players: ["known", "new"] };

const churnEntry = new URL("./bots/churn-process.js", import.meta.url);
const SHARDS = 2;
const IN_TIME_PERCENT = 99.9;
const RATE_MIN = 1000;
/** After everybody has left: how long until the server must have noticed. */
const EMPTY_MS_MAX = 5000;
const LOOK_MS = 50;
const SUBJECT = `gridshard, ${SHARDS} shards`;

/** Whose tickets these are, in words. */
const caseOf = { known: "with a ticket made before", new: "with a new guest ticket each" } as const;

export async function run(options: BenchOptions): Promise<Measured[]> {
  const plan = options.smoke ? small : full;
  const seconds = options.seconds ?? plan.seconds;
  const measured: Measured[] = [];
  for (const players of plan.players) measured.push(...(await climb({ ...plan, seconds }, players)));
  return measured;
}

/** Every rate up to the first that does not hold, and what that comes to. */
async function climb(plan: Plan, players: ChurnOptions["players"]): Promise<Measured[]> {
  const steps: Measured[] = [];
  let best: Figures = { connectsPerSecond: 0 };
  for (const perSecond of plan.rates) {
    const what: ChurnOrder = { perSecond, seconds: plan.seconds, staySeconds: plan.staySeconds, players };
    let figures = await measure(what);
    if (!isHeld(figures)) figures = await measure(what);
    steps.push({
      suite: "churn",
      case: `${perSecond.toLocaleString("en")} clients a second, ${caseOf[players]}`,
      subject: SUBJECT,
      seconds: plan.seconds,
      figures,
      wants: [
        { figure: "errors", atMost: 0 },
        { figure: "leftBehind", atMost: 0 },
      ],
    });
    if (!isHeld(figures)) break;
    const { placedMsP50, placedMsP99 } = figures;
    best = { connectsPerSecond: perSecond, placedMsP50: placedMsP50!, placedMsP99: placedMsP99! };
  }
  const summary: Measured = {
    suite: "churn",
    case: `most clients a second, ${caseOf[players]}`,
    subject: SUBJECT,
    seconds: plan.seconds,
    figures: best,
    wants: [{ figure: "connectsPerSecond", atLeast: RATE_MIN }],
  };
  // The last step is where it gave way: its errors are what was looked for, not a fault.
  return [summary, ...steps.map((step) => (isHeld(step.figures) ? step : { ...step, wants: [] }))];
}

function isHeld(figures: Figures): boolean {
  return figures.inTimePercent! >= IN_TIME_PERCENT && figures.errors === 0;
}

type ChurnOrder = Pick<ChurnOptions, "perSecond" | "seconds" | "staySeconds" | "players">;

async function measure(what: ChurnOrder): Promise<Figures> {
  const server = await ChildServer.start({
    config: {
      games: [gameModule("games-world")],
      // Wide enough that those who stay see a few dozen others, not each other all.
      world: { field: "bench-walk", widthCells: 40, heightCells: 40, cellSizeMeters: 24, tickHz: 20 },
      shards: { count: SHARDS },
      net: { handshakesPerSecond: 100_000 },
    },
  });
  try {
    const stats = await server.stats();
    const bots = botOptions(server.url, { behaviour: "idle", "intents-per-second": 0 });
    let from: CpuReading | undefined;
    let to: CpuReading | undefined;
    const load = order<ChurnOptions, ChurnNews, ChurnReport>(
      churnEntry,
      { ...what, bots },
      {
        onNews: (news) => {
          if (news === "windowStart") from = readCpu(server.pid);
          else to = readCpu(server.pid);
        },
      },
    );
    try {
      const report = await load.result;
      const figures = {
        ...figuresOf(report, what.seconds),
        ...coresOf(stats, { from: from!, to: to!, seconds: what.seconds }),
        leftBehind: await leftBehind(server),
      };
      tell(what, report, figures);
      return figures;
    } finally {
      await load.end();
    }
  } finally {
    await server.stop();
  }
}

function figuresOf(report: ChurnReport, seconds: number): Figures {
  const placing = new Tally();
  placing.add(report.placing);
  const { p50Ms, p99Ms, maxMs } = placing.percentiles();
  return {
    connectsPerSecond: report.placedInTime / seconds,
    inTimePercent: (100 * report.placedInTime) / report.due,
    placedMsP50: p50Ms,
    placedMsP99: p99Ms,
    placedMsMax: maxMs,
    generatorCores: report.generatorCores,
    generatorLateMsP99: report.generatorLateMsP99,
    errors: Object.values(report.errors).reduce((sum, count) => sum + count, 0),
  };
}

function coresOf(
  { net, shards, persistence }: ServerStats,
  window: { readonly from: CpuReading; readonly to: CpuReading; readonly seconds: number },
): Figures {
  const { from, to, seconds } = window;
  const cores = (threads: readonly number[]) => threadSeconds(from, to, threads) / seconds;
  const cpuCores = (to.seconds - from.seconds) / seconds;
  const netCores = cores([net.systemThread]);
  const shardCores = cores(shards.map(({ systemThread }) => systemThread));
  const persistenceCores = cores([persistence.systemThread]);
  const restCores = Math.max(0, cpuCores - netCores - shardCores - persistenceCores);
  return { cpuCores, netCores, shardCores, persistenceCores, restCores };
}

/** Sessions and members the server still counts, at the latest when it should have noticed that nobody is there. */
async function leftBehind(server: ChildServer): Promise<number> {
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const { net, shards } = await server.stats();
    const members = shards.reduce((sum, shard) => sum + shard.counters.members!, 0);
    const { sessions_live, sessions_suspended, connections } = net.counters;
    const left = members + sessions_live! + sessions_suspended! + connections!;
    if (left === 0 || waitedMs >= EMPTY_MS_MAX) return left;
    await delay(LOOK_MS);
  }
}

function tell({ perSecond, players }: ChurnOrder, report: ChurnReport, figures: Figures): void {
  const { inTimePercent, placedMsP50, placedMsP99, cpuCores, netCores, generatorCores } = figures;
  process.stderr.write(
    `  ${perSecond}/s ${caseOf[players]}: ${inTimePercent!.toFixed(2)} % of ${report.due} within ${IN_TIME_MS} ms, ` +
      `p50 ${placedMsP50} ms, p99 ${placedMsP99} ms, server ${cpuCores!.toFixed(2)} cores (net ${netCores!.toFixed(2)}), ` +
      `bots ${generatorCores!.toFixed(2)}\n`,
  );
  for (const sample of report.errorSamples.slice(0, 3)) process.stderr.write(`    ${sample}\n`);
}
