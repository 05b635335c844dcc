/** One measured run: a server process, bots in processes of their own, and the server's CPU over the bots' window. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type BotOptions, parseBotOptions } from "./bots/options.js";
import type { BotReport } from "./bots/report.js";
import { runSwarmApart } from "./bots/swarm.js";
import { ChildServer, type ChildServerOptions, type ServerStats } from "./child-server.js";
import type { FloorOptions } from "./floor-server.js";
import { cpuSecondsOf } from "./process-cpu.js";

export interface LoadedRun {
  readonly report: BotReport;
  /** CPU of the whole server process over the window. */
  readonly cores: number;
  /** CPU of its threads, where the server tells. */
  readonly netCores: number;
  readonly shardCores: number;
  /** State of the server with everybody still in, but standing still: nobody is between two shards. */
  readonly statsSettled: ServerStats | undefined;
}

/** Bot options from what differs from the command's defaults. */
export function botOptions(url: string, options: Readonly<Record<string, string | number>>): BotOptions {
  const argv = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const parsed = parseBotOptions(["--url", url, ...argv]);
  if (parsed === "help") throw new Error("bot options have no help");
  return parsed;
}

export async function runLoaded(
  server: ChildServerOptions,
  bots: Readonly<Record<string, string | number>>,
): Promise<LoadedRun> {
  const child = await ChildServer.start(server);
  try {
    let before: ServerStats | undefined;
    let after: ServerStats | undefined;
    let settled: ServerStats | undefined;
    const run = await measure(child.pid, botOptions(child.url, bots), {
      onWindowStart: async () => {
        before = await child.stats();
      },
      onWindowEnd: async () => {
        after = await child.stats();
      },
      onSettled: async () => {
        settled = await child.stats();
      },
    });
    const seconds = run.report.windowSeconds;
    const spent = (of: (stats: ServerStats) => number) => (of(after!) - of(before!)) / seconds;
    return {
      ...run,
      netCores: spent((stats) => stats.net.cpuSeconds ?? Number.NaN),
      shardCores: spent((stats) =>
        stats.shards.reduce((sum, shard) => sum + (shard.cpuSeconds ?? Number.NaN), 0),
      ),
      statsSettled: settled,
    };
  } finally {
    await child.stop();
  }
}

/** The same bots against the bare server of floor-server.ts. */
export async function runFloor(
  floor: FloorOptions,
  bots: Readonly<Record<string, string | number>>,
): Promise<LoadedRun> {
  const entry = fileURLToPath(new URL("./floor-server.js", import.meta.url));
  const child = spawn(process.execPath, [entry, JSON.stringify(floor)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const url = await firstLineOf(child);
    const run = await measure(child.pid!, botOptions(url, bots), {});
    return { ...run, netCores: Number.NaN, shardCores: Number.NaN, statsSettled: undefined };
  } finally {
    const exited = child.exitCode === null ? once(child, "exit") : undefined;
    child.kill("SIGTERM");
    await exited;
  }
}

async function firstLineOf(child: ChildProcess): Promise<string> {
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout! }), "line"),
    once(child, "exit").then(() => {
      throw new Error("the floor server did not start");
    }),
  ])) as [string];
  return line.trim();
}

interface WindowHooks {
  onWindowStart?(): Promise<void>;
  onWindowEnd?(): Promise<void>;
  onSettled?(): Promise<void>;
}

async function measure(
  pid: number,
  options: BotOptions,
  hooks: WindowHooks,
): Promise<{ report: BotReport; cores: number }> {
  let startedAt = 0;
  let spent = 0;
  const report = await runSwarmApart(options, {
    onWindowStart: async () => {
      await hooks.onWindowStart?.();
      startedAt = cpuSecondsOf(pid);
    },
    onWindowEnd: async () => {
      spent = cpuSecondsOf(pid) - startedAt;
      await hooks.onWindowEnd?.();
    },
    onSettled: () => hooks.onSettled?.(),
  });
  return { report, cores: spent / report.windowSeconds };
}
