/** A real store that a test can make slow, absent or picky. */
import type { BattleResultRow, LedgerRow, PlayerRow } from "../engine/player.js";
import {
  type AppliedMigration,
  type Batch,
  type DeadLetter,
  type Dialect,
  type OpenMode,
  type Store,
  StoreRejected,
  StoreUnavailable,
} from "./store.js";

export class FlakyStore implements Store {
  readonly #store: Store;
  /** Every call fails. */
  isAway = false;
  /** Calls wait until {@link release}. */
  isHeld = false;
  /** Rows that are never taken, by id. */
  readonly rejects = new Set<string>();
  /** Thrown by the next batch instead of anything of the store's. */
  bug: Error | null = null;
  /** Rows of the batches given, dead letters not counted, in order, whatever became of them. */
  readonly batches: number[] = [];
  #held: (() => void)[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  get dialect(): Dialect {
    return this.#store.dialect;
  }

  /** Lets every held call go on, and holds no more. */
  release(): void {
    this.isHeld = false;
    const held = this.#held;
    this.#held = [];
    for (const go of held) go();
  }

  open(mode?: OpenMode): Promise<void> {
    return this.#store.open(mode);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async loadPlayer(playerId: string): Promise<PlayerRow | null> {
    await this.#answer();
    return this.#store.loadPlayer(playerId);
  }

  async applyBatch(batch: Batch): Promise<void> {
    const { ledger = [] } = batch;
    this.batches.push(batch.players.length + batch.battleResults.length + ledger.length);
    await this.#answer();
    if (this.bug !== null) throw this.bug;
    const ids = [
      ...batch.players.map((row) => row.playerId),
      ...batch.battleResults.map((row) => row.battleId),
      ...ledger.map((row) => row.playerId),
    ];
    const bad = ids.find((id) => this.rejects.has(id));
    if (bad !== undefined) throw new StoreRejected(`${bad} is not to this store's taste`);
    await this.#store.applyBatch(batch);
  }

  async appliedPosition(journalId: string): Promise<number> {
    await this.#answer();
    return this.#store.appliedPosition(journalId);
  }

  async deadLetters(
    limit: number,
    after?: Pick<DeadLetter, "journalId" | "position" | "key">,
  ): Promise<DeadLetter[]> {
    await this.#answer();
    return this.#store.deadLetters(limit, after);
  }

  async removeDeadLetter(letter: Pick<DeadLetter, "journalId" | "position" | "key">): Promise<void> {
    await this.#answer();
    await this.#store.removeDeadLetter(letter);
  }

  ledgerOf(playerId: string, limit: number): Promise<LedgerRow[]> {
    return this.#store.ledgerOf(playerId, limit);
  }

  recentBattles(playerId: string, limit: number): Promise<BattleResultRow[]> {
    return this.#store.recentBattles(playerId, limit);
  }

  async health(): Promise<void> {
    await this.#answer();
    await this.#store.health();
  }

  appliedMigrations(): Promise<AppliedMigration[]> {
    return this.#store.appliedMigrations();
  }

  async #answer(): Promise<void> {
    if (this.isHeld)
      await new Promise<void>((resolve) => {
        this.#held.push(resolve);
      });
    if (this.isAway) throw new StoreUnavailable("the store is away: wait");
  }
}
