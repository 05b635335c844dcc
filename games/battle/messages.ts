/** What a battle tells its members. Events are told now and then and are built; the frame is written in place. */
import { Builder, ByteBuffer } from "flatbuffers";
import type { ItemStack } from "../../engine/room/game.js";
import {
  ENTITY,
  FIGHTING,
  type Fighters,
  GUARD_UNTIL,
  HEALTH,
  HEALTH_MAX,
  LEVEL,
  LOOK,
  READY,
  SIDE,
  SPECIES,
  STATUS,
  WORDS,
} from "./fighters.js";
import { BattleFrameHeaderLayout, FighterStateLayout } from "./generated/battle-layout.js";
import { BattleOver } from "./generated/battle-over.js";
import { BattleStarted } from "./generated/battle-started.js";
import { FighterInfo } from "./generated/fighter-info.js";
import { ItemGain } from "./generated/item-gain.js";
import { UseSkill } from "./generated/use-skill.js";
import { BATTLE_TICK_HZ, FIGHTERS_MAX, SKILLS_MAX, skillOf } from "./tables.js";

export const battleIntents = { useSkill: 1, flee: 2 } as const;
export const battleEvents = { started: 1, log: 2, over: 3 } as const;
export const battleFrames = { state: 1 } as const;

/** Bit 7 of FighterState.status. */
export const ON_GUARD = 0x80;

export function readUseSkill(body: Uint8Array): { readonly skill: number; readonly target: number } {
  const table = UseSkill.getRootAsUseSkill(new ByteBuffer(body));
  return { skill: table.skill(), target: table.target() };
}

export function encodeBattleStarted(battle: {
  readonly fighters: Fighters;
  readonly isAuto: boolean;
  readonly tick: number;
  readonly tickMax: number;
}): Uint8Array {
  const { fighters } = battle;
  const { words } = fighters;
  const builder = new Builder(512);
  const infos: number[] = [];
  for (let index = 0; index < fighters.count; index++) {
    const at = index * WORDS;
    const level = words[at + LEVEL]!;
    const known = fighters
      .speciesAt(index)
      .skills.filter((id) => skillOf(fighters.tables, id).levelMin <= level);
    const name = builder.createString(fighters.names[index]!);
    const skillIds = FighterInfo.createSkillsVector(builder, known);
    FighterInfo.startFighterInfo(builder);
    FighterInfo.addIndex(builder, index);
    FighterInfo.addEntity(builder, words[at + ENTITY]! >>> 0);
    FighterInfo.addName(builder, name);
    FighterInfo.addSide(builder, words[at + SIDE]!);
    FighterInfo.addSpecies(builder, words[at + SPECIES]!);
    FighterInfo.addLook(builder, words[at + LOOK]!);
    FighterInfo.addLevel(builder, level);
    FighterInfo.addHealth(builder, words[at + HEALTH]!);
    FighterInfo.addHealthMax(builder, words[at + HEALTH_MAX]!);
    FighterInfo.addSkills(builder, skillIds);
    infos.push(FighterInfo.endFighterInfo(builder));
  }
  const list = BattleStarted.createFightersVector(builder, infos);
  const { isAuto, tick, tickMax } = battle;
  builder.finish(BattleStarted.createBattleStarted(builder, isAuto, tick, tickMax, BATTLE_TICK_HZ, list));
  return builder.asUint8Array();
}

export function encodeBattleOver(over: {
  readonly winningSide: number;
  readonly ticks: number;
  readonly experience: number;
  readonly gold: number;
  readonly items: readonly ItemStack[];
}): Uint8Array {
  const builder = new Builder(128);
  BattleOver.startItemsVector(builder, over.items.length);
  for (const { item, count } of [...over.items].reverse()) ItemGain.createItemGain(builder, item, count);
  const items = builder.endVector();
  const { winningSide, ticks, experience, gold } = over;
  builder.finish(BattleOver.createBattleOver(builder, winningSide, ticks, experience, gold, items));
  return builder.asUint8Array();
}

/** Emptied by every use before the hook that uses it ends, so all battles of a thread share it. */
const frame = new Uint8Array(BattleFrameHeaderLayout.size + FIGHTERS_MAX * FighterStateLayout.size);
const frameView = new DataView(frame.buffer);

/** The frame of the whole battle, valid until the next. */
export function encodeBattleFrame(fighters: Fighters, tick: number): Uint8Array {
  const { words } = fighters;
  frameView.setUint16(BattleFrameHeaderLayout.tick, tick & 0xffff, true);
  frameView.setUint8(BattleFrameHeaderLayout.fighters, fighters.count);
  let to: number = BattleFrameHeaderLayout.size;
  for (let at = 0; at < fighters.count * WORDS; at += WORDS) {
    frameView.setUint16(to + FighterStateLayout.health, words[at + HEALTH]!, true);
    const isOnGuard = words[at + STATUS] === FIGHTING && tick <= words[at + GUARD_UNTIL]!;
    frameView.setUint8(to + FighterStateLayout.status, words[at + STATUS]! | (isOnGuard ? ON_GUARD : 0));
    for (let slot = 0; slot < SKILLS_MAX; slot++) {
      const ticksLeft = Math.max(0, Math.min(255, words[at + READY + slot]! - tick));
      frameView.setUint8(to + FighterStateLayout.cooldown0 + slot, ticksLeft);
    }
    to += FighterStateLayout.size;
  }
  return frame.subarray(0, to);
}
