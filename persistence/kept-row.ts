/**
 * Rows that wait for the store, as they came. The bytes are kept in a string, one byte a character: that is the most
 * compact thing the engine has for a hundred bytes, and costs no memory outside its heap.
 */
import { ByteReader } from "../engine/lane/bytes.js";
import { toStore } from "../engine/lane/to-store.js";
import {
  type BattleResultRow,
  decodeBattleResult,
  decodeLedger,
  decodeLedgerOf,
  decodePlayer,
  decodePlayerOf,
  type LedgerRow,
  type PlayerRow,
} from "../engine/player.js";
import type { RowKind } from "./store.js";

/** A row's bytes, one per character. */
export type RowText = string;

export interface KeptRow {
  readonly kind: RowKind;
  /** Of the group it came in. */
  readonly position: number;
  /** A player's id, or a battle's. */
  readonly key: string;
  /** Of a player's row or a line of the ledger; 0 for a battle. */
  readonly version: number;
  readonly text: RowText;
}

const ID_BYTES = 16;
/** Level, experience, gold, x, y: what stands between a player's name and version. */
const BEFORE_VERSION_BYTES = 2 + 4 * 8;
let scratch = Buffer.alloc(4096);

const kindOfItem: ReadonlyMap<number, RowKind> = new Map([
  [toStore.player, "player"],
  [toStore.battleResult, "battle"],
  [toStore.ledger, "ledger"],
]);

/** What kind of row an item of a group is; undefined: none. */
export function rowKindOf(itemType: number): RowKind | undefined {
  return kindOfItem.get(itemType);
}

/** Keeps the row in `length` bytes at `at`. Throws RangeError when it ends before its version. */
export function keepRow(
  kind: RowKind,
  from: { readonly bytes: Buffer; readonly at: number; readonly length: number; readonly position: number },
): KeptRow {
  const { bytes, at, length, position } = from;
  const end = at + length;
  if (length < ID_BYTES + 4) throw new RangeError(`a ${kind} row ends early`);
  const key = bytes.toString("hex", at, at + ID_BYTES);
  let version = 0;
  if (kind === "ledger") version = bytes.readUInt32LE(at + ID_BYTES);
  else if (kind === "player") {
    const versionAt = at + ID_BYTES + 2 + bytes.readUInt16LE(at + ID_BYTES) + BEFORE_VERSION_BYTES;
    if (versionAt + 4 > end) throw new RangeError("a player row ends early");
    version = bytes.readUInt32LE(versionAt);
  }
  return { kind, position, key, version, text: bytes.toString("latin1", at, end) };
}

/** The bytes, valid until the next call. */
function bytesOf(text: RowText): Uint8Array {
  reserve(text.length);
  scratch.write(text, "latin1");
  return scratch.subarray(0, text.length);
}

function reserve(length: number): void {
  if (length > scratch.length) scratch = Buffer.alloc(length * 2);
}

/** Reads many rows one after the other, without a reader for each. Valid until the next one is made. */
export class RowReader {
  readonly #from: ByteReader;

  /** Of these rows, to be read in this order. */
  constructor(rows: readonly KeptRow[]) {
    let length = 0;
    for (const { text } of rows) length += text.length;
    reserve(length);
    let at = 0;
    for (const { text } of rows) at += scratch.write(text, at, "latin1");
    this.#from = new ByteReader(scratch.subarray(0, length));
  }

  player({ key }: KeptRow): PlayerRow {
    this.#from.skip(ID_BYTES);
    return decodePlayerOf(key, this.#from);
  }
  ledger({ key }: KeptRow): LedgerRow {
    this.#from.skip(ID_BYTES);
    return decodeLedgerOf(key, this.#from);
  }
  battle(): BattleResultRow {
    return decodeBattleResult(this.#from);
  }
}

/** A copy of the bytes. */
export function rowBytes(text: RowText): Uint8Array {
  return Uint8Array.from(bytesOf(text));
}

export function playerOf(text: RowText): PlayerRow {
  return decodePlayer(new ByteReader(bytesOf(text)));
}
export function ledgerOf(text: RowText): LedgerRow {
  return decodeLedger(new ByteReader(bytesOf(text)));
}
export function battleOf(text: RowText): BattleResultRow {
  return decodeBattleResult(new ByteReader(bytesOf(text)));
}

/** Reads a row through, as the store will be given it. Throws RangeError or TypeError when it is not whole. */
export function checkRow({ kind, text }: KeptRow): void {
  if (kind === "player") playerOf(text);
  else if (kind === "ledger") ledgerOf(text);
  else battleOf(text);
}
