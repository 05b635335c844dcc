/** One measured run of a server and its clients: both in processes of their own, and the server's CPU over the window. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Figures } from "../measured.js";
import { peersFolder } from "../peers-folder.js";
import { type CpuTime, cpuOf, residentBytesOf } from "../process-cpu.js";
import { sightFigures } from "../sight-check.js";
import type { PeerFleetReport } from "./fleet.js";
import type { PeerNews, PeerOrder } from "./fleet-process.js";
import type { PeerLoad } from "./peer-client.js";

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 5000;
const LOOK_MS = 20;

/** A peer, or the process of its clients, ended before its time. */
export class PeerFailed extends Error {
  override readonly name = "PeerFailed";
}

/** One of bench/peers/servers in a process of its own. */
export class PeerServer {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #log: string[];

  private constructor(child: ChildProcess, url: string, log: string[]) {
    this.#child = child;
    this.url = url;
    this.#log = log;
  }

  /** @throws PeerFailed */
  static async start(name: string, options: object): Promise<PeerServer> {
    const entry = join(peersFolder(), "servers", `${name}.js`);
    const child = spawn(process.execPath, [entry, JSON.stringify(options)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log: string[] = [];
    createInterface({ input: child.stderr! }).on("line", (line) => log.push(line));
    const deadline = AbortSignal.timeout(START_MS_MAX);
    const line = await Promise.race([
      once(createInterface({ input: child.stdout! }), "line") as Promise<[string]>,
      once(child, "exit").then(() => undefined),
      once(deadline, "abort").then(() => undefined),
    ]);
    if (line === undefined) {
      child.kill("SIGKILL");
      throw new PeerFailed(`${name} did not start:\n${log.join("\n")}`);
    }
    return new PeerServer(child, line[0].trim(), log);
  }

  /** What it has written to stderr so far. */
  get log(): readonly string[] {
    return this.#log;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The first group of the first line on its stderr that matches; waits for it. */
  async logged(pattern: RegExp): Promise<string> {
    for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
      for (const line of this.#log) {
        const found = pattern.exec(line)?.[1];
        if (found !== undefined) return found;
      }
      if (waitedMs > START_MS_MAX || this.#child.exitCode !== null) {
        throw new PeerFailed(`no line of ${pattern} in the log:\n${this.#log.join("\n")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      throw new PeerFailed(`a peer had ended by itself:\n${this.#log.join("\n")}`);
    }
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    // One that has more to do than it can does not even come to hear it.
    const force = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS_MAX);
    await exited;
    clearTimeout(force);
  }
}

/** Lets the clients play against the server of this process id, and measures both. */
export async function measureLoad(pid: number, load: PeerLoad): Promise<Figures> {
  let from: CpuTime | undefined;
  let to: CpuTime | undefined;
  let residentBytes = 0;
  // What this costs the first time is not to fall into the window.
  cpuOf(pid);
  const report = await runFleetApart(load, (milestone) => {
    if (milestone === "warm") {
      from = cpuOf(pid);
    } else {
      to = cpuOf(pid);
      residentBytes = residentBytesOf(pid);
    }
  });
  for (const sample of [...report.errorSamples, ...report.sight.samples]) {
    process.stderr.write(`    ${load.protocol}: ${sample}\n`);
  }
  const spent = to!.seconds - from!.seconds;
  const clientSeconds = report.windowSeconds * load.clients;
  const errors = Object.values(report.errors).reduce((sum, count) => sum + count, 0);
  return {
    cpuCores: spent / report.windowSeconds,
    kernelCores: (to!.kernelSeconds - from!.kernelSeconds) / report.windowSeconds,
    // Of the ticks that clients were told of: a server that does not keep up must not look the cheaper for it.
    usPerClientTick: (spent * 1e6) / (report.ticks * load.clients),
    bytesPerClientSecond: report.bytes / clientSeconds,
    messagesPerClientSecond: report.messages / clientSeconds,
    ticksPerSecond: report.ticks / report.windowSeconds,
    lateMsP50: report.lateness.p50Ms,
    lateMsP99: report.lateness.p99Ms,
    lateMsMax: report.lateness.maxMs,
    ...sightFigures(report.sight),
    rssMB: residentBytes / 1e6,
    generatorCores: report.generatorCpuCores,
    generatorLateMsP99: report.generatorLateness.p99Ms,
    errors: errors + load.clients - report.liveAtEnd,
  };
}

async function runFleetApart(
  load: PeerLoad,
  onMilestone: (milestone: "warm" | "windowEnd") => void,
): Promise<PeerFleetReport> {
  const child = fork(new URL("./fleet-process.js", import.meta.url), {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  try {
    return await new Promise<PeerFleetReport>((resolve, reject) => {
      child.on("message", (news: PeerNews) => {
        if (news.type === "report") resolve(news.report);
        else if (news.type === "failed") reject(new PeerFailed(news.problem));
        else {
          try {
            onMilestone(news.type);
          } catch (error) {
            reject(new PeerFailed(`the server is not there to be measured: ${(error as Error).message}`));
          }
          child.send({ type: "go" } satisfies PeerOrder);
        }
      });
      child.on("exit", (code, signal) =>
        reject(new PeerFailed(`the process of clients ended: ${signal ?? code}`)),
      );
      child.send({ type: "run", load } satisfies PeerOrder);
    });
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
  }
}
