import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "../engine/lane/bytes.js";
import { readGrant, readGranted, toStore } from "../engine/lane/to-store.js";
import { freshSeed, Prng } from "../engine/prng.js";
import { forEachItem, groupType, readShardHead } from "./group.js";
import { keepRow, ledgerOf, playerOf, rowKindOf } from "./kept-row.js";
import { LossyStore, PersistenceRig, turn } from "./persistence-rig.js";
import { sqlitePlace } from "./sqlite-place.js";
import { idOf, lineRow, playerRow } from "./store-contract-rows.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());
const LIVES = 14;
const STEPS_MAX = 120;
const PLAYERS = 12;
const SHARDS = 2;
/** The store takes no row of this player. */
const BAD = 5;

/** What players own, by the groups that the journal has kept: nothing else counts. */
class Kept {
  readonly gold = new Map<number, number>();
  readonly versions = new Map<number, number>();
  /** Lines by player, version and line. */
  readonly lines = new Map<string, number>();
  readonly battles = new Set<string>();
  readonly grants = new Map<string, { readonly to: number; readonly gold: number }>();
  readonly ticks = Array.from({ length: SHARDS }, () => -1);

  take(payload: Uint8Array): void {
    if (payload[0] !== groupType.shardGroup) return;
    const { shard, tick } = readShardHead(payload);
    this.ticks[shard] = Math.max(this.ticks[shard]!, tick);
    const bytes = Buffer.from(payload);
    forEachItem(payload, (type, at, length) => {
      const from = new ByteReader(payload.subarray(at, at + length));
      if (type === toStore.grant) {
        const { grantId, playerId, kind } = readGrant(from);
        this.grants.set(grantId, { to: numberOf(playerId), gold: kind });
      }
      if (type === toStore.granted) this.grants.delete(readGranted(from).grantId);
      const kind = rowKindOf(type);
      if (kind === undefined) return;
      const row = keepRow(kind, { bytes, at, length, position: 1 });
      if (kind === "battle") this.battles.add(row.key);
      if (kind === "ledger") {
        const { playerId, version, line, gold } = ledgerOf(row.text);
        this.lines.set(`${numberOf(playerId)}/${version}/${line}`, gold);
      }
      if (kind === "player") {
        const { playerId, gold, version } = playerOf(row.text);
        this.gold.set(numberOf(playerId), gold);
        this.versions.set(numberOf(playerId), version);
      }
    });
  }
}

function numberOf(id: string): number {
  return Number.parseInt(id, 16);
}

test(`[BT50] what the journal kept is in the store exactly once, wherever power, process, store and replies fail (GRIDSHARD_SEED=${seed})`, async () => {
  const prng = new Prng(seed);
  const place = await sqlitePlace();
  const store = new LossyStore(place.store());
  store.rejects.add(idOf(BAD));
  /** Everything the journal ever kept, by position: a later life's word replaces what an earlier one lost. */
  const records = new Map<number, Uint8Array>();
  let disk: PersistenceRig["disk"] | undefined;
  let clock: PersistenceRig["clock"] | undefined;
  let nextId = 1;
  let lost = 0;
  for (let life = 0; life < LIVES; life++) {
    const isLast = life === LIVES - 1;
    store.isAway = !isLast && prng.below(4) === 0;
    store.losesReply = isLast ? () => false : () => prng.below(5) === 0;
    const rig: PersistenceRig = await PersistenceRig.start({
      store,
      shards: SHARDS,
      limits: {
        batchRowsMax: 1 + prng.below(9),
        batchesInFlight: 1 + prng.below(3),
        flushMs: 1 + prng.below(20),
        roundBytes: 4096,
      },
      journalLimits: { segmentBytes: 4096, commitMs: prng.below(3) },
      ...(disk === undefined ? {} : { disk }),
      ...(clock === undefined ? {} : { clock }),
    });
    disk = rig.disk;
    clock = rig.clock;
    // What of the lives before is in the journal now is all that ever was.
    const { firstPosition, lastPosition } = rig.journal;
    for (const position of [...records.keys()]) if (position > lastPosition) records.delete(position);
    for await (const { position, payload } of rig.journal.read(firstPosition))
      records.set(position, payload.slice());
    const kept = new Kept();
    for (const [, payload] of [...records].toSorted(([a], [b]) => a - b)) kept.take(payload);
    const { image } = rig.persistence;
    assert.deepEqual(
      [...image.grants.values()].map(({ record }) => record.grantId).toSorted(),
      [...kept.grants.keys()].toSorted(),
    );
    for (let shard = 0; shard < SHARDS; shard++) rig.ticks[shard] = image.lastTick;
    const gold = new Map(kept.gold);
    const versions = new Map(kept.versions);
    const grants = new Map(kept.grants);
    const durable = Array.from({ length: SHARDS }, () => -1);

    const pending: (() => void)[] = [];

    /** One player's save: some gold, earned, given or taken from a grant, with a line of the ledger for it. */
    const save = (shard: number) => {
      const number = shard + SHARDS * prng.below(PLAYERS / SHARDS);
      const version = (versions.get(number) ?? 0) + 1;
      let change = 1 + prng.below(50);
      const mine = [...grants].filter(([, grant]) => grant.to === number);
      const chance = prng.below(4);
      if (chance === 0 && mine.length > 0) {
        const [grantId, grant] = mine[0]!;
        change = grant.gold;
        grants.delete(grantId);
        rig.granted(shard, grantId, idOf(number));
      } else if (chance === 1) {
        const grantId = idOf(0x10000 + nextId++);
        const to = prng.below(PLAYERS);
        rig.grant(shard, {
          grantId,
          playerId: idOf(to),
          kind: change,
          fromRoom: 0,
          body: new Uint8Array(0),
        });
        // Somebody else's shard hears of it in a later tick only.
        const given = change;
        pending.push(() => grants.set(grantId, { to, gold: given }));
        change = -change;
      }
      gold.set(number, (gold.get(number) ?? 0) + change);
      versions.set(number, version);
      rig.line(shard, lineRow(number, version, { gold: change }));
      rig.row(shard, playerRow(number, version, { gold: gold.get(number)! }));
    };

    const steps = isLast ? 20 : 1 + prng.below(STEPS_MAX);
    if (!isLast && prng.below(2) === 0) disk.cutPowerAfter(1 + prng.below(200));
    for (let step = 0; step < steps && !disk.isOff; step++) {
      const shard = prng.below(SHARDS);
      const chance = prng.below(100);
      if (chance < 40) {
        save(shard);
        if (prng.below(5) === 0) rig.battle(shard, 0x5000 + nextId++);
        rig.endTick(shard, Math.max(...rig.ticks) + 1);
        for (const done of pending.splice(0)) done();
      } else if (chance < 43) {
        // A tick that never ends.
        rig.row(shard, playerRow(shard, 0xffff, { gold: 666_666 }));
        rig.publish(shard);
        rig.hello(shard, 2 + life);
      } else if (chance < 48) store.isAway = !store.isAway && !isLast;
      else if (chance < 50) disk.fault = () => (prng.below(3) === 0 ? "EIO" : null);
      else if (chance < 56) disk.fault = () => null;
      else {
        clock.advance(prng.below(8));
        rig.persistence.duty(clock.nowMs());
        for (let left = prng.below(4); left > 0; left--) await turn();
        for (let each = 0; each < SHARDS; each++) {
          const word = rig.control.durable(each);
          assert.ok(word >= durable[each]!, "a promise is never taken back");
          durable[each] = word;
        }
      }
    }
    if (isLast) {
      disk.fault = () => null;
      store.isAway = false;
      await rig.pass(4000, 40);
      await checkStore(rig);
      await rig.persistence.drainAndClose(clock.nowMs() + 10_000);
      continue;
    }
    // The process dies, or all of the machine has.
    if (!disk.isOff && prng.below(2) === 0) disk.powerLoss();
    disk = disk.restart();
    store.isAway = false;
    await turn();
    await store.close();
    const survivor = await PersistenceRig.start({ store, shards: SHARDS, disk: disk.copy(), clock });
    const after = new Kept();
    for await (const { payload } of survivor.journal.read(survivor.journal.firstPosition))
      after.take(payload);
    for (let shard = 0; shard < SHARDS; shard++) {
      // Pruned groups were durable, and their rows are with the store.
      const known = Math.max(after.ticks[shard]!, survivor.persistence.image.lastTick);
      assert.ok(known >= durable[shard]!, `shard ${shard} was promised ${durable[shard]}, ${known} is left`);
    }
    lost += Math.max(...rig.ticks) - survivor.persistence.image.lastTick;
  }
  assert.ok(lost > 0 && records.size > 0, "the run met everything");
  await store.close();
  await place.release();

  async function checkStore(rig: PersistenceRig): Promise<void> {
    for await (const { position, payload } of rig.journal.read(rig.journal.firstPosition))
      records.set(position, payload.slice());
    const kept = new Kept();
    for (const [, payload] of [...records].toSorted(([a], [b]) => a - b)) kept.take(payload);
    assert.equal(rig.persistence.batcher.pending, 0);
    for (const [number, gold] of kept.gold) {
      if (number === BAD) continue;
      const row = await store.loadPlayer(idOf(number));
      assert.deepEqual([row?.version, row?.gold], [kept.versions.get(number), gold], `player ${number}`);
      const lines = await store.ledgerOf(idOf(number), 1000);
      const wanted = [...kept.lines].filter(([key]) => key.startsWith(`${number}/`));
      assert.equal(lines.length, wanted.length, `ledger of ${number}`);
      for (const { version, line, gold: change } of lines)
        assert.equal(change, kept.lines.get(`${number}/${version}/${line}`));
      assert.equal(
        lines.reduce((sum, line) => sum + line.gold, 0),
        gold,
        "what a player has is the sum of their ledger",
      );
    }
    const battles = await store.recentBattles(idOf(1), 1000);
    assert.deepEqual(battles.map(({ battleId }) => battleId).toSorted(), [...kept.battles].toSorted());
    assert.equal(await store.loadPlayer(idOf(BAD)), null);
  }
});
