import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { fromStore, readLoaded, readLoadFailed } from "../engine/lane/from-store.js";
import { LaneWriter } from "../engine/lane/lane.js";
import { toStore, writeLoad } from "../engine/lane/to-store.js";
import { silentLog } from "../engine/log.js";
import { Counters, createCounters } from "../engine/memory/counters.js";
import { createDoorbell, Doorbell } from "../engine/memory/doorbell.js";
import { createRing, RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import { persistenceMetric as metric, persistenceCatalogue } from "../engine/metrics.js";
import { encodeBattleResult, encodePlayer, type PlayerRow } from "../engine/player.js";
import { ManualClock } from "../engine/time.js";
import { FlakyStore } from "./flaky-store.js";
import { Persistence, type PersistenceLimits } from "./persistence.js";
import { sqlitePlace } from "./sqlite-place.js";
import { battleRow, idOf, playerRow } from "./store-contract.js";

const limits: PersistenceLimits = {
  pendingRowsMax: 1000,
  batchRowsMax: 100,
  flushMs: 200,
  backoffMs: 50,
  backoffMsMax: 400,
  recordsPerLane: 50,
  loadsMax: 8,
};

/** What net was told, as text: `loaded session/epoch version`, `failed session/epoch`, `store up`. */
type Told = string;

interface Rig {
  readonly store: FlakyStore;
  readonly persistence: Persistence;
  readonly counters: Counters;
  readonly clock: ManualClock;
  save(shard: number, row: PlayerRow): void;
  finishBattle(shard: number, number: number): void;
  load(session: number, playerNumber: number): void;
  told(): Told[];
  /** Duty cycles, with the store's answers between them, until there is nothing to do at this time. */
  settle(): Promise<void>;
}

async function withPersistence(use: (rig: Rig) => Promise<void>, ringBytes = 65_536): Promise<void> {
  const place = await sqlitePlace();
  const store = new FlakyStore(place.store());
  await store.open();
  const clock = new ManualClock();
  const counters = new Counters(createCounters(persistenceCatalogue), persistenceCatalogue);
  const shardRings = [createRing(1 << 20), createRing(1 << 20)];
  const netRing = createRing(65_536);
  const backRing = createRing(ringBytes);
  const shards = shardRings.map((ring) => new RingWriter(ring));
  const net = new RingWriter(netRing);
  const back = new RingReader(backRing);
  let woken = 0;
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const persistence = new Persistence({
    store,
    clock,
    log: silentLog,
    limits,
    counters,
    fromShards: shardRings.map((ring) => new RingReader(ring)),
    fromNet: new RingReader(netRing),
    toNet: new LaneWriter(new RingWriter(backRing), new Doorbell(createDoorbell()), { outboxBytesMax: 0 }),
    wake: () => woken++,
    rest: async (ms) => {
      clock.advance(Math.max(ms, 1));
      await turn();
    },
  });
  const out = new ByteWriter();
  const offer = (ring: RingWriter, type: number) => {
    assert.ok(ring.offer(type, out.bytes()));
    ring.publish();
  };
  try {
    await use({
      store,
      persistence,
      counters,
      clock,
      save(shard, row) {
        encodePlayer(row, out.clear());
        offer(shards[shard]!, toStore.player);
      },
      finishBattle(shard, number) {
        encodeBattleResult(battleRow(number), out.clear());
        offer(shards[shard]!, toStore.battleResult);
      },
      load(session, playerNumber) {
        writeLoad(out, { session, joinEpoch: 7, playerId: idOf(playerNumber) });
        offer(net, toStore.load);
      },
      told() {
        const told: Told[] = [];
        back.drain((type, at, length) => {
          const from = new ByteReader(Uint8Array.from(back.bytes.subarray(at, at + length)));
          if (type === fromStore.storeState) told.push(from.u8() === 1 ? "store up" : "store down");
          else if (type === fromStore.loadFailed) {
            const { session, joinEpoch } = readLoadFailed(from);
            told.push(`failed ${session}/${joinEpoch}`);
          } else {
            const { session, joinEpoch, player } = readLoaded(from);
            told.push(`loaded ${session}/${joinEpoch} ${player?.version ?? "nobody"}`);
          }
        }, Number.MAX_SAFE_INTEGER);
        return told;
      },
      async settle() {
        for (let seen = -1; seen !== woken || persistence.waitMs(clock.nowMs()) === 0; ) {
          seen = woken;
          while (persistence.duty(clock.nowMs()) > 0);
          await turn();
        }
      },
    });
  } finally {
    store.release();
    await turn();
    await store.close();
    await place.release();
  }
}

describe("the persistence thread", () => {
  test("[BT20] a load is answered with what every row published before it says, whichever lane that is on", () =>
    withPersistence(async ({ save, load, told, settle, store }) => {
      for (let number = 0; number < 200; number++) save(1, playerRow(number, 1));
      save(0, playerRow(199, 2));
      save(1, playerRow(199, 3));
      load(5, 199);
      load(6, 404);
      await settle();
      assert.deepEqual(told(), ["store up", "loaded 5/7 3", "loaded 6/7 nobody"]);
      assert.ok(store.batches.length >= 1);
    }));

  test("[BT21] a player who leaves and is back at once finds what they saved, though the store has not got it yet", () =>
    withPersistence(async ({ save, load, told, settle, store, clock }) => {
      store.isHeld = true;
      save(0, playerRow(1, 1));
      clock.advance(200);
      await settle();
      clock.advance(200);
      await settle();
      assert.deepEqual(store.batches, [1]);
      load(1, 1);
      await settle();
      assert.deepEqual(told(), ["store up", "loaded 1/7 1"]);
      save(0, playerRow(1, 2));
      load(2, 1);
      await settle();
      assert.deepEqual(told(), ["loaded 2/7 2"]);
    }));

  test("[BT22] net is told at once when a load cannot be answered, and at every change of the store's state", () =>
    withPersistence(async ({ load, told, settle, store, clock, counters }) => {
      store.isAway = true;
      load(1, 1);
      await settle();
      assert.deepEqual(told().toSorted(), ["failed 1/7", "store down", "store up"]);
      assert.equal(counters.get(metric.store_up), 0);
      store.isAway = false;
      clock.advance(1000);
      await settle();
      assert.deepEqual(told(), ["store up"]);
      load(2, 1);
      await settle();
      assert.deepEqual(told(), ["loaded 2/7 nobody"]);
      assert.equal(counters.get(metric.loads_failed_total), 1);
      assert.equal(counters.get(metric.loads_total), 1);
    }));

  test("[BT23] loads under way are bounded; further ones stay on their lane and are answered later", () =>
    withPersistence(async ({ load, told, settle, store, persistence, clock }) => {
      store.isHeld = true;
      for (let session = 0; session < 20; session++) load(session, 1);
      assert.equal(persistence.duty(clock.nowMs()), 8);
      assert.equal(persistence.duty(clock.nowMs()), 0);
      store.release();
      await settle();
      assert.equal(told().filter((line) => line.startsWith("loaded")).length, 20);
    }));

  test("[BT24] an answer that finds the lane to net full is kept and sent when there is room", () =>
    withPersistence(async ({ load, told, settle, save, persistence, clock }) => {
      const inventory = Array.from({ length: 24 }, () => ({ item: 1, count: 1 }));
      save(0, playerRow(1, 1, { inventory, name: "x".repeat(40) }));
      for (let session = 0; session < 60; session++) load(session, 1);
      const sessions: string[] = [];
      for (let round = 0; round < 100 && sessions.length < 60; round++) {
        persistence.duty(clock.nowMs());
        await new Promise((resolve) => setImmediate(resolve));
        if (round % 10 === 9) sessions.push(...told().filter((line) => line.startsWith("loaded")));
      }
      await settle();
      assert.deepEqual(
        sessions,
        Array.from({ length: 60 }, (_, session) => `loaded ${session}/7 1`),
      );
    }, 2048));

  test("[BT25] the end applies everything that is on the lanes, and says what it could not", async () => {
    await withPersistence(async ({ save, finishBattle, persistence, store, clock }) => {
      for (let number = 0; number < 300; number++) save(number % 2, playerRow(number, 1));
      finishBattle(0, 1);
      const probe = store;
      assert.equal(await persistence.drainAndClose(clock.nowMs() + 10_000), 0);
      await probe.open();
      for (let number = 0; number < 300; number++)
        assert.equal((await probe.loadPlayer(idOf(number)))?.version, 1);
      assert.equal((await probe.recentBattles(idOf(1), 10)).length, 1);
    });
    await withPersistence(async ({ save, persistence, store, clock }) => {
      store.isAway = true;
      for (let number = 0; number < 30; number++) save(0, playerRow(number, 1));
      const deadlineMs = clock.nowMs() + 1000;
      assert.equal(await persistence.drainAndClose(deadlineMs), 30);
      assert.ok(clock.nowMs() >= deadlineMs);
    });
  });

  test("[BT26] what the thread did is in its counters", () =>
    withPersistence(async ({ save, finishBattle, settle, store, clock, counters, persistence }) => {
      store.rejects.add(idOf(3));
      for (let number = 0; number < 5; number++) save(0, playerRow(number, 1));
      finishBattle(1, 77);
      await settle();
      assert.equal(counters.get(metric.rows_pending), 6);
      clock.advance(200);
      await settle();
      persistence.duty(clock.nowMs());
      assert.equal(counters.get(metric.rows_in_total), 6);
      assert.equal(counters.get(metric.rows_pending), 0);
      assert.equal(counters.get(metric.rows_pending_max), 6);
      assert.equal(counters.get(metric.rows_applied_total), 5);
      assert.equal(counters.get(metric.rows_rejected_total), 1);
      assert.equal(counters.get(metric.store_up), 1);
    }));
});
