/** What the page knows of the reference games: their numbers, as shipped, their names and messages. */
import { Builder, ByteBuffer } from "flatbuffers";
import { BattleFrameHeaderLayout, FighterStateLayout } from "/lib/games/battle/generated/battle-layout.js";
import { BattleOver } from "/lib/games/battle/generated/battle-over.js";
import { BattleStarted } from "/lib/games/battle/generated/battle-started.js";
import { LogEntries } from "/lib/games/battle/generated/log-entries.js";
import { UseSkill } from "/lib/games/battle/generated/use-skill.js";
import { AutoBattle } from "/lib/games/open-world/generated/auto-battle.js";
import { Challenge } from "/lib/games/open-world/generated/challenge.js";
import { DropItem } from "/lib/games/open-world/generated/drop-item.js";
import { Gift } from "/lib/games/open-world/generated/gift.js";
import { Give } from "/lib/games/open-world/generated/give.js";
import itemRows from "/lib/games/tables/items.json" with { type: "json" };
import levelRows from "/lib/games/tables/levels.json" with { type: "json" };
import skillRows from "/lib/games/tables/skills.json" with { type: "json" };
import speciesRows from "/lib/games/tables/species.json" with { type: "json" };
import { boar, cloaks, golem, person, slime, wolf, wraith } from "./figures.js";

/** By id. @type {readonly ({ id: number, name: string, aim: string, power: number, cooldownTicks: number, levelMin: number, drainPercent: number } | undefined)[]} */
export const skills = [undefined, ...skillRows];
/** By kind; 0 is a person. @type {readonly { id: number, name: string, skills: number[], speed: number, isAggressive: boolean }[]} */
export const species = speciesRows;
/** @type {Map<number, string>} */
const itemNames = new Map(
  itemRows.map((/** @type {{ id: number, name: string }} */ { id, name }) => [id, name]),
);

export const fieldIntents = { challenge: 1, autoBattle: 2, dropItem: 3, usePotion: 4, give: 5 };
export const fieldEvents = { gift: 1 };
export const roomIntents = { useSkill: 1, flee: 2 };
export const battleEvents = { started: 1, log: 2, over: 3 };
export const BATTLE_FRAME = 1;
/** Scope of an event that the field tells, or a room. */
export const FIELD_SCOPE = 1;
export const ROOM_SCOPE = 2;
/** Bits of a log entry's flags. */
export const logFlags = {
  critical: 1,
  guarded: 2,
  healing: 4,
  defeated: 8,
  fled: 16,
  stayed: 32,
  joined: 64,
  withdrew: 128,
};
export const POTION = 2;
/** States of an entity of the open world: one bit each. */
export const entityStates = { engaging: 1, battle: 2, untouchable: 4 | 8, dead: 8, chasing: 16 };

/** Meters a second at full speed. */
export const walkingSpeed = species[0]?.speed ?? 6;

/** How each kind of entity is drawn: by kind, then by look. */
const figures = [
  { draw: person, size: 0.72, height: 2.45, tints: cloaks },
  {
    draw: slime,
    size: 0.8,
    height: 1.35,
    tints: ["#5fc27e", "#58b0d8", "#c7b04f", "#c56fae", "#7f86e0", "#e08a5a"],
  },
  { draw: boar, size: 0.84, height: 1.75, tints: ["#8a6750", "#74675e", "#9a5f4a"] },
  { draw: wolf, size: 0.8, height: 2.05, tints: ["#8d98a6", "#6b7484", "#a59a8a", "#565f70"] },
  { draw: golem, size: 0.92, height: 2.45, tints: ["#8d8f86", "#7d8a96", "#9c8872"] },
  { draw: wraith, size: 0.84, height: 2.6, tints: ["#6d6aa8", "#4f7f8f"] },
];

/** @param {number} kind */
export function figureOf(kind) {
  return /** @type {typeof figures[number]} */ (figures[kind] ?? figures[1]);
}

/**
 * @param {number} kind
 * @param {number} look
 * @returns {string}
 */
export function tintOf(kind, look) {
  const { tints } = figureOf(kind);
  return tints[look % tints.length] ?? "#5fc27e";
}

/** @param {string} text */
export function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * What to call an entity.
 * @param {{ kind: number, name: string, level: number }} entity
 */
export function titleOf(entity) {
  const name = entity.kind === 0 ? entity.name || "…" : capital(species[entity.kind]?.name ?? "creature");
  return `${name} · ${entity.level}`;
}

/** One object for all entities: asked for and used up within one drawing. @type {import("./scene.js").Appearance} */
const appearance = {
  draw: person,
  tint: "",
  size: 1,
  height: 1,
  label: "",
  isPerson: true,
  mark: "",
  isGone: false,
};
/** @type {WeakMap<object, { name: string, level: number, label: string }>} */
const labels = new WeakMap();

/**
 * @param {import("/lib/client/client.js").Entity} entity
 * @returns {import("./scene.js").Appearance} valid until the next call
 */
export function appearanceOf(entity) {
  const figure = figureOf(entity.kind);
  appearance.draw = figure.draw;
  appearance.tint = tintOf(entity.kind, entity.look);
  appearance.size = figure.size;
  appearance.height = figure.height;
  appearance.isPerson = entity.kind === 0;
  appearance.mark =
    (entity.state & entityStates.battle) !== 0
      ? "swords"
      : (entity.state & entityStates.chasing) !== 0
        ? "alarm"
        : "";
  appearance.isGone = (entity.state & entityStates.dead) !== 0;
  let label = labels.get(entity);
  if (label === undefined || label.name !== entity.name || label.level !== entity.level) {
    label = { name: entity.name, level: entity.level, label: titleOf(entity) };
    labels.set(entity, label);
  }
  appearance.label = label.label;
  return appearance;
}

/**
 * Progress within a level.
 * @param {number} level
 * @param {number} experience
 */
export function levelProgress(level, experience) {
  const from = levelRows[level - 1]?.experience ?? 0;
  const to = levelRows[level]?.experience;
  // There is no level after the last.
  if (to === undefined) return { share: 1, left: 0 };
  return {
    share: Math.max(0, Math.min(1, (experience - from) / (to - from))),
    left: Math.max(0, to - experience),
  };
}

/** @param {number} item */
export function itemName(item) {
  return itemNames.get(item) ?? `item ${item}`;
}

// ---- messages -----------------------------------------------------------------------------------------------

/** @param {(builder: Builder) => number} build */
function table(build) {
  const builder = new Builder(64);
  builder.finish(build(builder));
  return builder.asUint8Array();
}

/** @param {number} entity */
export const encodeChallenge = (entity) => table((builder) => Challenge.createChallenge(builder, entity));
/**
 * @param {number} kind 0: any
 * @param {number} count
 */
export const encodeAutoBattle = (kind, count) =>
  table((builder) => AutoBattle.createAutoBattle(builder, kind, count));
/** @param {number} item */
export const encodeDropItem = (item) => table((builder) => DropItem.createDropItem(builder, item));
/**
 * Either some of an item, or gold.
 * @param {number} entity
 * @param {{ item?: number, count?: number, gold?: number }} gift
 */
export const encodeGive = (entity, { item = 0, count = 0, gold = 0 }) =>
  table((builder) => Give.createGive(builder, entity, item, count, gold));
/** @param {Uint8Array} body */
export function readGift(body) {
  const gift = Gift.getRootAsGift(new ByteBuffer(body));
  return { from: gift.from(), item: gift.item(), count: gift.count(), gold: gift.gold() };
}
/**
 * @param {number} skill
 * @param {number} target
 */
export const encodeUseSkill = (skill, target) =>
  table((builder) => UseSkill.createUseSkill(builder, skill, target));

/**
 * @typedef {object} FighterInfo
 * @property {number} index
 * @property {number} entity
 * @property {string} name
 * @property {number} side
 * @property {number} kind
 * @property {number} look
 * @property {number} level
 * @property {number} health
 * @property {number} healthMax
 * @property {number[]} skills
 */

/** @param {Uint8Array} body */
export function readBattleStarted(body) {
  const started = BattleStarted.getRootAsBattleStarted(new ByteBuffer(body));
  /** @type {FighterInfo[]} */
  const fighters = [];
  for (let at = 0; at < started.fightersLength(); at++) {
    const info = started.fighters(at);
    if (info === null) continue;
    fighters.push({
      index: info.index(),
      entity: info.entity(),
      name: info.name(),
      side: info.side(),
      kind: info.species(),
      look: info.look(),
      level: info.level(),
      health: info.health(),
      healthMax: Math.max(1, info.healthMax()),
      skills: Array.from(info.skillsArray() ?? []),
    });
  }
  return {
    isAuto: started.isAuto(),
    tick: started.tick(),
    tickMax: started.tickMax(),
    tickHz: started.tickHz() || 10,
    fighters,
  };
}

/** @param {Uint8Array} body */
export function readLogEntries(body) {
  const log = LogEntries.getRootAsLogEntries(new ByteBuffer(body));
  const entries = [];
  for (let at = 0; at < log.entriesLength(); at++) {
    const entry = log.entries(at);
    if (entry === null) continue;
    entries.push({
      tick: entry.tick(),
      actor: entry.actor(),
      skill: entry.skill(),
      target: entry.target(),
      flags: entry.flags(),
      amount: entry.amount(),
    });
  }
  return entries;
}

/** @param {Uint8Array} body */
export function readBattleOver(body) {
  const over = BattleOver.getRootAsBattleOver(new ByteBuffer(body));
  const items = [];
  for (let at = 0; at < over.itemsLength(); at++) {
    const gain = over.items(at);
    if (gain === null) continue;
    items.push({ item: gain.item(), count: gain.count() });
  }
  return {
    winningSide: over.winningSide(),
    ticks: over.ticks(),
    experience: over.experience(),
    gold: over.gold(),
    items,
  };
}

/**
 * A battle's frame: the state of every fighter, by index.
 * @param {Uint8Array} body
 */
export function readBattleFrame(body) {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const count = view.getUint8(BattleFrameHeaderLayout.fighters);
  const states = [];
  for (let index = 0; index < count; index++) {
    const at = BattleFrameHeaderLayout.size + index * FighterStateLayout.size;
    const cooldowns = [];
    for (let slot = 0; slot < 5; slot++)
      cooldowns.push(view.getUint8(at + FighterStateLayout.cooldown0 + slot));
    const status = view.getUint8(at + FighterStateLayout.status);
    states.push({
      health: view.getUint16(at + FighterStateLayout.health, true),
      isDefeated: (status & 0x7f) === 1,
      hasFled: (status & 0x7f) === 2,
      isOnGuard: (status & 0x80) !== 0,
      cooldowns,
    });
  }
  return { tick: view.getUint16(BattleFrameHeaderLayout.tick, true), states };
}
