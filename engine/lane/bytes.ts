/** Cold-path encoding of lane records and checkpoints: little-endian, no alignment, no schema on the wire. */
import { assert } from "../assert.js";

const utf8 = new TextEncoder();
const utf8Decode = new TextDecoder("utf-8", { fatal: true });
/** Longer than this a call, and the view for it, is quicker than a loop. */
const LOOP_BYTES_MAX = 256;

/** Copies `length` bytes at `at` of one memory to `to` of another, short ones without a view that would be garbage. */
export function copyBytes(
  from: Uint8Array,
  at: number,
  length: number,
  target: Uint8Array,
  to: number,
): void {
  if (length > LOOP_BYTES_MAX) target.set(from.subarray(at, at + length), to);
  else for (let index = 0; index < length; index++) target[to + index] = from[at + index]!;
}

/** Appends values to a buffer that grows. `bytes()` is a view of what was written; copy it to keep it. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  /** Bytes written so far. */
  length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Forgets what was written and keeps the memory. */
  clear(): this {
    this.length = 0;
    return this;
  }

  /** What was written, as a view that the next write may move. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }

  /** Makes room and says where. May replace `#view`: look at that afterwards. */
  #grow(more: number): number {
    const at = this.length;
    const wanted = at + more;
    if (wanted > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(wanted, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.length = wanted;
    return at;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  i32(value: number): this {
    const at = this.#grow(4);
    this.#view.setInt32(at, value, true);
    return this;
  }

  f32(value: number): this {
    const at = this.#grow(4);
    this.#view.setFloat32(at, value, true);
    return this;
  }

  f64(value: number): this {
    const at = this.#grow(8);
    this.#view.setFloat64(at, value, true);
    return this;
  }

  /** Copies what was written to `to` of other memory. */
  copyTo(target: Uint8Array, to: number): void {
    copyBytes(this.#bytes, 0, this.length, target, to);
  }

  /** What another writer holds, without its length. */
  append(other: ByteWriter): this {
    const at = this.#grow(other.length);
    other.copyTo(this.#bytes, at);
    return this;
  }

  /** Raw bytes without a length: the reader must know it. */
  raw(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** A u32 length and the bytes. */
  blob(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  /** A u16 length in bytes and UTF-8. */
  text(value: string): this {
    const start = this.length;
    const at = this.#grow(2 + value.length) + 2;
    const bytes = this.#bytes;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) {
        this.length = start;
        return this.#wideText(value);
      }
      bytes[at + index] = code;
    }
    assert(value.length <= 0xffff, "a text on a lane is at most 65,535 bytes");
    this.#view.setUint16(start, value.length, true);
    return this;
  }

  #wideText(value: string): this {
    const bytes = utf8.encode(value);
    assert(bytes.length <= 0xffff, "a text on a lane is at most 65,535 bytes");
    return this.u16(bytes.length).raw(bytes);
  }

  /** Sixteen bytes written as 32 hex digits. */
  hex16(digits: string): this {
    assert(digits.length === 32, "an id is 32 hex digits");
    const at = this.#grow(16);
    const bytes = this.#bytes;
    for (let index = 0; index < 16; index++) {
      const high = valueOfDigit[digits.charCodeAt(index * 2) & 0x7f]!;
      const low = valueOfDigit[digits.charCodeAt(index * 2 + 1) & 0x7f]!;
      bytes[at + index] = (high << 4) | low;
    }
    return this;
  }
}

/** Value of a hex digit by its character code. */
const valueOfDigit = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 0 : value;
});

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Where short texts of ASCII are copied to, which most names are: a decoder's call costs more than their bytes. */
const shortText = Buffer.alloc(64);

/** Reads what {@link ByteWriter} wrote. Reading past the end throws RangeError. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Index of the next byte. */
  offset = 0;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
  }

  /** Reads `length` bytes at `at` from here on: one reader for all records of a ring. */
  over(at: number, length: number): this {
    this.offset = at;
    this.#end = at + length;
    return this;
  }

  /** Bytes not read yet. */
  left(): number {
    return this.#end - this.offset;
  }

  #take(length: number): number {
    const at = this.offset;
    if (at + length > this.#end) throw new RangeError(`record ends ${at + length - this.#end} bytes early`);
    this.offset = at + length;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** As {@link f64}, into a row of a column: a number that is returned may become an object on the heap. */
  f64Into(column: Float64Array, row: number): void {
    column[row] = this.#view.getFloat64(this.#take(8), true);
  }

  /** A copy of the next `length` bytes. */
  raw(length: number): Uint8Array<ArrayBuffer> {
    const at = this.#take(length);
    return Uint8Array.from(this.#bytes.subarray(at, at + length));
  }

  blob(): Uint8Array<ArrayBuffer> {
    return this.raw(this.u32());
  }

  /** Passes over the next `length` bytes. */
  skip(length: number): void {
    this.#take(length);
  }

  text(): string {
    const length = this.u16();
    const at = this.#take(length);
    const bytes = this.#bytes;
    if (length <= shortText.length) {
      let index = 0;
      for (; index < length; index++) {
        const byte = bytes[at + index]!;
        if (byte > 0x7f) break;
        shortText[index] = byte;
      }
      if (index === length) return shortText.toString("latin1", 0, length);
    }
    // TextDecoder refuses shared memory, so the bytes are copied out first.
    return utf8Decode.decode(Uint8Array.from(bytes.subarray(at, at + length)));
  }

  hex16(): string {
    let digits = "";
    const at = this.#take(16);
    for (let index = at; index < at + 16; index++) digits += hexOfByte[this.#bytes[index]!];
    return digits;
  }

  /** Everything that is left, copied. */
  rest(): Uint8Array<ArrayBuffer> {
    return this.raw(this.left());
  }
}
