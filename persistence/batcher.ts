/**
 * Rows on their way to the store. Player rows are merged, newest version per player, so that a store which is away
 * for an hour costs one row a player and not one a save. Rows are kept until the store has them.
 *
 * One batch is in flight at a time:
 *
 * ```
 *  offer… ──► pending ──due──► parts ──applied──► gone
 *                               ▲  │ unavailable: the same part again, after a back-off that doubles
 *                               └──┤ rejected: the part in two halves; of one row: set aside, counted, logged
 * ```
 */
import { assert } from "../engine/assert.js";
import type { Log } from "../engine/log.js";
import type { BattleResultRow, PlayerRow } from "../engine/player.js";
import { type Store, StoreRejected, StoreUnavailable } from "./store.js";

export interface BatcherLimits {
  /** Rows that wait, beside those in flight. A row of a player who waits already is always taken. */
  readonly pendingRowsMax: number;
  /** Rows of one batch. */
  readonly batchRowsMax: number;
  /** How long a row may wait for company. */
  readonly flushMs: number;
  /** Wait before a batch is tried again; doubled each time, up to `backoffMsMax`. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
}

export interface BatcherOptions {
  readonly store: Store;
  readonly log: Log;
  readonly limits: BatcherLimits;
  /** Called when the store has answered and {@link Batcher.duty} has something to do: rings the thread's doorbell. */
  readonly wake: () => void;
}

/** One row of either kind. */
type Row =
  | { readonly kind: "player"; readonly row: PlayerRow }
  | { readonly kind: "battle"; readonly row: BattleResultRow };

/** What the store is doing for us. */
type Flight =
  | { readonly kind: "idle" }
  | { readonly kind: "applying"; readonly sinceMs: number }
  | { readonly kind: "probing" }
  | { readonly kind: "answered"; readonly sinceMs: number; readonly error: unknown }
  | { readonly kind: "backing off"; readonly untilMs: number };

/** Far more players than change shards in the time that a row stays on a lane. */
const APPLIED_VERSIONS_MAX = 20_000;

const idle: Flight = { kind: "idle" };

export class Batcher {
  readonly #store: Store;
  readonly #log: Log;
  readonly #limits: BatcherLimits;
  readonly #wake: () => void;
  readonly #players = new Map<string, PlayerRow>();
  readonly #battles = new Map<string, BattleResultRow>();
  /** When the oldest pending row came; meaningless without one. */
  #pendingSinceMs = 0;
  /** The batch in flight: whole at first, then what is left of it in the pieces that rejections made. */
  readonly #parts: Row[][] = [];
  /**
   * Versions applied lately, oldest first. A player who changes shards has rows on two lanes, and the later row may be
   * applied before the earlier one is taken: then that one must not be taken for the newest there is.
   */
  readonly #applied = new Map<string, number>();
  /** The players among the parts. */
  readonly #inFlight = new Map<string, PlayerRow>();
  #flight: Flight = idle;
  #backoffMs: number;
  #isFull = false;
  /** Whether rows are to be applied without waiting for company. */
  isDraining = false;
  /** Whether the store answered when it was last asked. */
  isStoreUp = true;
  pendingMax = 0;
  appliedRows = 0;
  /** Batches applied, and the time from giving them to the store to its answer. */
  batches = 0;
  batchMs = 0;
  /** Batches given to the store again because it was away. */
  retries = 0;
  /** Rows not taken because too many wait. */
  refusedRows = 0;
  /** Rows that the store will never take, set aside. */
  rejectedRows = 0;
  /** What the store said last when it did not do as asked; "" if it always did. */
  lastError = "";

  constructor(options: BatcherOptions) {
    this.#store = options.store;
    this.#log = options.log;
    this.#limits = options.limits;
    this.#wake = options.wake;
    this.#backoffMs = options.limits.backoffMs;
    assert(options.limits.batchRowsMax > 0 && options.limits.pendingRowsMax > 0, "a batch holds a row");
    assert(options.limits.backoffMs > 0, "a store that is away is not asked without end");
  }

  /** Rows not applied yet, those in flight included. */
  get pending(): number {
    return this.#waiting + this.#parts.reduce((sum, part) => sum + part.length, 0);
  }

  get isIdle(): boolean {
    return this.pending === 0 && (this.#flight.kind === "idle" || this.#flight.kind === "backing off");
  }

  /** Takes a player's row, unless a newer one is known; false, counted and logged, when too many rows wait. */
  offerPlayer(row: PlayerRow, nowMs: number): boolean {
    if (row.version < (this.#applied.get(row.playerId) ?? 0)) return true;
    const known = this.#players.get(row.playerId);
    if (known === undefined && !this.#hasRoom(nowMs)) return false;
    if (known === undefined || row.version >= known.version) this.#players.set(row.playerId, row);
    this.pendingMax = Math.max(this.pendingMax, this.pending);
    return true;
  }

  /** As {@link offerPlayer}, of a finished battle. */
  offerBattleResult(row: BattleResultRow, nowMs: number): boolean {
    if (!this.#battles.has(row.battleId)) {
      if (!this.#hasRoom(nowMs)) return false;
      this.#battles.set(row.battleId, row);
    }
    this.pendingMax = Math.max(this.pendingMax, this.pending);
    return true;
  }

  /**
   * The player as of every row offered so far, applied or not. Throws as {@link Store.loadPlayer} when the store
   * has to be asked.
   */
  async loadPlayer(playerId: string): Promise<PlayerRow | null> {
    const waiting = this.#newest(playerId);
    if (waiting !== null) return waiting;
    try {
      const stored = await this.#store.loadPlayer(playerId);
      this.#setStoreUp(true);
      const since = this.#newest(playerId);
      return since !== null && since.version >= (stored?.version ?? 0) ? since : stored;
    } catch (error) {
      if (error instanceof StoreUnavailable) this.#setStoreUp(false);
      if (error instanceof Error) this.lastError = error.message;
      throw error;
    }
  }

  /** One pass: takes the store's answer, then gives it the next batch when one is due. Returns the rows it moved. */
  duty(nowMs: number): number {
    let moved = 0;
    if (this.#flight.kind === "answered") moved += this.#land(this.#flight, nowMs);
    if (this.#flight.kind === "backing off" && nowMs >= this.#flight.untilMs) this.#flight = idle;
    if (this.#flight.kind !== "idle") return moved;
    if (this.#parts.length === 0 && this.#isDue(nowMs)) moved += this.#takeBatch(nowMs);
    const part = this.#parts[0];
    if (part !== undefined) this.#apply(part, nowMs);
    else if (!this.isStoreUp) this.#probe(nowMs);
    return moved;
  }

  /** How long until {@link duty} has something to do, unless woken before. */
  waitMs(nowMs: number): number {
    switch (this.#flight.kind) {
      case "answered":
        return 0;
      case "applying":
      case "probing":
        return Number.POSITIVE_INFINITY;
      case "backing off":
        return Math.max(0, this.#flight.untilMs - nowMs);
      case "idle":
        if (this.#parts.length > 0 || this.#isDue(nowMs) || !this.isStoreUp) return 0;
        return this.#waiting === 0
          ? Number.POSITIVE_INFINITY
          : Math.max(0, this.#pendingSinceMs + this.#limits.flushMs - nowMs);
    }
  }

  get #waiting(): number {
    return this.#players.size + this.#battles.size;
  }

  #newest(playerId: string): PlayerRow | null {
    const waiting = this.#players.get(playerId);
    const flying = this.#inFlight.get(playerId);
    if (waiting === undefined || flying === undefined) return waiting ?? flying ?? null;
    return waiting.version >= flying.version ? waiting : flying;
  }

  #hasRoom(nowMs: number): boolean {
    const waiting = this.#waiting;
    if (waiting === 0) this.#pendingSinceMs = nowMs;
    if (waiting < this.#limits.pendingRowsMax) return true;
    this.refusedRows++;
    if (!this.#isFull)
      this.#log.error("rows are refused: too many wait for the store", {
        pending: waiting,
        lastError: this.lastError,
      });
    this.#isFull = true;
    return false;
  }

  #isDue(nowMs: number): boolean {
    if (this.#waiting === 0) return false;
    return (
      this.isDraining ||
      this.#waiting >= this.#limits.batchRowsMax ||
      nowMs - this.#pendingSinceMs >= this.#limits.flushMs
    );
  }

  #takeBatch(nowMs: number): number {
    const batch: Row[] = [];
    for (const [id, row] of this.#players) {
      if (batch.length >= this.#limits.batchRowsMax) break;
      batch.push({ kind: "player", row });
      this.#inFlight.set(id, row);
      this.#players.delete(id);
    }
    for (const [id, row] of this.#battles) {
      if (batch.length >= this.#limits.batchRowsMax) break;
      batch.push({ kind: "battle", row });
      this.#battles.delete(id);
    }
    this.#parts.push(batch);
    // What is left has waited at least as long, and is due at once.
    if (this.#waiting === 0) this.#pendingSinceMs = nowMs;
    this.#isFull = false;
    return batch.length;
  }

  #apply(part: readonly Row[], nowMs: number): void {
    this.#flight = { kind: "applying", sinceMs: nowMs };
    const players = part.flatMap((one) => (one.kind === "player" ? [one.row] : []));
    const battleResults = part.flatMap((one) => (one.kind === "battle" ? [one.row] : []));
    this.#answer(this.#store.applyBatch({ players, battleResults }), nowMs);
  }

  /** Nobody else would notice that the store is back. */
  #probe(nowMs: number): void {
    this.#flight = { kind: "probing" };
    this.#answer(this.#store.health(), nowMs);
  }

  #answer(asked: Promise<void>, sinceMs: number): void {
    const answered = (error: unknown) => {
      this.#flight = { kind: "answered", sinceMs, error };
      this.#wake();
    };
    asked.then(() => answered(null), answered);
  }

  /** Acts on the store's answer. An error that is not the store's own is our bug, and ends the thread. */
  #land(answer: { readonly sinceMs: number; readonly error: unknown }, nowMs: number): number {
    const { error } = answer;
    this.#flight = idle;
    if (error !== null && !(error instanceof StoreUnavailable) && !(error instanceof StoreRejected))
      throw error;
    if (error !== null) this.lastError = error.message;
    if (error instanceof StoreUnavailable) {
      this.#backOff(nowMs);
      return 0;
    }
    this.#setStoreUp(true);
    this.#backoffMs = this.#limits.backoffMs;
    const part = this.#parts.shift();
    // A probe has no part.
    if (part === undefined) return 0;
    if (error !== null) {
      this.#split(part, error);
      return 0;
    }
    this.appliedRows += part.length;
    this.batches++;
    this.batchMs += nowMs - answer.sinceMs;
    this.#forget(part);
    for (const one of part) if (one.kind === "player") this.#remember(one.row);
    return part.length;
  }

  #remember({ playerId, version }: PlayerRow): void {
    const waiting = this.#players.get(playerId);
    if (waiting !== undefined && waiting.version < version) this.#players.delete(playerId);
    // Deleted first, so that it comes last in the map's order.
    this.#applied.delete(playerId);
    this.#applied.set(playerId, version);
    if (this.#applied.size <= APPLIED_VERSIONS_MAX) return;
    for (const oldest of this.#applied.keys()) {
      this.#applied.delete(oldest);
      break;
    }
  }

  #backOff(nowMs: number): void {
    this.#setStoreUp(false);
    if (this.#parts.length > 0) this.retries++;
    this.#flight = { kind: "backing off", untilMs: nowMs + this.#backoffMs };
    this.#backoffMs = Math.min(this.#backoffMs * 2, this.#limits.backoffMsMax);
  }

  /** Halves a part that has a bad row in it, until the row is alone: log₂ n steps, and the rest is applied. */
  #split(part: Row[], error: StoreRejected): void {
    const only = part[0];
    if (part.length === 1 && only !== undefined) {
      this.rejectedRows++;
      // The whole row: this line is all that is left of it.
      this.#log.error("the store does not take a row; it is set aside", {
        reason: error.message,
        kind: only.kind,
        row: JSON.stringify(only.row),
      });
      this.#forget(part);
      return;
    }
    const middle = part.length >> 1;
    this.#parts.unshift(part.slice(0, middle), part.slice(middle));
  }

  #forget(part: readonly Row[]): void {
    for (const one of part) if (one.kind === "player") this.#inFlight.delete(one.row.playerId);
  }

  #setStoreUp(isUp: boolean): void {
    if (this.isStoreUp === isUp) return;
    this.isStoreUp = isUp;
    if (isUp) this.#log.info("the store answers again", { pending: this.pending });
    else
      this.#log.error("the store does not answer; rows are kept", {
        pending: this.pending,
        reason: this.lastError,
      });
  }
}
