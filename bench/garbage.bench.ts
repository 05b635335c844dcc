/**
 * Two thousand people who wander for a minute: the longest pause of a shard for its garbage. Measured within the shards'
 * threads, by the game module they run; what the kernel gave to others meanwhile is in it, as it is for the players.
 */
import { setTimeout as delay } from "node:timers/promises";
import { type ChildServer, gameModule } from "./child-server.js";
import { figuresOf, runLoaded } from "./loaded-run.js";
import { type BenchOptions, type Figures, type Measured, measuredOf } from "./measured.js";
import { median } from "./median.js";
import { measureRounds } from "./rounds.js";
import { PAUSES_PERIOD_MS, type Pause, pausesLine, pausesOf } from "./shard-pauses.js";
import { botsOf, TICK_HZ, worldFor } from "./wander.js";

interface Plan {
  readonly clients: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
}
const full: Plan = { clients: 2000, rounds: 1, seconds: 60, warmupSeconds: 5 };
const small: Plan = { clients: 30, rounds: 1, seconds: 1, warmupSeconds: 0.2 };

const SHARDS = 2;
const PAUSE_MS_MAX = 5;
/** Time for the last line of pauses to be written and read. */
const LAST_LINE_MS = PAUSES_PERIOD_MS + 300;

export async function run(options: BenchOptions): Promise<Measured[]> {
  const plan = options.smoke ? small : full;
  const seconds = options.seconds ?? plan.seconds;
  const subject = `gridshard, ${SHARDS} shards`;
  const title = `garbage of the shards, ${plan.clients.toLocaleString("en")} people wandering at ${TICK_HZ} Hz`;
  const rounds = await measureRounds({
    title,
    rounds: options.rounds ?? plan.rounds,
    subjects: [{ name: subject, measure: () => measure({ ...plan, seconds }) }],
  });
  return [
    measuredOf({
      suite: "garbage",
      case: title,
      subject,
      clients: plan.clients,
      shards: SHARDS,
      seconds,
      rounds: rounds.get(subject)!,
      wants: [
        { figure: "gcMsMax", atMost: PAUSE_MS_MAX },
        { figure: "errors", atMost: 0 },
      ],
    }),
  ];
}

async function measure(plan: Plan): Promise<Figures> {
  const world = { field: "bench-walk", ...worldFor(plan.clients), cellSizeMeters: 24, tickHz: TICK_HZ };
  let pauses: Pause[] = [];
  const loaded = await runLoaded(
    { config: { games: [gameModule("games-pauses")], world, shards: { count: SHARDS } } },
    botsOf({ ...plan, connectsPerSecond: 600 }),
    {},
    {
      onWindowEnd: async (server) => {
        const toMs = performance.timeOrigin + performance.now();
        await delay(LAST_LINE_MS);
        pauses = await pausesWithin(server, { fromMs: toMs - plan.seconds * 1000, toMs });
      },
    },
  );
  const { cpuCores, shardCores, restCores, lateMsP99, inSight, generatorCores, errors } = figuresOf(loaded);
  const durations = pauses.map(({ ms }) => ms);
  const total = durations.reduce((sum, ms) => sum + ms, 0);
  return {
    gcMsMax: Math.max(0, ...durations),
    gcMsP50: durations.length === 0 ? 0 : median(durations),
    gcPerSecond: durations.length / plan.seconds / SHARDS,
    gcPercent: (100 * total) / (plan.seconds * 1000) / SHARDS,
    lateMsP99: lateMsP99!,
    cpuCores: cpuCores!,
    shardCores: shardCores!,
    restCores: restCores!,
    inSight: inSight!,
    generatorCores: generatorCores!,
    errors: errors!,
  };
}

async function pausesWithin(
  server: ChildServer,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<Pause[]> {
  const lines = await server.logged(pausesLine, SHARDS);
  return pausesOf(lines).filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
}
