/** What the MySQL store reads, as SQL. Knows not the driver. */
import type { BattleResultRow, LedgerRow, PlayerRow } from "../engine/player.js";
import type { SqlSession } from "./mysql-statements.js";
import type { AppliedMigration, DeadLetter } from "./store.js";
import {
  type BattleColumns,
  type ColumnNumber,
  exactNumber,
  type FighterColumns,
  idBytes,
  joinBattles,
  type LedgerColumns,
  type LetterColumns,
  letterOf,
  lineOf,
  type PlayerColumns,
  playerOf,
} from "./store-values.js";

export async function selectPlayer(session: SqlSession, playerId: string): Promise<PlayerRow | null> {
  const [row] = await session.select<PlayerColumns>(
    "SELECT name, level, experience, gold, x, y, version, inventory FROM players WHERE player_id = ?",
    [idBytes(playerId)],
  );
  return row === undefined ? null : playerOf(row, playerId);
}

export async function selectBattles(
  session: SqlSession,
  options: { readonly playerId: string; readonly limit: number },
): Promise<BattleResultRow[]> {
  const battles = await session.select<BattleColumns>(
    `SELECT b.battle_id, b.room_type, b.ended_at_ms, b.ticks, b.winning_side
     FROM (SELECT ended_at_ms, battle_id FROM battle_fighters WHERE player_id = ?
       GROUP BY ended_at_ms, battle_id ORDER BY ended_at_ms DESC, battle_id DESC LIMIT ?) AS latest
     JOIN battles AS b ON b.battle_id = latest.battle_id
     ORDER BY b.ended_at_ms DESC, b.battle_id DESC`,
    [idBytes(options.playerId), options.limit],
  );
  if (battles.length === 0) return [];
  const fighters = await session.select<FighterColumns>(
    `SELECT battle_id, player_id, name, side, outcome, experience, gold FROM battle_fighters
     WHERE battle_id IN (?) ORDER BY battle_id, seat`,
    [battles.map((battle) => battle.battle_id)],
  );
  return joinBattles(battles, fighters);
}

export async function selectLedger(
  session: SqlSession,
  options: { readonly playerId: string; readonly limit: number },
): Promise<LedgerRow[]> {
  const rows = await session.select<LedgerColumns>(
    `SELECT version, line, at_ms, reason, gold, item, count FROM ledger
     WHERE player_id = ? ORDER BY version DESC, line DESC LIMIT ?`,
    [idBytes(options.playerId), options.limit],
  );
  return rows.map((row) => lineOf(row, options.playerId));
}

export async function selectLetters(
  session: SqlSession,
  options: {
    readonly limit: number;
    readonly after: Pick<DeadLetter, "journalId" | "position" | "key"> | null;
  },
): Promise<DeadLetter[]> {
  const { limit, after } = options;
  const rows = await session.select<LetterColumns>(
    `SELECT journal_id, position, row_key, kind, reason, at_ms, row_bytes FROM dead_letters
     ${after === null ? "" : "WHERE (journal_id, position, row_key) > (?, ?, ?)"}
     ORDER BY journal_id, position, row_key LIMIT ?`,
    after === null ? [limit] : [idBytes(after.journalId), after.position, idBytes(after.key), limit],
  );
  return rows.map(letterOf);
}

export async function selectPosition(session: SqlSession, journalId: string): Promise<number> {
  const [row] = await session.select<{ readonly position: ColumnNumber }>(
    "SELECT position FROM journal_progress WHERE journal_id = ?",
    [idBytes(journalId)],
  );
  return row === undefined ? 0 : exactNumber(row.position, `position of journal ${journalId}`);
}

export async function selectMigrations(session: SqlSession): Promise<AppliedMigration[]> {
  const known = await session.select(
    "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'schema_migrations'",
  );
  if (known.length === 0) return [];
  const rows = await session.select<AppliedMigration>(
    "SELECT number, name, checksum FROM schema_migrations ORDER BY number",
  );
  return rows.map(({ number, name, checksum }) => ({ number, name, checksum }));
}
