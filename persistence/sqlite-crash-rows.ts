/** What sqlite-crash-child.ts writes and sqlite-store.test.ts expects to find. */
import type { Batch } from "./store.js";
import { battleRow, playerRow } from "./store-contract.js";

export const CRASH_PLAYERS = 600;

/** Every player at that version, with an inventory of as many stacks, and one battle. */
export function crashBatch(version: number, players: number): Batch {
  const inventory = Array.from({ length: version }, () => ({ item: version, count: version }));
  return {
    players: Array.from({ length: players }, (_, number) => playerRow(number, version, { inventory })),
    battleResults: [battleRow(version)],
  };
}
