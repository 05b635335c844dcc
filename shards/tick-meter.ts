/** What a tick took, and what there was to do: the shard's counters of itself. */
import type { Counters } from "../engine/memory/counters.js";
import type { Histogram } from "../engine/memory/histogram.js";
import { shardMetric } from "../engine/metrics.js";
import type { FieldHost } from "./field-host.js";
import type { RoomTable } from "./room-table.js";

export class TickMeter {
  readonly #histogram: Histogram;
  readonly #periodMs: number;

  constructor(histogram: Histogram, periodMs: number) {
    this.#histogram = histogram;
    this.#periodMs = periodMs;
  }

  record(
    seconds: number,
    of: { readonly counters: Counters; readonly field: FieldHost; readonly rooms: RoomTable },
  ): void {
    const { counters, field, rooms } = of;
    this.#histogram.record(seconds * 1e6);
    counters.add(shardMetric.ticks_total);
    counters.add(shardMetric.tick_seconds_total, seconds);
    counters.max(shardMetric.tick_seconds_max, seconds);
    if (seconds * 1000 > this.#periodMs) counters.add(shardMetric.tick_overruns_total);
    const { ghostCount, count } = field.entities;
    counters.set(shardMetric.entities, count - ghostCount);
    counters.set(shardMetric.ghosts, ghostCount);
    counters.set(shardMetric.members, field.members.size);
    counters.set(shardMetric.creatures, count - ghostCount - field.members.size);
    counters.set(shardMetric.cells_awake, field.awakeCount);
    counters.set(shardMetric.rooms, rooms.count);
    counters.set(shardMetric.rooms_durable, rooms.durableCount);
    counters.set(shardMetric.rooms_active, rooms.activeCount);
  }
}
