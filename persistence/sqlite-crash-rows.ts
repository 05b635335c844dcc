/** What sqlite-crash-child.ts writes and sqlite-store.test.ts expects to find. */
import type { Batch } from "./store.js";
import { battleRow, idOf, lineRow, playerRow } from "./store-contract.js";

const CRASH_PLAYERS = 500;
export const CRASH_JOURNAL = idOf(0xc);

/** Every player at that version, one battle and one line more: each version changes as many pages as the last. */
export function crashBatch(version: number): Batch {
  const inventory = Array.from({ length: 20 }, () => ({ item: version, count: version }));
  return {
    players: Array.from({ length: CRASH_PLAYERS }, (_, number) => playerRow(number, version, { inventory })),
    battleResults: [battleRow(version)],
    ledger: [lineRow(1, version)],
    progress: { journalId: CRASH_JOURNAL, position: version },
  };
}
