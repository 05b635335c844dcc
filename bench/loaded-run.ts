/** One measured run: a server process, bots in processes of their own, and the server's CPU over the bots' window. */
import { setTimeout as delay } from "node:timers/promises";
import { type BotOptions, parseBotOptions } from "./bots/options.js";
import type { BotReport } from "./bots/report.js";
import { runSwarmApart } from "./bots/swarm.js";
import { ChildServer, type ChildServerOptions, type ServerStats } from "./child-server.js";
import { withFloor } from "./floor-run.js";
import type { FloorOptions } from "./floor-server.js";
import type { Figures } from "./measured.js";
import { type CpuReading, type CpuTime, readCpu, residentBytesOf, threadSeconds } from "./process-cpu.js";

/** Between the last look at the server and the beginning of the window. */
const CALM_MS = 1000;

export interface LoadedRun {
  readonly report: BotReport;
  /** CPU of the whole server process over the window, and of its parts, which NaN are where it is a single thread. */
  readonly cores: number;
  /** What of them the kernel spent for it. */
  readonly kernelCores: number;
  readonly netCores: number;
  readonly shardCores: number;
  readonly persistenceCores: number;
  /** Main thread, compilers, garbage collectors, threads of libuv. */
  readonly restCores: number;
  /** Memory of the process at the end of the window. */
  readonly residentBytes: number;
  /** State of the server with everybody still in, but standing still: nobody is between two shards. */
  readonly statsSettled: ServerStats | undefined;
}

/** What is measured of every run with clients, by the names of the catalogue. */
export function figuresOf(run: LoadedRun): Figures {
  const { report } = run;
  const { clients } = report.options;
  const errors = Object.values(report.errors).reduce((sum, count) => sum + count, 0);
  const ticksPerSecond = 1000 / report.tickPeriodMs;
  const parts = {
    netCores: run.netCores,
    shardCores: run.shardCores,
    persistenceCores: run.persistenceCores,
    restCores: run.restCores,
  };
  return {
    cpuCores: run.cores,
    kernelCores: run.kernelCores,
    ...(Number.isNaN(run.netCores) ? {} : parts),
    usPerClientTick: (run.cores * 1e6) / (clients * ticksPerSecond),
    lateMsP50: report.lateness.p50Ms,
    lateMsP99: report.lateness.p99Ms,
    lateMsMax: report.lateness.maxMs,
    // The bare server moves nobody as they ask.
    ...(report.effect.count === 0 || run.statsSettled === undefined
      ? {}
      : { effectMsP50: report.effect.p50Ms, effectMsP99: report.effect.p99Ms }),
    bytesPerClientSecond: report.kilobytesPerSecondPerClient * 1000,
    messagesPerClientSecond: report.messagesPerSecondPerClient,
    inSight: report.entitiesInSightMean - 1,
    ...(report.sight === null
      ? {}
      : { staleMsP99: report.sight.staleMsP99, wrongSights: report.sight.wrongSights }),
    rssMB: run.residentBytes / 1e6,
    generatorCores: report.generatorCpuCores,
    generatorLateMsP99: report.generatorLateness.p99Ms,
    errors: errors + clients - report.liveAtEnd,
  };
}

/** Bot options from what differs from the command's defaults. */
export function botOptions(url: string, options: Readonly<Record<string, string | number>>): BotOptions {
  const argv = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const parsed = parseBotOptions(["--url", url, ...argv]);
  if (parsed === "help") throw new Error("bot options have no help");
  return parsed;
}

/** What happens beside the bots of a run: other clients, for instance. The run waits for each of these. */
export interface Beside {
  /** The server runs, nobody has come. */
  onStarted?(server: ChildServer): Promise<void>;
  onWindowStart?(server: ChildServer): Promise<void>;
  onWindowEnd?(server: ChildServer): Promise<void>;
}

export async function runLoaded(
  server: ChildServerOptions,
  bots: Readonly<Record<string, string | number>>,
  judged: Pick<BotOptions, "sightCheck"> = {},
  beside: Beside = {},
): Promise<LoadedRun> {
  const child = await ChildServer.start(server);
  try {
    await beside.onStarted?.(child);
    let before: ServerStats | undefined;
    let settled: ServerStats | undefined;
    const run = await measure(
      child.pid,
      { ...botOptions(child.url, bots), ...judged },
      {
        onWindowStart: async () => {
          before = await child.stats();
          await beside.onWindowStart?.(child);
        },
        onWindowEnd: () => beside.onWindowEnd?.(child),
        onSettled: async () => {
          settled = await child.stats();
        },
      },
    );
    const { shards, net, persistence } = before!;
    const coresOf = (threads: readonly number[]) =>
      threadSeconds(run.from, run.to, threads) / run.report.windowSeconds;
    const netCores = coresOf([net.systemThread]);
    const shardCores = coresOf(shards.map(({ systemThread }) => systemThread));
    const persistenceCores = coresOf([persistence.systemThread]);
    return {
      ...run,
      netCores,
      shardCores,
      persistenceCores,
      restCores: Math.max(0, run.cores - netCores - shardCores - persistenceCores),
      statsSettled: settled,
    };
  } finally {
    await child.stop();
  }
}

/** The same bots against the bare server of floor-server.ts. */
export function runFloor(
  floor: FloorOptions,
  bots: Readonly<Record<string, string | number>>,
): Promise<LoadedRun> {
  return withFloor(floor, async ({ url, pid }) => {
    const run = await measure(pid, botOptions(url, bots), {});
    const parts = { netCores: Number.NaN, shardCores: Number.NaN, persistenceCores: Number.NaN };
    return { ...run, ...parts, restCores: Number.NaN, statsSettled: undefined };
  });
}

interface WindowHooks {
  onWindowStart?(): Promise<void>;
  onWindowEnd?(): Promise<void> | undefined;
  onSettled?(): Promise<void>;
}

interface Window {
  readonly report: BotReport;
  readonly cores: number;
  readonly kernelCores: number;
  readonly residentBytes: number;
  readonly from: CpuReading;
  readonly to: CpuReading;
}

async function measure(pid: number, options: BotOptions, hooks: WindowHooks): Promise<Window> {
  let from: CpuReading | undefined;
  let to: CpuReading | undefined;
  let residentBytes = 0;
  const report = await runSwarmApart(options, {
    onWindowStart: async () => {
      await hooks.onWindowStart?.();
      // What all this costs the first time takes a core from the clients for a moment, which is not to be measured.
      readCpu(pid);
      await delay(CALM_MS);
      from = readCpu(pid);
    },
    onWindowEnd: () => {
      to = readCpu(pid);
      residentBytes = residentBytesOf(pid);
      return hooks.onWindowEnd?.();
    },
    onSettled: () => hooks.onSettled?.(),
  });
  const coresOf = (of: keyof CpuTime) => (to![of] - from![of]) / report.windowSeconds;
  const parts = { cores: coresOf("seconds"), kernelCores: coresOf("kernelSeconds") };
  return { report, ...parts, residentBytes, from: from!, to: to! };
}
