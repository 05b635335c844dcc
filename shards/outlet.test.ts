import assert from "node:assert/strict";
import { test } from "node:test";
import { AssertionFailed } from "../engine/assert.js";
import { ByteReader } from "../engine/lane/bytes.js";
import { LaneWriter } from "../engine/lane/lane.js";
import { toStore } from "../engine/lane/to-store.js";
import type { Log } from "../engine/log.js";
import { silentLog } from "../engine/log.js";
import { Counters, createCounters } from "../engine/memory/counters.js";
import { createDoorbell, Doorbell } from "../engine/memory/doorbell.js";
import { createRing, RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import { shardCatalogue, shardMetric } from "../engine/metrics.js";
import { decodePlayer } from "../engine/player.js";
import { givingField } from "./durable-game.js";
import { OUTBOX_BYTES_MAX, Outlet } from "./outlet.js";
import { ShardRig } from "./shard-rig.js";

test("[DR18] [DR20] a store's thread that does not read kills no shard: whole groups are refused; once it reads the shard begins anew", () => {
  const memory = createRing(1 << 20);
  const netMemory = createRing(1 << 16);
  const bell = new Doorbell(createDoorbell());
  const lane = (ring: typeof memory) =>
    new LaneWriter(new RingWriter(ring), bell, { outboxBytesMax: OUTBOX_BYTES_MAX });
  const counters = new Counters(createCounters(shardCatalogue), shardCatalogue);
  const errors: string[] = [];
  const log: Log = { ...silentLog, error: (message) => errors.push(message) };
  const outlet = new Outlet({ net: lane(netMemory), store: lane(memory) }, { counters, log });
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
  const told = new RingReader(netMemory);
  told.drain(() => {}, 100_000);
  // Durable is said of ticks, and a later one would speak for those that were refused.
  outlet.settled({ session: 1, room: 0, seqs: [1] });
  outlet.applied({ session: 1, room: 0, applied: 1, tick });
  assert.throws(end, AssertionFailed);
  assert.ok(told.isEmpty());
});

test("[DR21] a shard that stops while its lane is full hands over the rest when there is room", () => {
  const rig = new ShardRig({ shards: 1, field: givingField, ringBytes: 65_536 });
  rig.step();
  const sessions = Array.from({ length: 900 }, (_, index) => index + 1);
  for (const session of sessions) {
    rig.join(session, 15, 5);
    rig.run(session % 50 === 0 ? 1 : 0);
  }
  rig.run(3);
  const rows = () =>
    new Set(
      rig.kept.records
        .filter(({ type }) => type === toStore.player)
        .map(({ payload }) => decodePlayer(new ByteReader(payload)).playerId),
    ).size;
  const before = rows();
  rig.isStoreReading = false;
  const shard = rig.shards[0]!;
  shard.stop(rig.clock.nowMs());
  assert.equal(shard.handOver(), false);
  rig.isStoreReading = true;
  for (let turns = 0; turns < 100 && !shard.handOver(); turns++) rig.keep();
  rig.keep();
  assert.equal(rows(), sessions.length, `${before} before`);
});
