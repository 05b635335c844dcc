/**
 * A batch as one transaction of multi-row statements, for MySQL and MariaDB alike. Knows SQL, not the driver.
 *
 * All of it, START TRANSACTION to COMMIT, goes to the server in few packets, and the next is made while the server is
 * at work on the last: a batch costs about what its rows cost the server. The server stops at the first statement that
 * fails, nothing further is sent, and the COMMIT comes last: nothing is ever half committed. Tables and keys are taken in one order by every writer, so that none of our
 * own transactions deadlock.
 */
import type { BattleResultRow, LedgerRow, PlayerRow } from "../engine/player.js";
import { noPackets, type PacketLimits, PacketText } from "./packet-text.js";
import type { DeadLetter } from "./store.js";
import type { ArrangedBatch } from "./store-batch.js";
import { idDigits } from "./store-values.js";

/** A connection in the middle of a call, and what it may be given. */
export interface SqlSession extends PacketLimits {
  select<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  run(sql: string, values?: readonly unknown[]): Promise<void>;
  /** Runs statements parted by semicolons, as they are, and returns the rows of those that have any. */
  runText(text: string): Promise<unknown[][]>;
}

// Assignments are made from left to right and see the ones before: the column that decides comes last.
const playerColumns = ["name", "level", "experience", "gold", "x", "y", "inventory", "version"];
const players = {
  head: `INSERT INTO players (player_id, ${playerColumns.join(", ")}) VALUES `,
  tail: ` ON DUPLICATE KEY UPDATE ${playerColumns
    .map((column) => `${column} = IF(VALUES(version) >= version, VALUES(${column}), ${column})`)
    .join(", ")}`,
};
// An update that changes nothing, unlike INSERT IGNORE, lets every other error through.
const ledger = {
  head: "INSERT INTO ledger (player_id, version, line, at_ms, reason, gold, item, count) VALUES ",
  tail: " ON DUPLICATE KEY UPDATE line = VALUES(line)",
};
const battles = {
  head: "INSERT INTO battles (battle_id, room_type, ended_at_ms, ticks, winning_side) VALUES ",
  tail: " ON DUPLICATE KEY UPDATE battle_id = VALUES(battle_id)",
};
const newBattles = {
  head: "SELECT b.battle_id FROM battles AS b WHERE b.battle_id IN (",
  tail: ") AND NOT EXISTS (SELECT 1 FROM battle_fighters AS f WHERE f.battle_id = b.battle_id)",
};
const fighters = {
  head: "INSERT INTO battle_fighters (battle_id, seat, player_id, name, side, outcome, experience, gold, ended_at_ms) VALUES ",
  tail: "",
};
const letters = {
  head: "INSERT INTO dead_letters (journal_id, position, row_key, kind, reason, at_ms, row_bytes) VALUES ",
  tail: " ON DUPLICATE KEY UPDATE position = VALUES(position)",
};
const progress = {
  head: "INSERT INTO journal_progress (journal_id, position) VALUES ",
  tail: " ON DUPLICATE KEY UPDATE position = GREATEST(position, VALUES(position))",
};

/** Applies a batch in a transaction of its own. After an error the caller rolls back, or lets the connection go. */
export async function applyTransaction(session: SqlSession, batch: ArrangedBatch): Promise<void> {
  const text = new PacketText(session, "START TRANSACTION;");
  if (batch.battleResults.length === 0) {
    await runAll(session, packetsOf(text, batch, []));
    return;
  }
  // The fighters of a battle belong to whoever stored it first; the row, once ours, is locked until the commit.
  const rows = await runAll(session, battlePackets(text, batch.battleResults));
  const isNew = new Set((rows as { readonly battle_id: Uint8Array }[]).map((row) => idDigits(row.battle_id)));
  const seated = batch.battleResults.filter((row) => isNew.has(row.battleId));
  await runAll(session, packetsOf(text, batch, seated));
}

/** Gives the server packet by packet, and makes the next one while the server is at work. Returns all rows selected. */
async function runAll(session: SqlSession, packets: Iterator<string>): Promise<unknown[]> {
  const rows: unknown[] = [];
  let next = packets.next();
  while (next.done !== true) {
    const answer = session.runText(next.value);
    // Awaited below, but not if the next packet cannot be made: then that error is the one to tell.
    answer.catch(() => {});
    next = packets.next();
    for (const selected of await answer) for (const row of selected) rows.push(row);
  }
  return rows;
}

function* battlePackets(text: PacketText, rows: readonly BattleResultRow[]): Generator<string> {
  for (const { battleId, roomType, endedAtMs, ticks, winningSide } of rows) {
    text
      .row(battles)
      .ascii("(")
      .id(battleId)
      .comma()
      .quoted(roomType)
      .comma()
      .number(endedAtMs)
      .comma()
      .number(ticks)
      .comma()
      .number(winningSide)
      .ascii(")");
    yield* text.endRow();
  }
  for (const { battleId } of rows) {
    text.row(newBattles).id(battleId);
    yield* text.endRow();
  }
  yield* text.end("");
}

function* packetsOf(
  text: PacketText,
  batch: ArrangedBatch,
  seated: readonly BattleResultRow[],
): Generator<string> {
  yield* fighterPackets(text, seated);
  yield* playerPackets(text, batch.players);
  yield* ledgerPackets(text, batch.ledger);
  yield* letterPackets(text, batch.deadLetters);
  if (batch.progress !== null) {
    const { journalId, position } = batch.progress;
    text.row(progress).ascii("(").id(journalId).comma().number(position).ascii(")");
    yield* text.endRow();
  }
  yield* text.end("COMMIT");
}

function* playerPackets(text: PacketText, rows: readonly PlayerRow[]): Generator<string> {
  for (const row of rows) {
    text
      .row(players)
      .ascii("(")
      .id(row.playerId)
      .comma()
      .quoted(row.name)
      .comma()
      .number(row.level)
      .comma()
      .number(row.experience)
      .comma()
      .number(row.gold)
      .comma()
      .number(row.x)
      .comma()
      .number(row.y)
      .comma()
      .inventory(row.inventory)
      .comma()
      .number(row.version)
      .ascii(")");
    const packets = text.endRow();
    if (packets !== noPackets) yield* packets;
  }
}

function* ledgerPackets(text: PacketText, rows: readonly LedgerRow[]): Generator<string> {
  for (const row of rows) {
    text
      .row(ledger)
      .ascii("(")
      .id(row.playerId)
      .comma()
      .number(row.version)
      .comma()
      .number(row.line)
      .comma()
      .number(row.atMs)
      .comma()
      .quoted(row.reason)
      .comma()
      .number(row.gold)
      .comma()
      .number(row.item)
      .comma()
      .number(row.count)
      .ascii(")");
    const packets = text.endRow();
    if (packets !== noPackets) yield* packets;
  }
}

function* fighterPackets(text: PacketText, rows: readonly BattleResultRow[]): Generator<string> {
  for (const row of rows) {
    for (const [seat, { playerId, name, side, outcome, experience, gold }] of row.fighters.entries()) {
      const out = text.row(fighters).ascii("(").id(row.battleId).comma().number(seat).comma();
      if (playerId === "") out.ascii("NULL");
      else out.id(playerId);
      out
        .comma()
        .quoted(name)
        .comma()
        .number(side)
        .comma()
        .quoted(outcome)
        .comma()
        .number(experience)
        .comma()
        .number(gold)
        .comma()
        .number(row.endedAtMs)
        .ascii(")");
      yield* text.endRow();
    }
  }
}

function* letterPackets(text: PacketText, rows: readonly DeadLetter[]): Generator<string> {
  for (const { journalId, position, key, kind, reason, atMs, row } of rows) {
    text
      .row(letters)
      .ascii("(")
      .id(journalId)
      .comma()
      .number(position)
      .comma()
      .id(key)
      .comma()
      .quoted(kind)
      .comma()
      .quoted(reason)
      .comma()
      .number(atMs)
      .comma()
      .id(idDigits(row))
      .ascii(")");
    yield* text.endRow();
  }
}
