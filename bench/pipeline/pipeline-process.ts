/**
 * A whole server whose transport is a crowd within: `node pipeline-process.js '<plan as JSON>'` prints one line of JSON,
 * a {@link PipelineReport}. In a process of its own, so that runs do not warm each other.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { BroadcastChannel } from "node:worker_threads";
import type { Config } from "../../engine/config-schema.js";
import { configSchema } from "../../engine/config-schema.js";
import { Counters } from "../../engine/memory/counters.js";
import { netCatalogue, netMetric, shardCatalogue, shardMetric } from "../../engine/metrics.js";
import { systemClock as clock } from "../../engine/time.js";
import { createWiring, type Wiring } from "../../engine/wiring.js";
import { type RunningServer, startServer } from "../../server.js";
import { worldFor } from "../wander.js";
import { CROWD_CHANNEL, type CrowdReport, type FromCrowd, type ToCrowd } from "./crowd-words.js";

export interface PipelinePlan {
  readonly clients: number;
  readonly shards: number;
  readonly tickHz: number;
  /** A module of games beside this file, or `games-world` above it, and the field of it that is played. */
  readonly module: string;
  readonly field: string;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly seed: number;
}

export interface PipelineReport {
  readonly seconds: number;
  /** Seconds of CPU in the window. */
  readonly cpu: {
    readonly process: number;
    readonly net: number;
    readonly shards: number;
    readonly persistence: number;
  };
  /** Of all shards. */
  readonly ticks: number;
  /** Ticks of members that were made, of all shards. */
  readonly clientTicks: number;
  readonly overruns: number;
  readonly forfeited: number;
  readonly framesSkipped: number;
  /** Ticks whose frames net had waited for too long. */
  readonly flushesLate: number;
  readonly crowd: CrowdReport;
}

const ENTER_PER_SECOND = 2000;
const ENTER_MS_MAX = 60_000;
/** Room on top of those in the world: ghosts, and those between two shards. */
const ENTITIES_SPARE = 4;

/** The crowd's end of the channel, with answers awaited. */
class CrowdLine {
  readonly #channel = new BroadcastChannel(CROWD_CHANNEL);
  #resolve: (word: FromCrowd) => void = () => {};

  constructor() {
    this.#channel.onmessage = (event) => this.#resolve((event as { data: FromCrowd }).data);
  }

  ask(word: ToCrowd): Promise<FromCrowd> {
    const answer = new Promise<FromCrowd>((resolve) => {
      this.#resolve = resolve;
    });
    this.#channel.postMessage(word);
    return answer;
  }

  close(): void {
    this.#channel.close();
  }
}

/** What the counters and the kernel say at one moment. */
interface Reading {
  readonly atMs: number;
  readonly threads: ReadonlyMap<number, number>;
  readonly shards: readonly { readonly ticks: number; readonly members: number }[];
  readonly overruns: number;
  readonly forfeited: number;
  readonly framesSkipped: number;
  readonly flushesLate: number;
}

class Gauge {
  readonly #shards: readonly Counters[];
  readonly #net: Counters;

  constructor(wiring: Wiring, shards: number) {
    this.#shards = wiring.counters.shards
      .slice(0, shards)
      .map((memory) => new Counters(memory, shardCatalogue));
    this.#net = new Counters(wiring.counters.net, netCatalogue);
  }

  read(): Reading {
    const sum = (index: number) => this.#shards.reduce((total, shard) => total + shard.get(index), 0);
    return {
      atMs: clock.nowMs(),
      threads: threadSeconds(),
      shards: this.#shards.map((shard) => ({
        ticks: shard.get(shardMetric.ticks_total),
        members: shard.get(shardMetric.members),
      })),
      overruns: sum(shardMetric.tick_overruns_total),
      forfeited: sum(shardMetric.ticks_forfeited_total),
      framesSkipped: sum(shardMetric.frames_skipped_total),
      flushesLate: this.#net.get(netMetric.flush_late_total),
    };
  }
}

/** Seconds on a processor, by the kernel's number of the thread: in nanoseconds, where /proc/…/stat counts in hundredths. */
function threadSeconds(): Map<number, number> {
  const seconds = new Map<number, number>();
  for (const thread of readdirSync("/proc/self/task")) {
    const text = readFileSync(`/proc/self/task/${thread}/schedstat`, "utf8");
    seconds.set(Number(thread), Number(text.split(" ")[0]) / 1e9);
  }
  return seconds;
}

function configOf(plan: PipelinePlan, folder: string): Config {
  const module = plan.module === "games-world" ? "../games-world.js" : `./${plan.module}.js`;
  const { tickHz, field, shards, clients } = plan;
  return configSchema.parse({
    dataFolder: folder,
    games: [new URL(module, import.meta.url).href],
    log: { level: "warn" },
    net: {
      port: 0,
      connectionsMax: 100_000,
      handshakesPerSecond: 100_000,
      guestTicketsPerMinutePerAddress: 1_000_000,
    },
    admin: { port: 0 },
    world: { field, ...worldFor(clients), cellSizeMeters: 24, tickHz },
    shards: { count: shards, entitiesMax: Math.max(20_000, clients * ENTITIES_SPARE) },
  });
}

function reportOf(parts: {
  readonly from: Reading;
  readonly to: Reading;
  readonly server: RunningServer;
  readonly plan: PipelinePlan;
  readonly crowd: CrowdReport;
}): PipelineReport {
  const { from, to, server, plan, crowd } = parts;
  const { control } = server;
  const used = (thread: number) => (to.threads.get(thread) ?? 0) - (from.threads.get(thread) ?? 0);
  const usedBy = (slot: number) => used(control.systemThreadId(slot));
  const shards = Array.from({ length: plan.shards }, (_, shard) => shard);
  const ticksOf = (shard: number) => to.shards[shard]!.ticks - from.shards[shard]!.ticks;
  const membersOf = (shard: number) => (to.shards[shard]!.members + from.shards[shard]!.members) / 2;
  return {
    seconds: (to.atMs - from.atMs) / 1000,
    cpu: {
      process: [...to.threads.keys()].reduce((sum, thread) => sum + used(thread), 0),
      net: usedBy(control.netThread),
      shards: shards.reduce((sum, shard) => sum + usedBy(shard), 0),
      persistence: usedBy(control.storeThread),
    },
    ticks: shards.reduce((sum, shard) => sum + ticksOf(shard), 0),
    clientTicks: shards.reduce((sum, shard) => sum + ticksOf(shard) * membersOf(shard), 0),
    overruns: to.overruns - from.overruns,
    forfeited: to.forfeited - from.forfeited,
    framesSkipped: to.framesSkipped - from.framesSkipped,
    flushesLate: to.flushesLate - from.flushesLate,
    crowd,
  };
}

async function measure(plan: PipelinePlan, folder: string): Promise<PipelineReport> {
  const config = configOf(plan, folder);
  const wiring = createWiring(config);
  const transport = new URL("./crowd-transport.js", import.meta.url).href;
  const server = await startServer(config, { wiring, transport });
  const line = new CrowdLine();
  try {
    const { clients, seed } = plan;
    const entered = line.ask({ say: "enter", clients, perSecond: ENTER_PER_SECOND, seed });
    const late = delay(ENTER_MS_MAX, "late" as const, { ref: false });
    if ((await Promise.race([entered, late])) === "late") throw new Error("the crowd did not get in");
    await delay(plan.warmupSeconds * 1000);
    await line.ask({ say: "begin" });
    const gauge = new Gauge(wiring, plan.shards);
    const from = gauge.read();
    await delay(plan.seconds * 1000);
    const to = gauge.read();
    const told = await line.ask({ say: "report" });
    if (told.say !== "report") throw new Error("the crowd speaks out of turn");
    return reportOf({ from, to, server, plan, crowd: told.report });
  } finally {
    line.close();
    await server.stop();
    await server.closed;
  }
}

const plan = JSON.parse(process.argv[2]!) as PipelinePlan;
const folder = mkdtempSync(join(tmpdir(), "gridshard-pipeline-"));
try {
  process.stdout.write(`${JSON.stringify(await measure(plan, folder))}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
