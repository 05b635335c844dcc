/**
 * A thousand and two thousand people who wander, each seeing about 27 others, on one, two and four shards: CPU of the
 * whole server process, against bare uWebSockets.js servers that send every client the same bytes and read the same
 * input. Rounds are interleaved, every run has fresh processes, figures are medians, ratios medians of each round's ratio.
 */
import type { LoadedRun } from "./loaded-run.js";
import { type BenchOptions, type Measured, measuredOf, type Want } from "./measured.js";
import { measureRounds, type RoundSubject } from "./rounds.js";
import {
  floors,
  messagesPerTickOf,
  runBare,
  runServer,
  secondsOf,
  serverName,
  TICK_HZ,
  TICK_MS,
  told,
  type Wandering,
} from "./wander.js";

interface Plan {
  readonly clientCounts: readonly number[];
  readonly shardCounts: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
}
const full: Plan = {
  clientCounts: [1000, 2000],
  shardCounts: [1, 2, 4],
  rounds: 3,
  seconds: 8,
  warmupSeconds: 8,
};
const small: Plan = {
  clientCounts: [30],
  shardCounts: [1, 2],
  rounds: 1,
  seconds: 1,
  warmupSeconds: 0.2,
};

const CONNECTS_PER_SECOND = 600;
/** The wants that compare speak of so many clients: with fewer, what a server does without clients weighs more. */
const JUDGED_CLIENTS = 2000;
const FLOOR_RATIO_MAX = 1.25;
/** Of four shards to one, on the same load. */
const SHARDS_RATIO_MAX = 1.15;

export async function run(options: BenchOptions): Promise<Measured[]> {
  const plan = options.smoke ? small : full;
  const seconds = options.seconds ?? plan.seconds;
  const measured: Measured[] = [];
  for (const clients of plan.clientCounts) {
    const load = {
      clients,
      seconds,
      warmupSeconds: plan.warmupSeconds,
      connectsPerSecond: CONNECTS_PER_SECOND,
    };
    measured.push(...(await wander(load, plan.shardCounts, options.rounds ?? plan.rounds)));
  }
  return measured;
}

async function wander(load: Wandering, shardCounts: readonly number[], rounds: number): Promise<Measured[]> {
  // What the floors send: learned from the run of one shard, which is the first of all.
  let learned: LoadedRun | undefined;
  const servers = shardCounts.map((shards): RoundSubject & { readonly shards: number } => ({
    name: serverName(shards),
    shards,
    measure: async () => {
      const run = await runServer(load, shards);
      if (shards === shardCounts[0]) learned = run;
      return told(serverName(shards), run);
    },
  }));
  const bare = Object.values(floors).map((name) => ({
    name,
    measure: async () => {
      // Where a client's tick is one message anyway, sending it in parts is publishing it.
      if (name === floors.inParts && messagesPerTickOf(learned!) === 1) return undefined;
      return told(name, await runBare(load, name, learned!));
    },
  }));
  const figures = await measureRounds({
    title: `world, ${load.clients} people`,
    rounds,
    secondsEach: secondsOf(load),
    subjects: [...servers, ...bare],
  });
  const each = {
    suite: "world",
    case: `${load.clients.toLocaleString("en")} people at ${TICK_HZ} Hz`,
    clients: load.clients,
    seconds: load.seconds,
  };
  return [
    ...servers.map(({ name, shards }) =>
      measuredOf({
        ...each,
        subject: name,
        shards,
        rounds: figures.get(name)!,
        wants: wantsOf(load.clients, shards, figures.get(floors.inParts)!.length > 0),
      }),
    ),
    ...bare
      .filter(({ name }) => figures.get(name)!.length > 0)
      .map(({ name }) => measuredOf({ ...each, subject: name, rounds: figures.get(name)! })),
  ];
}

function wantsOf(clients: number, shards: number, isInParts: boolean): Want[] {
  const isJudged = clients === JUDGED_CLIENTS;
  return [
    {
      figure: "cpuCores",
      floor: floors.sendEach,
      ...(isJudged && shards === 1 ? { atMost: FLOOR_RATIO_MAX } : {}),
    },
    { figure: "cpuCores", floor: floors.published },
    ...(isInParts ? [{ figure: "cpuCores", floor: floors.inParts } as const] : []),
    ...(shards === 1
      ? []
      : [
          {
            figure: "cpuCores",
            floor: serverName(1),
            ...(isJudged && shards === 4 ? { atMost: SHARDS_RATIO_MAX } : {}),
          } as const,
        ]),
    { figure: "lateMsP99", floor: floors.sendEach },
    { figure: "lateMsP99", atMost: TICK_MS },
    { figure: "wrongSights", atMost: 0 },
    { figure: "errors", atMost: 0 },
  ];
}
