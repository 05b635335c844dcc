/**
 * A batch as one transaction of multi-row statements, for MySQL and MariaDB alike. Knows SQL, not the driver.
 *
 * All of it, START TRANSACTION to COMMIT, goes to the server in few packets, and the next is made while the server is
 * at work on the last: a batch costs about what its rows cost the server. The server stops at the first statement that
 * fails, nothing further is sent, and the COMMIT comes last: nothing is ever half committed. Tables and keys are taken in one order by every writer, so that none of our
 * own transactions deadlock.
 */
import type { BattleResultRow, LedgerRow, PlayerRow } from "../engine/player.js";
import { type DeadLetter, StoreRejected } from "./store.js";
import type { ArrangedBatch } from "./store-batch.js";
import { idDigits, inventoryText } from "./store-values.js";

/** A connection in the middle of a call, and what it may be given. */
export interface SqlSession {
  /** Rows of one statement. */
  readonly statementRowsMax: number;
  /** Bytes that the server takes at once; ours stay below a quarter, but for a single row that is larger. */
  readonly packetBytesMax: number;
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

/** What stands before and after the rows of a statement. */
interface Statement {
  readonly head: string;
  readonly tail: string;
}

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
    const tuple = `(X'${battleId}',${quoted(roomType)},${endedAtMs},${ticks},${winningSide})`;
    yield* text.add(battles, tuple, roomType.length);
  }
  for (const { battleId } of rows) yield* text.add(newBattles, `X'${battleId}'`, 0);
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
    yield* text.add(progress, `(X'${journalId}',${position})`, 0);
  }
  yield* text.end("COMMIT");
}

const none: readonly string[] = [];

/** Statements on their way into packets of bounded bytes. A packet is full with its first full statement. */
class PacketText {
  readonly #session: SqlSession;
  readonly #bytesMax: number;
  #text: string;
  #bytes = 0;
  #statement: Statement | null = null;
  #rows = 0;
  #rowsMax: number;

  constructor(session: SqlSession, start: string) {
    this.#session = session;
    this.#bytesMax = session.packetBytesMax / 4;
    this.#rowsMax = Math.min(FIRST_ROWS_MAX, session.statementRowsMax);
    this.#text = start;
  }

  /**
   * Adds a row to the statement, or begins another, and returns the packet that had no room for it, if any.
   * `wideUnits`: how many of the row's UTF-16 units may take three bytes, so that nobody has to count them.
   */
  add(statement: Statement, row: string, wideUnits: number): readonly string[] {
    const bytes = row.length + 2 * wideUnits + 1;
    const isFull =
      (this.#statement === statement && this.#rows >= this.#rowsMax) ||
      (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax);
    const packets = isFull ? this.end("") : none;
    if (this.#statement !== statement) this.#begin(statement);
    else this.#text += ",";
    if (this.#bytes + bytes > this.#session.packetBytesMax)
      throw new StoreRejected(
        `${statement.head}…: a row of ${bytes} bytes is more than the server takes: raise max_allowed_packet`,
      );
    this.#text += row;
    this.#bytes += bytes;
    this.#rows++;
    return packets;
  }

  /** Ends the packet with a last statement and returns it. */
  end(last: string): readonly string[] {
    this.#endStatement();
    const packet = this.#text + last;
    this.#text = "";
    this.#bytes = 0;
    this.#rowsMax = this.#session.statementRowsMax;
    return packet === "" ? none : [packet];
  }

  #begin(statement: Statement): void {
    this.#endStatement();
    this.#statement = statement;
    this.#rows = 0;
    this.#text += statement.head;
    this.#bytes += statement.head.length + statement.tail.length + MARGIN_BYTES;
  }

  #endStatement(): void {
    if (this.#statement !== null) this.#text += `${this.#statement.tail};`;
    this.#statement = null;
  }
}

/** Of a long batch the server gets this much at once, so that it does not wait while the rest is made. */
const FIRST_ROWS_MAX = 200;

/** For what stands around the statements of a packet. */
const MARGIN_BYTES = 64;

function* playerPackets(text: PacketText, rows: readonly PlayerRow[]): Generator<string> {
  for (const row of rows) {
    const { name, level, experience, gold, x, y, version } = row;
    const tuple = `(X'${row.playerId}',${quoted(name)},${level},${experience},${gold},${x},${y},'${inventoryText(row.inventory)}',${version})`;
    const packets = text.add(players, tuple, name.length);
    if (packets !== none) yield* packets;
  }
}

function* ledgerPackets(text: PacketText, rows: readonly LedgerRow[]): Generator<string> {
  for (const row of rows) {
    const { version, line, atMs, reason, gold, item, count } = row;
    const tuple = `(X'${row.playerId}',${version},${line},${atMs},${quoted(reason)},${gold},${item},${count})`;
    const packets = text.add(ledger, tuple, reason.length);
    if (packets !== none) yield* packets;
  }
}

function* fighterPackets(text: PacketText, rows: readonly BattleResultRow[]): Generator<string> {
  for (const row of rows) {
    for (const [seat, fighter] of row.fighters.entries()) {
      const { name, side, outcome, experience, gold } = fighter;
      const fighterId = fighter.playerId === "" ? "NULL" : `X'${fighter.playerId}'`;
      const tuple = `(X'${row.battleId}',${seat},${fighterId},${quoted(name)},${side},'${outcome}',${experience},${gold},${row.endedAtMs})`;
      yield* text.add(fighters, tuple, name.length);
    }
  }
}

function* letterPackets(text: PacketText, rows: readonly DeadLetter[]): Generator<string> {
  for (const { journalId, position, key, kind, reason, atMs, row } of rows) {
    const tuple = `(X'${journalId}',${position},X'${key}','${kind}',${quoted(reason)},${atMs},X'${idDigits(row)}')`;
    yield* text.add(letters, tuple, reason.length);
  }
}

/** Text as a literal, for a session without NO_BACKSLASH_ESCAPES and in utf8mb4. NUL and lone surrogates are refused before. */
export function quoted(text: string): string {
  return /['\\]/.test(text) ? `'${text.replace(/['\\]/g, "\\$&")}'` : `'${text}'`;
}
