/** What an outcome does to a player. Pure but for the row it is given. */
import type { ItemStack, PlayerRow } from "../../engine/room/game.js";
import type { Outcome } from "../battle/acts.js";
import { levelForExperience } from "../battle/tables.js";

export const INVENTORY_STACKS_MAX = 24;
export const STACK_COUNT_MAX = 99;
/** Percent of the gold that the loser of a battle leaves behind. */
export const LOSS_PERCENT = 5;

/** Applies experience, gold and items. Returns the items there was no room for. */
export function applyOutcome(player: PlayerRow, outcome: Outcome): ItemStack[] {
  if (outcome.outcome === "lost") player.gold -= Math.floor((player.gold * LOSS_PERCENT) / 100);
  player.experience += outcome.experience;
  player.gold += outcome.gold;
  player.level = levelForExperience(player.experience);
  const left: ItemStack[] = [];
  for (const { item, count } of outcome.items) {
    const over = addItem(player.inventory, item, count);
    if (over > 0) left.push({ item, count: over });
  }
  return left;
}

/** Fills stacks of the item, then begins new ones. Returns how many found no room. */
export function addItem(inventory: ItemStack[], item: number, count: number): number {
  let left = count;
  for (const [at, stack] of inventory.entries()) {
    if (stack.item !== item || left === 0) continue;
    const more = Math.min(left, Math.max(0, STACK_COUNT_MAX - stack.count));
    inventory[at] = { item, count: stack.count + more };
    left -= more;
  }
  while (left > 0 && inventory.length < INVENTORY_STACKS_MAX) {
    const more = Math.min(left, STACK_COUNT_MAX);
    inventory.push({ item, count: more });
    left -= more;
  }
  return left;
}

/** Takes one of an item away; false when there is none. */
export function takeItem(inventory: ItemStack[], item: number): boolean {
  const at = lastStackOf(inventory, item);
  if (at < 0) return false;
  const { count } = inventory[at]!;
  if (count > 1) inventory[at] = { item, count: count - 1 };
  else inventory.splice(at, 1);
  return true;
}

/** Throws the last stack of an item away; false when there is none. */
export function dropStack(inventory: ItemStack[], item: number): boolean {
  const at = lastStackOf(inventory, item);
  if (at < 0) return false;
  inventory.splice(at, 1);
  return true;
}

function lastStackOf(inventory: readonly ItemStack[], item: number): number {
  return inventory.findLastIndex((stack) => stack.item === item);
}
