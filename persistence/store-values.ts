/** How ids and numbers look in a database, the same for both dialects. */
import type { BattleFighterRow, BattleResultRow, ItemStack, LedgerRow, PlayerRow } from "../engine/player.js";
import { type DeadLetter, type RowKind, StoreRejected } from "./store.js";

/** A value of a numeric column: drivers give a string or a bigint for what a number might not hold. */
export type ColumnNumber = number | bigint | string;

/** A row of `battles`. */
export interface BattleColumns {
  readonly battle_id: Uint8Array;
  readonly room_type: string;
  readonly ended_at_ms: ColumnNumber;
  readonly ticks: number;
  readonly winning_side: number;
}

/** A row of `battle_fighters`. */
export interface FighterColumns {
  readonly battle_id: Uint8Array;
  readonly player_id: Uint8Array | null;
  readonly name: string;
  readonly side: number;
  readonly outcome: string;
  readonly experience: ColumnNumber;
  readonly gold: ColumnNumber;
}

/** The 16 bytes of 32 hex digits. */
export function idBytes(digits: string): Buffer {
  if (!/^[0-9a-f]{32}$/.test(digits))
    throw new StoreRejected(`id ${JSON.stringify(digits)}: want 32 lower-case hex digits`);
  return Buffer.from(digits, "hex");
}

export function idDigits(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** A number without loss, or {@link StoreRejected}: somebody wrote to the database past this program. */
export function exactNumber(value: ColumnNumber, what: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new StoreRejected(
      `${what} is ${value} in the database; want at most ${Number.MAX_SAFE_INTEGER}: correct the row by hand`,
    );
  return number;
}

/** Battles in the order given, with their fighters in theirs. */
export function joinBattles(
  battles: readonly BattleColumns[],
  fighters: readonly FighterColumns[],
): BattleResultRow[] {
  const seats = new Map<string, BattleFighterRow[]>();
  const rows = battles.map((battle): BattleResultRow => {
    const battleId = idDigits(battle.battle_id);
    const seated: BattleFighterRow[] = [];
    seats.set(battleId, seated);
    return {
      battleId,
      roomType: battle.room_type,
      endedAtMs: exactNumber(battle.ended_at_ms, `ended_at_ms of battle ${battleId}`),
      ticks: battle.ticks,
      winningSide: battle.winning_side,
      fighters: seated,
    };
  });
  for (const fighter of fighters) {
    const battleId = idDigits(fighter.battle_id);
    seats.get(battleId)?.push({
      playerId: fighter.player_id === null ? "" : idDigits(fighter.player_id),
      name: fighter.name,
      side: fighter.side,
      outcome: fighter.outcome as BattleFighterRow["outcome"],
      experience: exactNumber(fighter.experience, `experience in battle ${battleId}`),
      gold: exactNumber(fighter.gold, `gold in battle ${battleId}`),
    });
  }
  return rows;
}

/** A row of `players` without its key. */
export interface PlayerColumns {
  readonly name: string;
  readonly level: number;
  readonly experience: ColumnNumber;
  readonly gold: ColumnNumber;
  readonly x: number;
  readonly y: number;
  readonly version: number;
  readonly inventory: string;
}

/** A row of `ledger` without its player. */
export interface LedgerColumns {
  readonly version: number;
  readonly line: number;
  readonly at_ms: ColumnNumber;
  readonly reason: string;
  readonly gold: ColumnNumber;
  readonly item: number;
  readonly count: number;
}

/** A row of `dead_letters`. */
export interface LetterColumns {
  readonly journal_id: Uint8Array;
  readonly position: ColumnNumber;
  readonly row_key: Uint8Array;
  readonly kind: string;
  readonly reason: string;
  readonly at_ms: ColumnNumber;
  readonly row_bytes: Uint8Array;
}

/** An inventory as JSON: `[[item,count],…]`. */
export function inventoryText(inventory: readonly ItemStack[]): string {
  let text = "[";
  for (let slot = 0; slot < inventory.length; slot++) {
    const { item, count } = inventory[slot]!;
    text += slot === 0 ? `[${item},${count}]` : `,[${item},${count}]`;
  }
  return `${text}]`;
}

/** The opposite of {@link inventoryText}, of what may have been changed by hand. */
export function parseInventory(text: string, playerId: string): ItemStack[] {
  const wrong = `inventory of player ${playerId} in the database is no JSON of the form [[item,count],…]: correct the row by hand`;
  let pairs: unknown;
  try {
    pairs = JSON.parse(text);
  } catch (error) {
    throw new StoreRejected(wrong, { cause: error });
  }
  if (!Array.isArray(pairs)) throw new StoreRejected(wrong);
  return pairs.map((pair: unknown) => {
    if (!Array.isArray(pair) || pair.length !== 2 || !pair.every(isU16)) throw new StoreRejected(wrong);
    return { item: pair[0] as number, count: pair[1] as number };
  });
}

function isU16(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= 0xffff;
}

export function playerOf(row: PlayerColumns, playerId: string): PlayerRow {
  return {
    playerId,
    name: row.name,
    level: row.level,
    experience: exactNumber(row.experience, `experience of player ${playerId}`),
    gold: exactNumber(row.gold, `gold of player ${playerId}`),
    inventory: parseInventory(row.inventory, playerId),
    x: row.x,
    y: row.y,
    version: row.version,
  };
}

export function lineOf(row: LedgerColumns, playerId: string): LedgerRow {
  const { version, line, reason, item, count } = row;
  return {
    playerId,
    version,
    line,
    atMs: exactNumber(row.at_ms, `at_ms in the ledger of player ${playerId}`),
    reason,
    gold: exactNumber(row.gold, `gold in the ledger of player ${playerId}`),
    item,
    count,
  };
}

export function letterOf(row: LetterColumns): DeadLetter {
  return {
    journalId: idDigits(row.journal_id),
    position: exactNumber(row.position, "position of a dead letter"),
    kind: row.kind as RowKind,
    key: idDigits(row.row_key),
    reason: row.reason,
    atMs: exactNumber(row.at_ms, "at_ms of a dead letter"),
    row: Uint8Array.from(row.row_bytes),
  };
}
