/** A batcher on a real store, and rows for it, each in a group of its own, for tests. */
import { ByteWriter } from "../engine/lane/bytes.js";
import { createLog } from "../engine/log.js";
import {
  type BattleResultRow,
  encodeBattleResult,
  encodeLedger,
  encodePlayer,
  type LedgerRow,
  type PlayerRow,
} from "../engine/player.js";
import { ManualClock } from "../engine/time.js";
import { Batcher, type BatcherLimits } from "./batcher.js";
import { FlakyStore } from "./flaky-store.js";
import { keepRow } from "./kept-row.js";
import { sqlitePlace } from "./sqlite-place.js";
import type { RowKind } from "./store.js";
import { idOf } from "./store-contract-rows.js";

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

const limits: BatcherLimits = {
  pendingRowsMax: 100,
  batchRowsMax: 10,
  batchesInFlight: 1,
  flushMs: 200,
  backoffMs: 50,
  backoffMsMax: 400,
  heldPlayersMax: 100,
};
export const journalId = idOf(0x10c);

export interface Rig {
  readonly store: FlakyStore;
  readonly batcher: Batcher;
  readonly rows: RowSource;
  readonly logged: string[];
  /** Runs the batcher at that time, and lets the store answer, until neither has more to do. */
  settle(nowMs: number): Promise<void>;
}

export async function withBatcher(
  changes: Partial<BatcherLimits>,
  use: (rig: Rig) => Promise<void>,
): Promise<void> {
  const place = await sqlitePlace();
  const store = new FlakyStore(place.store());
  const logged: string[] = [];
  const log = createLog("test", { level: "info", wallMs: () => 0, sink: (line) => logged.push(line) });
  let woken = 0;
  const batcher = new Batcher({
    store,
    journalId,
    clock: new ManualClock(),
    log,
    limits: { ...limits, ...changes },
    wake: () => woken++,
  });
  const settle = async (nowMs: number) => {
    for (let seen = -1; seen !== woken || batcher.waitMs(nowMs) === 0; ) {
      seen = woken;
      batcher.duty(nowMs);
      await new Promise(setImmediate);
    }
  };
  try {
    await settle(0);
    await use({ store, batcher, rows: new RowSource(batcher), logged, settle });
  } finally {
    store.release();
    await new Promise(setImmediate);
    await store.close();
    await place.release();
  }
}
