/** Rows for tests of stores, by number. */
import {
  type BattleResultRow,
  encodePlayer,
  type LedgerRow,
  newPlayer,
  type PlayerRow,
} from "../engine/player.js";
import type { DeadLetter } from "./store.js";

export function idOf(number: number): string {
  return number.toString(16).padStart(32, "0");
}

export function playerRow(number: number, version: number, changes: Partial<PlayerRow> = {}): PlayerRow {
  return { ...newPlayer(idOf(number), `player ${number}`), version, gold: version, ...changes };
}

export function battleRow(number: number, changes: Partial<BattleResultRow> = {}): BattleResultRow {
  return {
    battleId: idOf(number),
    roomType: "battle",
    endedAtMs: 1_700_000_000_000 + number,
    ticks: 100,
    winningSide: 0,
    fighters: [
      { playerId: idOf(1), name: "Ada", side: 0, outcome: "won", experience: 10, gold: 5 },
      { playerId: "", name: "wolf", side: 1, outcome: "lost", experience: 0, gold: 0 },
    ],
    ...changes,
  };
}

/** Line 0 of a version that brings one gold. */
export function lineRow(number: number, version: number, changes: Partial<LedgerRow> = {}): LedgerRow {
  return {
    playerId: idOf(number),
    version,
    line: 0,
    atMs: 1_700_000_000_000 + version,
    reason: "battle",
    gold: 1,
    item: 0,
    count: 0,
    ...changes,
  };
}

/** A player's row set aside. */
export function letterRow(number: number, position: number, changes: Partial<DeadLetter> = {}): DeadLetter {
  return {
    journalId: idOf(0xfeed),
    position,
    kind: "player",
    key: idOf(number),
    reason: `no taste for ${number}`,
    atMs: 1_700_000_000_000 + (position % 1000),
    row: encodePlayer(playerRow(number, 1)).bytes(),
    ...changes,
  };
}
