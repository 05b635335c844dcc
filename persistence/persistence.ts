/** The persistence thread's logic: rows from shards into the batcher, loads from net answered, one duty cycle at a time. */

import { assert } from "../engine/assert.js";
import { ByteWriter } from "../engine/lane/bytes.js";
import { fromStore, writeLoaded, writeLoadFailed } from "../engine/lane/from-store.js";
import type { LaneWriter } from "../engine/lane/lane.js";
import { recordReader } from "../engine/lane/lane.js";
import { type LoadRecord, readLoad, toStore } from "../engine/lane/to-store.js";
import { limits as engineLimits } from "../engine/limits.js";
import type { Log } from "../engine/log.js";
import type { Counters } from "../engine/memory/counters.js";
import type { RingReader } from "../engine/memory/spsc-ring.js";
import { persistenceMetric as metric } from "../engine/metrics.js";
import { decodeBattleResult, decodePlayer, type PlayerRow } from "../engine/player.js";
import type { Clock } from "../engine/time.js";
import { Batcher, type BatcherLimits } from "./batcher.js";
import { type Store, StoreRejected, StoreUnavailable } from "./store.js";

export interface PersistenceLimits extends BatcherLimits {
  /** Records taken from one lane in one duty cycle. */
  readonly recordsPerLane: number;
  /** Loads under way and answers not sent yet. Further ones stay on their lane. */
  readonly loadsMax: number;
}

export interface PersistenceOptions {
  /** Open. */
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: PersistenceLimits;
  readonly counters: Counters;
  readonly fromShards: readonly RingReader[];
  readonly fromNet: RingReader;
  readonly toNet: LaneWriter;
  /** Wakes the thread from {@link PersistenceOptions.rest}: the store has answered. */
  readonly wake: () => void;
  /** Waits until woken, or so long. */
  readonly rest: (ms: number) => Promise<unknown>;
}

interface Answer {
  readonly load: LoadRecord;
  readonly outcome:
    | { readonly kind: "loaded"; readonly player: PlayerRow | null }
    | { readonly kind: "failed" };
}

export class Persistence {
  readonly batcher: Batcher;
  readonly #options: PersistenceOptions;
  readonly #out = new ByteWriter(1024);
  /** Loads that the store has not answered. */
  #loading = 0;
  readonly #answers: Answer[] = [];
  #storeUpTold = false;
  #nowMs = 0;
  /** An error of ours in a callback, to be thrown where the thread can die of it. */
  #bug: { readonly error: unknown } | null = null;

  constructor(options: PersistenceOptions) {
    this.#options = options;
    this.batcher = new Batcher(options);
  }

  /** One pass over lanes, batches and answers. Never waits. Returns how much it did. */
  duty(nowMs: number): number {
    if (this.#bug !== null) throw this.#bug.error;
    this.#nowMs = nowMs;
    const { fromShards, fromNet, limits } = this.#options;
    let done = 0;
    for (const lane of fromShards) done += this.#takeRows(lane, limits.recordsPerLane);
    const loadsFree = limits.loadsMax - this.#loading - this.#answers.length;
    if (loadsFree > 0) done += this.#takeLoads(fromNet, Math.min(loadsFree, limits.recordsPerLane));
    done += this.batcher.duty(nowMs);
    done += this.#sendAnswers();
    this.#count();
    return done;
  }

  /** How long the thread may sleep unless it is woken. 0: there is more to do. */
  waitMs(nowMs: number): number {
    // Answers that found the lane to net full have nobody to wake this thread for them.
    const forAnswersMs =
      this.#answers.length > 0 || this.#options.toNet.outboxBytes > 0 ? 1 : engineLimits.sleepMsMax;
    return Math.min(this.batcher.waitMs(nowMs), forAnswersMs);
  }

  /**
   * The end: takes everything that is on the lanes, applies it, and closes the store. Shards and net have stopped.
   * Gives up at `deadlineMs` of the clock. Returns the rows that were not applied: lost, and counted in the log.
   */
  async drainAndClose(deadlineMs: number): Promise<number> {
    const { clock, log, rest, store } = this.#options;
    this.batcher.isDraining = true;
    let nowMs = clock.nowMs();
    while (this.duty(nowMs) > 0 || !this.#isDone()) {
      if (nowMs >= deadlineMs) break;
      await rest(Math.min(this.waitMs(nowMs), deadlineMs - nowMs));
      nowMs = clock.nowMs();
    }
    const rowsLeft = this.batcher.pending;
    if (rowsLeft > 0)
      log.error("stopped before the store had every row", { rowsLeft, lastError: this.batcher.lastError });
    await store.close();
    return rowsLeft;
  }

  #isDone(): boolean {
    return this.batcher.isIdle && this.#loading === 0 && this.#answers.length === 0;
  }

  #takeRows(lane: RingReader, limit: number): number {
    const { counters } = this.#options;
    return lane.drain((type, at, length) => {
      const from = recordReader(lane, at, length);
      counters.add(metric.rows_in_total);
      if (type === toStore.player) this.batcher.offerPlayer(decodePlayer(from), this.#nowMs);
      else {
        assert(type === toStore.battleResult, "shards send players and battle results");
        this.batcher.offerBattleResult(decodeBattleResult(from), this.#nowMs);
      }
    }, limit);
  }

  #takeLoads(lane: RingReader, limit: number): number {
    return lane.drain((type, at, length) => {
      assert(type === toStore.load, "net sends loads");
      const load = readLoad(recordReader(lane, at, length));
      // What was published before this load is visible by now: a player who left and comes back finds what they saved.
      for (const shard of this.#options.fromShards) this.#takeRows(shard, Number.MAX_SAFE_INTEGER);
      this.#load(load);
    }, limit);
  }

  #load(load: LoadRecord): void {
    this.#loading++;
    const answer = (outcome: Answer["outcome"]) => {
      this.#loading--;
      this.#answers.push({ load, outcome });
      this.#options.wake();
    };
    this.batcher.loadPlayer(load.playerId).then(
      (player) => answer({ kind: "loaded", player }),
      (error: unknown) => {
        if (!(error instanceof StoreUnavailable) && !(error instanceof StoreRejected)) this.#bug = { error };
        // The store being away is logged once, where it is noticed; a player's bad row only here.
        if (error instanceof StoreRejected)
          this.#options.log.error("a player's row cannot be read", { reason: error.message });
        answer({ kind: "failed" });
      },
    );
  }

  #sendAnswers(): number {
    const { counters, toNet } = this.#options;
    const out = this.#out;
    this.#tellStoreState();
    let sent = 0;
    for (const { load, outcome } of this.#answers) {
      const { session, joinEpoch } = load;
      const isLoaded = outcome.kind === "loaded";
      if (isLoaded) writeLoaded(out, { session, joinEpoch, player: outcome.player });
      else writeLoadFailed(out, { session, joinEpoch });
      if (!toNet.sendWriter(isLoaded ? fromStore.loaded : fromStore.loadFailed, out)) break;
      counters.add(isLoaded ? metric.loads_total : metric.loads_failed_total);
      sent++;
    }
    this.#answers.splice(0, sent);
    toNet.flush();
    return sent;
  }

  /** Said at the start and at every change; said again when the lane had no room. */
  #tellStoreState(): void {
    const { isStoreUp } = this.batcher;
    if (this.#storeUpTold === isStoreUp) return;
    this.#out.clear().u8(isStoreUp ? 1 : 0);
    if (this.#options.toNet.sendWriter(fromStore.storeState, this.#out)) this.#storeUpTold = isStoreUp;
  }

  #count(): void {
    const { counters } = this.#options;
    const { batcher } = this;
    counters.set(metric.rows_pending, batcher.pending);
    counters.max(metric.rows_pending_max, batcher.pendingMax);
    counters.set(metric.rows_applied_total, batcher.appliedRows);
    counters.set(metric.rows_refused_total, batcher.refusedRows);
    counters.set(metric.rows_rejected_total, batcher.rejectedRows);
    counters.set(metric.batches_total, batcher.batches);
    counters.set(metric.batch_seconds_total, batcher.batchMs / 1000);
    counters.set(metric.retries_total, batcher.retries);
    counters.set(metric.store_up, batcher.isStoreUp ? 1 : 0);
  }
}
