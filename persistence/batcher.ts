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
 * Up to `batchesInFlight` parts are with the store at a time, so that a server works on one while another is made or
 * answered. What belongs to one player travels together, and is in one part at most: parts land in any order.
 * Every part says how far the journal is applied once it is: the position before the oldest row that then is left,
 * those of other parts included. A part that landed before an older one so leaves the journal's position behind; when
 * nothing follows that would take it along, a batch without rows does.
 */
import { assert } from "../engine/assert.js";
import type { Log } from "../engine/log.js";
import type { PlayerRow } from "../engine/player.js";
import type { Clock } from "../engine/time.js";
import { HELD_BACK, HeldPlayers } from "./held-players.js";
import { type KeptRow, playerOf } from "./kept-row.js";
import {
  batchOf,
  type Part,
  partOf,
  type SetAside,
  sinceOf,
  splitByFault,
  type Unit,
  unitsOf,
} from "./part.js";
import { type Store, StoreRejected, StoreUnavailable } from "./store.js";
import { type Answer, type Asked, type Landed, StoreFlights } from "./store-flights.js";
import { openFor, type StoreAsFound } from "./store-opening.js";
import { WaitingRows } from "./waiting-rows.js";

export interface BatcherLimits {
  /** Rows that wait: past it {@link Batcher.isFull}, and past twice as many {@link Batcher.isStuffed}. */
  readonly pendingRowsMax: number;
  /** Rows of one batch. */
  readonly batchRowsMax: number;
  /** Batches with the store at a time. */
  readonly batchesInFlight: number;
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

export class Batcher {
  readonly #options: BatcherOptions;
  readonly #rows = new WaitingRows();
  readonly #flights: StoreFlights;
  /** What is with the store, and what is to be given to it again, or what rejections have left of that. */
  readonly #parts: Part[] = [];
  #partRows = 0;
  #isOpened = false;
  readonly #held: HeldPlayers;
  /** Positions that are durable. */
  #durable = 0;
  /** What the store was told, by batches that have landed. */
  #applied = 0;
  /** Greatest position of a row that has landed. */
  #landedMax = 0;
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
    this.#flights = new StoreFlights(limits, options.wake);
    this.#held = new HeldPlayers(options);
    assert(limits.batchRowsMax > 0 && limits.pendingRowsMax > 0, "a batch holds a row");
    assert(limits.batchesInFlight > 0, "the store is given batches");
  }

  /** Rows not applied yet, those with the store included. */
  get pending(): number {
    return this.#rows.fresh + this.#rows.rowCount + this.#partRows;
  }

  /** Everything durable is applied and the store knows it, or cannot be told now. */
  get isIdle(): boolean {
    if (this.pending > 0 || this.#flights.count > 0) return false;
    return !this.isStoreUp || (this.#parts.length === 0 && !this.#isPositionBehind);
  }

  /** Rows of groups that are not durable. */
  get fresh(): number {
    return this.#rows.fresh;
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
    return this.#held.size;
  }

  /** Journal records up to here are needed for the store no more. */
  get appliedPosition(): number {
    const isAllApplied = this.#parts.length === 0 && this.#rows.isEmpty && !this.#isPositionBehind;
    return isAllApplied ? this.#durable : this.#applied;
  }

  /** Takes a row of a group that has been appended. Loads see it from now on; the store, once it is durable. */
  offer(row: KeptRow): void {
    if (row.position <= this.#applied) return;
    this.#rows.offer(row);
    this.pendingMax = Math.max(this.pendingMax, this.pending);
  }

  /** The journal has everything up to `position` for good. */
  release(position: number, nowMs: number): void {
    this.#durable = position;
    this.#rows.release(position, nowMs);
  }

  /**
   * The player as of every row offered so far, applied or not. Throws as {@link Store.loadPlayer} when the store
   * has to be asked, and {@link StoreUnavailable} at once while it is known to be away.
   */
  async loadPlayer(playerId: string): Promise<PlayerRow | null> {
    const known = this.#rows.of(playerId)?.newest;
    if (known !== undefined && known !== null) return playerOf(known);
    if (!this.isStoreUp) throw new StoreUnavailable(`the store is away (${this.lastError})`);
    // Whatever is offered meanwhile stays here, though it be applied, until this load has seen it.
    const rows = this.#rows.know(playerId);
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
      this.#rows.forget(rows);
    }
  }

  /** One pass: takes the store's answers, then gives it the parts that are due. Returns the rows it moved. */
  duty(nowMs: number): number {
    let moved = 0;
    const flights = this.#flights;
    for (let one = flights.take(); one !== undefined; one = flights.take()) moved += this.#land(one, nowMs);
    if (flights.isExclusive || flights.backOffMs(nowMs) > 0) return moved;
    if (!this.#isOpened) {
      this.#open();
      return moved;
    }
    while (flights.count < this.#options.limits.batchesInFlight) {
      const part = this.#parts.find(({ isFlying }) => !isFlying) ?? this.#takePart(nowMs);
      if (part === null) break;
      moved += this.#apply(part, nowMs);
    }
    if (flights.count === 0 && !this.isStoreUp) this.#probe();
    this.#freeHeld(nowMs);
    return moved;
  }

  /** How long until {@link duty} has something to do, unless woken before. */
  waitMs(nowMs: number): number {
    const flights = this.#flights;
    if (flights.hasLanded) return 0;
    const { batchesInFlight, flushMs } = this.#options.limits;
    if (flights.isExclusive || flights.count >= batchesInFlight) return Number.POSITIVE_INFINITY;
    const backOffMs = flights.backOffMs(nowMs);
    if (backOffMs > 0) return backOffMs;
    if (flights.count === 0 && (!this.#isOpened || !this.isStoreUp || this.#isPositionBehind)) return 0;
    if (this.#parts.some(({ isFlying }) => !isFlying) || this.#isDue(nowMs)) return 0;
    const { rowCount, isBlocked, sinceMs } = this.#rows;
    return rowCount === 0 || isBlocked ? Number.POSITIVE_INFINITY : Math.max(0, sinceMs + flushMs - nowMs);
  }

  // ---- parts ----------------------------------------------------------------------------------------------

  #isDue(nowMs: number): boolean {
    const { rowCount, isBlocked, sinceMs } = this.#rows;
    if (rowCount === 0 || isBlocked) return false;
    const { batchRowsMax, flushMs } = this.#options.limits;
    return this.isDraining || rowCount >= batchRowsMax || nowMs - sinceMs >= flushMs;
  }

  /** Rows have landed that the store's position does not cover, and no batch is to come that would tell it. */
  get #isPositionBehind(): boolean {
    return this.#landedMax > this.#applied && this.#parts.length === 0 && this.#rows.isEmpty;
  }

  #takePart(nowMs: number): Part | null {
    const isDue = this.#isDue(nowMs);
    if (!isDue && !this.#isPositionBehind) return null;
    const taken = isDue ? this.#rows.take(this.#options.limits.batchRowsMax, nowMs) : [];
    if (isDue && taken.length === 0) return null;
    const part = partOf(unitsOf(taken), []);
    for (const { rows } of taken) this.#partRows += rows.length;
    this.#parts.push(part);
    return part;
  }

  /** Gives it to the store. Returns how much that is. */
  #apply(part: Part, nowMs: number): number {
    const { store, journalId, clock } = this.#options;
    this.#holdBack(part);
    part.isFlying = true;
    const progress = this.#progressBehind(part);
    const sinceMs = nowMs;
    // All batches write this one row of the store: those that have nothing to tell it do not wait for one another there.
    const told = progress > this.#applied ? progress : null;
    const batch = batchOf(part, { journalId, progress: told, atMs: clock.wallMs() });
    this.#ask({ kind: "applying", part, sinceMs, progress }, store.applyBatch(batch).then(done));
    return Math.max(1, part.units.length);
  }

  /** The position before the oldest row that is left when `part` has been applied. */
  #progressBehind(part: Part): number {
    let oldest = this.#durable + 1;
    for (const other of this.#parts) if (other !== part) oldest = Math.min(oldest, sinceOf(other));
    oldest = Math.min(oldest, this.#rows.oldest);
    return Math.max(this.#applied, oldest - 1);
  }

  // ---- the store ------------------------------------------------------------------------------------------

  #ask(asked: Asked, answer: Promise<Answer>): void {
    this.#flights.add(asked, answer);
  }

  #open(): void {
    const { store, journalId, limits } = this.#options;
    const opening = openFor(store, journalId, limits.heldPlayersMax);
    this.#ask(
      { kind: "opening" },
      opening.then((found) => ({ kind: "opened", found })),
    );
  }

  /** Nobody else would notice that the store is back. */
  #probe(): void {
    this.#ask({ kind: "probing" }, this.#options.store.health().then(done));
  }

  /** Acts on an answer of the store's. An error that is not the store's own is our bug, and ends the thread. */
  #land({ asked, answer }: Landed, nowMs: number): number {
    if (asked.kind === "applying") asked.part.isFlying = false;
    if (answer.kind === "failed") {
      this.#fail(answer.error, asked, nowMs);
      return 0;
    }
    this.#setStoreUp(true);
    this.#flights.reset();
    if (answer.kind === "opened") this.#opened(answer.found);
    return asked.kind === "applying" ? this.#landPart(asked, nowMs) : 0;
  }

  #fail(error: unknown, asked: Asked, nowMs: number): void {
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
    this.#split(asked.part, error, nowMs);
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
      const rows = this.#rows.know(playerId);
      rows.isHeld = true;
      this.#held.add(playerId);
      if (newest !== null && newest.version >= rows.newestVersion) rows.note(newest);
    }
    this.#rows.drop(found.applied);
  }

  #landPart(asked: Extract<Asked, { kind: "applying" }>, nowMs: number): number {
    const { part, sinceMs, progress } = asked;
    this.#parts.splice(this.#parts.indexOf(part), 1);
    this.batches++;
    this.batchMs += nowMs - sinceMs;
    this.#applied = Math.max(this.#applied, progress);
    let rows = 0;
    for (const unit of part.units) rows += this.#landed(unit);
    this.appliedRows += rows;
    for (const { unit, reason } of part.aside) {
      this.#told(unit, reason);
      if (unit.player !== null) this.#held.noteLetter(unit.player.playerId);
      rows += this.#landed(unit);
    }
    this.#partRows -= rows;
    return rows;
  }

  #landed(unit: Unit): number {
    for (const { position } of unit.rows) if (position > this.#landedMax) this.#landedMax = position;
    this.#rows.landed(unit);
    return unit.rows.length;
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
          ? {
              remedy:
                "mend the table or the row, then gridshard db letters retry: docs/OPERATING.md, Dead letters",
            }
          : {}),
      },
    );
  }

  #backOff(nowMs: number): void {
    this.#setStoreUp(false);
    this.#flights.backOff(nowMs);
  }

  /** Rows of a player who has a row set aside follow it. */
  #holdBack(part: Part): void {
    if (this.#held.size === 0 || !part.units.some((unit) => unit.player?.isHeld)) return;
    const held = part.units.filter((unit) => unit.player?.isHeld);
    part.units = part.units.filter((unit) => !unit.player?.isHeld);
    for (const unit of held) part.aside.push({ unit, reason: HELD_BACK });
  }

  #split(part: Part, error: StoreRejected, nowMs: number): void {
    const isBroken = this.#held.size >= this.#options.limits.heldPlayersMax;
    const parts = isBroken ? null : splitByFault(part, error);
    if (parts === null) {
      // Not about a row: the store would not even take what is set aside, or takes hardly anything any more.
      this.#backOff(nowMs);
      return;
    }
    this.#parts.splice(this.#parts.indexOf(part), 1, ...parts);
    for (const { aside } of parts) for (const one of aside) this.#hold(one);
  }

  #hold({ unit }: SetAside): void {
    if (unit.player === null || unit.player.isHeld) return;
    unit.player.isHeld = true;
    this.#held.add(unit.player.playerId);
  }

  /** Rows of a player whose letters an operator has seen to go to the store again, once none of theirs is on its way. */
  #freeHeld(nowMs: number): void {
    for (const playerId of this.#held.duty(nowMs, this.isStoreUp && !this.isDraining)) {
      const rows = this.#rows.of(playerId);
      if (rows === undefined || rows.flying > 0) continue;
      rows.isHeld = false;
      this.#held.release(playerId);
      this.#rows.forget(rows);
    }
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

function done(): Answer {
  return { kind: "done" };
}

function isForGood(error: Error): boolean {
  return "isForGood" in error && error.isForGood === true;
}
