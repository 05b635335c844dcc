/** What sqlite-crash-child.ts writes and sqlite-store.test.ts expects to find. */
import type { Batch } from "./store.js";
import { battleRow, playerRow } from "./store-contract.js";

const CRASH_PLAYERS = 300;

/** Every player at that version, and one battle more: each version changes as many pages as the last. */
export function crashBatch(version: number): Batch {
  const inventory = Array.from({ length: 4 }, () => ({ item: version, count: version }));
  return {
    players: Array.from({ length: CRASH_PLAYERS }, (_, number) => playerRow(number, version, { inventory })),
    battleResults: [battleRow(version)],
  };
}
