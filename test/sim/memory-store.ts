/**
 * A store in memory that keeps the contract of persistence/store.ts and every freedom it leaves: it answers late, is
 * away now and then, and may have applied a batch that it says it could not.
 */
import type { BattleResultRow, LedgerRow, PlayerRow } from "../../engine/player.js";
import type { AppliedMigration, Batch, DeadLetter, Store } from "../../persistence/store.js";
import { StoreUnavailable } from "../../persistence/store.js";
import { type ArrangedBatch, arrangeBatch, checkRowsLimit } from "../../persistence/store-batch.js";

/** How one call goes: told before it is carried out. */
export interface Mood {
  /** Resolves when the answer is due. */
  readonly delay: () => Promise<void>;
  /** `before`: nothing happens. `after`: it happens and is not told. */
  readonly fails: "never" | "before" | "after";
  /** A planted bug: it is told and did not happen. */
  readonly isForgotten: boolean;
}

export type Call = "read" | "write";

const calm: Mood = { delay: () => Promise.resolve(), fails: "never", isForgotten: false };

/** The disk: it outlives the stores that were opened on it. */
export class StoredRows {
  readonly players = new Map<string, PlayerRow>();
  readonly battles = new Map<string, BattleResultRow>();
  /** Ids of the battles in which a player fought. */
  readonly battlesOf = new Map<string, Set<string>>();
  /** By player, version and line. */
  readonly ledger = new Map<string, LedgerRow>();
  /** By journal, position and key, each at its full width. */
  readonly deadLetters = new Map<string, DeadLetter>();
  readonly progress = new Map<string, number>();
  isOpen = false;
}

export class MemoryStore implements Store {
  readonly dialect = "sqlite";
  readonly #rows: StoredRows;
  readonly #mood: (call: Call) => Mood;
  /** Batches applied, whether or not that was told. */
  batches = 0;
  failures = 0;
  /** Batches and loads that are being worked on. */
  underWay = 0;

  constructor(rows: StoredRows = new StoredRows(), mood: (call: Call) => Mood = () => calm) {
    this.#rows = rows;
    this.#mood = mood;
  }

  open(): Promise<void> {
    this.#rows.isOpen = true;
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#rows.isOpen = false;
    return Promise.resolve();
  }

  loadPlayer(playerId: string): Promise<PlayerRow | null> {
    return this.#answer("read", () => {
      const row = this.#rows.players.get(playerId);
      return row === undefined ? null : structuredClone(row);
    });
  }

  async applyBatch(batch: Batch): Promise<void> {
    // What is given is looked at now: a caller that changes its rows afterwards does not change ours.
    const given = structuredClone(arrangeBatch(batch));
    await this.#answer("write", () => this.#apply(given));
  }

  #apply({ players, battleResults, ledger, deadLetters, progress }: ArrangedBatch): void {
    const rows = this.#rows;
    for (const row of players) {
      const known = rows.players.get(row.playerId);
      if (known === undefined || row.version >= known.version) rows.players.set(row.playerId, row);
    }
    for (const row of battleResults) {
      if (rows.battles.has(row.battleId)) continue;
      rows.battles.set(row.battleId, row);
      for (const { playerId } of row.fighters) {
        const fought = rows.battlesOf.get(playerId) ?? new Set();
        rows.battlesOf.set(playerId, fought.add(row.battleId));
      }
    }
    for (const row of ledger) {
      const key = `${row.playerId} ${row.version} ${row.line}`;
      if (!rows.ledger.has(key)) rows.ledger.set(key, row);
    }
    for (const letter of deadLetters) {
      const key = letterKey(letter);
      if (!rows.deadLetters.has(key)) rows.deadLetters.set(key, letter);
    }
    if (progress !== null) {
      const known = rows.progress.get(progress.journalId) ?? 0;
      rows.progress.set(progress.journalId, Math.max(known, progress.position));
    }
    this.batches++;
  }

  appliedPosition(journalId: string): Promise<number> {
    return this.#answer("read", () => this.#rows.progress.get(journalId) ?? 0);
  }

  deadLetters(
    limit: number,
    after?: Pick<DeadLetter, "journalId" | "position" | "key">,
  ): Promise<DeadLetter[]> {
    checkRowsLimit(limit);
    const behind = after === undefined ? "" : letterKey(after);
    return this.#answer("read", () =>
      [...this.#rows.deadLetters]
        .filter(([key]) => key > behind)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([, letter]) => structuredClone(letter)),
    );
  }

  removeDeadLetter(letter: Pick<DeadLetter, "journalId" | "position" | "key">): Promise<void> {
    return this.#answer("write", () => {
      this.#rows.deadLetters.delete(letterKey(letter));
    });
  }

  ledgerOf(playerId: string, limit: number): Promise<LedgerRow[]> {
    checkRowsLimit(limit);
    return this.#answer("read", () =>
      [...this.#rows.ledger.values()]
        .filter((row) => row.playerId === playerId)
        .sort((a, b) => b.version - a.version || b.line - a.line)
        .slice(0, limit)
        .map((row) => structuredClone(row)),
    );
  }

  recentBattles(playerId: string, limit: number): Promise<BattleResultRow[]> {
    checkRowsLimit(limit);
    return this.#answer("read", () =>
      [...(this.#rows.battlesOf.get(playerId) ?? [])]
        .map((id) => this.#rows.battles.get(id)!)
        .sort((a, b) => b.endedAtMs - a.endedAtMs || (a.battleId < b.battleId ? 1 : -1))
        .slice(0, limit)
        .map((row) => structuredClone(row)),
    );
  }

  health(): Promise<void> {
    return this.#answer("read", () => {});
  }

  appliedMigrations(): Promise<AppliedMigration[]> {
    return Promise.resolve([]);
  }

  async #answer<Result>(call: Call, carryOut: () => Result): Promise<Result> {
    const { delay, fails, isForgotten } = this.#mood(call);
    this.underWay++;
    try {
      if (!this.#rows.isOpen) throw new StoreUnavailable("the store is not open: open it");
      await delay();
      if (fails === "before") throw this.#failure();
      if (isForgotten) return undefined as Result;
      const result = carryOut();
      if (fails === "after") throw this.#failure();
      return result;
    } finally {
      this.underWay--;
    }
  }

  #failure(): StoreUnavailable {
    this.failures++;
    return new StoreUnavailable("the simulated store is away: wait");
  }
}

function letterKey({ journalId, position, key }: Pick<DeadLetter, "journalId" | "position" | "key">): string {
  return `${journalId} ${String(position).padStart(16, "0")} ${key}`;
}
