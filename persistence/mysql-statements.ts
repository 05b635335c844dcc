/**
 * A batch as one transaction of multi-row statements, for MySQL and MariaDB alike. Knows SQL, not the driver.
 *
 * All of it, START TRANSACTION to COMMIT, goes to the server in as few packets as hold it: one, nearly always, so that
 * a batch costs about what its rows cost. The server stops at the first statement that fails, and the COMMIT comes
 * last: nothing is ever half committed. Tables and keys are taken in one order by every writer, so that none of our
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
  let text = new PacketText(session, "START TRANSACTION;");
  addPlayers(text, batch.players);
  addLedger(text, batch.ledger);
  addBattles(text, batch.battleResults);
  if (batch.battleResults.length > 0) {
    // The fighters of a battle belong to whoever stored it first; the row, once ours, is locked until the commit.
    const isNew = new Set<string>();
    for (const rows of await runAll(session, text))
      for (const row of rows) isNew.add(idDigits((row as { readonly battle_id: Uint8Array }).battle_id));
    text = new PacketText(session, "");
    addFighters(
      text,
      batch.battleResults.filter((row) => isNew.has(row.battleId)),
    );
  }
  addLetters(text, batch.deadLetters);
  if (batch.progress !== null) {
    const { journalId, position } = batch.progress;
    text.add(progress, `(X'${journalId}',${position})`, 0);
  }
  text.end("COMMIT");
  await runAll(session, text);
}

async function runAll(session: SqlSession, text: PacketText): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  for (const packet of text.packets()) rows.push(...(await session.runText(packet)));
  return rows;
}

/** Statements on their way into packets of bounded bytes. */
class PacketText {
  readonly #session: SqlSession;
  readonly #bytesMax: number;
  readonly #packets: string[] = [];
  #text: string;
  #bytes = 0;
  #statement: Statement | null = null;
  #rows = 0;

  constructor(session: SqlSession, start: string) {
    this.#session = session;
    this.#bytesMax = session.packetBytesMax / 4;
    this.#text = start;
  }

  /**
   * Adds a row to the statement, or begins another. `wideUnits`: how many of the row's UTF-16 units may take three
   * bytes, so that nobody has to count them.
   */
  add(statement: Statement, row: string, wideUnits: number): void {
    const bytes = row.length + 2 * wideUnits + 1;
    if (this.#statement !== statement) this.#closeStatement();
    else if (this.#rows >= this.#session.statementRowsMax) this.#closeStatement();
    if (this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax) this.#closePacket();
    if (this.#statement === null) {
      this.#statement = statement;
      this.#rows = 0;
      this.#text += statement.head;
      this.#bytes += statement.head.length + statement.tail.length + MARGIN_BYTES;
    } else this.#text += ",";
    if (this.#bytes + bytes > this.#session.packetBytesMax)
      throw new StoreRejected(
        `${statement.head.slice(0, 60)}…: a row of ${bytes} bytes is more than the server takes: raise max_allowed_packet`,
      );
    this.#text += row;
    this.#bytes += bytes;
    this.#rows++;
  }

  end(last: string): void {
    this.#closeStatement();
    this.#text += last;
  }

  packets(): readonly string[] {
    this.#closePacket();
    return this.#packets;
  }

  #closeStatement(): void {
    if (this.#statement === null) return;
    this.#text += `${this.#statement.tail};`;
    this.#statement = null;
  }

  #closePacket(): void {
    this.#closeStatement();
    if (this.#text !== "") this.#packets.push(this.#text);
    this.#text = "";
    this.#bytes = 0;
  }
}

/** For what stands around the statements of a packet. */
const MARGIN_BYTES = 64;

function addPlayers(text: PacketText, rows: readonly PlayerRow[]): void {
  for (const row of rows) {
    const { name, level, experience, gold, x, y, version } = row;
    const tuple = `(X'${row.playerId}',${quoted(name)},${level},${experience},${gold},${x},${y},'${inventoryText(row.inventory)}',${version})`;
    text.add(players, tuple, name.length);
  }
}

function addLedger(text: PacketText, rows: readonly LedgerRow[]): void {
  for (const row of rows) {
    const { version, line, atMs, reason, gold, item, count } = row;
    const tuple = `(X'${row.playerId}',${version},${line},${atMs},${quoted(reason)},${gold},${item},${count})`;
    text.add(ledger, tuple, reason.length);
  }
}

function addBattles(text: PacketText, rows: readonly BattleResultRow[]): void {
  for (const { battleId, roomType, endedAtMs, ticks, winningSide } of rows) {
    const tuple = `(X'${battleId}',${quoted(roomType)},${endedAtMs},${ticks},${winningSide})`;
    text.add(battles, tuple, roomType.length);
  }
  for (const { battleId } of rows) text.add(newBattles, `X'${battleId}'`, 0);
}

function addFighters(text: PacketText, rows: readonly BattleResultRow[]): void {
  for (const row of rows) {
    for (const [seat, fighter] of row.fighters.entries()) {
      const { name, side, outcome, experience, gold } = fighter;
      const fighterId = fighter.playerId === "" ? "NULL" : `X'${fighter.playerId}'`;
      const tuple = `(X'${row.battleId}',${seat},${fighterId},${quoted(name)},${side},'${outcome}',${experience},${gold},${row.endedAtMs})`;
      text.add(fighters, tuple, name.length);
    }
  }
}

function addLetters(text: PacketText, rows: readonly DeadLetter[]): void {
  for (const { journalId, position, key, kind, reason, atMs, row } of rows) {
    const tuple = `(X'${journalId}',${position},X'${key}','${kind}',${quoted(reason)},${atMs},X'${idDigits(row)}')`;
    text.add(letters, tuple, reason.length);
  }
}

/** Text as a literal, for a session without NO_BACKSLASH_ESCAPES and in utf8mb4. NUL and lone surrogates are refused before. */
export function quoted(text: string): string {
  return /['\\]/.test(text) ? `'${text.replace(/['\\]/g, "\\$&")}'` : `'${text}'`;
}
