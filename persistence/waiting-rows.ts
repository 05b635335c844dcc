/**
 * Rows that are not with the store yet: those of groups that are not durable, then those that wait for a batch, merged
 * per player and oldest first. Knows every player with a row on the way.
 */
import { assert } from "../engine/assert.js";
import { Fifo } from "./fifo.js";
import type { KeptRow } from "./kept-row.js";
import type { Taken, Unit } from "./part.js";
import { PlayerRows } from "./player-rows.js";

export class WaitingRows {
  readonly #players = new Map<string, PlayerRows>();
  /** Of groups that are not durable yet, in the order of their positions. */
  readonly #fresh = new Fifo<KeptRow>();
  /** Players with rows that may go to the store, and battles, oldest first. */
  readonly #waiting = new Fifo<PlayerRows | KeptRow>();
  #rowCount = 0;
  #sinceMs = 0;
  /** Players whose turn came while other rows of theirs were in a part, in the order of the queue. */
  readonly #skipped: PlayerRows[] = [];
  #isBlocked = false;

  /** Rows of groups that are not durable. */
  get fresh(): number {
    return this.#fresh.length;
  }

  /** Rows that wait for a batch. */
  get rowCount(): number {
    return this.#rowCount;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** When the oldest of those came; meaningless without one. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Nothing can be taken before a part has landed: all that waits is of players who have rows in one. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Position of the oldest row that waits; Infinity without one. */
  get oldest(): number {
    const first = this.#waiting.peek();
    return first === undefined ? Number.POSITIVE_INFINITY : sinceOf(first);
  }

  of(playerId: string): PlayerRows | undefined {
    return this.#players.get(playerId);
  }

  /** As {@link of}, of somebody who may have no row yet: {@link forget} them afterwards. */
  know(playerId: string): PlayerRows {
    const known = this.#players.get(playerId);
    if (known !== undefined) return known;
    const rows = new PlayerRows(playerId);
    this.#players.set(playerId, rows);
    return rows;
  }

  forget(rows: PlayerRows): void {
    if (rows.isSpent) this.#players.delete(rows.playerId);
  }

  /** Takes a row of a group that is not durable yet. */
  offer(row: KeptRow): void {
    this.#fresh.push(row);
    if (row.kind !== "battle") this.know(row.key).noteFresh(row);
  }

  /** Rows up to `position` are durable, and wait. */
  release(position: number, nowMs: number): void {
    for (let row = this.#fresh.peek(); row !== undefined; row = this.#fresh.peek()) {
      if (row.position > position) break;
      this.#fresh.shift();
      this.#wait(row, nowMs);
    }
  }

  #wait(row: KeptRow, nowMs: number): void {
    if (this.#rowCount === 0) this.#sinceMs = nowMs;
    if (row.kind === "battle") {
      this.#waiting.push(row);
      this.#rowCount++;
      this.#isBlocked = false;
      return;
    }
    const rows = this.#players.get(row.key);
    assert(rows !== undefined, "a player with a fresh row is known");
    const wasWaiting = rows.isWaiting;
    this.#rowCount += rows.noteDurable(row);
    if (rows.flying === 0) this.#isBlocked = false;
    if (!wasWaiting) this.#waiting.push(rows);
  }

  /**
   * Takes the oldest rows, at most `limit`, what belongs to one player together. A player who has rows in a part already
   * waits for it to land: two transactions at once never have rows of the same player.
   */
  take(limit: number, nowMs: number): Taken[] {
    const taken: Taken[] = [];
    const skipped = this.#skipped;
    let count = 0;
    while (count < limit) {
      const first = this.#waiting.peek();
      if (first === undefined) break;
      if (first instanceof PlayerRows && first.flying > 0) {
        this.#waiting.shift();
        skipped.push(first);
        continue;
      }
      if (count > 0 && first instanceof PlayerRows && count + first.rowCount > limit) break;
      this.#waiting.shift();
      const since = sinceOf(first);
      if (first instanceof PlayerRows) {
        const rows = first.take(limit);
        taken.push({ player: first, since, rows });
        count += rows.length;
        if (first.isWaiting) this.#waiting.unshift(first);
      } else {
        taken.push({ player: null, since, rows: [first] });
        count++;
      }
    }
    // Back to where they stood: the first of the queue has the oldest row there is.
    for (let rows = skipped.pop(); rows !== undefined; rows = skipped.pop()) this.#waiting.unshift(rows);
    this.#rowCount -= count;
    this.#isBlocked = count === 0 && this.#rowCount > 0;
    // What is left has waited at least as long, and is due at once.
    if (this.#rowCount === 0) this.#sinceMs = nowMs;
    return taken;
  }

  /** Rows of a part are in the store, as they are or as dead letters. */
  landed({ player, rows }: Unit): void {
    this.#isBlocked = false;
    if (player === null) return;
    player.flying -= rows.length;
    this.forget(player);
  }

  /** Lets go of what the store turned out to have. */
  drop(applied: number): void {
    for (
      let row = this.#fresh.peek();
      row !== undefined && row.position <= applied;
      row = this.#fresh.peek()
    ) {
      this.#fresh.shift();
      const rows = this.#players.get(row.key);
      if (row.kind === "battle" || rows === undefined) continue;
      rows.fresh--;
      this.forget(rows);
    }
    const left: (PlayerRows | KeptRow)[] = [];
    for (let one = this.#waiting.shift(); one !== undefined; one = this.#waiting.shift()) {
      if (!(one instanceof PlayerRows)) {
        if (one.position > applied) left.push(one);
        else this.#rowCount--;
        continue;
      }
      this.#rowCount -= one.dropUpTo(applied);
      if (one.isWaiting) left.push(one);
      else this.forget(one);
    }
    // Of some players the older rows are gone: what was the oldest may not be any more.
    left.sort((a, b) => sinceOf(a) - sinceOf(b));
    for (const one of left) this.#waiting.push(one);
  }
}

/** Position of the oldest row. */
function sinceOf(one: PlayerRows | KeptRow): number {
  return one instanceof PlayerRows ? one.since : one.position;
}
