/** Statements of many rows, on their way into packets of bounded bytes. */
import { SqlText } from "./sql-text.js";
import { StoreRejected } from "./store.js";

/** What stands before and after the rows of a statement. */
export interface Statement {
  readonly head: string;
  readonly tail: string;
}

export interface PacketLimits {
  /** Rows of one statement. */
  readonly statementRowsMax: number;
  /** Bytes that the server takes at once; ours stay below a quarter, but for a single row that is larger. */
  readonly packetBytesMax: number;
}

export const noPackets: readonly string[] = [];

/** Of a long batch the server gets this much at once, so that it does not wait while the rest is made. */
const FIRST_ROWS_MAX = 200;
/** For what stands around the statements of a packet. */
const MARGIN_BYTES = 64;

/** A packet is full with its first full statement. */
export class PacketText {
  readonly #limits: PacketLimits;
  readonly #out = new SqlText();
  #statement: Statement | null = null;
  /** Whether the row follows another of its statement. */
  #isContinued = false;
  /** Where the row would be parted from what stands before it, and where it begins itself. */
  #partAt = 0;
  #rowAt = 0;
  /** Of the statement, and of the packet, the row itself not counted. */
  #rows = 0;
  #rowsOfPacket = 0;
  #rowsMax: number;

  constructor(limits: PacketLimits, start: string) {
    this.#limits = limits;
    this.#rowsMax = Math.min(FIRST_ROWS_MAX, limits.statementRowsMax);
    this.#out.ascii(start);
  }

  /** Begins a row, in the statement that there is or in another. The caller writes it, then calls {@link endRow}. */
  row(statement: Statement): SqlText {
    this.#isContinued = this.#statement === statement;
    if (!this.#isContinued) this.#endStatement();
    this.#partAt = this.#out.length;
    if (this.#isContinued) this.#out.comma();
    else this.#begin(statement);
    this.#rowAt = this.#out.length;
    return this.#out;
  }

  /** Returns the packet that has no room for the row, if any: then the row is the first of the next. */
  endRow(): readonly string[] {
    const { packetBytesMax } = this.#limits;
    const { head, tail } = this.#statement!;
    const bytes = this.#out.length + tail.length + MARGIN_BYTES;
    const isFull =
      (this.#isContinued && this.#rows >= this.#rowsMax) ||
      (this.#rowsOfPacket > 0 && bytes > packetBytesMax / 4);
    const packets = isFull ? this.#part() : noPackets;
    const bytesNow = isFull ? this.#out.length + tail.length + MARGIN_BYTES : bytes;
    if (this.#rowsOfPacket === 0 && bytesNow > packetBytesMax)
      throw new StoreRejected(
        `${head}…: a row of ${bytesNow} bytes is more than the server takes: raise max_allowed_packet`,
      );
    this.#rows++;
    this.#rowsOfPacket++;
    return packets;
  }

  /** Ends the packet with a last statement and returns it. */
  end(last: string): readonly string[] {
    this.#endStatement();
    this.#out.ascii(last);
    return this.#out.length === 0 ? noPackets : [this.#take()];
  }

  /** Ends the packet before the row, which begins another. */
  #part(): readonly string[] {
    const statement = this.#statement!;
    const row = this.#out.cut(this.#rowAt);
    this.#out.length = this.#partAt;
    if (!this.#isContinued) this.#statement = null;
    this.#endStatement();
    const packet = this.#take();
    this.#begin(statement);
    this.#out.append(row);
    return [packet];
  }

  #take(): string {
    this.#rowsOfPacket = 0;
    this.#rowsMax = this.#limits.statementRowsMax;
    return this.#out.take();
  }

  #begin(statement: Statement): void {
    this.#statement = statement;
    this.#rows = 0;
    this.#out.ascii(statement.head);
  }

  #endStatement(): void {
    if (this.#statement !== null) this.#out.ascii(this.#statement.tail).ascii(";");
    this.#statement = null;
  }
}
