/**
 * The cell frames of one tick, off the lanes and not yet sent: whoever sees the same cells gets them in one message,
 * composed once. Frames are only moved about here, never read. Nothing is allocated per frame or message.
 */
import { FRAMES_HEAD_BYTES, writeFramesHead } from "../engine/wire/codec.js";

const BYTES_AT_FIRST = 65_536;
/** Shorter than this a loop is quicker than a call. */
const LOOP_BYTES_MAX = 48;

export class FrameStage {
  /** What is staged, and behind it the message that was composed last. */
  #bytes = new Uint8Array(BYTES_AT_FIRST);
  #length = 0;
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

  has(cell: number): boolean {
    return this.#lengths[cell]! > 0;
  }

  /** A message holds frames of one tick only, and of each cell one. */
  accepts(cell: number, tick: number): boolean {
    return this.#count === 0 || (this.#tick === tick && this.#lengths[cell] === 0);
  }

  /** Takes a frame that it {@link accepts}, from any memory: `length` bytes at `at`. */
  add(cell: number, tick: number, from: Uint8Array, at: number, length: number): void {
    this.#reserve(length);
    const bytes = this.#bytes;
    const offset = this.#length;
    if (length <= LOOP_BYTES_MAX) {
      for (let index = 0; index < length; index++) bytes[offset + index] = from[at + index]!;
    } else bytes.set(from.subarray(at, at + length), offset);
    this.#offsets[cell] = offset;
    this.#lengths[cell] = length;
    this.#touched[this.#count++] = cell;
    this.#length += length;
    this.#tick = tick;
  }

  /** Room for another frame, and behind all of them for a message that holds all of them. */
  #reserve(length: number): void {
    const wanted = 2 * (this.#length + length) + FRAMES_HEAD_BYTES;
    if (wanted <= this.#bytes.length) return;
    const larger = new Uint8Array(wanted * 2);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }

  /** Writes one message with the frames of those among the first `count` cells that have one; 0 when none has. */
  compose(cells: Int32Array, count: number): number {
    const bytes = this.#bytes;
    const start = this.#length;
    let to = start + FRAMES_HEAD_BYTES;
    for (let index = 0; index < count; index++) {
      const cell = cells[index]!;
      const length = this.#lengths[cell]!;
      const from = this.#offsets[cell]!;
      if (length <= LOOP_BYTES_MAX) {
        for (let at = 0; at < length; at++) bytes[to + at] = bytes[from + at]!;
      } else bytes.copyWithin(to, from, from + length);
      to += length;
    }
    if (to === start + FRAMES_HEAD_BYTES) return 0;
    writeFramesHead(bytes, start, this.#tick);
    return to - start;
  }

  /** The message of so many bytes that was composed last; valid until the next one. */
  composed(length: number): Uint8Array {
    return this.#bytes.subarray(this.#length, this.#length + length);
  }

  clear(): void {
    for (let index = 0; index < this.#count; index++) this.#lengths[this.#touched[index]!] = 0;
    this.#count = 0;
    this.#length = 0;
  }
}
