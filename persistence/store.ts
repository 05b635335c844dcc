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
  /** As engine/player.ts encodes the row; behind a player's, lines of the ledger that came with it: dead-letter.ts. */
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
   * the database cannot be reached, {@link SchemaMismatch} when it is not one this program may touch. Both say by
   * `isForGood` whether to try again is of any use before an operator has done something. May be called again after
   * it has thrown, as often as one likes: what it had opened is closed.
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

  /** Rows set aside, journal by journal in the order of their positions, at most `limit` of those behind `after`. */
  deadLetters(
    limit: number,
    after?: Pick<DeadLetter, "journalId" | "position" | "key">,
  ): Promise<DeadLetter[]>;

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

/** A store whose rows can be checked against one another, for an operator. */
export interface AuditedStore extends Store {
  /**
   * Compares what each player has with the sum of their ledger, and looks for rows that belong to nobody. Each list
   * holds at most `findingsMax`; the counts are whole. Beside a running server, rows on their way may show.
   */
  audit(findingsMax: number): Promise<StoreAudit>;
}

export interface StoreAudit {
  readonly players: number;
  readonly ledgerLines: number;
  readonly progress: readonly Progress[];
  readonly deadLetters: number;
  readonly differences: readonly LedgerDifference[];
  readonly differenceCount: number;
  readonly orphans: readonly OrphanRow[];
  readonly orphanCount: number;
}

/** A player who has something else than their ledger says. */
export interface LedgerDifference {
  readonly playerId: string;
  /** Kind of item, or 0: gold. */
  readonly item: number;
  readonly inLedger: number;
  readonly inPlayer: number;
}

/** A row whose owner is not there. */
export interface OrphanRow {
  readonly table: "ledger" | "battle_fighters";
  /** Id of the player or battle that is missing. */
  readonly ownerId: string;
}

/**
 * The store cannot do it now and may later: try again with the same rows. `isForGood`: not before an operator has
 * done something (wrong password, no such database, a file that is no database), so a start says so and ends. All
 * else (down, frozen, refused, overloaded) passes by itself.
 */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
  readonly isForGood: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isForGood?: boolean } = {}) {
    super(message, options);
    this.isForGood = options.isForGood ?? false;
  }
}

/** A row that no store takes, found before any database was asked. `row` is the very object of the batch. */
export interface BadRow {
  readonly kind: RowKind;
  readonly row: PlayerRow | BattleResultRow | LedgerRow;
  readonly reason: string;
}

/** The store will never take this row, however often it is asked. The message names the row and what it wants. */
export class StoreRejected extends Error {
  override readonly name = "StoreRejected";
  /** Every row at fault, when that was found without asking a database; empty: halve the batch to find it. */
  readonly badRows: readonly BadRow[];

  constructor(message: string, options: ErrorOptions & { readonly badRows?: readonly BadRow[] } = {}) {
    super(message, options);
    this.badRows = options.badRows ?? [];
  }
}

/** The schema in the database is not one this program may touch: an operator must look. */
export class SchemaMismatch extends Error {
  override readonly name = "SchemaMismatch";
  readonly isForGood = true;
}
