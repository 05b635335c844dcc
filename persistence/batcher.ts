/**
 * Rows on their way to the store: kept until the store has them, merged per player, so that a store which is away for an
 * hour costs one row a player and not one a save.
 *
 * ```
 *  offer ──► fresh ──durable──► waiting ──due──► parts ──applied──► gone
 *  (loads see the row from                        ▲  │ unavailable: the same part again, after a back-off that doubles
 *   here on)                                      └──┤ rejected: the row at fault is set aside, with its player's
 * ```                                                  later rows: dead letters, applied with the rest
 *
 * One part is with the store at a time; meanwhile the next is decoded. What belongs to one player travels together.
 * Every part says how far the journal is applied once it is: the position before the oldest row that then is left.
 */
import { assert } from "../engine/assert.js";
import type { Log } from "../engine/log.js";
import type { PlayerRow } from "../engine/player.js";
import type { Clock } from "../engine/time.js";
import { Fifo } from "./fifo.js";
import { type KeptRow, playerOf } from "./kept-row.js";
import { batchOf, type Part, type SetAside, splitByFault, type Taken, type Unit, unitsOf } from "./part.js";
import { PlayerRows } from "./player-rows.js";
import { type Store, StoreRejected, StoreUnavailable } from "./store.js";
import { openFor, type StoreAsFound } from "./store-opening.js";

export interface BatcherLimits {
  /** Rows that wait: past it {@link Batcher.isFull}, and past twice as many {@link Batcher.isStuffed}. */
  readonly pendingRowsMax: number;
  /** Rows of one batch. */
  readonly batchRowsMax: number;
  /** How long a row may wait for company. */
  readonly flushMs: number;
  /** Wait before a store that is away is asked again; doubled each time, up to `backoffMsMax`. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
  /** Players whose rows are held back. Beyond it the store is taken for broken: nothing more is set aside. */
  readonly heldPlayersMax: number;
}

export interface BatcherOptions {
  /** Not open: the batcher opens it, and again after it has been away at the start. */
  readonly store: Store;
  readonly journalId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: BatcherLimits;
  /** Called when the store has answered and {@link Batcher.duty} has something to do: rings the thread's doorbell. */
  readonly wake: () => void;
}

/** What the store is doing for us. */
type Flight =
  | { readonly kind: "idle" }
  | { readonly kind: "opening" }
  | { readonly kind: "applying"; readonly sinceMs: number; readonly progress: number }
  | { readonly kind: "probing" }
  | { readonly kind: "answered"; readonly asked: Flight; readonly answer: Answer }
  | { readonly kind: "backing off"; readonly untilMs: number };

type Answer =
  | { readonly kind: "done" }
  | { readonly kind: "opened"; readonly found: StoreAsFound }
  | { readonly kind: "failed"; readonly error: unknown };

const idle: Flight = { kind: "idle" };

export class Batcher {
  readonly #options: BatcherOptions;
  readonly #players = new Map<string, PlayerRows>();
  /** Of groups that are not durable yet, in the order of their positions. */
  readonly #fresh = new Fifo<KeptRow>();
  /** Players with rows that may go to the store, and battles, oldest first. */
  readonly #waiting = new Fifo<PlayerRows | KeptRow>();
  #waitingRows = 0;
  /** When the oldest of those came; meaningless without one. */
  #waitingSinceMs = 0;
  /** What is with the store, what rejections have left of it, and what is to follow. */
  readonly #parts: Part[] = [];
  #partRows = 0;
  #flight: Flight = idle;
  #backoffMs: number;
  #isOpened = false;
  #heldPlayers = 0;
  /** Positions that are durable. */
  #durable = 0;
  #applied = 0;
  /** Whether rows are to be applied without waiting for company. */
  isDraining = false;
  /** Whether the store answered when it was last asked. */
  isStoreUp = false;
  /** Why the store cannot be opened until somebody has done something; null when there is no such reason. */
  refusal: Error | null = null;
  pendingMax = 0;
  appliedRows = 0;
  /** Batches applied, and the time from giving them to the store to its answer. */
  batches = 0;
  batchMs = 0;
  /** Batches given to the store again because it was away. */
  retries = 0;
  /** Rows that the store would not take, set aside with those held back behind them. */
  rejectedRows = 0;
  /** What the store said last when it did not do as asked; "" if it always did. */
  lastError = "";

  constructor(options: BatcherOptions) {
    const { limits } = options;
    this.#options = options;
    this.#backoffMs = limits.backoffMs;
    assert(limits.batchRowsMax > 0 && limits.pendingRowsMax > 0, "a batch holds a row");
    assert(limits.backoffMs > 0, "a store that is away is not asked without end");
  }

  /** Rows not applied yet, those with the store included. */
  get pending(): number {
    return this.#fresh.length + this.#waitingRows + this.#partRows;
  }

  /** Everything durable is applied, or cannot be now. */
  get isIdle(): boolean {
    return this.pending === 0 && (this.#flight.kind === "idle" || this.#flight.kind === "backing off");
  }

  /** Rows of groups that are not durable. */
  get fresh(): number {
    return this.#fresh.length;
  }

  get isFull(): boolean {
    return this.pending >= this.#options.limits.pendingRowsMax;
  }

  /** No further row is to be offered. */
  get isStuffed(): boolean {
    return this.pending >= 2 * this.#options.limits.pendingRowsMax;
  }

  /** Whether the store has been opened, so that {@link isStoreUp} is about more than its absence. */
  get isOpened(): boolean {
    return this.#isOpened;
  }

  /** Whether the store has been asked for something and has answered. */
  get hasBeenAsked(): boolean {
    return this.#isOpened || this.lastError !== "";
  }

  get heldPlayers(): number {
    return this.#heldPlayers;
  }

  /** Journal records up to here are needed for the store no more. */
  get appliedPosition(): number {
    if (this.#parts.length === 0 && this.#waiting.length === 0) return this.#durable;
    return this.#applied;
  }

  /** Takes a row of a group that has been appended. Loads see it from now on; the store, once it is durable. */
  offer(row: KeptRow): void {
    if (row.position <= this.#applied) return;
    this.#fresh.push(row);
    if (row.kind !== "battle") this.#rowsOf(row.key).noteFresh(row);
    this.pendingMax = Math.max(this.pendingMax, this.pending);
  }

  /** The journal has everything up to `position` for good. */
  release(position: number, nowMs: number): void {
    this.#durable = position;
    for (let row = this.#fresh.peek(); row !== undefined; row = this.#fresh.peek()) {
      if (row.position > position) break;
      this.#fresh.shift();
      this.#wait(row, nowMs);
    }
  }

  /**
   * The player as of every row offered so far, applied or not. Throws as {@link Store.loadPlayer} when the store
   * has to be asked, and {@link StoreUnavailable} at once while it is known to be away.
   */
  async loadPlayer(playerId: string): Promise<PlayerRow | null> {
    const known = this.#players.get(playerId)?.newest;
    if (known !== undefined && known !== null) return playerOf(known);
    if (!this.isStoreUp) throw new StoreUnavailable(`the store is away (${this.lastError})`);
    // Whatever is offered meanwhile stays here, though it be applied, until this load has seen it.
    const rows = this.#rowsOf(playerId);
    rows.loads++;
    try {
      const stored = await this.#options.store.loadPlayer(playerId);
      this.#setStoreUp(true);
      const since = rows.newest === null ? null : playerOf(rows.newest);
      return since !== null && since.version >= (stored?.version ?? 0) ? since : stored;
    } catch (error) {
      if (error instanceof Error) this.lastError = error.message;
      if (error instanceof StoreUnavailable) this.#setStoreUp(false);
      throw error;
    } finally {
      rows.loads--;
      this.#forget(rows);
    }
  }

  /** One pass: takes the store's answer, then gives it the next part when one is due. Returns the rows it moved. */
  duty(nowMs: number): number {
    let moved = 0;
    if (this.#flight.kind === "answered") moved += this.#land(this.#flight, nowMs);
    if (this.#flight.kind === "backing off" && nowMs >= this.#flight.untilMs) this.#flight = idle;
    if (!this.#isOpened) {
      if (this.#flight.kind === "idle") this.#open();
      return moved;
    }
    const isIdle = this.#flight.kind === "idle";
    if (this.#parts.length === (isIdle ? 0 : 1) && this.#isDue(nowMs)) moved += this.#takePart(nowMs);
    if (!isIdle) return moved;
    const part = this.#parts[0];
    if (part !== undefined) this.#apply(part, nowMs);
    else if (!this.isStoreUp) this.#probe();
    return moved;
  }

  /** How long until {@link duty} has something to do, unless woken before. */
  waitMs(nowMs: number): number {
    switch (this.#flight.kind) {
      case "answered":
        return 0;
      case "opening":
      case "applying":
      case "probing":
        return Number.POSITIVE_INFINITY;
      case "backing off":
        return Math.max(0, this.#flight.untilMs - nowMs);
      case "idle":
        if (this.#parts.length > 0 || this.#isDue(nowMs) || !this.isStoreUp) return 0;
        return this.#waitingRows === 0
          ? Number.POSITIVE_INFINITY
          : Math.max(0, this.#waitingSinceMs + this.#options.limits.flushMs - nowMs);
    }
  }

  // ---- rows -----------------------------------------------------------------------------------------------

  #rowsOf(playerId: string): PlayerRows {
    const known = this.#players.get(playerId);
    if (known !== undefined) return known;
    const rows = new PlayerRows(playerId);
    this.#players.set(playerId, rows);
    return rows;
  }

  #forget(rows: PlayerRows): void {
    if (rows.isSpent) this.#players.delete(rows.playerId);
  }

  #wait(row: KeptRow, nowMs: number): void {
    if (this.#waitingRows === 0) this.#waitingSinceMs = nowMs;
    if (row.kind === "battle") {
      this.#waiting.push(row);
      this.#waitingRows++;
      return;
    }
    const rows = this.#players.get(row.key);
    assert(rows !== undefined, "a player with a fresh row is known");
    const wasWaiting = rows.isWaiting;
    this.#waitingRows += rows.noteDurable(row);
    if (!wasWaiting) this.#waiting.push(rows);
  }

  #isDue(nowMs: number): boolean {
    if (this.#waitingRows === 0) return false;
    const { batchRowsMax, flushMs } = this.#options.limits;
    return this.isDraining || this.#waitingRows >= batchRowsMax || nowMs - this.#waitingSinceMs >= flushMs;
  }

  #takePart(nowMs: number): number {
    const { batchRowsMax } = this.#options.limits;
    const taken: Taken[] = [];
    let count = 0;
    while (count < batchRowsMax) {
      const first = this.#waiting.peek();
      if (first === undefined) break;
      const rows = first instanceof PlayerRows ? first.rowCount : 1;
      if (count > 0 && count + rows > batchRowsMax) break;
      this.#waiting.shift();
      const since = sinceOf(first);
      if (first instanceof PlayerRows) {
        const rows = first.take(batchRowsMax);
        taken.push({ player: first, since, rows });
        count += rows.length;
        if (first.isWaiting) this.#waiting.unshift(first);
      } else {
        taken.push({ player: null, since, rows: [first] });
        count++;
      }
    }
    this.#parts.push({ units: unitsOf(taken), aside: [] });
    this.#waitingRows -= count;
    this.#partRows += count;
    // What is left has waited at least as long, and is due at once.
    if (this.#waitingRows === 0) this.#waitingSinceMs = nowMs;
    return count;
  }

  // ---- the store ------------------------------------------------------------------------------------------

  #open(): void {
    const { store, journalId } = this.#options;
    const held = this.#options.limits.heldPlayersMax;
    this.#flight = { kind: "opening" };
    this.#answer(openFor(store, journalId, held).then((found): Answer => ({ kind: "opened", found })));
  }

  #apply(part: Part, nowMs: number): void {
    const { store, journalId, clock } = this.#options;
    this.#holdBack(part);
    const progress = this.#progressBehind(part);
    this.#flight = { kind: "applying", sinceMs: nowMs, progress };
    const batch = batchOf(part, { journalId, progress, atMs: clock.wallMs() });
    this.#answer(store.applyBatch(batch).then((): Answer => ({ kind: "done" })));
  }

  /** Nobody else would notice that the store is back. */
  #probe(): void {
    this.#flight = { kind: "probing" };
    this.#answer(this.#options.store.health().then((): Answer => ({ kind: "done" })));
  }

  #answer(asked: Promise<Answer>): void {
    const flight = this.#flight;
    const answered = (answer: Answer) => {
      this.#flight = { kind: "answered", asked: flight, answer };
      this.#options.wake();
    };
    asked.then(answered, (error: unknown) => answered({ kind: "failed", error }));
  }

  /** The position before the oldest row that is left when `part` has been applied. */
  #progressBehind(part: Part): number {
    let oldest = this.#durable + 1;
    for (const other of this.#parts) {
      if (other === part) continue;
      for (const unit of other.units) oldest = Math.min(oldest, unit.since);
      for (const { unit } of other.aside) oldest = Math.min(oldest, unit.since);
    }
    const first = this.#waiting.peek();
    if (first !== undefined) oldest = Math.min(oldest, sinceOf(first));
    return Math.max(this.#applied, oldest - 1);
  }

  /** Acts on the store's answer. An error that is not the store's own is our bug, and ends the thread. */
  #land(answered: Extract<Flight, { kind: "answered" }>, nowMs: number): number {
    const { answer, asked } = answered;
    this.#flight = idle;
    if (answer.kind === "failed") {
      this.#fail(answer.error, asked, nowMs);
      return 0;
    }
    this.#setStoreUp(true);
    this.#backoffMs = this.#options.limits.backoffMs;
    if (answer.kind === "opened") this.#opened(answer.found);
    return asked.kind === "applying" ? this.#landPart(asked, nowMs) : 0;
  }

  #fail(error: unknown, asked: Flight, nowMs: number): void {
    if (asked.kind === "opening" && error instanceof Error && isForGood(error)) {
      this.#refuse(error, nowMs);
      return;
    }
    if (error instanceof StoreUnavailable) {
      this.lastError = error.message;
      if (asked.kind === "applying") this.retries++;
      this.#backOff(nowMs);
      return;
    }
    if (!(error instanceof StoreRejected) || asked.kind !== "applying") throw error;
    this.lastError = error.message;
    this.#setStoreUp(true);
    this.#split(error, nowMs);
  }

  #refuse(error: Error, nowMs: number): void {
    if (this.refusal === null || this.refusal.message !== error.message)
      this.#options.log.error("the store cannot be used as it is; rows are kept", { reason: error.message });
    this.refusal = error;
    this.lastError = error.message;
    this.#backOff(nowMs);
  }

  #opened(found: StoreAsFound): void {
    if (found.applied > this.#durable) throw new JournalBehindStore(found.applied, this.#durable);
    this.#isOpened = true;
    this.refusal = null;
    this.#applied = Math.max(this.#applied, found.applied);
    for (const { playerId, newest } of found.held) {
      const rows = this.#rowsOf(playerId);
      rows.isHeld = true;
      this.#heldPlayers++;
      if (newest !== null && newest.version >= rows.newestVersion) rows.note(newest);
    }
    this.#drop(found.applied);
  }

  /** Lets go of what the store turned out to have. */
  #drop(applied: number): void {
    for (
      let row = this.#fresh.peek();
      row !== undefined && row.position <= applied;
      row = this.#fresh.peek()
    ) {
      this.#fresh.shift();
      const rows = this.#players.get(row.key);
      if (row.kind === "battle" || rows === undefined) continue;
      rows.fresh--;
      this.#forget(rows);
    }
    const left: (PlayerRows | KeptRow)[] = [];
    for (let one = this.#waiting.shift(); one !== undefined; one = this.#waiting.shift()) {
      if (!(one instanceof PlayerRows)) {
        if (one.position > applied) left.push(one);
        else this.#waitingRows--;
        continue;
      }
      this.#waitingRows -= one.dropUpTo(applied);
      if (one.isWaiting) left.push(one);
      else this.#forget(one);
    }
    // Of some players the older rows are gone: what was the oldest may not be any more.
    left.sort((a, b) => sinceOf(a) - sinceOf(b));
    for (const one of left) this.#waiting.push(one);
  }

  #landPart(asked: Extract<Flight, { kind: "applying" }>, nowMs: number): number {
    const part = this.#parts.shift()!;
    this.batches++;
    this.batchMs += nowMs - asked.sinceMs;
    this.#applied = asked.progress;
    let rows = 0;
    for (const unit of part.units) {
      rows += unit.rows.length;
      this.#landed(unit);
    }
    this.appliedRows += rows;
    for (const { unit, reason } of part.aside) {
      rows += unit.rows.length;
      this.#told(unit, reason);
      this.#landed(unit);
    }
    this.#partRows -= rows;
    return rows;
  }

  #landed({ player, rows }: Unit): void {
    if (player === null) return;
    player.flying -= rows.length;
    this.#forget(player);
  }

  #told(unit: Unit, reason: string): void {
    const first = this.rejectedRows === 0;
    this.rejectedRows += unit.rows.length;
    const [row] = unit.rows;
    this.#options.log.error(
      "the store does not take a row; it is set aside in dead_letters, and later ones with it",
      {
        kind: row!.kind,
        key: row!.key,
        position: row!.position,
        rows: unit.rows.length,
        reason,
        ...(first
          ? { remedy: "mend the table or the row, then restart: docs/OPERATING.md, Dead letters" }
          : {}),
      },
    );
  }

  #backOff(nowMs: number): void {
    this.#setStoreUp(false);
    this.#flight = { kind: "backing off", untilMs: nowMs + this.#backoffMs };
    this.#backoffMs = Math.min(this.#backoffMs * 2, this.#options.limits.backoffMsMax);
  }

  /** Rows of a player who has a row set aside follow it. */
  #holdBack(part: Part): void {
    if (this.#heldPlayers === 0 || !part.units.some((unit) => unit.player?.isHeld)) return;
    const held = part.units.filter((unit) => unit.player?.isHeld);
    part.units = part.units.filter((unit) => !unit.player?.isHeld);
    for (const unit of held)
      part.aside.push({ unit, reason: "held back: an earlier row of this player was set aside" });
  }

  #split(error: StoreRejected, nowMs: number): void {
    const part = this.#parts.shift()!;
    const isBroken = this.#heldPlayers >= this.#options.limits.heldPlayersMax;
    const parts = isBroken ? null : splitByFault(part, error);
    if (parts === null) {
      // Not about a row: the store would not even take what is set aside, or takes hardly anything any more.
      this.#parts.unshift(part);
      this.#backOff(nowMs);
      return;
    }
    this.#parts.unshift(...parts);
    for (const { aside } of parts) for (const one of aside) this.#hold(one);
  }

  #hold({ unit }: SetAside): void {
    if (unit.player === null || unit.player.isHeld) return;
    unit.player.isHeld = true;
    this.#heldPlayers++;
  }

  #setStoreUp(isUp: boolean): void {
    if (this.isStoreUp === isUp) return;
    const wasOpened = this.#isOpened;
    this.isStoreUp = isUp;
    const { log } = this.#options;
    if (isUp)
      log.info(wasOpened ? "the store answers again" : "the store answers", { pending: this.pending });
    else
      log.error("the store does not answer; rows are kept in the journal and applied when it is back", {
        pending: this.pending,
        reason: this.lastError,
      });
  }
}

/** The store has rows of this journal that the journal itself has not: one of the two is not of the same time. */
export class JournalBehindStore extends Error {
  override readonly name = "JournalBehindStore";

  constructor(applied: number, last: number) {
    super(
      `the store has applied the journal up to position ${applied}, and the journal ends at ${last}: it is an older copy. ` +
        "Put back the data folder that belongs to the store, or move the journal's folder away to go on with what the store has",
    );
  }
}

/** Position of the oldest row. */
function sinceOf(one: PlayerRows | KeptRow): number {
  return one instanceof PlayerRows ? one.since : one.position;
}

function isForGood(error: Error): boolean {
  return "isForGood" in error && error.isForGood === true;
}
