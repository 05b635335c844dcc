/**
 * The cell frames of one tick, off the lanes and not yet sent: whoever sees the same cells gets them in one message,
 * composed once. Frames are only moved about here, never read. All bytes of a turn stand behind one another, and stay as they
 * are until it ends; nothing is allocated per frame.
 */
import { copyBytes } from "../engine/lane/bytes.js";
import { FRAMES_HEAD_BYTES, writeFramesHead } from "../engine/wire/codec.js";

const BYTES_AT_FIRST = 65_536;
/** After so many turns that fill less than a quarter of it, half of the room is given back. */
const TURNS_TOO_LARGE_MAX = 256;

export class FrameStage {
  /** Larger ones take its place; messages that stand in an older one keep it alive. */
  #bytes = new Uint8Array(BYTES_AT_FIRST);
  #length = 0;
  #turnsTooLarge = 0;
  #tick = 0;
  /** By cell; a length of 0: nothing of it is staged. */
  readonly #offsets: Int32Array;
  readonly #lengths: Int32Array;
  readonly #touched: Int32Array;
  #count = 0;

  constructor(cellCount: number) {
    this.#offsets = new Int32Array(cellCount);
    this.#lengths = new Int32Array(cellCount);
    this.#touched = new Int32Array(cellCount);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** A message holds frames of one tick only, and of each cell one. */
  accepts(cell: number, tick: number): boolean {
    return this.#count === 0 || (this.#tick === tick && this.#lengths[cell] === 0);
  }

  /** Takes a frame that it {@link accepts}, from any memory: `length` bytes at `at`. */
  add(cell: number, tick: number, from: Uint8Array, at: number, length: number): void {
    const offset = this.#claim(length);
    copyBytes(from, at, length, this.#bytes, offset);
    this.#offsets[cell] = offset;
    this.#lengths[cell] = length;
    this.#touched[this.#count++] = cell;
    this.#tick = tick;
  }

  /** Room for so many bytes; returns where. */
  #claim(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(this.#length * 2);
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    return at;
  }

  /** A copy of a message, from any memory: `length` bytes at `at`. */
  copy(from: Uint8Array, at: number, length: number): Uint8Array {
    const to = this.#claim(length);
    copyBytes(from, at, length, this.#bytes, to);
    return this.#bytes.subarray(to, to + length);
  }

  /** One message with the frames of those among the first `count` cells that have one; null when none has. */
  compose(cells: Int32Array, count: number): Uint8Array | null {
    let length = 0;
    for (let index = 0; index < count; index++) length += this.#lengths[cells[index]!]!;
    if (length === 0) return null;
    const start = this.#claim(FRAMES_HEAD_BYTES + length);
    const bytes = this.#bytes;
    let to = start + FRAMES_HEAD_BYTES;
    for (let index = 0; index < count; index++) {
      const cell = cells[index]!;
      const length = this.#lengths[cell]!;
      const from = this.#offsets[cell]!;
      copyBytes(bytes, from, length, bytes, to);
      to += length;
    }
    writeFramesHead(bytes, start, this.#tick);
    return bytes.subarray(start, to);
  }

  /** The staged frames are done with; what was made of them stays until {@link endTurn}. */
  clear(): void {
    for (let index = 0; index < this.#count; index++) this.#lengths[this.#touched[index]!] = 0;
    this.#count = 0;
  }

  /** All messages are sent. Nothing may be staged. */
  endTurn(): void {
    if (this.#length === 0) return;
    const { length } = this.#bytes;
    const isLarge = length > BYTES_AT_FIRST && this.#length * 4 < length;
    this.#turnsTooLarge = isLarge ? this.#turnsTooLarge + 1 : 0;
    if (this.#turnsTooLarge === TURNS_TOO_LARGE_MAX) {
      this.#bytes = new Uint8Array(length >> 1);
      this.#turnsTooLarge = 0;
    }
    this.#length = 0;
  }
}
