/** Rows checked against one another, by SQL that every dialect understands. */
import type { ItemStack } from "../engine/player.js";
import type { LedgerDifference, OrphanRow, Progress, StoreAudit } from "./store.js";
import { type ColumnNumber, exactNumber, idBytes, idDigits, parseInventory } from "./store-values.js";

/** Asks the database; parameters are marked with `?`. All questions see one state of it. */
export type AuditQuery = <Row>(sql: string, values: readonly unknown[]) => Promise<Row[]>;

/** Players compared at a time. */
const PAGE_ROWS = 500;
const FIRST_ID = "0".repeat(32);

interface PlayerPage {
  readonly player_id: Uint8Array;
  readonly gold: ColumnNumber;
  readonly inventory: string;
}

interface LedgerSum {
  readonly player_id: Uint8Array;
  readonly item: number;
  readonly gold: ColumnNumber;
  readonly count: ColumnNumber;
}

/** See {@link AuditedStore.audit}. */
export async function auditRows(ask: AuditQuery, findingsMax: number): Promise<StoreAudit> {
  const count = async (sql: string) => {
    const [row] = await ask<{ readonly n: ColumnNumber }>(sql, []);
    return exactNumber(row?.n ?? 0, sql);
  };
  const progress = await ask<{ readonly journal_id: Uint8Array; readonly position: ColumnNumber }>(
    "SELECT journal_id, position FROM journal_progress ORDER BY journal_id LIMIT 1000",
    [],
  );
  const compared = await compareLedgers(ask, findingsMax);
  const orphaned = await findOrphans(ask, findingsMax);
  return {
    ...compared,
    ...orphaned,
    ledgerLines: await count("SELECT COUNT(*) AS n FROM ledger"),
    deadLetters: await count("SELECT COUNT(*) AS n FROM dead_letters"),
    progress: progress.map(
      (row): Progress => ({
        journalId: idDigits(row.journal_id),
        position: exactNumber(row.position, "position of a journal"),
      }),
    ),
  };
}

async function compareLedgers(
  ask: AuditQuery,
  findingsMax: number,
): Promise<Pick<StoreAudit, "players" | "differences" | "differenceCount">> {
  const differences: LedgerDifference[] = [];
  let differenceCount = 0;
  let players = 0;
  let page = await ask<PlayerPage>(
    `SELECT player_id, gold, inventory FROM players WHERE player_id >= ? ORDER BY player_id LIMIT ${PAGE_ROWS}`,
    [idBytes(FIRST_ID)],
  );
  while (page.length > 0) {
    players += page.length;
    const first = page[0]!.player_id;
    const last = page.at(-1)!.player_id;
    const sums = await ask<LedgerSum>(
      `SELECT player_id, item, SUM(gold) AS gold, SUM(count) AS count FROM ledger
       WHERE player_id >= ? AND player_id <= ? GROUP BY player_id, item ORDER BY player_id, item`,
      [first, last],
    );
    const inLedger = new Map<string, Map<number, number>>();
    for (const sum of sums) addSum(inLedger, sum);
    for (const row of page) {
      const playerId = idDigits(row.player_id);
      for (const difference of differencesOf(row, inLedger.get(playerId) ?? new Map())) {
        differenceCount++;
        if (differences.length < findingsMax) differences.push(difference);
      }
    }
    page = await ask<PlayerPage>(
      `SELECT player_id, gold, inventory FROM players WHERE player_id > ? ORDER BY player_id LIMIT ${PAGE_ROWS}`,
      [last],
    );
  }
  return { players, differences, differenceCount };
}

/** Gold counts under item 0, whatever item it moved with. */
function addSum(inLedger: Map<string, Map<number, number>>, sum: LedgerSum): void {
  const playerId = idDigits(sum.player_id);
  const of = inLedger.get(playerId) ?? new Map<number, number>();
  inLedger.set(playerId, of);
  of.set(0, (of.get(0) ?? 0) + exactNumber(sum.gold, `gold in the ledger of player ${playerId}`));
  if (sum.item !== 0) of.set(sum.item, exactNumber(sum.count, `items in the ledger of player ${playerId}`));
}

function* differencesOf(row: PlayerPage, inLedger: ReadonlyMap<number, number>): Iterable<LedgerDifference> {
  const playerId = idDigits(row.player_id);
  const has = new Map<number, number>([[0, exactNumber(row.gold, `gold of player ${playerId}`)]]);
  for (const { item, count } of parseInventory(row.inventory, playerId) as ItemStack[])
    has.set(item, (has.get(item) ?? 0) + count);
  for (const item of new Set([...has.keys(), ...inLedger.keys()])) {
    const inPlayer = has.get(item) ?? 0;
    const written = inLedger.get(item) ?? 0;
    if (written !== inPlayer) yield { playerId, item, inLedger: written, inPlayer };
  }
}

const orphanTables = [
  ["ledger", "player_id", "players"],
  ["battle_fighters", "battle_id", "battles"],
] as const;

async function findOrphans(
  ask: AuditQuery,
  findingsMax: number,
): Promise<Pick<StoreAudit, "orphans" | "orphanCount">> {
  const orphans: OrphanRow[] = [];
  let orphanCount = 0;
  for (const [table, column, owners] of orphanTables) {
    const lost = `FROM ${table} AS t WHERE NOT EXISTS (SELECT 1 FROM ${owners} AS o WHERE o.${column} = t.${column})`;
    const [counted] = await ask<{ readonly n: ColumnNumber }>(`SELECT COUNT(*) AS n ${lost}`, []);
    const n = exactNumber(counted?.n ?? 0, `orphans of ${table}`);
    orphanCount += n;
    if (n === 0 || orphans.length >= findingsMax) continue;
    const rows = await ask<{ readonly owner: Uint8Array }>(
      `SELECT DISTINCT t.${column} AS owner ${lost} ORDER BY owner LIMIT ${findingsMax - orphans.length}`,
      [],
    );
    for (const { owner } of rows) orphans.push({ table, ownerId: idDigits(owner) });
  }
  return { orphans, orphanCount };
}
