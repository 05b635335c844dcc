/** Everything the threads of one server share: made once by the composition root, cloned into every worker. */
import type { Config } from "./config-schema.js";
import { type ControlMemory, createControl } from "./memory/control-block.js";
import { type CountersMemory, createCounters } from "./memory/counters.js";
import { createDoorbell, type DoorbellMemory } from "./memory/doorbell.js";
import {
  createHistogram,
  createHistogramPool,
  type HistogramMemory,
  type HistogramPoolMemory,
} from "./memory/histogram.js";
import { createOwnership, type OwnershipMemory } from "./memory/ownership-table.js";
import { createRing, type RingMemory } from "./memory/spsc-ring.js";
import { netCatalogue, persistenceCatalogue, shardCatalogue } from "./metrics.js";

export interface Wiring {
  readonly control: ControlMemory;
  readonly ownership: OwnershipMemory;
  readonly doorbells: {
    readonly net: DoorbellMemory;
    readonly store: DoorbellMemory;
    readonly shards: readonly DoorbellMemory[];
  };
  readonly lanes: {
    /** net → shard i */
    readonly toShard: readonly RingMemory[];
    /** shard i → net */
    readonly toNet: readonly RingMemory[];
    /** shard i → persistence */
    readonly toStore: readonly RingMemory[];
    /** net → persistence */
    readonly netToStore: RingMemory;
    /** persistence → net */
    readonly storeToNet: RingMemory;
    /** persistence → shard i */
    readonly storeToShard: readonly RingMemory[];
    /** shard i → shard j: `toPeer[i][j]`; null for i = j */
    readonly toPeer: readonly (readonly (RingMemory | null)[])[];
  };
  readonly counters: {
    readonly net: CountersMemory;
    readonly persistence: CountersMemory;
    readonly shards: readonly CountersMemory[];
  };
  readonly histograms: {
    /** Tick times per shard. */
    readonly ticks: readonly HistogramMemory[];
    /** Tick times of single rooms: a pool per shard, a slot per room. */
    readonly rooms: readonly HistogramPoolMemory[];
    /** Tick times per shard and room type, in the order of the game catalogue's rooms. */
    readonly roomTypes: readonly (readonly HistogramMemory[])[];
  };
}

/** Room types one server may have. */
export const ROOM_TYPES_MAX = 32;

export function createWiring(config: Config): Wiring {
  const each = <T>(make: (index: number) => T): T[] =>
    Array.from({ length: config.shards.count }, (_, i) => make(i));
  const lane = () => createRing(config.shards.ringBytes);
  return {
    control: createControl(config.shards.count),
    ownership: createOwnership(config.world.widthCells * config.world.heightCells),
    doorbells: { net: createDoorbell(), store: createDoorbell(), shards: each(createDoorbell) },
    lanes: {
      toShard: each(lane),
      toNet: each(lane),
      toStore: each(lane),
      netToStore: lane(),
      storeToNet: lane(),
      storeToShard: each(lane),
      toPeer: each((from) => each((to) => (from === to ? null : createRing(config.shards.peerRingBytes)))),
    },
    counters: {
      net: createCounters(netCatalogue),
      persistence: createCounters(persistenceCatalogue),
      shards: each(() => createCounters(shardCatalogue)),
    },
    histograms: {
      ticks: each(createHistogram),
      rooms: each(() => createHistogramPool(config.shards.roomsMax)),
      roomTypes: each(() => Array.from({ length: ROOM_TYPES_MAX }, createHistogram)),
    },
  };
}
