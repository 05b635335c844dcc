/**
 * The fighters of one battle: a few words each in one Int32Array, so that thousands of battles fit in little memory
 * and a tick makes no garbage. Names stand beside it, for they are only read when somebody is told of them.
 */
import type { ByteReader, ByteWriter } from "../../engine/room/game.js";
import type { FighterDescription } from "./acts.js";
import {
  type BattleTables,
  FIGHTERS_MAX,
  GROWTH_PERCENT,
  SKILLS_MAX,
  type Skill,
  type Species,
  skillOf,
  speciesOf,
} from "./tables.js";

/** Words of one fighter. Ticks are the room's. */
export const ENTITY = 0; // u32
export const SESSION = 1; // u32
export const CELL = 2;
export const SPECIES = 3;
export const LEVEL = 4;
export const LOOK = 5;
export const SIDE = 6; // 0 or 1
export const STATUS = 7;
export const HEALTH = 8;
export const HEALTH_MAX = 9;
export const ATTACK = 10;
export const DEFENCE = 11;
/** Tick from which the next action is possible. */
export const NEXT_ACTION = 12;
/** The guard holds up to and including this tick. */
export const GUARD_UNTIL = 13;
/** Tick of the last order a person gave. */
export const LAST_ORDER = 14;
/** A skill's slot plus one, or {@link ORDER_FLEE}; 0: none. */
export const ORDER = 15;
export const ORDER_TARGET = 16;
export const FLEE_TRIES = 17;
export const EXPERIENCE = 18;
export const GOLD = 19;
/** Tick from which each skill is ready, by slot. */
export const READY = 20;
export const WORDS = READY + SKILLS_MAX;

export const ORDER_FLEE = 255;

/** Values of STATUS, as the wire has them. */
export const FIGHTING = 0;
export const DEFEATED = 1;
export const FLED = 2;

export class Fighters {
  /** `words[index * WORDS + HEALTH]` … */
  words: Int32Array;
  count = 0;
  readonly names: string[] = [];
  readonly playerIds: string[] = [];
  /** What they are and can, for as long as the battle lasts. */
  readonly tables: BattleTables;

  constructor(tables: BattleTables, capacity: number) {
    this.tables = tables;
    this.words = new Int32Array(Math.min(capacity, FIGHTERS_MAX) * WORDS);
  }

  get isFull(): boolean {
    return (this.count + 1) * WORDS > this.words.length;
  }

  /** Adds a fighter, who may act from `firstAction` on, and returns its index. There must be room. */
  add(side: number, fighter: FighterDescription, tick: number, firstAction: number): number {
    const index = this.count++;
    const { words } = this;
    const at = index * WORDS;
    const kind = speciesOf(this.tables, fighter.species);
    const more = Math.max(1, fighter.level) - 1;
    const growth = 100 + GROWTH_PERCENT * more;
    const healthMax = Math.floor((kind.health * growth) / 100);
    words.fill(0, at, at + WORDS);
    words[at + ENTITY] = fighter.entity;
    words[at + SESSION] = fighter.session;
    words[at + CELL] = fighter.cell;
    words[at + SPECIES] = fighter.species;
    words[at + LEVEL] = Math.max(1, fighter.level);
    words[at + LOOK] = fighter.look;
    words[at + SIDE] = side === 0 ? 0 : 1;
    words[at + HEALTH_MAX] = healthMax;
    words[at + HEALTH] = Math.max(1, Math.floor((healthMax * fighter.health) / 255));
    words[at + ATTACK] = Math.floor(((kind.attack + kind.attackPerLevel * more) * growth) / 100);
    words[at + DEFENCE] = kind.defence + kind.defencePerLevel * more;
    words[at + NEXT_ACTION] = firstAction;
    words[at + GUARD_UNTIL] = -1;
    words[at + LAST_ORDER] = tick;
    this.names.push(fighter.name);
    this.playerIds.push(fighter.playerId);
    return index;
  }

  /** Index of the fighter that is this entity, or -1. Who fled is not found: they may come back as another fighter. */
  indexOf(entity: number): number {
    for (let index = 0; index < this.count; index++) {
      const at = index * WORDS;
      if (this.words[at + ENTITY]! >>> 0 === entity && this.words[at + STATUS] !== FLED) return index;
    }
    return -1;
  }

  /** Index of the fighter a session plays, or -1: the latest, if it has come back. */
  indexOfSession(session: number): number {
    for (let index = this.count - 1; index >= 0; index--) {
      if (this.words[index * WORDS + SESSION]! >>> 0 === session) return index;
    }
    return -1;
  }

  /** How many of a side still fight. */
  standing(side: number): number {
    let count = 0;
    for (let at = 0; at < this.count * WORDS; at += WORDS) {
      if (this.words[at + SIDE] === side && this.words[at + STATUS] === FIGHTING) count++;
    }
    return count;
  }

  speciesAt(index: number): Species {
    return speciesOf(this.tables, this.words[index * WORDS + SPECIES]!);
  }

  /** The skill in a slot that the fighter's species has. */
  skillAt(index: number, slot: number): Skill {
    return skillOf(this.tables, this.speciesAt(index).skills[slot]!);
  }

  /** Slot of a skill the fighter has at its level, or -1. */
  slotOf(index: number, skillId: number): number {
    const slot = this.speciesAt(index).skills.indexOf(skillId);
    if (slot < 0) return -1;
    return skillOf(this.tables, skillId).levelMin <= this.words[index * WORDS + LEVEL]! ? slot : -1;
  }

  /** 0..255 of the whole health; not 0 for who has any left. */
  healthShare(index: number): number {
    const at = index * WORDS;
    const health = this.words[at + HEALTH]!;
    return health === 0 ? 0 : Math.max(1, Math.floor((health * 255) / this.words[at + HEALTH_MAX]!));
  }

  checkpoint(out: ByteWriter): void {
    out.u8(this.words.length / WORDS).u8(this.count);
    for (let word = 0; word < this.count * WORDS; word++) out.i32(this.words[word]!);
    for (let index = 0; index < this.count; index++)
      out.text(this.names[index]!).text(this.playerIds[index]!);
  }

  restore(from: ByteReader): void {
    this.words = new Int32Array(from.u8() * WORDS);
    this.count = from.u8();
    for (let word = 0; word < this.count * WORDS; word++) this.words[word] = from.i32();
    this.names.length = 0;
    this.playerIds.length = 0;
    for (let index = 0; index < this.count; index++) {
      this.names.push(from.text());
      this.playerIds.push(from.text());
    }
  }
}
