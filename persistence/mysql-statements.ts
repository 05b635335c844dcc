/** A batch as multi-row statements, for MySQL and MariaDB alike. Knows SQL, not the driver. */
import type { BattleResultRow, PlayerRow } from "../engine/player.js";
import type { Batch } from "./store.js";
import { idBytes, idDigits } from "./store-values.js";

/** A connection in the middle of a call, and what one statement may hold. */
export interface SqlSession {
  readonly statementRowsMax: number;
  readonly statementBytesMax: number;
  /** A value as a literal. */
  escape(value: unknown): string;
  select<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  run(sql: string, values?: readonly unknown[]): Promise<void>;
}

interface StoredPlayer {
  readonly player_id: Uint8Array;
  readonly version: number;
  /** null when the inventory is empty. */
  readonly slot_max: number | null;
}

const insertPlayers = "INSERT INTO players (player_id, name, level, experience, gold, x, y, version) VALUES ";
// Assignments are made from left to right and see the ones before: the column that decides comes last.
const updatePlayers = ` ON DUPLICATE KEY UPDATE ${["name", "level", "experience", "gold", "x", "y", "version"]
  .map((column) => `${column} = IF(VALUES(version) >= version, VALUES(${column}), ${column})`)
  .join(", ")}`;
const insertItems = "INSERT INTO player_items (player_id, slot, item, count) VALUES ";
const updateItems = " ON DUPLICATE KEY UPDATE item = VALUES(item), count = VALUES(count)";
const insertBattles = "INSERT INTO battles (battle_id, room_type, ended_at_ms, ticks, winning_side) VALUES ";
// Changes nothing, and unlike INSERT IGNORE lets every other error through.
const keepBattles = " ON DUPLICATE KEY UPDATE battle_id = VALUES(battle_id)";
const insertFighters =
  "INSERT INTO battle_fighters (battle_id, seat, player_id, name, side, outcome, experience, gold, ended_at_ms) VALUES ";

/** Runs the statements of a batch that is checked and sorted, inside the caller's transaction. */
export async function applyStatements(session: SqlSession, batch: Batch): Promise<void> {
  if (batch.players.length > 0) await applyPlayers(session, batch.players);
  if (batch.battleResults.length > 0) await applyBattleResults(session, batch.battleResults);
}

async function applyPlayers(session: SqlSession, players: readonly PlayerRow[]): Promise<void> {
  await insert(session, { head: insertPlayers, tail: updatePlayers, rows: playerTuples(players) });
  // The upsert has locked every one of these rows, so what is read now holds until the commit.
  const stored = new Map<string, StoredPlayer>();
  for (const ids of chunks(players, session.statementRowsMax)) {
    const rows = await session.select<StoredPlayer>(
      `SELECT p.player_id, p.version, MAX(i.slot) AS slot_max
       FROM players AS p LEFT JOIN player_items AS i ON i.player_id = p.player_id
       WHERE p.player_id IN (?) GROUP BY p.player_id, p.version`,
      [ids.map((row) => idBytes(row.playerId))],
    );
    for (const row of rows) stored.set(idDigits(row.player_id), row);
  }
  // The store has another version: a newer one, with its own inventory.
  const taken = players.filter((row) => stored.get(row.playerId)?.version === row.version);
  await insert(session, { head: insertItems, tail: updateItems, rows: itemTuples(taken) });
  const shrunk = taken.filter((row) => (stored.get(row.playerId)?.slot_max ?? -1) >= row.inventory.length);
  for (const rows of chunks(shrunk, session.statementRowsMax)) {
    const conditions = rows.map(
      (row) => `(player_id = ${session.escape(idBytes(row.playerId))} AND slot >= ${row.inventory.length})`,
    );
    await session.run(`DELETE FROM player_items WHERE ${conditions.join(" OR ")}`);
  }
}

async function applyBattleResults(session: SqlSession, results: readonly BattleResultRow[]): Promise<void> {
  await insert(session, { head: insertBattles, tail: keepBattles, rows: battleTuples(results) });
  const isNew = new Set<string>();
  for (const some of chunks(results, session.statementRowsMax)) {
    const rows = await session.select<{ battle_id: Uint8Array }>(
      `SELECT b.battle_id FROM battles AS b WHERE b.battle_id IN (?)
       AND NOT EXISTS (SELECT 1 FROM battle_fighters AS f WHERE f.battle_id = b.battle_id)`,
      [some.map((row) => idBytes(row.battleId))],
    );
    for (const row of rows) isNew.add(idDigits(row.battle_id));
  }
  const fresh = results.filter((row) => isNew.has(row.battleId));
  await insert(session, { head: insertFighters, tail: "", rows: fighterTuples(fresh) });
}

function* playerTuples(players: readonly PlayerRow[]): Iterable<readonly unknown[]> {
  for (const { playerId, name, level, experience, gold, x, y, version } of players)
    yield [idBytes(playerId), name, level, experience, gold, x, y, version];
}

function* itemTuples(players: readonly PlayerRow[]): Iterable<readonly unknown[]> {
  for (const { playerId, inventory } of players) {
    const id = idBytes(playerId);
    for (const [slot, { item, count }] of inventory.entries()) yield [id, slot, item, count];
  }
}

function* battleTuples(results: readonly BattleResultRow[]): Iterable<readonly unknown[]> {
  for (const { battleId, roomType, endedAtMs, ticks, winningSide } of results)
    yield [idBytes(battleId), roomType, endedAtMs, ticks, winningSide];
}

function* fighterTuples(results: readonly BattleResultRow[]): Iterable<readonly unknown[]> {
  for (const { battleId, endedAtMs, fighters } of results) {
    const id = idBytes(battleId);
    for (const [seat, { playerId, name, side, outcome, experience, gold }] of fighters.entries()) {
      const fighterId = playerId === "" ? null : idBytes(playerId);
      yield [id, seat, fighterId, name, side, outcome, experience, gold, endedAtMs];
    }
  }
}

/** Inserts any number of rows in statements of bounded rows and bytes. */
async function insert(
  session: SqlSession,
  statement: { readonly head: string; readonly tail: string; readonly rows: Iterable<readonly unknown[]> },
): Promise<void> {
  let tuples: string[] = [];
  let bytes = 0;
  const flush = async () => {
    if (tuples.length > 0) await session.run(statement.head + tuples.join(",") + statement.tail);
    tuples = [];
    bytes = 0;
  };
  for (const row of statement.rows) {
    const tuple = `(${row.map((value) => session.escape(value)).join(",")})`;
    const tupleBytes = Buffer.byteLength(tuple) + 1;
    if (tuples.length >= session.statementRowsMax || bytes + tupleBytes > session.statementBytesMax)
      await flush();
    tuples.push(tuple);
    bytes += tupleBytes;
  }
  await flush();
}

function* chunks<T>(all: readonly T[], count: number): Iterable<readonly T[]> {
  for (let at = 0; at < all.length; at += count) yield all.slice(at, at + count);
}
