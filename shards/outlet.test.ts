import assert from "node:assert/strict";
import { test } from "node:test";
import { LaneWriter } from "../engine/lane/lane.js";
import { toStore } from "../engine/lane/to-store.js";
import type { Log } from "../engine/log.js";
import { silentLog } from "../engine/log.js";
import { Counters, createCounters } from "../engine/memory/counters.js";
import { createDoorbell, Doorbell } from "../engine/memory/doorbell.js";
import { createRing, RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import { shardCatalogue, shardMetric } from "../engine/metrics.js";
import { OUTBOX_BYTES_MAX, Outlet } from "./outlet.js";

test("[DR18] a store's thread that does not read kills no shard: whole groups are refused, counted, and logged once", () => {
  const memory = createRing(1 << 20);
  const bell = new Doorbell(createDoorbell());
  const lane = (ring: typeof memory) =>
    new LaneWriter(new RingWriter(ring), bell, { outboxBytesMax: OUTBOX_BYTES_MAX });
  const counters = new Counters(createCounters(shardCatalogue), shardCatalogue);
  const errors: string[] = [];
  const log: Log = { ...silentLog, error: (message) => errors.push(message) };
  const outlet = new Outlet({ net: lane(createRing(1 << 16)), store: lane(memory) }, { counters, log });
  const inputs = new Uint8Array(100_000);
  const perTick = 7;
  let tick = 0;
  const end = () => {
    outlet.endGroup({ tick, wallMs: 0, stamp: tick });
    outlet.finishTick(tick++);
  };
  assert.equal(outlet.takesVolatile, true);
  for (let ticks = 0; ticks < 120; ticks++) {
    for (let count = 0; count < perTick; count++) outlet.roomInputs({ roomId: tick, cell: 0, inputs });
    end();
  }
  assert.equal(outlet.takesVolatile, false, "what can wait is left out");
  assert.equal(outlet.isBehind, true, "and nothing more is taken on");
  assert.equal(errors.length, 1);
  const refused = counters.get(shardMetric.store_records_refused_total);
  assert.ok(refused > 0 && refused % (perTick + 1) === 0, `${refused} refused`);
  assert.ok(outlet.store.outboxBytes <= OUTBOX_BYTES_MAX);
  const reader = new RingReader(memory);
  let open = 0;
  let groups = 0;
  for (let turns = 0; turns < 1000 && (outlet.store.outboxBytes > 0 || !reader.isEmpty()); turns++) {
    reader.drain((type) => {
      if (type === toStore.roomInputs) open++;
      else {
        assert.equal(open, perTick, "a group is whole");
        open = 0;
        groups++;
      }
    }, 100_000);
    outlet.store.flush();
  }
  assert.equal(groups + refused / (perTick + 1), 120);
});
