/**
 * Thousands of auto battles at once in a real server: what one costs for each of its ticks, how much memory it takes,
 * and that nothing is left when they are over.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ChildServer, gameModule, type ServerStats } from "./child-server.js";
import { type BenchOptions, type Figures, type Measured, measuredOf, type Want } from "./measured.js";
import { cpuOf } from "./process-cpu.js";
import { measureRounds } from "./rounds.js";
import { heapLine } from "./shard-heap.js";

const BATTLE_HZ = 10;
const MICROSECONDS_MAX = 50;
const BYTES_MAX = 8192;
/** The longest a battle may go on after its room has lived long enough. */
const END_MS_MAX = 90_000;
const LOOK_MS = 250;

interface Plan {
  /** One of the fields of games-auto-battle. */
  readonly battles: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
}
const full: Plan = { battles: 5000, warmupSeconds: 5, seconds: 15 };
const small: Plan = { battles: 50, warmupSeconds: 0.2, seconds: 0.8 };

export async function run(options: BenchOptions): Promise<Measured[]> {
  const base = options.smoke ? small : full;
  const plan = { ...base, seconds: options.seconds ?? base.seconds };
  const subject = "gridshard, 1 shard";
  const figures = await measureRounds({
    title: "auto-battle",
    rounds: options.rounds ?? 1,
    subjects: [{ name: subject, measure: () => fight(plan) }],
  });
  const wants: readonly Want[] = [
    { figure: "usPerRoomTick", atMost: MICROSECONDS_MAX },
    { figure: "roomsMissing", atMost: 0 },
    { figure: "bytesEach", atMost: BYTES_MAX },
    { figure: "roomsLeft", atMost: 0 },
  ];
  return [
    measuredOf({
      suite: "auto-battle",
      case: `${plan.battles.toLocaleString("en")} auto battles at once, ${BATTLE_HZ} ticks a second`,
      subject,
      shards: 1,
      seconds: plan.seconds,
      rounds: figures.get(subject)!,
      wants,
    }),
  ];
}

async function fight(plan: Plan): Promise<Figures> {
  const emptyBytes = await heapOfEmpty();
  const server = await ChildServer.start(configOf(plan.battles));
  try {
    const heapBytes = Number((await server.logged(heapLine, 1))[0]);
    await delay(plan.warmupSeconds * 1000);
    const before = await snapshot(server);
    await delay(plan.seconds * 1000);
    const after = await snapshot(server);
    const roomsLeft = await roomsLeftOf(server);
    const per = (of: (stats: Snapshot) => number, count: number) => (of(after) - of(before)) / count;
    const seconds = per((each) => each.ticks, BATTLE_HZ * 2);
    const battleTicks = plan.battles * BATTLE_HZ * seconds;
    return {
      // All that the shard does in its ticks, divided by battles and their ticks.
      usPerRoomTick: per((each) => each.tickSeconds, battleTicks) * 1e6,
      cpuUsPerRoomTick: per((each) => each.cpuSeconds, battleTicks) * 1e6,
      cpuCores: per((each) => each.cpuSeconds, seconds),
      tickMsP99: after.tickP99Ms,
      roomsDeferred: per((each) => each.deferred, 1),
      roomsMissing: plan.battles - after.rooms,
      bytesEach: (heapBytes - emptyBytes) / plan.battles,
      rowsStored: after.rowsIn - before.rowsIn,
      roomsLeft,
    };
  } finally {
    await server.stop();
  }
}

function configOf(battles: number) {
  return {
    config: {
      games: [gameModule("games-auto-battle")],
      world: { field: `bench-battles-${battles}`, tickHz: BATTLE_HZ * 2 },
      shards: { count: 1 },
    },
  };
}

async function heapOfEmpty(): Promise<number> {
  const server = await ChildServer.start(configOf(0));
  try {
    return Number((await server.logged(heapLine, 1))[0]);
  } finally {
    await server.stop();
  }
}

interface Snapshot {
  readonly ticks: number;
  readonly tickSeconds: number;
  readonly tickP99Ms: number;
  readonly rooms: number;
  readonly deferred: number;
  readonly cpuSeconds: number;
  readonly rowsIn: number;
}

async function snapshot(server: ChildServer): Promise<Snapshot> {
  const stats: ServerStats = await server.stats();
  const { counters, tickMs } = stats.shards[0]!;
  return {
    ticks: counters.ticks_total!,
    tickSeconds: counters.tick_seconds_total!,
    tickP99Ms: tickMs.p99,
    rooms: counters.rooms!,
    deferred: counters.rooms_deferred_total!,
    cpuSeconds: cpuOf(server.pid).seconds,
    rowsIn: stats.persistence.counters.rows_in_total!,
  };
}

/** Waits until all rooms are gone, or says how many are not. */
async function roomsLeftOf(server: ChildServer): Promise<number> {
  let left = await server.shardCounter("rooms");
  for (let waitedMs = 0; left > 0 && waitedMs < END_MS_MAX; waitedMs += LOOK_MS) {
    await delay(LOOK_MS);
    left = await server.shardCounter("rooms");
  }
  return left;
}
