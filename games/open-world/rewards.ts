/**
 * What people own, and what they gain and lose. Every change of gold and items goes through here, together with its
 * line in the ledger: the sum of somebody's lines is what they have. Whoever calls saves the member in the same hook.
 */
import type { FieldContext, FieldMember, ItemStack } from "../../engine/room/game.js";
import type { Spoils } from "../battle/acts.js";
import { itemTable, levelForExperience, levelTable } from "../battle/tables.js";

export const INVENTORY_STACKS_MAX = 24;
export const STACK_COUNT_MAX = 99;
/** Percent of the gold that the loser of a battle leaves behind. */
export const LOSS_PERCENT = 5;

/** Why, as the ledger has it. */
export const reasons = {
  battle: "battle",
  defeat: "defeat",
  potion: "potion",
  dropped: "dropped",
  gift: "gift",
  given: "given",
  returned: "returned",
  sold: "sold",
} as const;
export type Reason = (typeof reasons)[keyof typeof reasons];

/** Applies what a battle has brought. Returns the items there was no room for: they are nobody's. */
export function takeSpoils(context: FieldContext, member: FieldMember, spoils: Spoils): ItemStack[] {
  const { player } = member;
  if (spoils.outcome === "lost")
    addGold(context, member, -Math.floor((player.gold * LOSS_PERCENT) / 100), reasons.defeat);
  addGold(context, member, spoils.gold, reasons.battle);
  player.experience += spoils.experience;
  player.level = levelForExperience(context.table(levelTable), player.experience);
  const left: ItemStack[] = [];
  for (const things of spoils.items) {
    const count = things.count - addThings(context, member, things, reasons.battle);
    if (count > 0) left.push({ item: things.item, count });
  }
  return left;
}

/** Gold gained, or lost when negative. */
export function addGold(context: FieldContext, member: FieldMember, gold: number, reason: Reason): void {
  if (gold === 0) return;
  member.player.gold += gold;
  context.book(member, { reason, gold });
}

/** Takes in as many as there is room for. Returns how many. */
export function addThings(
  context: FieldContext,
  member: FieldMember,
  { item, count }: ItemStack,
  reason: Reason,
): number {
  const taken = count - addItem(member.player.inventory, item, count);
  if (taken > 0) context.book(member, { reason, item, count: taken });
  return taken;
}

/** Gives away that many; false, and nothing happens, when there are fewer. */
export function removeThings(
  context: FieldContext,
  member: FieldMember,
  { item, count }: ItemStack,
  reason: Reason,
): boolean {
  if (!takeItems(member.player.inventory, item, count)) return false;
  context.book(member, { reason, item, count: -count });
  return true;
}

/** Turns things that nobody has room for into gold, so that nothing vanishes. */
export function sell(context: FieldContext, member: FieldMember, { item, count }: ItemStack): void {
  const value = context.table(itemTable).find(({ id }) => id === item)?.value ?? 1;
  addGold(context, member, value * count, reasons.sold);
}

/** How many of an item somebody has. */
export function countOf(inventory: readonly ItemStack[], item: number): number {
  let count = 0;
  for (const stack of inventory) if (stack.item === item) count += stack.count;
  return count;
}

/** For how many more of an item there is room. */
export function roomFor(inventory: readonly ItemStack[], item: number): number {
  let room = (INVENTORY_STACKS_MAX - inventory.length) * STACK_COUNT_MAX;
  for (const stack of inventory) if (stack.item === item) room += Math.max(0, STACK_COUNT_MAX - stack.count);
  return Math.max(0, room);
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

/** Takes that many of an item away, from the last stacks; false, and nothing happens, when there are fewer. */
export function takeItems(inventory: ItemStack[], item: number, count: number): boolean {
  if (countOf(inventory, item) < count) return false;
  for (let left = count; left > 0; ) {
    const at = lastStackOf(inventory, item);
    const stack = inventory[at]!;
    const less = Math.min(left, stack.count);
    if (less === stack.count) inventory.splice(at, 1);
    else inventory[at] = { item, count: stack.count - less };
    left -= less;
  }
  return true;
}

/** Throws the last stack of an item away. Returns how many that were, 0 when there are none. */
export function dropStack(context: FieldContext, member: FieldMember, item: number): number {
  const { inventory } = member.player;
  const count = inventory[lastStackOf(inventory, item)]?.count ?? 0;
  if (count > 0) removeThings(context, member, { item, count }, reasons.dropped);
  return count;
}

function lastStackOf(inventory: readonly ItemStack[], item: number): number {
  return inventory.findLastIndex((stack) => stack.item === item);
}
