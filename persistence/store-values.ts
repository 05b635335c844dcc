/** How ids and numbers look in a database, the same for both dialects. */
import type { BattleFighterRow, BattleResultRow } from "../engine/player.js";
import { StoreRejected } from "./store.js";

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
