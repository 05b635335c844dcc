/** Who gets what when a battle is over. */
import type { BattleFighterRow, ItemStack, RoomContext } from "../../engine/room/game.js";
import type { outcomes } from "./acts.js";
import {
  DEFEATED,
  EXPERIENCE,
  FIGHTING,
  type Fighters,
  FLED,
  GOLD,
  LEVEL,
  SESSION,
  SIDE,
  STATUS,
  WORDS,
} from "./fighters.js";
import { experienceFor, goldFor } from "./tables.js";

/** Stacks one fighter can get out of one battle. */
const STACKS_MAX = 4;

/** The side that has won by now, -1 when nobody is left, undefined while both sides stand. */
export function sideThatWon(fighters: Fighters): number | undefined {
  const isFirstUp = fighters.standing(0) > 0;
  const isSecondUp = fighters.standing(1) > 0;
  if (isFirstUp && isSecondUp) return undefined;
  if (isFirstUp) return 0;
  return isSecondUp ? 1 : -1;
}

export function outcomeOf(fighters: Fighters, index: number, winningSide: number): (typeof outcomes)[number] {
  const at = index * WORDS;
  if (fighters.words[at + STATUS] === FLED) return "fled";
  if (winningSide < 0) return "draw";
  return fighters.words[at + SIDE] === winningSide ? "won" : "lost";
}

/**
 * Shares experience and gold of all who were defeated among the people of the winning side who did not flee, in equal
 * parts, and gives each drop to one of them by the dice. Returns the items by fighter.
 */
export function shareSpoils(
  fighters: Fighters,
  winningSide: number,
  dice: Pick<RoomContext, "chanceBelow">,
): ReadonlyMap<number, readonly ItemStack[]> {
  const { words } = fighters;
  const items = new Map<number, ItemStack[]>();
  const winners: number[] = [];
  let experience = 0;
  let gold = 0;
  for (let index = 0; index < fighters.count; index++) {
    const at = index * WORDS;
    if (words[at + SIDE] === winningSide) {
      if (words[at + SESSION] !== 0 && words[at + STATUS] !== FLED) winners.push(index);
    } else if (words[at + STATUS] === DEFEATED) {
      experience += experienceFor(fighters.speciesAt(index), words[at + LEVEL]!);
      gold += goldFor(fighters.speciesAt(index), words[at + LEVEL]!);
    }
  }
  if (winningSide < 0 || winners.length === 0) return items;
  for (const index of winners) {
    words[index * WORDS + EXPERIENCE] = Math.floor(experience / winners.length);
    words[index * WORDS + GOLD] = Math.floor(gold / winners.length);
  }
  for (let index = 0; index < fighters.count; index++) {
    const at = index * WORDS;
    if (words[at + SIDE] === winningSide || words[at + STATUS] !== DEFEATED) continue;
    for (const drop of fighters.speciesAt(index).drops) {
      if (dice.chanceBelow(100) >= drop.percent) continue;
      const winner = winners[dice.chanceBelow(winners.length)]!;
      const stacks = items.get(winner) ?? [];
      addTo(stacks, { item: drop.item, count: 1 + dice.chanceBelow(drop.countMax) });
      items.set(winner, stacks);
    }
  }
  return items;
}

function addTo(stacks: ItemStack[], gain: ItemStack): void {
  const at = stacks.findIndex((stack) => stack.item === gain.item);
  if (at >= 0) stacks[at] = { item: gain.item, count: stacks[at]!.count + gain.count };
  else if (stacks.length < STACKS_MAX) stacks.push(gain);
}

/** The fighters as the store keeps them. */
export function resultRows(fighters: Fighters, winningSide: number): BattleFighterRow[] {
  const rows: BattleFighterRow[] = [];
  for (let index = 0; index < fighters.count; index++) {
    const at = index * WORDS;
    rows.push({
      playerId: fighters.playerIds[index]!,
      name: fighters.names[index]!,
      side: fighters.words[at + SIDE]!,
      outcome: outcomeOf(fighters, index, winningSide),
      experience: fighters.words[at + EXPERIENCE]!,
      gold: fighters.words[at + GOLD]!,
    });
  }
  return rows;
}

/** Whether a fighter is still of the battle: on its feet, or down and waiting for the end. */
export function isInBattle(fighters: Fighters, index: number): boolean {
  const status = fighters.words[index * WORDS + STATUS];
  return status === FIGHTING || status === DEFEATED;
}
