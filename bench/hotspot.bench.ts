/**
 * Five hundred people who all walk about within one cell, each seeing all the others: what a client is sent must stay
 * bounded, frames in time, and what is seen of others fresh. A crowd of a hundred stands beside it, which needs no bound.
 * What is seen is judged by a few clients who stand in the middle and look.
 */

import { Tally } from "./bots/tally.js";
import { type OrderedLoad, order } from "./bots/told-process.js";
import type { WatchersOptions, WatchReport } from "./bots/watchers.js";
import type { WatchNews } from "./bots/watchers-process.js";
import { gameModule } from "./child-server.js";
import { botOptions, figuresOf, runLoaded } from "./loaded-run.js";
import { type BenchOptions, type Figures, type Measured, measuredOf } from "./measured.js";
import { measureRounds } from "./rounds.js";

interface Plan {
  readonly crowds: readonly number[];
  readonly watchers: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
}
const full: Plan = { crowds: [100, 500], watchers: 3, rounds: 3, seconds: 10, warmupSeconds: 3 };
const small: Plan = { crowds: [20], watchers: 1, rounds: 1, seconds: 1, warmupSeconds: 0.2 };

const watchersEntry = new URL("./bots/watchers-process.js", import.meta.url);
const SHARDS = 2;
const TICK_HZ = 20;
/** The crowd that is judged. */
const CROWD = 500;
/**
 * 128 moves of 4 bytes a cell and tick, 20 ticks a second, are 10.2 kB/s; the rest is for heads, and for those who have
 * moved too far since they were last told to be told as a move.
 */
const BYTES_PER_SECOND_MAX = 12_000;
const LATE_MS_MAX = 100;
/** Five hundred, 128 at a time, are all told within four ticks; and half as long again for the way. */
const STALE_MS_MAX = 300;

export async function run(options: BenchOptions): Promise<Measured[]> {
  const plan = options.smoke ? small : full;
  const seconds = options.seconds ?? plan.seconds;
  const measured: Measured[] = [];
  for (const people of plan.crowds) {
    const title = `${people} people walking in one cell, ${TICK_HZ} Hz`;
    const subject = `gridshard, ${SHARDS} shards`;
    const rounds = await measureRounds({
      title,
      rounds: options.rounds ?? plan.rounds,
      subjects: [{ name: subject, measure: () => measure({ ...plan, seconds }, people) }],
    });
    measured.push(
      measuredOf({
        suite: "hotspot",
        case: title,
        subject,
        clients: people,
        shards: SHARDS,
        seconds,
        rounds: rounds.get(subject)!,
        wants: people < CROWD ? [{ figure: "errors", atMost: 0 }] : wantsOfCrowd,
      }),
    );
  }
  return measured;
}

const wantsOfCrowd: Measured["wants"] & {} = [
  { figure: "bytesPerClientSecond", atMost: BYTES_PER_SECOND_MAX },
  { figure: "lateMsP99", atMost: LATE_MS_MAX },
  { figure: "staleMsP99", atMost: STALE_MS_MAX },
  { figure: "errors", atMost: 0 },
];

async function measure(plan: Plan, people: number): Promise<Figures> {
  // Three cells a side: the one in the middle has all its neighbours.
  const world = { field: "bench-gather", widthCells: 3, heightCells: 3, cellSizeMeters: 24, tickHz: TICK_HZ };
  let watch: OrderedLoad<WatchReport> | undefined;
  try {
    const loaded = await runLoaded(
      { config: { games: [gameModule("games-gather")], world, shards: { count: SHARDS } } },
      {
        clients: people,
        seconds: plan.seconds,
        "warmup-seconds": plan.warmupSeconds,
        behaviour: "gather",
        "intents-per-second": 10,
        "reliable-per-second": 0,
        "connects-per-second": 300,
      },
      {},
      {
        onStarted: async (server) => {
          const bots = botOptions(server.url, { clients: plan.watchers, seed: 2, behaviour: "idle" });
          watch = await readyWatchers({ bots });
        },
        onWindowStart: async () => watch!.say("look"),
        onWindowEnd: async () => watch!.say("enough"),
      },
    );
    const seen = await watch!.result;
    for (const problem of [...seen.problems, ...loaded.report.errorSamples])
      process.stderr.write(`      ${problem}\n`);
    const ages = new Tally();
    ages.add(seen.ages);
    return {
      ...figuresOf(loaded),
      inSight: seen.inSight,
      staleMsP99: ages.percentiles().p99Ms,
      errors: figuresOf(loaded).errors! + seen.problems.length,
    };
  } finally {
    await watch?.end();
  }
}

/** They are there before the crowd is. */
async function readyWatchers(options: WatchersOptions): Promise<OrderedLoad<WatchReport>> {
  let onReady = () => {};
  const ready = new Promise<void>((resolve) => {
    onReady = resolve;
  });
  const load = order<WatchersOptions, WatchNews, WatchReport>(watchersEntry, options, {
    onNews: () => onReady(),
  });
  await Promise.race([ready, load.result]);
  return load;
}
