/**
 * The numbers of the game: skills, species, items, levels. Everything is integer arithmetic or + − × ÷, so that a
 * battle comes out the same on every engine. Times are ticks of a battle room, {@link BATTLE_TICK_HZ} a second.
 */

export const BATTLE_TICK_HZ = 10;
/** Fighters in one battle, both sides together. */
export const FIGHTERS_MAX = 16;
/** Skills of one fighter: as many as a frame has cooldowns. */
export const SKILLS_MAX = 5;
export const LEVEL_MAX = 60;

/** Where a skill goes: one foe, all foes, oneself, or one of one's own side. */
export type SkillAim = "foe" | "foes" | "self" | "ally";

export interface Skill {
  readonly name: string;
  readonly aim: SkillAim;
  /** Damage at equal attack and defence; of a healing skill, percent of the target's whole health. */
  readonly power: number;
  readonly cooldownTicks: number;
  readonly levelMin: number;
  /** Percent of the damage that heals the one who deals it. */
  readonly drainPercent: number;
}

const skill = (name: string, aim: SkillAim, power: number, cooldownTicks: number, levelMin = 1): Skill => ({
  name,
  aim,
  power,
  cooldownTicks,
  levelMin,
  drainPercent: 0,
});

export const skillIds = {
  strike: 1,
  heavyBlow: 2,
  guard: 3,
  heal: 4,
  fireball: 5,
  bite: 6,
  drain: 7,
  slam: 8,
  splash: 9,
} as const;

/** By skill id; 0 is no skill. */
export const skills: readonly (Skill | undefined)[] = [
  undefined,
  skill("strike", "foe", 7, 0),
  skill("heavy blow", "foe", 16, 40),
  skill("guard", "self", 0, 60),
  skill("heal", "ally", 24, 100, 2),
  skill("fireball", "foes", 12, 80, 4),
  skill("bite", "foe", 10, 30),
  { ...skill("drain", "foe", 12, 20), drainPercent: 50 },
  skill("slam", "foes", 10, 60),
  skill("splash", "foe", 7, 0),
];

/** Ticks for which a guard halves what its bearer suffers. */
export const GUARD_TICKS = 20;
/** Ticks after which a human fighter without orders strikes by itself, so that nobody is held hostage. */
export const IDLE_TICKS = 40;
/** After this, every tick makes all damage {@link FURY_PERCENT} percent of its base larger: every battle ends. */
export const FURY_FROM_TICK = 300;
export const FURY_PERCENT = 1;
/** Ticks after which a battle is a draw. */
export const AUTO_TICKS_MAX = 600;
export const HUMAN_TICKS_MAX = 1800;
/** Percent chance to flee at the first try, and what each failed try adds. */
export const FLEE_PERCENT = 35;
export const FLEE_PERCENT_MORE = 20;
export const CRITICAL_PERCENT = 5;

/** What every level adds to health and to the damage dealt, in percent of level 1. */
export const GROWTH_PERCENT = 14;

export interface Drop {
  readonly item: number;
  readonly percent: number;
  readonly countMax: number;
}

export interface Species {
  readonly name: string;
  /** Skill ids, the dearer the later: who plays by itself prefers the last that is ready and of use. */
  readonly skills: readonly number[];
  /** At level 1; health and damage both grow by {@link GROWTH_PERCENT}, so fights last as long at every level. */
  readonly health: number;
  readonly attack: number;
  readonly attackPerLevel: number;
  readonly defence: number;
  readonly defencePerLevel: number;
  /** Ticks between two actions. */
  readonly actionTicks: number;
  /** For defeating it, at level 1; every level adds a third. */
  readonly experience: number;
  readonly gold: number;
  readonly drops: readonly Drop[];
  /** In the open world: whether it goes for people, its speed in meters per second, and how many colours it comes in. */
  readonly isAggressive: boolean;
  readonly speed: number;
  readonly looks: number;
}

export const itemIds = { jelly: 1, potion: 2, tusk: 3, fang: 4, dust: 5, ore: 6 } as const;
/** By item id; 0 is no item. */
export const itemNames = ["", "jelly", "potion", "tusk", "fang", "grave dust", "iron ore"] as const;

export const PERSON = 0;

/** By kind of entity; 0 is a person. */
export const species: readonly Species[] = [
  {
    name: "person",
    skills: [skillIds.strike, skillIds.heavyBlow, skillIds.guard, skillIds.heal, skillIds.fireball],
    health: 100,
    attack: 20,
    attackPerLevel: 3,
    defence: 20,
    defencePerLevel: 3,
    actionTicks: 10,
    experience: 6,
    gold: 0,
    drops: [],
    isAggressive: false,
    speed: 6,
    looks: 256,
  },
  {
    name: "slime",
    skills: [skillIds.splash],
    health: 105,
    attack: 12,
    attackPerLevel: 2,
    defence: 18,
    defencePerLevel: 3,
    actionTicks: 14,
    experience: 20,
    gold: 4,
    drops: [
      { item: itemIds.jelly, percent: 60, countMax: 2 },
      { item: itemIds.potion, percent: 15, countMax: 1 },
    ],
    isAggressive: false,
    speed: 1.2,
    looks: 6,
  },
  {
    name: "boar",
    skills: [skillIds.strike, skillIds.bite],
    health: 130,
    attack: 15,
    attackPerLevel: 3,
    defence: 20,
    defencePerLevel: 3,
    actionTicks: 14,
    experience: 32,
    gold: 6,
    drops: [{ item: itemIds.tusk, percent: 45, countMax: 2 }],
    isAggressive: false,
    speed: 2,
    looks: 3,
  },
  {
    name: "wolf",
    skills: [skillIds.strike, skillIds.bite],
    health: 110,
    attack: 20,
    attackPerLevel: 3,
    defence: 18,
    defencePerLevel: 2,
    actionTicks: 11,
    experience: 40,
    gold: 8,
    drops: [
      { item: itemIds.fang, percent: 50, countMax: 2 },
      { item: itemIds.potion, percent: 10, countMax: 1 },
    ],
    isAggressive: true,
    speed: 5,
    looks: 4,
  },
  {
    name: "golem",
    skills: [skillIds.strike, skillIds.slam],
    health: 190,
    attack: 20,
    attackPerLevel: 3,
    defence: 30,
    defencePerLevel: 4,
    actionTicks: 18,
    experience: 70,
    gold: 15,
    drops: [{ item: itemIds.ore, percent: 80, countMax: 3 }],
    isAggressive: false,
    speed: 0.8,
    looks: 3,
  },
  {
    name: "wraith",
    skills: [skillIds.strike, skillIds.drain],
    health: 170,
    attack: 34,
    attackPerLevel: 4,
    defence: 26,
    defencePerLevel: 3,
    actionTicks: 15,
    experience: 110,
    gold: 25,
    drops: [
      { item: itemIds.dust, percent: 70, countMax: 2 },
      { item: itemIds.potion, percent: 40, countMax: 2 },
    ],
    isAggressive: true,
    speed: 4,
    looks: 2,
  },
];

/** The species of a kind; an unknown kind fights as a person does. */
export function speciesOf(kind: number): Species {
  return species[kind] ?? species[PERSON]!;
}

/** Experience for defeating one of a species. */
export function experienceFor(kind: number, level: number): number {
  return Math.floor((speciesOf(kind).experience * (level + 2)) / 3);
}

/** Gold carried by one of a species. */
export function goldFor(kind: number, level: number): number {
  return Math.floor((speciesOf(kind).gold * (level + 2)) / 3);
}

/** All the experience somebody of this level has gathered at least: 0, 100, 300, 600, … */
export function experienceOfLevel(level: number): number {
  return 50 * level * (level - 1);
}

/** The level that much experience makes. */
export function levelForExperience(experience: number): number {
  let level = 1;
  while (level < LEVEL_MAX && experience >= experienceOfLevel(level + 1)) level++;
  return level;
}
