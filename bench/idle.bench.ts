/**
 * Rooms that exist and sleep, and nobody connected: CPU of the whole process, and memory of a room, as the difference
 * between servers with and without them. Fresh processes each round, medians.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { BenchOptions, BenchRow } from "./bench-row.js";
import { ChildServer, gameModule } from "./child-server.js";
import { median } from "./median.js";
import { cpuSecondsOf, residentBytesOf } from "./process-cpu.js";

const CPU_PERCENT_MAX = 1;
const ROOM_BYTES_MAX = 2048;

interface Plan {
  /** One of the fields of games-idle. */
  readonly rooms: number;
  readonly rounds: number;
  readonly settleSeconds: number;
  readonly seconds: number;
}
const full: Plan = { rooms: 10_000, rounds: 3, settleSeconds: 3, seconds: 20 };
const small: Plan = { rooms: 100, rounds: 1, settleSeconds: 0.2, seconds: 0.5 };

interface Figures {
  readonly cpuPercent: number;
  readonly residentBytes: number;
}

export async function run(options: BenchOptions): Promise<BenchRow[]> {
  const plan = options.smoke ? small : full;
  const empty: Figures[] = [];
  const filled: Figures[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    empty.push(await measure(plan, 0));
    filled.push(await measure(plan, plan.rooms));
  }
  const rooms = plan.rooms.toLocaleString("en");
  const row = (what: string, subject: string, value: number, unit: string): BenchRow => ({
    suite: "idle",
    case: `${what}, nobody connected`,
    subject,
    value,
    unit,
  });
  const cpu = (figures: readonly Figures[]) => median(figures.map((each) => each.cpuPercent));
  const memory = (figures: readonly Figures[]) => median(figures.map((each) => each.residentBytes));
  return [
    { ...row("CPU", `${rooms} sleeping rooms`, cpu(filled), "% of a core"), wantAtMost: CPU_PERCENT_MAX },
    row("CPU", "no rooms", cpu(empty), "% of a core"),
    {
      ...row("memory", `one of ${rooms} rooms`, (memory(filled) - memory(empty)) / plan.rooms, "bytes"),
      wantAtMost: ROOM_BYTES_MAX,
    },
    row("memory", `server with ${rooms} rooms`, memory(filled) / 1e6, "MB"),
    row("memory", "server without", memory(empty) / 1e6, "MB"),
  ];
}

async function measure(plan: Plan, rooms: number): Promise<Figures> {
  const server = await ChildServer.start({
    config: { games: [gameModule("games-idle")], world: { field: `bench-idle-${rooms}` }, shards: { count: 2 } },
  });
  try {
    const opened = await server.shardCounter("rooms");
    if (opened !== rooms) throw new Error(`${opened} rooms were opened, wanted ${rooms}`);
    await delay(plan.settleSeconds * 1000);
    const before = cpuSecondsOf(server.pid);
    await delay(plan.seconds * 1000);
    const cpuPercent = ((cpuSecondsOf(server.pid) - before) / plan.seconds) * 100;
    return { cpuPercent, residentBytes: residentBytesOf(server.pid) };
  } finally {
    await server.stop();
  }
}
