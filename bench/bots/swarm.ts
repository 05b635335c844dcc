/** All bots: in this process, or in several of their own that measure the same window together. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type FleetHooks, type FleetShare, type Progress, runFleet } from "./fleet.js";
import type { FleetReport } from "./measures.js";
import type { BotOptions } from "./options.js";
import { type BotReport, mergeReports } from "./report.js";

export interface SwarmHooks {
  /** Everybody is in. */
  onConnected?(): Promise<void> | void;
  /** The measured window begins when this is done. */
  onWindowStart?(): Promise<void> | void;
  /** The measured window has ended. */
  onWindowEnd?(): Promise<void> | void;
  /** Everybody stands still and is acknowledged; the bots leave when this is done. */
  onSettled?(): Promise<void> | void;
  onProgress?(progress: Progress): void;
}

/** To a process of bots. */
export type FleetOrder =
  | { readonly type: "run"; readonly options: BotOptions; readonly share: FleetShare }
  | { readonly type: "go" };
/** Points at which all processes wait for one another. */
export type Milestone = "connected" | "warm" | "windowEnd" | "settled";
/** From a process of bots; it waits for "go" after each milestone. */
export type FleetNews =
  | { readonly type: Milestone }
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "report"; readonly report: FleetReport }
  | { readonly type: "failed"; readonly problem: string };

/** A process of bots ended before its report. */
export class FleetLost extends Error {
  override readonly name = "FleetLost";
}

export async function runSwarm(options: BotOptions, hooks: SwarmHooks = {}): Promise<BotReport> {
  const reports =
    options.processes === 1
      ? [await runFleet(options, { first: 0, count: options.clients }, hooksOfOne(hooks))]
      : await runForked(options, hooks);
  return mergeReports(reports, options);
}

/** As {@link runSwarm}, but never in this process: the caller's own work must not disturb the bots. */
export async function runSwarmApart(options: BotOptions, hooks: SwarmHooks = {}): Promise<BotReport> {
  return mergeReports(await runForked(options, hooks), options);
}

function hooksOfOne(hooks: SwarmHooks): FleetHooks {
  return {
    onConnected: () => hooks.onConnected?.(),
    onWarm: () => hooks.onWindowStart?.(),
    onWindowEnd: () => hooks.onWindowEnd?.(),
    onSettled: () => hooks.onSettled?.(),
    onProgress: (progress) => hooks.onProgress?.(progress),
  };
}

async function runForked(options: BotOptions, hooks: SwarmHooks): Promise<FleetReport[]> {
  const children: ChildProcess[] = [];
  const latest: Progress[] = [];
  const meeting = new Meeting(options.processes, async (type) => {
    if (type === "connected") await hooks.onConnected?.();
    else if (type === "warm") await hooks.onWindowStart?.();
    else if (type === "windowEnd") await hooks.onWindowEnd?.();
    else await hooks.onSettled?.();
    for (const child of children) if (child.connected) child.send({ type: "go" } satisfies FleetOrder);
  });
  const run = (at: number) =>
    new Promise<FleetReport>((resolve, reject) => {
      const child = fork(new URL("./fleet-process.js", import.meta.url), {
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      });
      children.push(child);
      child.on("message", (news: FleetNews) => {
        switch (news.type) {
          case "progress":
            latest[at] = news.progress;
            if (at === 0) hooks.onProgress?.(sumProgress(latest));
            return;
          case "report":
            resolve(news.report);
            return;
          case "failed":
            reject(new FleetLost(news.problem));
            return;
          default:
            meeting.arrive(news.type).catch(reject);
        }
      });
      child.on("exit", (code, signal) => reject(new FleetLost(`a process of bots ended: ${signal ?? code}`)));
      child.send({ type: "run", options, share: shareOf(options, at) } satisfies FleetOrder);
    });
  try {
    return await Promise.all(Array.from({ length: options.processes }, (_, at) => run(at)));
  } finally {
    await Promise.all(children.map(end));
  }
}

/** Everybody arrives at the same point, then `onAll` is called once. */
class Meeting {
  readonly #count: number;
  readonly #onAll: (type: Milestone) => Promise<void>;
  readonly #arrived: Record<string, number> = {};

  constructor(count: number, onAll: (type: Milestone) => Promise<void>) {
    this.#count = count;
    this.#onAll = onAll;
  }

  async arrive(type: Milestone): Promise<void> {
    const arrived = (this.#arrived[type] ?? 0) + 1;
    this.#arrived[type] = arrived;
    if (arrived === this.#count) await this.#onAll(type);
  }
}

/** Bots `first` to `first + count - 1` of all. */
export function shareOf(options: { clients: number; processes: number }, at: number): FleetShare {
  const first = Math.floor((options.clients * at) / options.processes);
  return { first, count: Math.floor((options.clients * (at + 1)) / options.processes) - first };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

function sumProgress(all: readonly Progress[]): Progress {
  const present = all.filter((progress) => progress !== undefined);
  const sum = (of: (progress: Progress) => number) =>
    present.reduce((total, progress) => total + of(progress), 0);
  return {
    phase: present[0]!.phase,
    live: sum((progress) => progress.live),
    messages: sum((progress) => progress.messages),
    bytes: sum((progress) => progress.bytes),
    intents: sum((progress) => progress.intents),
    errors: sum((progress) => progress.errors),
    p99Ms: Math.max(...present.map((progress) => progress.p99Ms)),
  };
}
