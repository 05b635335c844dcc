import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { persistenceMetric as metric } from "../engine/metrics.js";
import { LossyStore, PersistenceRig, type RigOptions, turn } from "./persistence-rig.js";
import { sqlitePlace } from "./sqlite-place.js";
import { idOf, lineRow, playerRow } from "./store-contract-rows.js";

type Use = (rig: PersistenceRig, again: () => Promise<PersistenceRig>) => Promise<void>;

/** `again` ends the process where it stands and starts another on the same disk and store. */
async function withRig(options: Partial<RigOptions>, use: Use): Promise<void> {
  const place = await sqlitePlace();
  const store = new LossyStore(place.store());
  const lives: PersistenceRig[] = [];
  const start = async (disk?: RigOptions["disk"]) => {
    const rig = await PersistenceRig.start({ ...options, store, ...(disk === undefined ? {} : { disk }) });
    lives.push(rig);
    return rig;
  };
  try {
    const first = await start(options.disk);
    await first.settle();
    await use(first, async () => {
      store.release();
      await turn();
      await store.close();
      const rig = await start(lives.at(-1)!.disk.restart());
      await rig.settle();
      return rig;
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
    withRig({}, async (rig) => {
      for (let number = 0; number < 200; number++) rig.save(1, playerRow(number, 1));
      rig.save(0, playerRow(199, 2));
      rig.save(1, playerRow(199, 3));
      rig.load(5, 199);
      rig.load(6, 404);
      await rig.settle();
      assert.deepEqual(rig.told(), ["sessions 0", "store up", "loaded 5/7 3", "loaded 6/7 nobody"]);
    }));

  test("[BT21] a player who leaves and is back at once finds what they saved, though the store has not got it yet", () =>
    withRig({}, async (rig) => {
      const { store } = rig;
      rig.told();
      store.isHeld = true;
      rig.save(0, playerRow(1, 1));
      await rig.pass(400);
      assert.deepEqual(store.batches, [1]);
      rig.load(1, 1);
      await rig.settle();
      assert.deepEqual(rig.told(), ["loaded 1/7 1"]);
      rig.save(0, playerRow(1, 2));
      rig.load(2, 1);
      await rig.settle();
      assert.deepEqual(rig.told(), ["loaded 2/7 2"]);
    }));

  test("[BT22] net is told at once when a load cannot be answered, and at every change of the store's state", () =>
    withRig({}, async (rig) => {
      rig.told();
      rig.store.isAway = true;
      rig.load(1, 1);
      await rig.settle();
      assert.deepEqual(rig.told().toSorted(), ["failed 1/7", "store down"]);
      assert.equal(rig.counters.get(metric.store_up), 0);
      rig.load(2, 1);
      await rig.settle();
      assert.deepEqual(rig.told(), ["failed 2/7"], "known to be away: not asked again");
      rig.store.isAway = false;
      await rig.pass(1000);
      assert.deepEqual(rig.told(), ["store up"]);
      rig.load(3, 1);
      await rig.settle();
      assert.deepEqual(rig.told(), ["loaded 3/7 nobody"]);
      assert.equal(rig.counters.get(metric.loads_failed_total), 2);
      assert.equal(rig.counters.get(metric.loads_total), 1);
    }));

  test("[BT23] loads under way are bounded; further ones stay on their lane and are answered later", () =>
    withRig({}, async (rig) => {
      rig.store.isHeld = true;
      for (let session = 0; session < 20; session++) rig.load(session, 1);
      const { persistence, clock } = rig;
      while (persistence.duty(clock.nowMs()) > 0);
      assert.equal(rig.told().filter((line) => line.startsWith("loaded")).length, 0);
      rig.store.release();
      await rig.settle();
      assert.equal(rig.told().filter((line) => line.startsWith("loaded")).length, 20);
    }));

  test("[BT24] an answer that finds the lane to net full is kept and sent when there is room", () =>
    withRig({ backBytes: 4096 }, async (rig) => {
      const inventory = Array.from({ length: 24 }, () => ({ item: 1, count: 1 }));
      rig.save(0, playerRow(1, 1, { inventory, name: "x".repeat(40) }));
      await rig.settle();
      rig.told();
      for (let session = 0; session < 600; session++) rig.load(session, 1);
      const sessions: string[] = [];
      for (let round = 0; round < 1000 && sessions.length < 600; round++) {
        rig.persistence.duty(rig.clock.nowMs());
        await turn();
        if (round % 10 === 9) sessions.push(...rig.told());
      }
      assert.deepEqual(
        sessions,
        Array.from({ length: 600 }, (_, session) => `loaded ${session}/7 1`),
      );
    }));

  test("[BT25] the end makes durable and applies everything that is on the lanes", () =>
    withRig({}, async (rig) => {
      for (let number = 0; number < 300; number++) rig.save(number % 2, playerRow(number, 1));
      rig.battle(0, 1);
      rig.endTick(0);
      const left = await rig.persistence.drainAndClose(rig.clock.nowMs() + 10_000);
      assert.deepEqual(left, { rowsInJournal: 0, rowsLost: 0 });
      await rig.store.open();
      for (let number = 0; number < 300; number++)
        assert.equal((await rig.store.loadPlayer(idOf(number)))?.version, 1);
      assert.equal((await rig.store.recentBattles(idOf(1), 10)).length, 1);
    }));

  test("[BT27] what the store does not take by the end's deadline stays in the journal, for the next start", () =>
    withRig({}, async (rig, again) => {
      rig.store.isAway = true;
      for (let number = 0; number < 30; number++) rig.save(0, playerRow(number, 1));
      const deadlineMs = rig.clock.nowMs() + 1000;
      assert.deepEqual(await rig.persistence.drainAndClose(deadlineMs), { rowsInJournal: 30, rowsLost: 0 });
      assert.ok(rig.clock.nowMs() >= deadlineMs);
      rig.store.isAway = false;
      const next = await again();
      await next.pass(400);
      for (let number = 0; number < 30; number++)
        assert.equal((await rig.store.loadPlayer(idOf(number)))?.version, 1);
    }));

  test("[BT26] what the thread did is in its counters", () =>
    withRig({}, async (rig) => {
      const { counters } = rig;
      rig.store.rejects.add(idOf(3));
      for (let number = 0; number < 5; number++) rig.save(0, playerRow(number, 1));
      rig.battle(1, 77);
      rig.endTick(1);
      await rig.settle();
      assert.equal(counters.get(metric.rows_pending), 6);
      assert.equal(counters.get(metric.durable_lag), 0);
      await rig.pass(400);
      assert.equal(counters.get(metric.rows_in_total), 6);
      assert.equal(counters.get(metric.rows_pending), 0);
      assert.equal(counters.get(metric.rows_pending_max), 6);
      assert.equal(counters.get(metric.rows_applied_total), 5);
      assert.equal(counters.get(metric.rows_rejected_total), 1);
      assert.equal(counters.get(metric.players_held), 1);
      assert.equal(counters.get(metric.store_up), 1);
      assert.equal(counters.get(metric.journal_state), 0);
      assert.equal(counters.get(metric.journal_groups_total), 7, "six ticks and the start");
      assert.ok(counters.get(metric.journal_bytes) > 0 && counters.get(metric.journal_commits_total) > 0);
    }));

  test("[BT40] a tick is said to be durable when the journal has its group, never before, and net is woken", () =>
    withRig({}, async (rig) => {
      const { control, disk, persistence, clock } = rig;
      disk.stall();
      rig.save(0, playerRow(1, 1));
      rig.save(1, playerRow(2, 1));
      const group = rig.endNet();
      await rig.settle();
      assert.deepEqual(
        [0, 1, control.netThread].map((thread) => control.durable(thread)),
        [-1, -1, -1],
      );
      assert.equal(persistence.batcher.pending, 2);
      await rig.pass(1000);
      assert.deepEqual(rig.store.batches, [], "what is not durable does not go to the store");
      const { rings } = rig;
      disk.release();
      while (rig.rings === rings) {
        persistence.duty(clock.nowMs());
        assert.ok(control.durable(0) === -1 || rig.journal.durablePosition > 1);
        await turn();
      }
      await rig.settle();
      assert.deepEqual(
        [0, 1, control.netThread].map((thread) => control.durable(thread)),
        [0, 0, group],
      );
    }));

  test("[BT41] of a tick that has not ended nothing is kept, and a new thread of the shard voids it", () =>
    withRig({}, async (rig) => {
      rig.save(0, playerRow(1, 1));
      rig.row(0, playerRow(1, 2));
      rig.publish(0);
      rig.load(1, 1);
      await rig.settle();
      assert.equal(rig.told().at(-1), "loaded 1/7 1");
      rig.hello(0, 2);
      rig.save(0, playerRow(2, 1));
      rig.load(2, 1);
      await rig.settle();
      assert.equal(rig.told().at(-1), "loaded 2/7 1");
    }));

  test("[BT42] a journal that takes nothing makes the lanes wait, and loses nothing", () =>
    withRig({ journalLimits: { pendingBytesMax: 8192, commitBytes: 4096 } }, async (rig) => {
      const { disk, control, persistence } = rig;
      disk.stall();
      for (let number = 0; number < 200; number++) rig.save(number % 2, playerRow(number, 1));
      await rig.pass(200);
      assert.equal(control.journalState, "failing");
      assert.ok(persistence.batcher.pending < 200);
      rig.load(1, 199);
      await rig.pass(200);
      assert.ok(!rig.told().includes("loaded 1/7 1"), "a load waits for what was published before it");
      disk.release();
      await rig.pass(1000);
      assert.equal(control.journalState, "accepting");
      assert.ok(rig.told().includes("loaded 1/7 1"));
      assert.equal(persistence.batcher.appliedRows, 200);
    }));

  test("[BT43] while the store is away the server opens, serves who the journal knows, and applies all when it is back", () =>
    withRig({}, async (rig, again) => {
      for (let number = 0; number < 50; number++) rig.save(0, playerRow(number, 1));
      rig.store.isAway = true;
      await rig.settle();
      const next = await again();
      assert.equal(next.persistence.batcher.isOpened, false);
      next.load(1, 7);
      next.load(2, 777);
      await next.settle();
      assert.deepEqual(next.told().toSorted(), ["failed 2/7", "loaded 1/7 1", "sessions 0"]);
      next.save(0, playerRow(7, 2));
      await next.pass(2000);
      next.store.isAway = false;
      await next.pass(2000);
      assert.equal((await next.store.loadPlayer(idOf(7)))?.version, 2);
      assert.equal((await next.store.loadPlayer(idOf(49)))?.version, 1);
      assert.equal(next.persistence.batcher.pending, 0);
      const changes = next.logged
        .map((line) => JSON.parse(line).message)
        .filter((said) => /the store/.test(said));
      assert.deepEqual(changes, ["the store answers"]);
    }));

  test("[BT44] too many rows for a store that is away: durable work is refused, further ones wait on the lanes", () =>
    withRig({ limits: { pendingRowsMax: 50, batchRowsMax: 10 } }, async (rig) => {
      const { control, persistence, store } = rig;
      store.isAway = true;
      for (let number = 0; number < 300; number++) rig.save(0, playerRow(number, 1));
      await rig.pass(2000);
      assert.equal(control.journalState, "full");
      assert.ok(persistence.batcher.pending >= 50);
      for (let number = 300; number < 3000; number++) {
        rig.save(0, playerRow(number, 1));
        await rig.settle();
        assert.ok(persistence.batcher.pending <= 300, "one look at the lanes past the bound, and no more");
      }
      store.isAway = false;
      await rig.pass(20_000, 200);
      assert.equal(control.journalState, "accepting");
      assert.equal(persistence.batcher.appliedRows, 3000);
      const said = rig.logged.map((line) => JSON.parse(line).message);
      assert.equal(said.filter((line) => line.startsWith("too much waits")).length, 1);
      assert.equal(said.filter((line) => line.startsWith("durable work is accepted")).length, 1);
    }));

  test("[BT45] a disk that stalls for seconds keeps nobody waiting but those who ask for durability", () =>
    withRig({}, async (rig) => {
      const { control } = rig;
      rig.save(0, playerRow(1, 1));
      await rig.settle();
      assert.equal(control.durable(0), 0);
      rig.disk.stall();
      for (let step = 0; step < 100; step++) {
        rig.save(0, playerRow(1, 2 + step));
        rig.load(step, 1);
        await rig.pass(50);
        assert.ok(rig.told().includes(`loaded ${step}/7 ${2 + step}`));
        assert.equal(control.durable(0), 0);
      }
      rig.disk.release();
      await rig.pass(500);
      assert.equal(control.durable(0), 100);
    }));

  test("[BT46] a player's held rows stay held, and are what loads see, after a start as well", () =>
    withRig({}, async (rig, again) => {
      const { store } = rig;
      store.rejects.add(idOf(3));
      rig.row(0, playerRow(3, 1));
      rig.line(0, lineRow(3, 1));
      rig.endTick(0);
      await rig.pass(400);
      store.rejects.clear();
      rig.save(0, playerRow(3, 2));
      await rig.pass(400);
      assert.equal(await store.loadPlayer(idOf(3)), null, "held back behind the first");
      const next = await again();
      await next.settle();
      next.load(1, 3);
      await next.settle();
      assert.equal(next.told().at(-1), "loaded 1/7 2");
      next.save(0, playerRow(3, 3));
      await next.pass(400);
      assert.equal(await store.loadPlayer(idOf(3)), null);
      const letters = await store.deadLetters(100);
      assert.deepEqual(
        letters.map(({ kind, key }) => ({ kind, key })),
        [1, 2, 3].map(() => ({ kind: "player", key: idOf(3) })),
      );
      next.load(2, 3);
      await next.settle();
      assert.equal(next.told().at(-1), "loaded 2/7 3");
      for (const letter of letters) await store.removeDeadLetter(letter);
      const last = await again();
      last.save(0, playerRow(3, 4));
      await last.pass(400);
      assert.equal((await store.loadPlayer(idOf(3)))?.version, 4, "an operator has seen to it");
    }));

  test("[BT47] a store that has more of a journal than there is refuses to go on with it", () =>
    withRig({}, async (rig, again) => {
      const { journal, store } = rig;
      const progress = { journalId: journal.id, position: 1_000_000 };
      await store.applyBatch({ players: [], battleResults: [], progress });
      await assert.rejects(again(), /it is an older copy/);
    }));

  test("[BT48] the journal forgets what the store has and nobody needs", () =>
    withRig({ limits: { roundBytes: 1 << 17, flushMs: 1 } }, async (rig, again) => {
      const { journal } = rig;
      let mostBytes = 0;
      for (let round = 0; round < 400; round++) {
        for (let number = 0; number < 40; number++) rig.row(0, playerRow(number, 1 + round));
        rig.endTick(0);
        await rig.pass(5, 5);
        mostBytes = Math.max(mostBytes, journal.bytes);
      }
      assert.ok(journal.firstPosition > 1, "segments went");
      assert.ok(mostBytes < 8 * (1 << 17), `${mostBytes} bytes`);
      const next = await again();
      assert.equal(next.persistence.image.lastTick, 399);
    }));
});
