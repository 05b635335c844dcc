/** Rows for a batcher, each in a group of its own, for tests. */
import { ByteWriter } from "../engine/lane/bytes.js";
import {
  type BattleResultRow,
  encodeBattleResult,
  encodeLedger,
  encodePlayer,
  type LedgerRow,
  type PlayerRow,
} from "../engine/player.js";
import type { Batcher } from "./batcher.js";
import { keepRow } from "./kept-row.js";
import type { RowKind } from "./store.js";

export class RowSource {
  /** Of the last row. */
  position = 0;
  readonly #batcher: Batcher;
  readonly #out = new ByteWriter();

  constructor(batcher: Batcher) {
    this.#batcher = batcher;
  }

  /** Each of these takes a time at which the row is durable; without one it is not, until {@link release}. */
  player(row: PlayerRow, nowMs?: number): void {
    this.#offer("player", encodePlayer(row, this.#out.clear()), nowMs);
  }

  battle(row: BattleResultRow, nowMs?: number): void {
    this.#offer("battle", encodeBattleResult(row, this.#out.clear()), nowMs);
  }

  line(row: LedgerRow, nowMs?: number): void {
    this.#offer("ledger", encodeLedger(row, this.#out.clear()), nowMs);
  }

  /** Everything so far is durable. */
  release(nowMs: number): void {
    this.#batcher.release(this.position, nowMs);
  }

  #offer(kind: RowKind, out: ByteWriter, nowMs: number | undefined): void {
    const bytes = Buffer.from(out.bytes());
    this.position++;
    this.#batcher.offer(keepRow(kind, { bytes, at: 0, length: bytes.length, position: this.position }));
    if (nowMs !== undefined) this.release(nowMs);
  }
}
