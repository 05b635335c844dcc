/** What the store keeps of a player, and how it travels on lanes. */
import { type ByteReader, ByteWriter } from "./lane/bytes.js";

/** One kind of item and how many of it. */
export interface ItemStack {
  /** Item number, 1..65535, from the game's table. */
  readonly item: number;
  /** 1..65535 */
  readonly count: number;
}

/** A player as the store knows them. Owned by one shard while they play; anyone else has an older copy. */
export interface PlayerRow {
  /** 32 lower-case hex digits. */
  readonly playerId: string;
  readonly name: string;
  level: number;
  experience: number;
  gold: number;
  /** At most `limits.inventorySlotsMax` stacks. */
  inventory: ItemStack[];
  /** Meters in the world; negative when the player has never been placed. */
  x: number;
  y: number;
  /** Raised by one at every save. An older version never overwrites a newer one. */
  version: number;
}

/** A finished battle, appended once and never changed. */
export interface BattleResultRow {
  /** 32 lower-case hex digits, unique for ever. */
  readonly battleId: string;
  readonly roomType: string;
  /** Wall-clock milliseconds since 1970. */
  readonly endedAtMs: number;
  /** Length of the battle in room ticks. */
  readonly ticks: number;
  /** 0 or 1, or -1 for a draw. */
  readonly winningSide: number;
  readonly fighters: readonly BattleFighterRow[];
}

/**
 * One line of the ledger: a change of what a player owns, appended once and never changed. The version is that of the
 * player row saved with it, so (player, version, line) names a line for ever, and the sum of a player's lines is what
 * the player has.
 */
export interface LedgerRow {
  readonly playerId: string;
  readonly version: number;
  /** 0, 1, 2 … within the version. */
  readonly line: number;
  /** Wall-clock milliseconds since 1970. */
  readonly atMs: number;
  /** The game's word for why, at most 32 characters: "battle", "potion", "gift" … */
  readonly reason: string;
  /** Gold gained, or lost when negative. */
  readonly gold: number;
  /** Kind of item, or 0 when only gold moved. */
  readonly item: number;
  /** Items gained, or lost when negative. */
  readonly count: number;
}

export interface BattleFighterRow {
  /** 32 hex digits for a player, "" for a creature. */
  readonly playerId: string;
  readonly name: string;
  readonly side: number;
  readonly outcome: "won" | "lost" | "fled" | "draw";
  readonly experience: number;
  readonly gold: number;
}

const outcomes = ["won", "lost", "fled", "draw"] as const;

/** A player nobody has seen before. */
export function newPlayer(playerId: string, name: string): PlayerRow {
  return { playerId, name, level: 1, experience: 0, gold: 0, inventory: [], x: -1, y: -1, version: 0 };
}

export function encodePlayer(player: PlayerRow, out = new ByteWriter()): ByteWriter {
  out.hex16(player.playerId).text(player.name);
  out.u16(player.level).f64(player.experience).f64(player.gold);
  out.f64(player.x).f64(player.y).u32(player.version);
  out.u16(player.inventory.length);
  for (const stack of player.inventory) out.u16(stack.item).u16(stack.count);
  return out;
}

export function decodePlayer(from: ByteReader): PlayerRow {
  return decodePlayerOf(from.hex16(), from);
}

/** What follows the id, of a player whose id is known. */
export function decodePlayerOf(playerId: string, from: ByteReader): PlayerRow {
  const name = from.text();
  const level = from.u16();
  const experience = from.f64();
  const gold = from.f64();
  const x = from.f64();
  const y = from.f64();
  const version = from.u32();
  const inventory: ItemStack[] = [];
  for (let left = from.u16(); left > 0; left--) inventory.push({ item: from.u16(), count: from.u16() });
  return { playerId, name, level, experience, gold, inventory, x, y, version };
}

export function encodeBattleResult(result: BattleResultRow, out = new ByteWriter()): ByteWriter {
  out.hex16(result.battleId).text(result.roomType).f64(result.endedAtMs).u32(result.ticks);
  out.u8(result.winningSide + 1).u16(result.fighters.length);
  for (const fighter of result.fighters) {
    out.text(fighter.playerId).text(fighter.name).u8(fighter.side).u8(outcomes.indexOf(fighter.outcome));
    out.f64(fighter.experience).f64(fighter.gold);
  }
  return out;
}

export function decodeBattleResult(from: ByteReader): BattleResultRow {
  const battleId = from.hex16();
  const roomType = from.text();
  const endedAtMs = from.f64();
  const ticks = from.u32();
  const winningSide = from.u8() - 1;
  const fighters: BattleFighterRow[] = [];
  for (let left = from.u16(); left > 0; left--) {
    fighters.push({
      playerId: from.text(),
      name: from.text(),
      side: from.u8(),
      outcome: outcomes[from.u8()] ?? "draw",
      experience: from.f64(),
      gold: from.f64(),
    });
  }
  return { battleId, roomType, endedAtMs, ticks, winningSide, fighters };
}

export function encodeLedger(row: LedgerRow, out = new ByteWriter()): ByteWriter {
  out.hex16(row.playerId).u32(row.version).u16(row.line).f64(row.atMs).text(row.reason);
  return out.f64(row.gold).u16(row.item).i32(row.count);
}

export function decodeLedger(from: ByteReader): LedgerRow {
  return decodeLedgerOf(from.hex16(), from);
}

/** As {@link decodePlayerOf}. */
export function decodeLedgerOf(playerId: string, from: ByteReader): LedgerRow {
  return {
    playerId,
    version: from.u32(),
    line: from.u16(),
    atMs: from.f64(),
    reason: from.text(),
    gold: from.f64(),
    item: from.u16(),
    count: from.i32(),
  };
}
