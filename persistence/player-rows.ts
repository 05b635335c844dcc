/** Everything of one player that the store does not have yet. */
import type { KeptRow, RowText } from "./kept-row.js";

const noLines: KeptRow[] = [];

export class PlayerRows {
  readonly playerId: string;
  /** The newest row known, durable or not, applied or not; null: none is known. */
  newest: RowText | null = null;
  newestVersion = -1;
  /** Rows of groups that are not durable. */
  fresh = 0;
  /** Rows in parts. */
  flying = 0;
  /** Loads under way. */
  loads = 0;
  /** A row was set aside: later ones follow it, until an operator has seen to it. */
  isHeld = false;
  /** Position of the oldest row that waits; meaningless without one. */
  since = 0;
  #row: KeptRow | null = null;
  /** Most players have none: then it is the one list that is shared and never written to. */
  #ledger: KeptRow[] = noLines;

  constructor(playerId: string) {
    this.playerId = playerId;
  }

  /** Whether nothing is lost by forgetting this. */
  get isSpent(): boolean {
    return this.fresh === 0 && this.flying === 0 && this.loads === 0 && !this.isHeld && !this.isWaiting;
  }

  get isWaiting(): boolean {
    return this.#row !== null || this.#ledger.length > 0;
  }

  /** Rows that wait. */
  get rowCount(): number {
    return (this.#row === null ? 0 : 1) + this.#ledger.length;
  }

  /** A row is known. */
  note(row: { readonly version: number; readonly text: RowText }): void {
    if (row.version < this.newestVersion) return;
    this.newest = row.text;
    this.newestVersion = row.version;
  }

  /** A row of a group that is not durable yet. */
  noteFresh(row: KeptRow): void {
    this.fresh++;
    if (row.kind === "player") this.note(row);
  }

  /** A fresh row is durable. Returns how many more rows wait now. */
  noteDurable(row: KeptRow): number {
    this.fresh--;
    if (!this.isWaiting) this.since = row.position;
    if (row.kind === "ledger") {
      if (this.#ledger === noLines) this.#ledger = [row];
      else this.#ledger.push(row);
      return 1;
    }
    const older = this.#row;
    if (older === null || row.version >= older.version) this.#row = row;
    return older === null ? 1 : 0;
  }

  /** Takes what waits, lines of the ledger first; what is more than `limit` stays, the row itself the longest. */
  take(limit: number): KeptRow[] {
    const lines = this.#ledger;
    const row = this.#row;
    if (lines.length === 0 && row !== null) {
      // Nearly always.
      this.#row = null;
      this.flying++;
      return [row];
    }
    const taken = lines.slice(0, limit);
    this.#ledger = lines.length > limit ? lines.slice(limit) : noLines;
    if (taken.length < limit && row !== null) {
      taken.push(row);
      this.#row = null;
    }
    this.flying += taken.length;
    return taken;
  }

  /** Forgets what the store has. Returns how many rows less wait now. */
  dropUpTo(position: number): number {
    const before = this.rowCount;
    if (this.#ledger !== noLines) this.#ledger = this.#ledger.filter((line) => line.position > position);
    if (this.#row !== null && this.#row.position <= position) this.#row = null;
    if (this.isWaiting && this.since <= position)
      this.since = Math.min(...this.#ledger.map((line) => line.position), this.#row?.position ?? Infinity);
    return before - this.rowCount;
  }
}
