/** A lane as its writer holds it: a ring, the reader's doorbell, and a bounded outbox for what did not fit. */
import { assert } from "../assert.js";
import type { Doorbell } from "../memory/doorbell.js";
import type { RingReader, RingWriter } from "../memory/spsc-ring.js";
import { ByteReader, type ByteWriter, copyBytes } from "./bytes.js";

interface Waiting {
  readonly type: number;
  readonly bytes: Uint8Array;
}

export class LaneWriter {
  readonly ring: RingWriter;
  readonly #doorbell: Doorbell;
  readonly #outboxBytesMax: number;
  readonly #isReaderBusy: () => boolean;
  #outbox: Waiting[] = [];
  #outboxBytes = 0;
  #isDirty = false;
  /** Records that found the ring full: deferred to the outbox, or refused to a caller that can do without. */
  refusals = 0;

  /**
   * `isReaderBusy`: whether the reader is bound to look at the lane soon without being woken, as a ticking shard is.
   * It is asked after the records have become visible.
   */
  constructor(
    ring: RingWriter,
    doorbell: Doorbell,
    options: { readonly outboxBytesMax: number; readonly isReaderBusy?: () => boolean },
  ) {
    this.ring = ring;
    this.#doorbell = doorbell;
    this.#outboxBytesMax = options.outboxBytesMax;
    this.#isReaderBusy = options.isReaderBusy ?? (() => false);
  }

  /** Bytes waiting for room in the ring: non-zero is back-pressure. */
  get outboxBytes(): number {
    return this.#outboxBytes;
  }

  /**
   * Writes a record that must arrive, behind everything sent before. What does not fit waits in the outbox; false
   * when the outbox is full too: the record is refused and counted, and the caller decides what that means.
   */
  send(type: number, payload: Uint8Array): boolean {
    return this.sendPart(type, payload, 0, payload.length);
  }

  /** As {@link send}, of everything in the writer. */
  sendWriter(type: number, out: ByteWriter): boolean {
    const at = this.tryClaim(type, out.length);
    if (at < 0) return this.#defer(type, out.bytes());
    out.copyTo(this.ring.bytes, at);
    this.commit();
    return true;
  }

  /** As {@link send}, of `length` bytes at `at`. */
  sendPart(type: number, bytes: Uint8Array, at: number, length: number): boolean {
    const to = this.tryClaim(type, length);
    if (to < 0) return this.#defer(type, bytes.subarray(at, at + length));
    copyBytes(bytes, at, length, this.ring.bytes, to);
    this.commit();
    return true;
  }

  #defer(type: number, payload: Uint8Array): boolean {
    if (this.#outboxBytes + payload.length > this.#outboxBytesMax) return false;
    this.#outbox.push({ type, bytes: payload.slice() });
    this.#outboxBytes += payload.length;
    return true;
  }

  /** Claims room for a record that may be skipped: index into `ring.bytes`, or -1. Then {@link commit}. */
  tryClaim(type: number, length: number): number {
    if (this.#outbox.length > 0) {
      this.refusals++;
      return -1;
    }
    const at = this.ring.tryClaim(type, length);
    if (at < 0) this.refusals++;
    return at;
  }

  commit(): void {
    this.ring.commit();
    this.#isDirty = true;
  }

  /** Makes everything visible, then wakes the reader if there was any and it sleeps. */
  flush(): void {
    if (this.publish() && !this.#isReaderBusy()) this.#doorbell.ring();
  }

  /** Moves what waits into the ring and makes all of it visible with one store; whether there was any. Ring yourself. */
  publish(): boolean {
    this.#drainOutbox();
    if (!this.#isDirty) return false;
    this.#isDirty = false;
    this.ring.publish();
    return true;
  }

  #drainOutbox(): void {
    let moved = 0;
    for (const waiting of this.#outbox) {
      if (!this.ring.offer(waiting.type, waiting.bytes)) break;
      this.#outboxBytes -= waiting.bytes.length;
      moved++;
    }
    if (moved === 0) return;
    this.#outbox = this.#outbox.slice(moved);
    this.#isDirty = true;
  }
}

/** A reader of a record's payload, where it lies: it is to be read before the handler returns. */
export function recordReader(ring: RingReader, at: number, length: number): ByteReader {
  assert(length >= 0, "a record has a length");
  return new ByteReader(ring.bytes.subarray(at, at + length));
}
