/** The rules of a fight: what a fighter can do, what it does, and what comes of it. Free functions over the words. */
import type { RoomContext } from "../../engine/room/game.js";
import {
  type BattleLog,
  LOG_CRITICAL,
  LOG_DEFEATED,
  LOG_FLED,
  LOG_GUARDED,
  LOG_HEALING,
  LOG_STAYED,
} from "./battle-log.js";
import {
  ATTACK,
  DEFEATED,
  DEFENCE,
  FIGHTING,
  type Fighters,
  FLED,
  FLEE_TRIES,
  GUARD_UNTIL,
  HEALTH,
  HEALTH_MAX,
  LEVEL,
  NEXT_ACTION,
  READY,
  SIDE,
  SPECIES,
  STATUS,
  WORDS,
} from "./fighters.js";
import {
  CRITICAL_PERCENT,
  FLEE_PERCENT,
  FLEE_PERCENT_MORE,
  FURY_FROM_TICK,
  FURY_PERCENT,
  GUARD_TICKS,
  PERSON,
  type Skill,
} from "./tables.js";

/** One fight at one tick. */
export interface Fight {
  readonly fighters: Fighters;
  readonly dice: Pick<RoomContext, "chanceBelow">;
  readonly log: BattleLog;
  readonly tick: number;
}

/** No slot, or no target. */
export const NONE = -1;

/** Whether a skill in a slot can be used now. */
export function isReady(fighters: Fighters, index: number, slot: number, tick: number): boolean {
  return tick >= fighters.words[index * WORDS + READY + slot]!;
}

/** Whether a skill may go to `target`. Skills that choose their own targets take any. */
export function isValidTarget(fighters: Fighters, index: number, skill: Skill, target: number): boolean {
  if (skill.aim === "self" || skill.aim === "foes") return true;
  if (target >= fighters.count) return false;
  const { words } = fighters;
  if (words[target * WORDS + STATUS] !== FIGHTING) return false;
  return (words[target * WORDS + SIDE] === words[index * WORDS + SIDE]) === (skill.aim === "ally");
}

/** The standing foe with the least health, or NONE. */
export function weakestFoe(fighters: Fighters, index: number): number {
  const { words } = fighters;
  const side = words[index * WORDS + SIDE]!;
  let weakest = NONE;
  for (let other = 0; other < fighters.count; other++) {
    const at = other * WORDS;
    if (words[at + SIDE] === side || words[at + STATUS] !== FIGHTING) continue;
    if (weakest === NONE || words[at + HEALTH]! < words[weakest * WORDS + HEALTH]!) weakest = other;
  }
  return weakest;
}

/** A standing foe by the dice, or NONE. */
function anyFoe(fight: Fight, index: number): number {
  const { fighters, dice } = fight;
  const side = 1 - fighters.words[index * WORDS + SIDE]!;
  const standing = fighters.standing(side);
  if (standing === 0) return NONE;
  let left = standing === 1 ? 0 : dice.chanceBelow(standing);
  for (let other = 0; other < fighters.count; other++) {
    const at = other * WORDS;
    if (fighters.words[at + SIDE] !== side || fighters.words[at + STATUS] !== FIGHTING) continue;
    if (left-- === 0) return other;
  }
  return NONE;
}

/** The one of a fighter's side, itself included, with the smallest share of its health. */
function neediestAlly(fighters: Fighters, index: number): number {
  const { words } = fighters;
  let neediest = index;
  for (let other = 0; other < fighters.count; other++) {
    const at = other * WORDS;
    if (words[at + SIDE] !== words[index * WORDS + SIDE] || words[at + STATUS] !== FIGHTING) continue;
    const than = neediest * WORDS;
    if (words[at + HEALTH]! * words[than + HEALTH_MAX]! < words[than + HEALTH]! * words[at + HEALTH_MAX]!) {
      neediest = other;
    }
  }
  return neediest;
}

/** A fighter that plays itself takes its turn: the dearest skill that is ready and of use. */
export function playTurn(fight: Fight, index: number): void {
  const { fighters, tick } = fight;
  const { words } = fighters;
  const at = index * WORDS;
  const kind = words[at + SPECIES]!;
  const known = fighters.speciesAt(index).skills;
  for (let slot = known.length - 1; slot >= 0; slot--) {
    const skill = fighters.skillAt(index, slot);
    if (skill.levelMin > words[at + LEVEL]! || !isReady(fighters, index, slot, tick)) continue;
    const target = targetOfUse(fight, index, skill, kind);
    if (target === NONE) continue;
    useSkill(fight, index, slot, target);
    return;
  }
}

/** Whom a skill would be of use against (or for) now, or NONE. People go for the weakest, creatures for anybody. */
function targetOfUse(fight: Fight, index: number, skill: Skill, kind: number): number {
  const { fighters } = fight;
  if (skill.aim === "ally") {
    const ally = neediestAlly(fighters, index);
    return isBelow(fighters, ally, 50) ? ally : NONE;
  }
  if (skill.aim === "self") return isBelow(fighters, index, 40) ? index : NONE;
  return kind === PERSON ? weakestFoe(fighters, index) : anyFoe(fight, index);
}

function isBelow(fighters: Fighters, index: number, percent: number): boolean {
  const at = index * WORDS;
  return fighters.words[at + HEALTH]! * 100 < fighters.words[at + HEALTH_MAX]! * percent;
}

/** Uses a skill that is ready on a target that is valid. */
export function useSkill(fight: Fight, index: number, slot: number, target: number): void {
  const { fighters, log, tick } = fight;
  const { words } = fighters;
  const at = index * WORDS;
  const skill = fighters.skillAt(index, slot);
  const skillId = skill.id;
  words[at + READY + slot] = tick + skill.cooldownTicks;
  words[at + NEXT_ACTION] = tick + fighters.speciesAt(index).actionTicks;
  switch (skill.aim) {
    case "self":
      words[at + GUARD_UNTIL] = tick + GUARD_TICKS;
      log.add(tick, index, skillId, index, 0, 0);
      return;
    case "ally":
      heal(
        fight,
        index,
        skillId,
        target,
        Math.floor((words[target * WORDS + HEALTH_MAX]! * skill.power) / 100),
      );
      return;
    case "foe":
      hit(fight, index, skill, target);
      return;
    case "foes":
      for (let other = 0; other < fighters.count; other++) {
        const there = other * WORDS;
        if (words[there + SIDE] === words[at + SIDE] || words[there + STATUS] !== FIGHTING) continue;
        hit(fight, index, skill, other);
      }
  }
}

function hit(fight: Fight, index: number, skill: Skill, target: number): void {
  const { fighters, dice, log, tick } = fight;
  const { words } = fighters;
  const there = target * WORDS;
  let flags = 0;
  // Percent points throughout, so that everything stays an integer until the one division at the end.
  let percent = 85 + dice.chanceBelow(31);
  if (dice.chanceBelow(100) < CRITICAL_PERCENT) {
    percent = Math.floor((percent * 3) / 2);
    flags |= LOG_CRITICAL;
  }
  if (tick <= words[there + GUARD_UNTIL]!) {
    percent = Math.floor(percent / 2);
    flags |= LOG_GUARDED;
  }
  if (tick > FURY_FROM_TICK) percent += (tick - FURY_FROM_TICK) * FURY_PERCENT;
  const strength = skill.power * words[index * WORDS + ATTACK]! * percent;
  const damage = Math.max(1, Math.floor(strength / (words[there + DEFENCE]! * 100)));
  const left = words[there + HEALTH]! - damage;
  if (left <= 0) {
    words[there + HEALTH] = 0;
    words[there + STATUS] = DEFEATED;
    flags |= LOG_DEFEATED;
  } else {
    words[there + HEALTH] = left;
  }
  log.add(tick, index, skill.id, target, flags, damage);
  if (skill.drainPercent > 0)
    heal(fight, index, skill.id, index, Math.floor((damage * skill.drainPercent) / 100));
}

function heal(fight: Fight, index: number, skillId: number, target: number, amount: number): void {
  const { words } = fight.fighters;
  const there = target * WORDS;
  const healed = Math.min(amount, words[there + HEALTH_MAX]! - words[there + HEALTH]!);
  words[there + HEALTH]! += healed;
  fight.log.add(fight.tick, index, skillId, target, LOG_HEALING, healed);
}

/** Tries to get away; a failed try takes a turn and makes the next more likely. Returns whether the fighter is out. */
export function tryToFlee(fight: Fight, index: number): boolean {
  const { fighters, dice, log, tick } = fight;
  const { words } = fighters;
  const at = index * WORDS;
  const percent = FLEE_PERCENT + FLEE_PERCENT_MORE * words[at + FLEE_TRIES]!;
  if (dice.chanceBelow(100) < percent) {
    words[at + STATUS] = FLED;
    log.add(tick, index, 0, index, LOG_FLED, 0);
    return true;
  }
  words[at + FLEE_TRIES]!++;
  words[at + NEXT_ACTION] = tick + fighters.speciesAt(index).actionTicks;
  log.add(tick, index, 0, index, LOG_STAYED, 0);
  return false;
}
