/**
 * Rooms that exist and sleep, and nobody connected: CPU of the whole process, and memory of a room, as the difference
 * of the shard threads' heaps between servers with and without them. Fresh processes each round, medians.
 */
import { setTimeout as delay } from "node:timers/promises";
import { ChildServer, gameModule, ServerFailed } from "./child-server.js";
import { type BenchOptions, type Figures, type Measured, measuredOf } from "./measured.js";
import { cpuOf, residentBytesOf } from "./process-cpu.js";
import { measureRounds } from "./rounds.js";
import { heapLine } from "./shard-heap.js";

const SHARDS = 2;
const CPU_PERCENT_MAX = 1;
const ROOM_BYTES_MAX = 2048;

/** How long after its start, and over how long, the CPU of a server is measured. */
export interface IdlePlan {
  readonly settleSeconds: number;
  readonly seconds: number;
}

interface Plan extends IdlePlan {
  /** One of the fields of games-idle. */
  readonly rooms: number;
  readonly rounds: number;
}
// V8 tidies up for some ten seconds after a start; what is asked is what an idle server costs from then on.
const full: Plan = { rooms: 10_000, rounds: 3, settleSeconds: 15, seconds: 20 };
const small: Plan = { rooms: 100, rounds: 1, settleSeconds: 0.2, seconds: 0.5 };

export async function run(options: BenchOptions): Promise<Measured[]> {
  const base = options.smoke ? small : full;
  const plan = { ...base, seconds: options.seconds ?? base.seconds };
  const rooms = plan.rooms.toLocaleString("en");
  const [without, filled] = ["no rooms", `${rooms} sleeping rooms`];
  const figures = await measureRounds({
    title: "idle",
    rounds: options.rounds ?? plan.rounds,
    secondsEach: plan.settleSeconds + plan.seconds + 3,
    subjects: [
      { name: without, measure: () => measure(plan, 0) },
      { name: filled, measure: () => measure(plan, plan.rooms) },
    ],
  });
  const each = { suite: "idle", case: "nobody connected", seconds: plan.seconds };
  const empty = figures.get(without)!;
  const withBytes = figures.get(filled)!.map((round, index) => ({
    ...round,
    bytesEach: ((round.heapMB! - empty[index]!.heapMB!) * 1e6) / plan.rooms,
  }));
  return [
    measuredOf({
      ...each,
      subject: filled,
      rounds: withBytes,
      wants: [
        { figure: "cpuPercent", floor: without },
        { figure: "cpuPercent", atMost: CPU_PERCENT_MAX },
        { figure: "bytesEach", atMost: ROOM_BYTES_MAX },
      ],
    }),
    measuredOf({ ...each, subject: without, rounds: empty }),
  ];
}

/** A server with so many sleeping rooms. */
export async function measure(plan: IdlePlan, rooms: number): Promise<Figures> {
  const server = await ChildServer.start({
    config: {
      games: [gameModule("games-idle")],
      world: { field: `bench-idle-${rooms}` },
      shards: { count: SHARDS },
    },
  });
  try {
    // Each shard writes its line when it has long opened its cells.
    const heaps = await server.logged(heapLine, SHARDS);
    const opened = await server.shardCounter("rooms");
    if (opened !== rooms) throw new ServerFailed(`${opened} rooms were opened, wanted ${rooms}`);
    await delay(plan.settleSeconds * 1000);
    const before = cpuOf(server.pid).seconds;
    await delay(plan.seconds * 1000);
    const cpuPercent = ((cpuOf(server.pid).seconds - before) / plan.seconds) * 100;
    const heapBytes = heaps.reduce((sum, bytes) => sum + Number(bytes), 0);
    return { cpuPercent, heapMB: heapBytes / 1e6, rssMB: residentBytesOf(server.pid) / 1e6 };
  } finally {
    await server.stop();
  }
}
