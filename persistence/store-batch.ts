/** What every store checks of a row before it goes near SQL, and the order in which it applies them. */

import { assert } from "../engine/assert.js";
import type { BattleFighterRow, BattleResultRow, LedgerRow, PlayerRow } from "../engine/player.js";
import { isId, sortedByPlayer } from "./row-order.js";
import {
  type BadRow,
  type Batch,
  type DeadLetter,
  type Progress,
  type RowKind,
  StoreRejected,
} from "./store.js";

/** Widths of the columns, the same in both dialects. Text is counted in code points. */
export const NAME_LENGTH_MAX = 64;
export const ROOM_TYPE_LENGTH_MAX = 64;
export const LEDGER_REASON_LENGTH_MAX = 32;
export const LETTER_REASON_LENGTH_MAX = 1000;
const U8_MAX = 0xff;
const U16_MAX = 0xffff;
const U32_MAX = 0xffff_ffff;
const I32_MAX = 0x7fff_ffff;

const outcomes: readonly string[] = ["won", "lost", "fled", "draw"] satisfies BattleFighterRow["outcome"][];

/** A batch that is checked, without repetitions and sorted by primary key. */
export interface ArrangedBatch {
  readonly players: readonly PlayerRow[];
  readonly battleResults: readonly BattleResultRow[];
  readonly ledger: readonly LedgerRow[];
  readonly deadLetters: readonly DeadLetter[];
  readonly progress: Progress | null;
}

/**
 * Checks every row, keeps the newest of each player and the first of each battle, line and letter, and sorts by
 * primary key: two writers that take their row locks in one order never deadlock. Throws {@link StoreRejected}, which
 * names every fault of the first bad row and holds all of them.
 */
export function arrangeBatch(batch: Batch): ArrangedBatch {
  const { ledger = [], deadLetters = [], progress = null } = batch;
  checkRows(batch, ledger);
  for (const letter of deadLetters) checkLetter(letter);
  if (progress !== null) checkProgress(progress);
  return {
    players: newestOfEach(batch.players),
    battleResults: firstOfEach(batch.battleResults.toSorted(compareBattles), compareBattles),
    ledger: firstOfEach(sortedByPlayer(ledger, compareLines), compareLines),
    deadLetters: firstOfEach(deadLetters.toSorted(compareLetters), compareLetters).map(readableLetter),
    progress,
  };
}

function newestOfEach(rows: readonly PlayerRow[]): PlayerRow[] {
  const sorted = sortedByPlayer(rows, comparePlayers);
  // Of equals the last is the newest, or the last given of the newest.
  let kept = 0;
  for (let at = 0; at < sorted.length; at++) {
    const row = sorted[at]!;
    if (row.playerId !== sorted[at + 1]?.playerId) sorted[kept++] = row;
  }
  sorted.length = kept;
  return sorted;
}

/** Sorting keeps the order of equals, so the first of them is the one that was given first. */
function firstOfEach<Row>(sorted: readonly Row[], compare: (a: Row, b: Row) => number): Row[] {
  return sorted.filter((row, at) => at === 0 || compare(sorted[at - 1]!, row) !== 0);
}

function comparePlayers(a: PlayerRow, b: PlayerRow): number {
  return compareText(a.playerId, b.playerId) || a.version - b.version;
}

function compareBattles(a: BattleResultRow, b: BattleResultRow): number {
  return compareText(a.battleId, b.battleId);
}

function compareLines(a: LedgerRow, b: LedgerRow): number {
  return compareText(a.playerId, b.playerId) || a.version - b.version || a.line - b.line;
}

function compareLetters(a: DeadLetter, b: DeadLetter): number {
  return compareText(a.journalId, b.journalId) || a.position - b.position || compareText(a.key, b.key);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Faults of the row that is being checked. */
const faults: string[] = [];

function checkRows(batch: Batch, ledger: readonly LedgerRow[]): void {
  let bad: BadRow[] | null = null;
  const found = (kind: RowKind, id: string, row: BadRow["row"]) => {
    const shown = faults.slice(0, FAULTS_SHOWN_MAX).join("; ");
    faults.length = 0;
    bad ??= [];
    bad.push({ kind, row, reason: `${kind} ${show(id)} cannot be stored: ${shown}` });
  };
  faults.length = 0;
  for (const row of batch.players) {
    checkPlayer(row);
    if (faults.length > 0) found("player", row.playerId, row);
  }
  for (const row of batch.battleResults) {
    checkBattleResult(row);
    if (faults.length > 0) found("battle", row.battleId, row);
  }
  for (const row of ledger) {
    checkLine(row);
    if (faults.length > 0) found("ledger", row.playerId, row);
  }
  refuse(bad);
}

function refuse(badRows: readonly BadRow[] | null): void {
  const first = badRows?.[0];
  if (badRows !== null && first !== undefined) throw new StoreRejected(first.reason, { badRows });
}

function checkPlayer(row: PlayerRow): void {
  checkId("playerId", row.playerId);
  checkText("name", row.name, NAME_LENGTH_MAX);
  checkInteger("level", row.level, 0, U16_MAX);
  checkExact("experience", row.experience);
  checkExact("gold", row.gold);
  if (!Number.isFinite(row.x)) complain("x", row.x, "a finite number");
  if (!Number.isFinite(row.y)) complain("y", row.y, "a finite number");
  checkInteger("version", row.version, 0, U32_MAX);
  const { inventory } = row;
  if (inventory.length > U16_MAX) complain("inventory", inventory.length, `at most ${U16_MAX} stacks`);
  for (let slot = 0; slot < inventory.length && faults.length < FAULTS_SHOWN_MAX; slot++) {
    const { item, count } = inventory[slot]!;
    // Many stacks and no fault nearly always: their columns get a name only when there is one.
    if ((item & U16_MAX) !== item || item === 0) checkInteger(`inventory[${slot}].item`, item, 1, U16_MAX);
    if ((count & U16_MAX) !== count || count === 0)
      checkInteger(`inventory[${slot}].count`, count, 1, U16_MAX);
  }
}

function checkBattleResult(row: BattleResultRow): void {
  checkId("battleId", row.battleId);
  checkText("roomType", row.roomType, ROOM_TYPE_LENGTH_MAX);
  checkInteger("endedAtMs", row.endedAtMs, 0, Number.MAX_SAFE_INTEGER);
  checkInteger("ticks", row.ticks, 0, U32_MAX);
  checkInteger("winningSide", row.winningSide, -1, U8_MAX);
  if (row.fighters.length > U16_MAX) complain("fighters", row.fighters.length, `at most ${U16_MAX}`);
  for (const [seat, fighter] of row.fighters.entries()) {
    const column = `fighters[${seat}]`;
    if (fighter.playerId !== "" && !isId(fighter.playerId))
      complain(`${column}.playerId`, fighter.playerId, '32 lower-case hex digits, or "" for a creature');
    checkText(`${column}.name`, fighter.name, NAME_LENGTH_MAX);
    checkInteger(`${column}.side`, fighter.side, 0, U8_MAX);
    if (!outcomes.includes(fighter.outcome))
      complain(`${column}.outcome`, fighter.outcome, outcomes.join(", "));
    checkExact(`${column}.experience`, fighter.experience);
    checkExact(`${column}.gold`, fighter.gold);
    if (faults.length >= FAULTS_SHOWN_MAX) break;
  }
}

function checkLine(row: LedgerRow): void {
  checkId("playerId", row.playerId);
  checkInteger("version", row.version, 0, U32_MAX);
  checkInteger("line", row.line, 0, U16_MAX);
  checkInteger("atMs", row.atMs, 0, Number.MAX_SAFE_INTEGER);
  checkText("reason", row.reason, LEDGER_REASON_LENGTH_MAX);
  checkExact("gold", row.gold);
  checkInteger("item", row.item, 0, U16_MAX);
  checkInteger("count", row.count, -I32_MAX - 1, I32_MAX);
}

/** Of a letter only what names it can be wrong: it is the last place a row goes to. */
function checkLetter(letter: DeadLetter): void {
  assert(isId(letter.journalId), "a dead letter names its journal by 32 hex digits");
  assert(Number.isSafeInteger(letter.position) && letter.position >= 0, "a dead letter has a position");
  assert(Number.isSafeInteger(letter.atMs) && letter.atMs >= 0, "a dead letter has a time");
  assert(isId(letter.key), "a dead letter's key is the id of a player or a battle");
}

/** A reason may quote the very text that no column takes. */
function readableLetter(letter: DeadLetter): DeadLetter {
  const reason = letter.reason.toWellFormed().replaceAll("\0", "\ufffd");
  return {
    ...letter,
    reason: [...reason.slice(0, LETTER_REASON_LENGTH_MAX * 2)]
      .slice(0, LETTER_REASON_LENGTH_MAX)
      .join("")
      .toWellFormed(),
  };
}

function checkProgress({ journalId, position }: Progress): void {
  assert(isId(journalId), "a journal is named by 32 hex digits");
  assert(Number.isSafeInteger(position) && position >= 0, "a position is a whole number");
}

const ROWS_ASKED_MAX = 1000;

/** Asserts that a caller asks for a bounded number of rows. */
export function checkRowsLimit(limit: number): void {
  assert(
    Number.isInteger(limit) && limit > 0 && limit <= ROWS_ASKED_MAX,
    `rows are asked for by 1..${ROWS_ASKED_MAX}`,
  );
}

/** A row with more faults than this says the same thing again. */
const FAULTS_SHOWN_MAX = 10;

function complain(column: string, got: unknown, want: string): void {
  faults.push(`${column}: got ${show(got)}, want ${want}`);
}

function checkId(column: string, value: string): void {
  if (!isId(value)) complain(column, value, "32 lower-case hex digits");
}

function checkExact(column: string, value: number): void {
  checkInteger(column, value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
}

function checkInteger(column: string, value: number, min: number, max: number): void {
  if (!isWithin(value, min, max)) complain(column, value, `a whole number in ${min}..${max}`);
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

function checkText(column: string, value: string, lengthMax: number): void {
  // A code point is at most two UTF-16 units, so most names need no counting.
  if (value.length > lengthMax && (value.length > lengthMax * 2 || [...value].length > lengthMax))
    complain(column, value, `at most ${lengthMax} characters`);
  else if (!value.isWellFormed() || value.includes("\0"))
    complain(column, value, "Unicode text without lone surrogates or NUL");
}

function show(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
