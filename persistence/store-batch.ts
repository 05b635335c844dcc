/** What every store checks of a row before it goes near SQL, and the order in which it applies them. */

import { assert } from "../engine/assert.js";
import type { BattleFighterRow, BattleResultRow, PlayerRow } from "../engine/player.js";
import { type Batch, StoreRejected } from "./store.js";

/** Widths of the columns, the same in both dialects. Text is counted in code points. */
export const NAME_LENGTH_MAX = 64;
export const ROOM_TYPE_LENGTH_MAX = 64;
const U8_MAX = 0xff;
const U16_MAX = 0xffff;
const U32_MAX = 0xffff_ffff;

const idPattern = /^[0-9a-f]{32}$/;
const outcomes: readonly string[] = ["won", "lost", "fled", "draw"] satisfies BattleFighterRow["outcome"][];

type Complain = (column: string, got: unknown, want: string) => void;

/**
 * Checks every row, keeps the newest of each player and the first of each battle, and sorts by primary key: two
 * writers that take their row locks in one order never deadlock. Throws {@link StoreRejected} naming every fault
 * of the first bad row.
 */
export function arrangeBatch(batch: Batch): Batch {
  const players = new Map<string, PlayerRow>();
  for (const row of batch.players) {
    checkPlayer(row);
    const known = players.get(row.playerId);
    if (known === undefined || row.version >= known.version) players.set(row.playerId, row);
  }
  const battleResults = new Map<string, BattleResultRow>();
  for (const row of batch.battleResults) {
    checkBattleResult(row);
    if (!battleResults.has(row.battleId)) battleResults.set(row.battleId, row);
  }
  return {
    players: [...players.values()].sort((a, b) => (a.playerId < b.playerId ? -1 : 1)),
    battleResults: [...battleResults.values()].sort((a, b) => (a.battleId < b.battleId ? -1 : 1)),
  };
}

function checkPlayer(row: PlayerRow): void {
  const faults: string[] = [];
  const complain: Complain = (column, got, want) => faults.push(`${column}: got ${show(got)}, want ${want}`);
  if (!idPattern.test(row.playerId)) complain("playerId", row.playerId, "32 lower-case hex digits");
  checkText(complain, "name", row.name, NAME_LENGTH_MAX);
  checkInteger(complain, "level", row.level, 0, U16_MAX);
  checkInteger(complain, "experience", row.experience, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  checkInteger(complain, "gold", row.gold, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  if (!Number.isFinite(row.x)) complain("x", row.x, "a finite number");
  if (!Number.isFinite(row.y)) complain("y", row.y, "a finite number");
  checkInteger(complain, "version", row.version, 0, U32_MAX);
  if (row.inventory.length > U16_MAX)
    complain("inventory", row.inventory.length, `at most ${U16_MAX} stacks`);
  for (const [slot, stack] of row.inventory.entries()) {
    checkInteger(complain, `inventory[${slot}].item`, stack.item, 1, U16_MAX);
    checkInteger(complain, `inventory[${slot}].count`, stack.count, 1, U16_MAX);
    if (faults.length >= FAULTS_SHOWN_MAX) break;
  }
  refuse("player", row.playerId, faults);
}

function checkBattleResult(row: BattleResultRow): void {
  const faults: string[] = [];
  const complain: Complain = (column, got, want) => faults.push(`${column}: got ${show(got)}, want ${want}`);
  if (!idPattern.test(row.battleId)) complain("battleId", row.battleId, "32 lower-case hex digits");
  checkText(complain, "roomType", row.roomType, ROOM_TYPE_LENGTH_MAX);
  checkInteger(complain, "endedAtMs", row.endedAtMs, 0, Number.MAX_SAFE_INTEGER);
  checkInteger(complain, "ticks", row.ticks, 0, U32_MAX);
  checkInteger(complain, "winningSide", row.winningSide, -1, U8_MAX);
  if (row.fighters.length > U16_MAX) complain("fighters", row.fighters.length, `at most ${U16_MAX}`);
  for (const [seat, fighter] of row.fighters.entries()) {
    const column = `fighters[${seat}]`;
    if (fighter.playerId !== "" && !idPattern.test(fighter.playerId))
      complain(`${column}.playerId`, fighter.playerId, '32 lower-case hex digits, or "" for a creature');
    checkText(complain, `${column}.name`, fighter.name, NAME_LENGTH_MAX);
    checkInteger(complain, `${column}.side`, fighter.side, 0, U8_MAX);
    if (!outcomes.includes(fighter.outcome))
      complain(`${column}.outcome`, fighter.outcome, outcomes.join(", "));
    checkInteger(
      complain,
      `${column}.experience`,
      fighter.experience,
      Number.MIN_SAFE_INTEGER,
      Number.MAX_SAFE_INTEGER,
    );
    checkInteger(complain, `${column}.gold`, fighter.gold, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    if (faults.length >= FAULTS_SHOWN_MAX) break;
  }
  refuse("battle", row.battleId, faults);
}

const BATTLES_LIMIT_MAX = 1000;

/** Asserts that a caller asks for a bounded number of battles. */
export function checkBattlesLimit(limit: number): void {
  assert(
    Number.isInteger(limit) && limit > 0 && limit <= BATTLES_LIMIT_MAX,
    `battles are asked for by 1..${BATTLES_LIMIT_MAX}`,
  );
}

/** A row with more faults than this says the same thing again. */
const FAULTS_SHOWN_MAX = 10;

function refuse(kind: string, id: string, faults: readonly string[]): void {
  if (faults.length > 0)
    throw new StoreRejected(
      `${kind} ${show(id)} cannot be stored: ${faults.slice(0, FAULTS_SHOWN_MAX).join("; ")}`,
    );
}

function checkInteger(complain: Complain, column: string, value: number, min: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < min || value > max)
    complain(column, value, `a whole number in ${min}..${max}`);
}

function checkText(complain: Complain, column: string, value: string, lengthMax: number): void {
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
