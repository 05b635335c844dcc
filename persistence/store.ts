/** What a store is: the one contract of MySQL and of the embedded SQLite. `store-contract.ts` tests every line. */
import type { BattleResultRow, LedgerRow, PlayerRow } from "../engine/player.js";

/** Rows applied together: all of them, or none. What is absent is empty. */
export interface Batch {
  readonly players: readonly PlayerRow[];
  readonly battleResults: readonly BattleResultRow[];
  readonly ledger?: readonly LedgerRow[];
  /** Rows that the store would not take, set aside for an operator. */
  readonly deadLetters?: readonly DeadLetter[];
  /** How far the journal has been applied once this batch is. Never goes back. */
  readonly progress?: Progress;
}

/** Everything of a journal up to a position is in the store. */
export interface Progress {
  /** 32 lower-case hex digits: which journal. A data folder that was lost begins another. */
  readonly journalId: string;
  /** Position of the last journal record applied; 0: none. */
  readonly position: number;
}

export type RowKind = "player" | "battle" | "ledger";

/** A row the store would not take, as it came, and why. Identified by journal, position and key: stored once. */
export interface DeadLetter {
  readonly journalId: string;
  readonly position: number;
  readonly kind: RowKind;
  /** Whose row it is: rows with the key of a dead letter are held back with it. A player's id, or a battle's. */
  readonly key: string;
  readonly reason: string;
  readonly atMs: number;
  /** As engine/player.ts encodes the row. */
  readonly row: Uint8Array;
}

export type Dialect = "sqlite" | "mysql";

/** A migration as the database remembers it. */
export interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  /** SHA-256 of the file's text, 64 hex digits. */
  readonly checksum: string;
}

/** How `open` treats a schema that is behind: bring it up to date, or leave it and let the caller look. */
export type OpenMode = "migrate" | "look";

export interface Store {
  readonly dialect: Dialect;

  /**
   * Connects, and with "migrate" (the default) brings the schema up to date. Throws {@link StoreUnavailable} when
   * the database cannot be reached, {@link SchemaMismatch} when it is not one this program may touch. May be called
   * again after it has thrown.
   */
  open(mode?: OpenMode): Promise<void>;

  /** Lets go of everything. Idempotent; a store that was closed may be opened again. */
  close(): Promise<void>;

  /** The player with their inventory, as of the last batch applied; null when there is nobody by that id. */
  loadPlayer(playerId: string): Promise<PlayerRow | null>;

  /**
   * Applies a batch in one transaction. A player row older than what the store has changes nothing; one of the same
   * version or newer replaces row and inventory together, so applying a batch twice is applying it once. A battle
   * that the store has already is left as it is. Throws {@link StoreUnavailable}, after which the batch may or may
   * not have been applied and must be given again, or {@link StoreRejected}, after which it has not.
   */
  applyBatch(batch: Batch): Promise<void>;

  /** How far a journal has been applied; 0 for one the store has never heard of. */
  appliedPosition(journalId: string): Promise<number>;

  /** Rows set aside, in the order of their positions, at most `limit` of those behind `after`. */
  deadLetters(limit: number, after?: Pick<DeadLetter, "journalId" | "position" | "key">): Promise<DeadLetter[]>;

  /** Takes a dead letter out: an operator has seen to it. */
  removeDeadLetter(letter: Pick<DeadLetter, "journalId" | "position" | "key">): Promise<void>;

  /** The player's latest lines of the ledger, newest first, at most `limit`. */
  ledgerOf(playerId: string, limit: number): Promise<LedgerRow[]>;

  /** The player's latest battles, newest first, at most `limit`. */
  recentBattles(playerId: string, limit: number): Promise<BattleResultRow[]>;

  /** Resolves when the store would answer a query now; throws {@link StoreUnavailable} otherwise. */
  health(): Promise<void>;

  /** What the database says has been applied to it, by number. Empty for a database nobody has used. */
  appliedMigrations(): Promise<AppliedMigration[]>;
}

/** The store cannot do it now and may later: try again with the same rows. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/** The store will never take this row, however often it is asked. The message names the row and what it wants. */
export class StoreRejected extends Error {
  override readonly name = "StoreRejected";
}

/** The schema in the database is not one this program may touch: an operator must look. */
export class SchemaMismatch extends Error {
  override readonly name = "SchemaMismatch";
}
