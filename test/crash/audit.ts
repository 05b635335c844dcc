/** What the store has in the end, for comparison with what players were told. */

import type { Config } from "../../engine/config-schema.js";
import type { BattleResultRow, LedgerRow, PlayerRow } from "../../engine/player.js";
import { DataFolder } from "../../persistence/data-folder.js";
import { createStore } from "../../persistence/open-store.js";
import type { AuditedStore } from "../../persistence/store.js";

/** As many as a store gives at once. */
const ROWS_MAX = 1000;

export interface Account {
  readonly player: PlayerRow;
  /** The newest {@link ROWS_MAX} lines, oldest first. */
  readonly ledger: readonly LedgerRow[];
  readonly battles: readonly BattleResultRow[];
}

/** Opens the store of a server that has ended, and closes it again. */
export async function withStore<Result>(
  config: Config,
  use: (store: AuditedStore) => Promise<Result>,
): Promise<Result> {
  const folder = DataFolder.acquire(config.dataFolder);
  const store = createStore(config.store, folder);
  try {
    await store.open("look");
    return await use(store);
  } finally {
    await store.close();
    folder.release();
  }
}

export async function accountOf(store: AuditedStore, playerId: string): Promise<Account> {
  const player = await store.loadPlayer(playerId);
  if (player === null) throw new Error(`the store does not know ${playerId}`);
  const ledger = (await store.ledgerOf(playerId, ROWS_MAX)).reverse();
  const battles = await store.recentBattles(playerId, ROWS_MAX);
  return { player, ledger, battles };
}

/** What is wrong with the store in itself: gold and items are what the ledger adds up to, nothing is there twice. */
export async function auditOf(store: AuditedStore): Promise<string[]> {
  const { differences, orphans, deadLetters } = await store.audit(10);
  const wrong = [...differences, ...orphans].map((finding) => JSON.stringify(finding));
  if (deadLetters > 0) wrong.push(`${deadLetters} dead letters`);
  return wrong;
}
