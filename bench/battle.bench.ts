/**
 * Battle rooms that want more of the processor than there is: how many ticks of fighters are done a second on two
 * shards, against one. Nobody is connected, so all there is to do is the shards'; what is not done at its tick is put
 * off to the next, and no shard ever sleeps. Two cases: battles whose results go to the store, as the game's do, which
 * gives the persistence thread work on the same two cores; and battles whose results nobody wants.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ChildServer, gameModule, ServerFailed } from "./child-server.js";
import {
  BATTLES_PER_HALL,
  FIGHTERS_PER_BATTLE,
  HALL_HZ,
  HALL_TYPES,
  STEPS_PER_TICK,
} from "./games-battle-halls.js";
import { type BenchOptions, type Figures, type Measured, measuredOf } from "./measured.js";
import { readCpu, residentBytesOf, threadSeconds } from "./process-cpu.js";
import { measureRounds } from "./rounds.js";

interface Plan {
  readonly rounds: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
}
// The compilers take some seconds over the battles, and the second core while they do.
const full: Plan = { rounds: 5, warmupSeconds: 5, seconds: 8 };
const small: Plan = { rounds: 1, warmupSeconds: 0.2, seconds: 0.5 };

const SPEED_UP = 1.8;
const SHARD_COUNTS = [1, 2] as const;
const CASES = {
  unstored: "battle rooms without end, nothing stored",
  stored: "battle rooms without end, every result stored",
} as const;

const subjectOf = (shards: number) => (shards === 1 ? "1 shard" : `${shards} shards`);

export async function run(options: BenchOptions): Promise<Measured[]> {
  const plan = options.smoke ? small : full;
  const seconds = options.seconds ?? plan.seconds;
  const measured: Measured[] = [];
  for (const kind of ["unstored", "stored"] as const) {
    const rounds = await measureRounds({
      title: CASES[kind],
      rounds: options.rounds ?? plan.rounds,
      subjects: SHARD_COUNTS.map((shards) => ({
        name: subjectOf(shards),
        measure: () => measure({ ...plan, seconds }, HALL_TYPES[kind], shards),
      })),
    });
    for (const shards of SHARD_COUNTS) {
      const subject = subjectOf(shards);
      const part = { suite: "battle", case: CASES[kind], subject, shards, seconds };
      measured.push(measuredOf({ ...part, rounds: rounds.get(subject)!, wants: wantsOf(kind, shards) }));
    }
  }
  return measured;
}

/** Where results are stored a third thread wants the same two cores, and what is left for shards is only shown. */
function wantsOf(kind: keyof typeof CASES, shards: number): NonNullable<Measured["wants"]> {
  if (shards === 1) return [];
  const floor = subjectOf(1);
  return [
    { figure: "fighterTicksPerSecond", floor, ...(kind === "unstored" ? { atLeast: SPEED_UP } : {}) },
    { figure: "fighterTicksPerCpuSecond", floor },
  ];
}

async function measure(plan: Plan, type: string, shards: number): Promise<Figures> {
  const server = await ChildServer.start({
    config: {
      games: [gameModule("games-battle-halls")],
      world: { field: `bench-${type}`, tickHz: HALL_HZ },
      // All of a tick is for rooms: there is nothing else to do.
      shards: { count: shards, tickBudgetPercent: 100 },
    },
  });
  try {
    await delay(plan.warmupSeconds * 1000);
    const from = await look(server, type);
    await delay(plan.seconds * 1000);
    const to = await look(server, type);
    const seconds = (to.atMs - from.atMs) / 1000;
    const { stats } = to;
    const cores = (threads: readonly number[]) => threadSeconds(from.cpu, to.cpu, threads) / seconds;
    const cpuCores = (to.cpu.seconds - from.cpu.seconds) / seconds;
    const netCores = cores([stats.net.systemThread]);
    const shardCores = cores(stats.shards.map(({ systemThread }) => systemThread));
    const persistenceCores = cores([stats.persistence.systemThread]);
    const battleTicks = (to.hallTicks - from.hallTicks) * BATTLES_PER_HALL * STEPS_PER_TICK;
    const fighterTicks = battleTicks * FIGHTERS_PER_BATTLE;
    return {
      fighterTicksPerSecond: fighterTicks / seconds,
      fighterTicksPerCpuSecond: fighterTicks / (shardCores * seconds),
      cpuCores,
      shardCores,
      netCores,
      persistenceCores,
      restCores: Math.max(0, cpuCores - netCores - shardCores - persistenceCores),
      rssMB: residentBytesOf(server.pid) / 1e6,
    };
  } finally {
    await server.stop();
  }
}

async function look(server: ChildServer, type: string) {
  const stats = await server.stats();
  const hallTicks = stats.roomTypes.find((each) => each.type === type)?.ticks;
  if (hallTicks === undefined) throw new ServerFailed(`/stats knows no rooms of type ${type}`);
  return { stats, hallTicks, atMs: performance.now(), cpu: readCpu(server.pid) };
}
