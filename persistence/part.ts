/** Rows that go to the store together, and what becomes of them when it will not have one of them. */

import { ByteWriter } from "../engine/lane/bytes.js";
import type { BattleResultRow, LedgerRow, PlayerRow } from "../engine/player.js";
import { type KeptRow, RowReader, rowBytes } from "./kept-row.js";
import type { PlayerRows } from "./player-rows.js";
import type { Batch, DeadLetter, StoreRejected } from "./store.js";

/** What is never divided: a battle, or rows of one player. */
export interface Unit {
  /** Null: a battle. */
  readonly player: PlayerRows | null;
  /** Position of the oldest of them. */
  readonly since: number;
  readonly rows: readonly KeptRow[];
  readonly decoded: {
    readonly player: PlayerRow | null;
    readonly ledger: readonly LedgerRow[];
    readonly battle: BattleResultRow | null;
  };
}

export interface SetAside {
  readonly unit: Unit;
  readonly reason: string;
}

export interface Part {
  units: Unit[];
  /** To become dead letters. */
  readonly aside: SetAside[];
  /** With the store; else it is to be given to it. */
  isFlying: boolean;
}

/** What waits of one player, or a battle, taken for a part. */
export interface Taken {
  readonly player: PlayerRows | null;
  readonly since: number;
  readonly rows: readonly KeptRow[];
}

const noLines: readonly LedgerRow[] = [];

/** Decodes what was taken: a thousand rows at a time, so nothing is made that is not kept. */
export function unitsOf(taken: readonly Taken[]): Unit[] {
  const from = new RowReader(taken.flatMap(({ rows }) => rows));
  return taken.map(({ player, since, rows }) => {
    let decodedPlayer: PlayerRow | null = null;
    let battle: BattleResultRow | null = null;
    let ledger = noLines as LedgerRow[];
    for (const row of rows) {
      if (row.kind === "player") decodedPlayer = from.player(row);
      else if (row.kind === "battle") battle = from.battle();
      else {
        if (ledger === noLines) ledger = [];
        ledger.push(from.ledger(row));
      }
    }
    return { player, since, rows, decoded: { player: decodedPlayer, ledger, battle } };
  });
}

/** A part that the store is to be given. */
export function partOf(units: Unit[], aside: SetAside[]): Part {
  return { units, aside, isFlying: false };
}

/** Position of the oldest row; Infinity when there is none. */
export function sinceOf({ units, aside }: Part): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (const { since } of units) if (since < oldest) oldest = since;
  for (const { unit } of aside) if (unit.since < oldest) oldest = unit.since;
  return oldest;
}

export function batchOf(
  part: Part,
  at: { readonly journalId: string; readonly progress: number | null; readonly atMs: number },
): Batch {
  const { journalId, progress, atMs } = at;
  const players: PlayerRow[] = [];
  const ledger: LedgerRow[] = [];
  const battleResults: BattleResultRow[] = [];
  for (const { decoded } of part.units) {
    if (decoded.player !== null) players.push(decoded.player);
    if (decoded.battle !== null) battleResults.push(decoded.battle);
    for (const line of decoded.ledger) ledger.push(line);
  }
  const deadLetters = part.aside.flatMap(({ unit, reason }) => lettersOf(unit, { journalId, reason, atMs }));
  const rows = { players, battleResults, ledger, deadLetters };
  return progress === null ? rows : { ...rows, progress: { journalId, position: progress } };
}

/**
 * A letter per position, since a letter is identified by position and key: the player's row, or else a line of the ledger,
 * and behind it the other rows of that group, each with a u32 length.
 */
function lettersOf(
  unit: Unit,
  at: { readonly journalId: string; readonly reason: string; readonly atMs: number },
): DeadLetter[] {
  const byPosition = new Map<number, KeptRow[]>();
  for (const row of unit.rows) {
    const beside = byPosition.get(row.position);
    if (beside === undefined) byPosition.set(row.position, [row]);
    // The player's row stands first: who reads the letter as a row of its kind need not know of the others.
    else if (row.kind === "player") beside.unshift(row);
    else beside.push(row);
  }
  return [...byPosition].map(([position, [first, ...others]]) => {
    const out = new ByteWriter().raw(rowBytes(first!.text));
    for (const other of others) out.blob(rowBytes(other.text));
    return { ...at, position, kind: first!.kind, key: first!.key, row: out.bytes().slice() };
  });
}

/**
 * What to apply instead of a part that was rejected: the part with the rows at fault set aside, when it is known which,
 * else two halves. Null when there is nothing left to leave out.
 */
export function splitByFault(part: Part, error: StoreRejected): Part[] | null {
  const { units, aside } = part;
  const only = units[0];
  if (only === undefined) return null;
  if (units.length === 1) return [partOf([], [...aside, { unit: only, reason: error.message }])];
  const faults = new Map<object, string>(error.badRows.map(({ row, reason }) => [row, reason]));
  const reasonOf = ({ decoded }: Unit): string | undefined =>
    [decoded.player, decoded.battle, ...decoded.ledger]
      .map((row) => (row === null ? undefined : faults.get(row)))
      .find((reason) => reason !== undefined);
  const good: Unit[] = [];
  const bad: SetAside[] = [];
  for (const unit of units) {
    const reason = faults.size === 0 ? undefined : reasonOf(unit);
    if (reason === undefined) good.push(unit);
    else bad.push({ unit, reason });
  }
  if (bad.length > 0) return [partOf(good, [...aside, ...bad])];
  const middle = units.length >> 1;
  return [partOf(units.slice(0, middle), [...aside]), partOf(units.slice(middle), [])];
}
