import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../engine/log.js";
import { freshSeed, Prng } from "../engine/prng.js";
import { ManualClock } from "../engine/time.js";
import { Batcher } from "./batcher.js";
import { RowSource } from "./batcher-rig.js";
import { FlakyStore } from "./flaky-store.js";
import { sqlitePlace } from "./sqlite-place.js";
import { type Batch, StoreUnavailable } from "./store.js";
import { battleRow, idOf, playerRow } from "./store-contract-rows.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());
const STEPS = 3000;
const PLAYERS = 30;
/** The store takes no row of this player. */
const BAD = 13;

/** What two batches at a time must never do, seen from the store. */
class Watch {
  readonly wrong: string[] = [];
  /** By position: whose row, and its version; of a battle, its id and 0. */
  readonly #rows: { readonly key: string; readonly version: number }[] = [];
  readonly #applied = new Map<string, number>();
  readonly #flying = new Set<string>();
  #told = 0;

  note(key: string, version: number): void {
    this.#rows.push({ key, version });
  }

  /** Batches of the store land in an order of chance from now on. */
  watch(store: FlakyStore, prng: Prng): void {
    const apply = store.applyBatch.bind(store);
    store.applyBatch = async (batch) => {
      const ids = batch.players.map(({ playerId }) => playerId);
      for (const id of ids) if (this.#flying.has(id)) this.wrong.push(`${id} is in two batches`);
      for (const id of ids) this.#flying.add(id);
      try {
        for (let turns = prng.below(4); turns > 0; turns--) await new Promise(setImmediate);
        await apply(batch);
        this.#land(batch);
      } finally {
        for (const id of ids) this.#flying.delete(id);
      }
    };
  }

  #land({ players, battleResults, deadLetters = [], progress }: Batch): void {
    for (const { playerId, version } of players) this.#note(playerId, version);
    for (const { battleId } of battleResults) this.#note(battleId, 0);
    for (const { position } of deadLetters) this.#note(idOf(BAD), this.#rows[position - 1]!.version);
    for (; this.#told < (progress?.position ?? 0); this.#told++) {
      const { key, version } = this.#rows[this.#told]!;
      if ((this.#applied.get(key) ?? -1) < version)
        this.wrong.push(`position ${this.#told + 1} is not applied`);
    }
  }

  #note(key: string, version: number): void {
    this.#applied.set(key, Math.max(version, this.#applied.get(key) ?? -1));
  }
}

test(`[BT10] whatever the store does, every accepted row is applied or set aside, and no load is stale (GRIDSHARD_SEED=${seed})`, async () => {
  const prng = new Prng(seed);
  const place = await sqlitePlace();
  const store = new FlakyStore(place.store());
  store.rejects.add(idOf(BAD));
  const limits = {
    pendingRowsMax: 20,
    batchRowsMax: 7,
    batchesInFlight: 2,
    flushMs: 5,
    backoffMs: 2,
    backoffMsMax: 16,
    heldPlayersMax: 99,
  };
  const batcher = new Batcher({
    store,
    journalId: idOf(0x10c),
    clock: new ManualClock(),
    log: silentLog,
    limits,
    wake: () => {},
  });
  const rows = new RowSource(batcher);
  const watch = new Watch();
  watch.watch(store, prng);
  const accepted = new Map<number, number>();
  const battles = new Set<number>();
  const loads: Promise<void>[] = [];
  const wrong: string[] = [];
  let saves = 0;
  let nowMs = 0;
  for (let step = 0; step < STEPS; step++) {
    const number = prng.below(PLAYERS);
    const chance = prng.below(100);
    if (chance < 40) {
      const version = ++saves;
      if (batcher.isStuffed) continue;
      rows.player(playerRow(number, version));
      watch.note(idOf(number), version);
      accepted.set(number, version);
    } else if (chance < 50) {
      if (batcher.isStuffed) continue;
      rows.battle(battleRow(1000 + step));
      watch.note(idOf(1000 + step), 0);
      battles.add(1000 + step);
    } else if (chance < 65) {
      const least = accepted.get(number) ?? 0;
      const load = batcher.loadPlayer(idOf(number)).then(
        (row) => {
          if ((row?.version ?? 0) < least) wrong.push(`${row?.version} older than ${least}`);
        },
        (error) => {
          if (!(error instanceof StoreUnavailable)) wrong.push(String(error));
        },
      );
      loads.push(load);
    } else if (chance < 72) rows.release(nowMs);
    else if (chance < 74) store.isAway = !store.isAway;
    else if (chance < 76) store.isHeld = true;
    else if (chance < 80) store.release();
    else {
      nowMs += prng.below(6);
      batcher.duty(nowMs);
      if (prng.below(2) === 0) await new Promise(setImmediate);
    }
    assert.ok(batcher.pending <= 2 * limits.pendingRowsMax);
  }
  store.isAway = false;
  store.release();
  batcher.isDraining = true;
  rows.release(nowMs);
  await Promise.all(loads);
  assert.deepEqual(wrong, []);
  while (!batcher.isIdle) {
    batcher.duty(nowMs++);
    await new Promise(setImmediate);
  }
  assert.deepEqual(watch.wrong, []);
  for (const [number, version] of accepted)
    assert.equal((await store.loadPlayer(idOf(number)))?.version, number === BAD ? undefined : version);
  const stored = await store.recentBattles(idOf(1), 1000);
  assert.deepEqual(new Set(stored.map((row) => Number.parseInt(row.battleId, 16))), battles);
  assert.ok(batcher.rejectedRows > 0 && batcher.retries > 0, "the run met everything");
  assert.equal(await store.appliedPosition(idOf(0x10c)), rows.position);
  await store.close();
  await place.release();
});
