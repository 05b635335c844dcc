/** The /stats page: the state of the server as JSON, for people and for the monitor page. */
import type { Counters } from "../engine/memory/counters.js";
import { Histogram, HistogramPool } from "../engine/memory/histogram.js";
import { ringStats } from "../engine/memory/spsc-ring.js";
import { threadCpuSeconds } from "../engine/system-thread.js";
import type { ServerView } from "./server-view.js";

/** Rooms shown by name, of all shards together. */
const SLOWEST_ROOMS = 20;

/** @returns plain JSON; durations in ms, as their names say */
export function statsOf(view: ServerView): object {
  const { control, options } = view;
  const cells = view.cellsPerShard();
  const cpuSeconds = (thread: number) => {
    const seconds = threadCpuSeconds(control.systemThreadId(thread));
    return seconds < 0 ? null : seconds;
  };
  return {
    version: options.version,
    phase: control.phase,
    notReady: view.notReady(),
    impaired: view.impaired(),
    uptimeMs: Math.round(view.uptimeMs),
    residentBytes: process.memoryUsage.rss(),
    world: {
      field: options.config.world.field,
      widthCells: options.config.world.widthCells,
      heightCells: options.config.world.heightCells,
      tickHz: options.config.world.tickHz,
    },
    shards: view.shards.map((counters, shard) => {
      const ticks = new Histogram(options.wiring.histograms.ticks[shard]!);
      return {
        shard,
        incarnation: control.incarnation(shard),
        restarts: options.shardRestarts(shard),
        isTicking: control.isTicking(shard),
        cells: cells[shard],
        systemThread: control.systemThreadId(shard),
        cpuSeconds: cpuSeconds(shard),
        tickMs: {
          p50: ticks.percentile(50) / 1000,
          p99: ticks.percentile(99) / 1000,
          max: ticks.max / 1000,
        },
        counters: valuesOf(counters),
      };
    }),
    net: {
      systemThread: control.systemThreadId(control.netThread),
      cpuSeconds: cpuSeconds(control.netThread),
      counters: valuesOf(view.net),
    },
    persistence: {
      systemThread: control.systemThreadId(control.storeThread),
      cpuSeconds: cpuSeconds(control.storeThread),
      journalState: control.journalState,
      counters: valuesOf(view.persistence),
    },
    tables: options.tables?.() ?? null,
    main: { cpuSeconds: cpuSeconds(control.mainThread) },
    lanes: view.lanes.map(({ name, from, to, ring }) => ({ lane: name, from, to, ...ringStats(ring) })),
    // The upper ends of octaves: enough to see which room is slow, and about how slow.
    slowestRooms: options.wiring.histograms.rooms
      .flatMap((memory, shard) =>
        new HistogramPool(memory).slowest(99, SLOWEST_ROOMS).map(({ label, count, us }) => ({
          shard,
          roomId: label,
          ticks: count,
          tickMsP99: us / 1000,
        })),
      )
      .sort((a, b) => b.tickMsP99 - a.tickMsP99)
      .slice(0, SLOWEST_ROOMS),
    roomTypes: options.roomTypes.map((type, index) => {
      const all = options.wiring.histograms.roomTypes.map((types) => new Histogram(types[index]!));
      return {
        type,
        ticks: all.reduce((sum, each) => sum + each.count, 0),
        tickMsMax: Math.max(...all.map((each) => each.max)) / 1000,
      };
    }),
  };
}

function valuesOf(counters: Counters): Record<string, number> {
  return Object.fromEntries(counters.catalogue.map(({ name }, index) => [name, counters.get(index)]));
}
