/** What fields and battle rooms say to one another, and the options a battle is opened with. */
import { type ByteReader, ByteWriter, type ItemStack } from "../../engine/room/game.js";

export const actKinds = {
  /** Entity to entity: {@link Challenge}. */
  challenge: 1,
  /** To the challenger, from the challenged or from a room: {@link Declined}. */
  declined: 2,
  /** Room to fighter, at first and every few seconds for as long as it fights: u32 host. */
  engaged: 3,
  /** Fighter to room: it cannot fight. No body. */
  withdrawn: 4,
  /** Room to fighter, the last word: {@link Outcome}. What it brings comes as a grant. */
  outcome: 5,
  /** Entity to room: {@link Join}. */
  join: 6,
} as const;

/** What a battle gives people for good. */
export const battleGrants = {
  /** {@link Spoils} */
  spoils: 1,
} as const;

/** Room for the largest of these: the options of a full battle. */
export const ACT_BYTES = 4096;

/** All that a battle must know of who fights in it. Strength follows from species and level. */
export interface FighterDescription {
  /** 0 for a creature that is nowhere in the world. */
  readonly entity: number;
  /** 0 for a creature. */
  readonly session: number;
  readonly cell: number;
  readonly x: number;
  readonly y: number;
  readonly species: number;
  readonly level: number;
  readonly look: number;
  /** 0..255 of its whole health. */
  readonly health: number;
  readonly name: string;
  /** "" for a creature. */
  readonly playerId: string;
}

export interface Challenge {
  readonly target: number;
  /** Room the target is known to fight in, when another field passes the challenge on; else 0. */
  readonly room: number;
  readonly roomCell: number;
  readonly challenger: FighterDescription;
}

export interface Declined {
  readonly target: number;
  readonly code: number;
}

export interface Join {
  /** The joiner takes the other side. */
  readonly against: number;
  readonly fighter: FighterDescription;
}

export const outcomes = ["won", "lost", "fled", "draw"] as const;

/** How it has ended for a fighter in the world: what may be lost without harm. */
export interface Outcome {
  readonly outcome: (typeof outcomes)[number];
  /** 0..255 of the whole. */
  readonly health: number;
}

/** What a battle brings a person who was in it to the end, or costs. */
export interface Spoils {
  readonly outcome: (typeof outcomes)[number];
  readonly experience: number;
  readonly gold: number;
  readonly items: readonly ItemStack[];
}

export interface BattleOptions {
  /** All fighters play themselves; members watch. */
  readonly isAuto: boolean;
  /** Entity in the room's cell, whose owner can seat further members. */
  readonly host: number;
  readonly fighters: readonly { readonly side: number; readonly fighter: FighterDescription }[];
}

export function writeFighter(out: ByteWriter, fighter: FighterDescription): ByteWriter {
  out.u32(fighter.entity).u32(fighter.session).u32(fighter.cell).f64(fighter.x).f64(fighter.y);
  out.u8(fighter.species).u8(fighter.level).u8(fighter.look).u8(fighter.health);
  return out.text(fighter.name).text(fighter.playerId);
}
export function readFighter(from: ByteReader): FighterDescription {
  return {
    entity: from.u32(),
    session: from.u32(),
    cell: from.u32(),
    x: from.f64(),
    y: from.f64(),
    species: from.u8(),
    level: from.u8(),
    look: from.u8(),
    health: from.u8(),
    name: from.text(),
    playerId: from.text(),
  };
}

export function encodeChallenge(challenge: Challenge, out = new ByteWriter(ACT_BYTES)): Uint8Array {
  out.clear().u32(challenge.target).u32(challenge.room).u32(challenge.roomCell);
  return writeFighter(out, challenge.challenger).bytes();
}
export function readChallenge(from: ByteReader): Challenge {
  return { target: from.u32(), room: from.u32(), roomCell: from.u32(), challenger: readFighter(from) };
}

export function encodeDeclined(declined: Declined, out = new ByteWriter(ACT_BYTES)): Uint8Array {
  return out.clear().u32(declined.target).u16(declined.code).bytes();
}
export function readDeclined(from: ByteReader): Declined {
  return { target: from.u32(), code: from.u16() };
}

export function encodeJoin(join: Join, out = new ByteWriter(ACT_BYTES)): Uint8Array {
  return writeFighter(out.clear().u32(join.against), join.fighter).bytes();
}
export function readJoin(from: ByteReader): Join {
  return { against: from.u32(), fighter: readFighter(from) };
}

export function encodeOutcome(outcome: Outcome, out = new ByteWriter(ACT_BYTES)): Uint8Array {
  return out.clear().u8(outcomes.indexOf(outcome.outcome)).u8(outcome.health).bytes();
}
export function readOutcome(from: ByteReader): Outcome {
  return { outcome: outcomes[from.u8()] ?? "draw", health: from.u8() };
}

export function encodeSpoils(spoils: Spoils, out = new ByteWriter(ACT_BYTES)): Uint8Array {
  out.clear().u8(outcomes.indexOf(spoils.outcome)).u32(spoils.experience).u32(spoils.gold);
  out.u8(spoils.items.length);
  for (const { item, count } of spoils.items) out.u16(item).u16(count);
  return out.bytes();
}
export function readSpoils(from: ByteReader): Spoils {
  const outcome = outcomes[from.u8()] ?? "draw";
  const experience = from.u32();
  const gold = from.u32();
  const items: ItemStack[] = [];
  for (let left = from.u8(); left > 0; left--) items.push({ item: from.u16(), count: from.u16() });
  return { outcome, experience, gold, items };
}

export function encodeBattleOptions(options: BattleOptions, out = new ByteWriter(ACT_BYTES)): Uint8Array {
  out
    .clear()
    .u8(options.isAuto ? 1 : 0)
    .u32(options.host)
    .u8(options.fighters.length);
  for (const { side, fighter } of options.fighters) writeFighter(out.u8(side), fighter);
  return out.bytes();
}
export function readBattleOptions(from: ByteReader): BattleOptions {
  const isAuto = from.u8() === 1;
  const host = from.u32();
  const fighters: { side: number; fighter: FighterDescription }[] = [];
  for (let left = from.u8(); left > 0; left--) fighters.push({ side: from.u8(), fighter: readFighter(from) });
  return { isAuto, host, fighters };
}
