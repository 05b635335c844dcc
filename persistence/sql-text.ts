/**
 * SQL in the making, as bytes: a row is thirty small pieces, and as many strings would be garbage each time. The session
 * is one without NO_BACKSLASH_ESCAPES and in utf8mb4.
 */
import type { ItemStack } from "../engine/player.js";

const FIRST_BYTES = 128 * 1024;
/** Up to here a loop over characters is quicker than a call out of JavaScript. */
const SHORT = 40;
const COMMA = 0x2c;
const QUOTE = 0x27;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const OPEN = 0x5b;
const CLOSE = 0x5d;

export class SqlText {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #isAscii = true;
  /** Bytes so far. Lower it to forget the last of them. */
  length = 0;

  /** Text of ASCII alone, as it is. */
  ascii(text: string): this {
    const { length } = text;
    this.#reserve(length);
    const at = this.length;
    if (length > SHORT) this.#bytes.write(text, at, length, "latin1");
    else for (let index = 0; index < length; index++) this.#bytes[at + index] = text.charCodeAt(index);
    this.length = at + length;
    return this;
  }

  comma(): this {
    this.#reserve(1);
    this.#bytes[this.length++] = COMMA;
    return this;
  }

  /** An id of 32 hex digits as a literal of 16 bytes. */
  id(digits: string): this {
    return this.ascii("X'").ascii(digits).ascii("'");
  }

  number(value: number): this {
    // Whole numbers that are not long are most of all.
    if ((value | 0) !== value) return this.ascii(String(value));
    this.#reserve(11);
    const bytes = this.#bytes;
    let left = value;
    if (left < 0) {
      bytes[this.length++] = MINUS;
      left = -left;
    }
    let digits = 1;
    for (let over = 10; over <= left; over *= 10) digits++;
    for (let at = this.length + digits - 1; at >= this.length; at--) {
      const rest = (left / 10) | 0;
      bytes[at] = ZERO + left - rest * 10;
      left = rest;
    }
    this.length += digits;
    return this;
  }

  /** Text as a literal. NUL and lone surrogates are refused before. */
  quoted(text: string): this {
    const start = this.length;
    this.#reserve(2 * text.length + 2);
    const bytes = this.#bytes;
    let at = start;
    bytes[at++] = QUOTE;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return this.#quotedWide(text);
      if (code === QUOTE || code === BACKSLASH) bytes[at++] = BACKSLASH;
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.length = at;
    return this;
  }

  #quotedWide(text: string): this {
    this.#isAscii = false;
    const literal = `'${text.replace(/['\\]/g, "\\$&")}'`;
    this.#reserve(3 * literal.length);
    this.length += this.#bytes.write(literal, this.length, "utf8");
    return this;
  }

  /** An inventory as a literal of JSON: `'[[item,count],…]'`. */
  inventory(stacks: readonly ItemStack[]): this {
    this.ascii("'[");
    for (let slot = 0; slot < stacks.length; slot++) {
      const { item, count } = stacks[slot]!;
      this.#reserve(2);
      if (slot > 0) this.#bytes[this.length++] = COMMA;
      this.#bytes[this.length++] = OPEN;
      this.number(item).comma().number(count).#reserve(1);
      this.#bytes[this.length++] = CLOSE;
    }
    return this.ascii("]'");
  }

  /** Takes off what comes after `length`, as bytes of their own: see {@link append}. */
  cut(length: number): Uint8Array {
    const tail = Uint8Array.from(this.#bytes.subarray(length, this.length));
    this.length = length;
    return tail;
  }

  append(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  /** All of it, and begins anew. */
  take(): string {
    const text = this.#bytes.toString(this.#isAscii ? "latin1" : "utf8", 0, this.length);
    this.length = 0;
    return text;
  }

  #reserve(more: number): void {
    const wanted = this.length + more;
    if (wanted <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(wanted, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }
}
