/**
 * Writes to sockets for each client and tick, counted by strace: all of a client's messages of one tick shall leave in
 * one system call, whatever the number of shards. The tracer makes the server slower, so nothing else is measured.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../engine/time.js";
import { runSwarmApart } from "./bots/swarm.js";
import { ChildServer, gameModule } from "./child-server.js";
import { botOptions } from "./loaded-run.js";
import { type BenchOptions, type Figures, type Measured, measuredOf, type Want } from "./measured.js";
import { measureRounds } from "./rounds.js";

const CALLS = "write,writev,pwrite64,sendto,sendmsg,sendmmsg";
const WRITES_MAX = 1.05;

interface Plan {
  readonly clients: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly shardCounts: readonly number[];
}
const full: Plan = { clients: 200, seconds: 10, warmupSeconds: 3, shardCounts: [1, 4] };
const small: Plan = { clients: 10, seconds: 1, warmupSeconds: 0.2, shardCounts: [2] };

export async function run(options: BenchOptions): Promise<Measured[]> {
  if (!hasStrace()) {
    process.stderr.write("  not measured: strace is not installed (Debian package strace)\n");
    return [];
  }
  const base = options.smoke ? small : full;
  const plan = { ...base, seconds: options.seconds ?? base.seconds };
  const { clients, seconds } = plan;
  const figures = await measureRounds({
    title: "syscalls",
    rounds: options.rounds ?? 1,
    secondsEach: plan.warmupSeconds + seconds + 5,
    subjects: plan.shardCounts.map((shards) => ({
      name: nameOf(shards),
      measure: () => count(plan, shards),
    })),
  });
  const wants: readonly Want[] = [
    { figure: "writesPerClientTick", atMost: WRITES_MAX },
    { figure: "errors", atMost: 0 },
  ];
  return plan.shardCounts.map((shards) =>
    measuredOf({
      suite: "syscalls",
      case: `${clients} people at 20 Hz`,
      subject: nameOf(shards),
      clients,
      shards,
      seconds,
      rounds: figures.get(nameOf(shards))!,
      wants,
    }),
  );
}

const nameOf = (shards: number) => (shards === 1 ? "gridshard, 1 shard" : `gridshard, ${shards} shards`);

function hasStrace(): boolean {
  try {
    execFileSync("strace", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function count(plan: Plan, shards: number): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "gridshard-strace-"));
  const trace = join(folder, "trace");
  try {
    // Absolute times, and what each descriptor is.
    const prefix = [
      "strace",
      "-f",
      "--seccomp-bpf",
      "-ttt",
      "-y",
      "-s",
      "0",
      "-e",
      `trace=${CALLS}`,
      "-o",
      trace,
    ];
    const world = { field: "bench-walk", widthCells: 8, heightCells: 8 };
    const server = await ChildServer.start({
      prefix,
      config: { games: [gameModule("games-world")], world, shards: { count: shards } },
    });
    let fromMs = 0;
    let toMs = 0;
    let errors = 0;
    let clientTicks = 0;
    try {
      const { clients, seconds, warmupSeconds } = plan;
      const bots = botOptions(server.url, { clients, seconds, "warmup-seconds": warmupSeconds });
      const report = await runSwarmApart(bots, {
        onWindowStart: () => {
          fromMs = systemClock.wallMs();
        },
        onWindowEnd: () => {
          toMs = systemClock.wallMs();
        },
      });
      errors = Object.values(report.errors).reduce((sum, each) => sum + each, 0);
      clientTicks = (report.liveAtEnd * (toMs - fromMs)) / report.tickPeriodMs;
    } finally {
      await server.stop();
    }
    const written = writesWithin(readFileSync(trace, "utf8"), fromMs, toMs);
    return {
      writesPerClientTick: written.toSockets / clientTicks,
      otherWritesPerTick: (written.others / clientTicks) * plan.clients,
      errors,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Counts calls that began within the window. Lines that finish an interrupted call begin with `<...` and do not match. */
export function writesWithin(
  trace: string,
  fromMs: number,
  toMs: number,
): { readonly toSockets: number; readonly others: number } {
  let toSockets = 0;
  let others = 0;
  for (const [, seconds, target] of trace.matchAll(/^\d+ +(\d+\.\d+) [a-z0-9]+\(\d+<([^>]*)/gm)) {
    const ms = Number(seconds) * 1000;
    if (ms < fromMs || ms >= toMs) continue;
    if (target!.startsWith("socket:") || target!.startsWith("TCP")) toSockets++;
    else others++;
  }
  return { toSockets, others };
}
