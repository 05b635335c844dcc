/**
 * A ring for exactly one writer thread and one reader thread. After Agrona's OneToOneRingBuffer (real-logic/agrona):
 * records are claimed in place, their length is negative until committed, and a padding record precedes the wrap.
 * Unlike there, the tail is published once per batch, and only what lies below the published tail is ever read.
 * So a writer that dies at any instant leaves nothing torn to be seen: what it had not published never happened,
 * and the next writer goes on at the published tail.
 */
import { assert } from "../assert.js";
import {
  PADDING_TYPE,
  RECORD_ALIGNMENT_BYTES,
  RECORD_HEADER_BYTES,
  RECORD_LENGTH_DIVISOR,
  RING_CAPACITY_BYTES_MAX,
  RING_CAPACITY_BYTES_MIN,
  RING_DEPTH_MAX_WORD,
  RING_HEAD_WORD,
  RING_HEADER_BYTES,
  RING_REFUSALS_WORD,
  RING_TAIL_WORD,
  ringLengthBytes,
} from "./spsc-ring-layout.js";

/** A ring's memory, as it travels to another thread by structured clone. */
export interface RingMemory {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  /** Bytes of data: a power of two. */
  readonly capacity: number;
}

/** What anybody may know of a ring, in bytes and counts. */
export interface RingStats {
  readonly capacity: number;
  /** Published and not yet consumed. */
  readonly depth: number;
  /** The greatest depth there has been. */
  readonly depthMax: number;
  /** Claims refused because the ring was full; wraps at 2³². */
  readonly refusals: number;
}

/** Called for each record: its payload is `length` bytes at index `at` of the reader's data, valid only now. */
export type RecordHandler = (type: number, at: number, length: number) => void;

/** A fresh, empty ring of `capacityBytes`, a power of two. `startPosition` lets tests begin next to a wrap. */
export function createRing(
  capacityBytes: number,
  options: { readonly startPosition?: number } = {},
): RingMemory {
  checkCapacity(capacityBytes);
  const memory: RingMemory = {
    buffer: new SharedArrayBuffer(ringLengthBytes(capacityBytes)),
    byteOffset: 0,
    capacity: capacityBytes,
  };
  const startPosition = options.startPosition ?? 0;
  assert(
    startPosition % RECORD_ALIGNMENT_BYTES === 0,
    "a ring starts at a position where a record may begin",
  );
  const header = headerOf(memory);
  Atomics.store(header, RING_TAIL_WORD, startPosition | 0);
  Atomics.store(header, RING_HEAD_WORD, startPosition | 0);
  return memory;
}

/** The state of a ring, read from any thread. */
export function ringStats(memory: RingMemory): RingStats {
  const header = headerOf(memory);
  // Head first: a tail read later can only make the depth too large, never negative.
  const head = Atomics.load(header, RING_HEAD_WORD);
  const tail = Atomics.load(header, RING_TAIL_WORD);
  const depth = Math.min((tail - head) | 0, memory.capacity);
  return {
    capacity: memory.capacity,
    depth,
    depthMax: Math.max(depth, Atomics.load(header, RING_DEPTH_MAX_WORD)),
    refusals: Atomics.load(header, RING_REFUSALS_WORD) >>> 0,
  };
}

/** The writing end. One per ring and thread; a new one continues where the last one had published. */
export class RingWriter {
  /** The whole data area, three ways. `tryClaim` returns an index into `bytes` and `view`. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly words: Int32Array;
  /** The longest payload that may be claimed, in bytes. */
  readonly recordLengthMax: number;
  readonly #header: Int32Array;
  readonly #capacity: number;
  readonly #mask: number;
  /** The reader's head as last seen: loaded again only when the ring looks full. */
  #headSeen: number;
  #published: number;
  /** Where the next record begins: at `#published`, and beyond it what is committed and not published. */
  #next: number;
  /** Index of the open claim's record, or -1. */
  #claimAt = -1;
  #claimEnd = 0;
  #pending = 0;

  constructor(memory: RingMemory) {
    checkMemory(memory);
    const { buffer, byteOffset, capacity } = memory;
    this.#header = headerOf(memory);
    this.bytes = new Uint8Array(buffer, byteOffset + RING_HEADER_BYTES, capacity);
    this.view = new DataView(buffer, byteOffset + RING_HEADER_BYTES, capacity);
    this.words = new Int32Array(buffer, byteOffset + RING_HEADER_BYTES, capacity / 4);
    this.#capacity = capacity;
    this.#mask = capacity - 1;
    this.recordLengthMax = capacity / RECORD_LENGTH_DIVISOR;
    this.#headSeen = Atomics.load(this.#header, RING_HEAD_WORD);
    this.#published = Atomics.load(this.#header, RING_TAIL_WORD);
    this.#next = this.#published;
  }

  /** Records committed and not yet published. */
  get pending(): number {
    return this.#pending;
  }

  /**
   * Opens a claim of `length` bytes and returns the index of its payload in `bytes` and `view`: 8-byte aligned
   * and contiguous. Returns -1, and counts a refusal, when the ring is full. Write the payload, then commit or abort.
   */
  tryClaim(type: number, length: number): number {
    assert(this.#claimAt < 0, "one claim is open at a time");
    assert(type >= 0, "record types are 0 or more");
    assert(length >= 0 && length <= this.recordLengthMax, "a record is at most recordLengthMax bytes");
    const recordBytes =
      (length + (RECORD_HEADER_BYTES + RECORD_ALIGNMENT_BYTES - 1)) & -RECORD_ALIGNMENT_BYTES;
    let at = this.#next & this.#mask;
    const toEnd = this.#capacity - at;
    const padding = recordBytes > toEnd ? toEnd : 0;
    const end = (this.#next + padding + recordBytes) | 0;
    if (((end - this.#headSeen) | 0) > this.#capacity) {
      this.#headSeen = Atomics.load(this.#header, RING_HEAD_WORD);
      if (((end - this.#headSeen) | 0) > this.#capacity) {
        Atomics.store(this.#header, RING_REFUSALS_WORD, (this.#header[RING_REFUSALS_WORD]! + 1) | 0);
        return -1;
      }
    }
    const words = this.words;
    if (padding > 0) {
      words[at >> 2] = padding - RECORD_HEADER_BYTES;
      words[(at >> 2) + 1] = PADDING_TYPE;
      at = 0;
    }
    words[at >> 2] = ~length;
    words[(at >> 2) + 1] = type;
    this.#claimAt = at;
    this.#claimEnd = end;
    return at + RECORD_HEADER_BYTES;
  }

  /** Completes the open claim. The reader sees it after the next `publish`. */
  commit(): void {
    const at = this.#claimAt;
    assert(at >= 0, "a commit needs an open claim");
    this.words[at >> 2] = ~this.words[at >> 2]!;
    this.#claimAt = -1;
    this.#next = this.#claimEnd;
    this.#pending++;
  }

  /** Gives the open claim back, its padding included, as if it had never been. */
  abort(): void {
    assert(this.#claimAt >= 0, "an abort needs an open claim");
    this.#claimAt = -1;
  }

  /** Makes everything committed visible to the reader with one atomic store. */
  publish(): void {
    if (this.#published === this.#next) return;
    this.#published = this.#next;
    this.#pending = 0;
    Atomics.store(this.#header, RING_TAIL_WORD, this.#next);
  }

  /** Claims, copies and commits; `publish` is left to the caller. False when the ring is full. */
  offer(type: number, payload: Uint8Array): boolean {
    const at = this.tryClaim(type, payload.length);
    if (at < 0) return false;
    this.bytes.set(payload, at);
    this.commit();
    return true;
  }
}

/** The reading end. One per ring and thread; a new one continues at the head. */
export class RingReader {
  /** The whole data area, three ways. A handler's `at` is an index into `bytes` and `view`. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly words: Int32Array;
  readonly #header: Int32Array;
  readonly #mask: number;
  #head: number;
  #depthMax: number;

  constructor(memory: RingMemory) {
    checkMemory(memory);
    const { buffer, byteOffset, capacity } = memory;
    this.#header = headerOf(memory);
    this.bytes = new Uint8Array(buffer, byteOffset + RING_HEADER_BYTES, capacity);
    this.view = new DataView(buffer, byteOffset + RING_HEADER_BYTES, capacity);
    this.words = new Int32Array(buffer, byteOffset + RING_HEADER_BYTES, capacity / 4);
    this.#mask = capacity - 1;
    this.#head = Atomics.load(this.#header, RING_HEAD_WORD);
    this.#depthMax = Atomics.load(this.#header, RING_DEPTH_MAX_WORD);
  }

  /** True when nothing is published that has not been consumed. */
  isEmpty(): boolean {
    return Atomics.load(this.#header, RING_TAIL_WORD) === this.#head;
  }

  /**
   * Hands at most `limit` records to `handler`, in order, and returns how many. The head moves once, at the end,
   * and also when the handler throws: that record counts as consumed. A thread that is terminated in here has
   * moved nothing: its successor gets the records of this call again.
   */
  drain(handler: RecordHandler, limit: number): number {
    const start = this.#head;
    const tail = Atomics.load(this.#header, RING_TAIL_WORD);
    if (tail === start) return 0;
    const words = this.words;
    const mask = this.#mask;
    let head = start;
    let count = 0;
    try {
      while (head !== tail && count < limit) {
        const at = head & mask;
        const length = words[at >> 2]!;
        const type = words[(at >> 2) + 1]!;
        assert(length >= 0, "what is published is committed");
        head = behind(head, length);
        if (type === PADDING_TYPE) continue;
        count++;
        handler(type, at + RECORD_HEADER_BYTES, length);
      }
    } finally {
      this.#advance(start, head);
    }
    return count;
  }

  /** Where the payload of the first unread record of this type is, or -1. Consumes nothing. */
  find(type: number): number {
    const tail = Atomics.load(this.#header, RING_TAIL_WORD);
    for (let head = this.#head; head !== tail; ) {
      const at = head & this.#mask;
      if (this.words[(at >> 2) + 1] === type) return at + RECORD_HEADER_BYTES;
      head = behind(head, this.words[at >> 2]!);
    }
    return -1;
  }

  #advance(start: number, head: number): void {
    // The depth peaks just before the head moves, so the high-water mark taken here is exact.
    const depth = (Atomics.load(this.#header, RING_TAIL_WORD) - start) | 0;
    if (depth > this.#depthMax) {
      this.#depthMax = depth;
      Atomics.store(this.#header, RING_DEPTH_MAX_WORD, depth);
    }
    this.#head = head;
    Atomics.store(this.#header, RING_HEAD_WORD, head);
  }
}

/** The position behind a record of this length. */
function behind(position: number, length: number): number {
  return (
    (position + ((length + (RECORD_HEADER_BYTES + RECORD_ALIGNMENT_BYTES - 1)) & -RECORD_ALIGNMENT_BYTES)) | 0
  );
}

function headerOf(memory: RingMemory): Int32Array {
  return new Int32Array(memory.buffer, memory.byteOffset, RING_HEADER_BYTES / 4);
}

function checkCapacity(capacity: number): void {
  assert(
    capacity >= RING_CAPACITY_BYTES_MIN &&
      capacity <= RING_CAPACITY_BYTES_MAX &&
      (capacity & (capacity - 1)) === 0,
    "a ring's capacity is a power of two within its bounds",
  );
}

function checkMemory(memory: RingMemory): void {
  const { buffer, byteOffset, capacity } = memory;
  checkCapacity(capacity);
  assert(byteOffset % RECORD_ALIGNMENT_BYTES === 0, "a ring's memory is 8-byte aligned");
  assert(byteOffset + ringLengthBytes(capacity) <= buffer.byteLength, "a ring lies inside its buffer");
}
