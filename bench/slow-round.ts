/** One run of the suite slow-clients: the others, the slow ones, and what the server was like meanwhile. */
import type { SlowFleetOptions, SlowReport } from "./bots/slow-fleet.js";
import type { SlowNews } from "./bots/slow-process.js";
import { type OrderedLoad, order } from "./bots/told-process.js";
import { type ChildServer, gameModule } from "./child-server.js";
import { botOptions, figuresOf, runLoaded } from "./loaded-run.js";
import type { Figures } from "./measured.js";
import { residentBytesOf } from "./process-cpu.js";
import { sendQueuesOf } from "./send-queues.js";

export interface SlowPlan {
  readonly clients: number;
  /** So many of them. */
  readonly slow: number;
  /** Otherwise they read all the time, and are there for comparison. */
  readonly isPausing: boolean;
  /** Cells a side of the world. */
  readonly cells: number;
  readonly pauseSeconds: number;
  /** Of the window after the slow ones read again. */
  readonly afterSeconds: number;
  readonly warmupSeconds: number;
}

export interface SlowRun {
  /** Of the others, and of the server. */
  readonly figures: Figures;
  readonly slow: SlowReport;
  /** Times the server noticed that one of them is slow. */
  readonly skips: number;
  /** Just before they read again: the most in the kernel's send queue of one, and a share of what waits in the process. */
  readonly keptBytes: number;
}

export const SHARDS = 2;
export const TICK_HZ = 20;
const INTENTS = { "intents-per-second": 10, "reliable-per-second": 2 } as const;
const slowEntry = new URL("./bots/slow-process.js", import.meta.url);

export async function runSlowRound(plan: SlowPlan): Promise<SlowRun> {
  const world = {
    field: "bench-walk",
    widthCells: plan.cells,
    heightCells: plan.cells,
    cellSizeMeters: 24,
    tickHz: TICK_HZ,
  };
  let load: OrderedLoad<SlowReport> | undefined;
  let grown = 0;
  let skips = 0;
  let keptBytes = 0;
  try {
    const loaded = await runLoaded(
      { config: { games: [gameModule("games-touch")], world, shards: { count: SHARDS } } },
      {
        ...INTENTS,
        clients: plan.clients - plan.slow,
        seconds: plan.pauseSeconds + plan.afterSeconds,
        "warmup-seconds": plan.warmupSeconds,
        "connects-per-second": 300,
      },
      {},
      {
        onStarted: async (server) => {
          const bots = botOptions(server.url, { ...INTENTS, clients: plan.slow, seed: 2 });
          const { pauseSeconds, isPausing } = plan;
          load = await readySlowOnes({ bots, pauseSeconds, isPausing }, async () => {
            grown += residentBytesOf(server.pid);
            const { buffered_bytes } = (await server.stats()).net.counters;
            const inKernel = Math.max(...sendQueuesOf(server.pid, Number(new URL(server.url).port)));
            keptBytes = inKernel + buffered_bytes! / plan.slow;
          });
        },
        onWindowStart: async (server) => {
          skips -= await skipsOf(server);
          grown -= residentBytesOf(server.pid);
          load!.say("pause");
        },
        onWindowEnd: async (server) => {
          skips += await skipsOf(server);
          load!.say("settle");
          // They are done before the server is stopped.
          await load!.result;
        },
      },
    );
    const slow = await load!.result;
    for (const sample of [...loaded.report.errorSamples, ...slow.errorSamples])
      process.stderr.write(`      ${sample}\n`);
    return { figures: { ...figuresOf(loaded), growthMB: grown / 1e6 }, slow, skips, keptBytes };
  } finally {
    await load?.end();
  }
}

async function skipsOf(server: ChildServer): Promise<number> {
  return (await server.stats()).net.counters.state_skipped_total!;
}

/** They are there before the others. `onResuming`: they are about to read again. */
async function readySlowOnes(
  options: SlowFleetOptions,
  onResuming: () => Promise<void>,
): Promise<OrderedLoad<SlowReport>> {
  let onReady = () => {};
  const ready = new Promise<void>((resolve) => {
    onReady = resolve;
  });
  const load = order<SlowFleetOptions, SlowNews, SlowReport>(slowEntry, options, {
    onNews: (news) => {
      if (news === "ready") onReady();
      else void onResuming().then(() => load.say("resume"));
    },
  });
  await Promise.race([ready, load.result]);
  return load;
}
