/**
 * Rooms that exist and sleep, and nobody connected: CPU of the whole process, and memory of a room, as the difference
 * of the shard threads' heaps between servers with and without them. Fresh processes each round, medians.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { BenchOptions, BenchRow } from "./bench-row.js";
import { ChildServer, gameModule, ServerFailed } from "./child-server.js";
import { median } from "./median.js";
import { cpuSecondsOf, residentBytesOf } from "./process-cpu.js";
import { heapLine } from "./shard-heap.js";

const SHARDS = 2;
const CPU_PERCENT_MAX = 1;
const ROOM_BYTES_MAX = 2048;

interface Plan {
  /** One of the fields of games-idle. */
  readonly rooms: number;
  readonly rounds: number;
  readonly settleSeconds: number;
  readonly seconds: number;
}
// V8 tidies up for some ten seconds after a start; what is asked is what an idle server costs from then on.
const full: Plan = { rooms: 10_000, rounds: 3, settleSeconds: 15, seconds: 20 };
const small: Plan = { rooms: 100, rounds: 1, settleSeconds: 0.2, seconds: 0.5 };

interface Figures {
  readonly cpuPercent: number;
  /** Heaps and buffers of the shard threads. */
  readonly heapBytes: number;
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
  const heap = (figures: readonly Figures[]) => median(figures.map((each) => each.heapBytes));
  const resident = (figures: readonly Figures[]) => median(figures.map((each) => each.residentBytes));
  return [
    { ...row("CPU", `${rooms} sleeping rooms`, cpu(filled), "% of a core"), wantAtMost: CPU_PERCENT_MAX },
    row("CPU", "no rooms", cpu(empty), "% of a core"),
    {
      ...row("memory", `one of ${rooms} rooms`, (heap(filled) - heap(empty)) / plan.rooms, "bytes"),
      wantAtMost: ROOM_BYTES_MAX,
    },
    row("memory", "heaps of the shards with them", heap(filled) / 1e6, "MB"),
    row("memory", "heaps of the shards without", heap(empty) / 1e6, "MB"),
    row("memory", "whole process with them", resident(filled) / 1e6, "MB"),
    row("memory", "whole process without", resident(empty) / 1e6, "MB"),
  ];
}

async function measure(plan: Plan, rooms: number): Promise<Figures> {
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
    const before = cpuSecondsOf(server.pid);
    await delay(plan.seconds * 1000);
    const cpuPercent = ((cpuSecondsOf(server.pid) - before) / plan.seconds) * 100;
    const heapBytes = heaps.reduce((sum, bytes) => sum + Number(bytes), 0);
    return { cpuPercent, heapBytes, residentBytes: residentBytesOf(server.pid) };
  } finally {
    await server.stop();
  }
}
