/**
 * The numbers of the game. Skills, species, items and levels are tables that an operator may replace while the server
 * runs; the rest are rules. Everything is integer arithmetic or + − × ÷, so that a battle comes out the same on every
 * engine. Times are ticks of a battle room, {@link BATTLE_TICK_HZ} a second.
 */
import type { TableRows, TableSpec } from "../../engine/room/game.js";
import {
  badCell,
  type Columns,
  flag,
  integer,
  listOf,
  number,
  oneOf,
  parseRows,
  record,
  text,
} from "../table-columns.js";
import { shippedTable } from "../table-files.js";

export const BATTLE_TICK_HZ = 10;
/** Fighters in one battle, both sides together. */
export const FIGHTERS_MAX = 16;
/** Skills of one fighter: as many as a frame has cooldowns. */
export const SKILLS_MAX = 5;

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

/** Where a skill goes: one foe, all foes, oneself, or one of one's own side. */
export type SkillAim = "foe" | "foes" | "self" | "ally";

export interface Skill {
  /** 1, 2, 3 … */
  readonly id: number;
  readonly name: string;
  readonly aim: SkillAim;
  /** Damage at equal attack and defence; of a healing skill, percent of the target's whole health. */
  readonly power: number;
  readonly cooldownTicks: number;
  readonly levelMin: number;
  /** Percent of the damage that heals the one who deals it. */
  readonly drainPercent: number;
}

export interface Drop {
  readonly item: number;
  readonly percent: number;
  readonly countMax: number;
}

export interface Species {
  /** 0, 1, 2 …: a kind of entity; 0 is a person. */
  readonly id: number;
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

export interface Item {
  readonly id: number;
  readonly name: string;
  /** Gold that one is worth. */
  readonly value: number;
}

export interface Level {
  /** 1, 2, 3 … */
  readonly level: number;
  /** All the experience somebody of this level has gathered at least. */
  readonly experience: number;
}

export const PERSON = 0;
/** The item that heals who drinks it. */
export const POTION = 2;

const skillColumns: Columns<Skill> = {
  id: integer(1, 255),
  name: text(40),
  aim: oneOf("foe", "foes", "self", "ally"),
  power: integer(0, 1000),
  // What a frame can tell.
  cooldownTicks: integer(0, 255),
  levelMin: integer(1, 100),
  drainPercent: integer(0, 1000),
};

const speciesColumns: Columns<Species> = {
  id: integer(0, 255),
  name: text(24),
  skills: listOf(integer(1, 255), SKILLS_MAX),
  // At the highest level it still fits the sixteen bits of a frame.
  health: integer(1, 4000),
  attack: integer(0, 1000),
  attackPerLevel: integer(0, 100),
  defence: integer(1, 1000),
  defencePerLevel: integer(0, 100),
  actionTicks: integer(1, 255),
  experience: integer(0, 1_000_000),
  gold: integer(0, 1_000_000),
  drops: listOf(
    record<Drop>({ item: integer(1, 65_535), percent: integer(0, 100), countMax: integer(1, 99) }),
    8,
  ),
  isAggressive: flag,
  speed: number(0, 20),
  looks: integer(1, 256),
};

const itemColumns: Columns<Item> = { id: integer(1, 65_535), name: text(40), value: integer(0, 1_000_000) };

const levelColumns: Columns<Level> = { level: integer(1, 100), experience: integer(0, 1_000_000_000_000) };

export const skillTable: TableSpec<Skill> = {
  name: "skills",
  file: shippedTable("skills"),
  parse: (json) => numbered(parseRows(json, skillColumns, 255), "id", 1),
};

export const speciesTable: TableSpec<Species> = {
  name: "species",
  file: shippedTable("species"),
  parse: (json) => numbered(parseRows(json, speciesColumns, 256), "id", PERSON),
};

export const itemTable: TableSpec<Item> = {
  name: "items",
  file: shippedTable("items"),
  parse: (json) => {
    const rows = parseRows(json, itemColumns, 4096);
    const known = new Set<number>();
    for (const [at, { id }] of rows.entries()) {
      if (known.has(id)) throw badCell({ row: at + 1, column: "id", got: id, want: "an id of its own" });
      known.add(id);
    }
    return rows;
  },
};

export const levelTable: TableSpec<Level> = {
  name: "levels",
  file: shippedTable("levels"),
  parse: (json) => {
    const rows = numbered(parseRows(json, levelColumns, 100), "level", 1);
    for (const [at, { experience }] of rows.entries()) {
      const before = at === 0 ? undefined : rows[at - 1]!.experience;
      if (before === undefined ? experience === 0 : experience > before) continue;
      const want = before === undefined ? "0: everybody begins there" : `more than ${before}`;
      throw badCell({ row: at + 1, column: "experience", got: experience, want });
    }
    return rows;
  },
};

/** Rows whose place is their number: entities, inventories and messages name them by it. */
function numbered<Name extends string, Row extends Readonly<Record<Name, number>>>(
  rows: Row[],
  column: Name,
  first: number,
): Row[] {
  for (const [at, row] of rows.entries()) {
    const want = first + at;
    if (row[column] !== want)
      throw badCell({
        row: at + 1,
        column,
        got: row[column],
        want: `${want}: rows are numbered from ${first} without a gap`,
      });
  }
  return rows;
}

/** What holds between these tables. @throws Error that names row, column, got and want */
export function checkBattleTables(tables: TableRows): void {
  const skills = tables.rows(skillTable);
  const items = new Set(tables.rows(itemTable).map(({ id }) => id));
  for (const [at, one] of tables.rows(speciesTable).entries()) {
    const wrong = (column: string, got: unknown, want: string) =>
      new Error(`table species, ${badCell({ row: at + 1, column, got, want }).message}`);
    for (const id of one.skills) {
      if (skills[id - 1] === undefined) throw wrong("skills", id, `a skill: 1..${skills.length}`);
    }
    // Who gives no order strikes with it.
    const first = skills[(one.skills[0] ?? 0) - 1];
    if (first === undefined || first.aim !== "foe" || first.levelMin > 1)
      throw wrong("skills", one.skills, "a first skill that aims at one foe, from level 1");
    for (const drop of one.drops)
      if (!items.has(drop.item)) throw wrong("drops", drop.item, "an item of the table items");
  }
}

/** What a fight goes by. */
export interface BattleTables {
  /** By skill id less one: {@link skillOf}. */
  readonly skills: readonly Skill[];
  /** By kind: {@link speciesOf}. */
  readonly species: readonly Species[];
}

export function battleTables(context: { table<Row>(spec: TableSpec<Row>): readonly Row[] }): BattleTables {
  return { skills: context.table(skillTable), species: context.table(speciesTable) };
}

/** A skill that some species has. */
export function skillOf(tables: Pick<BattleTables, "skills">, id: number): Skill {
  return tables.skills[id - 1]!;
}

/** The species of a kind; an unknown kind fights as a person does. */
export function speciesOf(tables: Pick<BattleTables, "species">, kind: number): Species {
  return tables.species[kind] ?? tables.species[PERSON]!;
}

/** Experience for defeating one of a species. */
export function experienceFor(one: Species, level: number): number {
  return Math.floor((one.experience * (level + 2)) / 3);
}

/** Gold carried by one of a species. */
export function goldFor(one: Species, level: number): number {
  return Math.floor((one.gold * (level + 2)) / 3);
}

/** The level that much experience makes. */
export function levelForExperience(levels: readonly Level[], experience: number): number {
  let level = 1;
  while (level < levels.length && experience >= levels[level]!.experience) level++;
  return level;
}
