/** Net's ends of everything the threads share, made from the wiring. */
import { LaneWriter } from "../engine/lane/lane.js";
import { ControlBlock } from "../engine/memory/control-block.js";
import { Counters } from "../engine/memory/counters.js";
import { Doorbell } from "../engine/memory/doorbell.js";
import { OwnershipTable } from "../engine/memory/ownership-table.js";
import { RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import { netCatalogue } from "../engine/metrics.js";
import type { Wiring } from "../engine/wiring.js";
import { limits } from "./limits.js";
import { ShardLane } from "./shard-lane.js";

export interface NetLanes {
  readonly control: ControlBlock;
  readonly ownership: OwnershipTable;
  readonly counters: Counters;
  /** By shard. */
  readonly toShards: readonly ShardLane[];
  readonly fromShards: readonly RingReader[];
  readonly toStore: LaneWriter;
  readonly fromStore: RingReader;
}

/** One thread makes these once: a ring has one writer and one reader. */
export function openNetLanes(wiring: Wiring): NetLanes {
  const outboxBytesMax = limits.laneOutboxBytesMax;
  const control = new ControlBlock(wiring.control);
  const counters = new Counters(wiring.counters.net, netCatalogue);
  return {
    control,
    ownership: new OwnershipTable(wiring.ownership),
    counters,
    toShards: wiring.lanes.toShard.map((ring, shard) => {
      const doorbell = new Doorbell(wiring.doorbells.shards[shard]!);
      const isReaderBusy = () => control.isTicking(shard);
      return new ShardLane(
        shard,
        new LaneWriter(new RingWriter(ring), doorbell, { outboxBytesMax, isReaderBusy }),
        counters,
      );
    }),
    fromShards: wiring.lanes.toNet.map((ring) => new RingReader(ring)),
    toStore: new LaneWriter(new RingWriter(wiring.lanes.netToStore), new Doorbell(wiring.doorbells.store), {
      outboxBytesMax,
    }),
    fromStore: new RingReader(wiring.lanes.storeToNet),
  };
}
