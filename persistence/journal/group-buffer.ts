/** Records that are written and synced together, encoded as they come, with room before them for the headers. */
import {
  encodeGroupHead,
  encodeRecord,
  encodeSegmentHead,
  groupHeader,
  type Memory,
  memoryOf,
  recordBytes,
  type SegmentHead,
  segmentHeader,
} from "./journal-layout.js";

const HEADERS_BYTES = segmentHeader.bytes + groupHeader.bytes;

export class GroupBuffer {
  #memory: Memory;
  #end = HEADERS_BYTES;
  /** Records in it. */
  count = 0;

  constructor(capacity: number) {
    this.#memory = memoryOf(new Uint8Array(Math.max(capacity, HEADERS_BYTES)));
  }

  get capacity(): number {
    return this.#memory.bytes.length;
  }

  /** Bytes of its records. */
  get recordsBytes(): number {
    return this.#end - HEADERS_BYTES;
  }

  /** Bytes of the group. */
  get bytes(): number {
    return this.#end - segmentHeader.bytes;
  }

  clear(): void {
    this.#end = HEADERS_BYTES;
    this.count = 0;
  }

  add(record: {
    readonly position: number;
    readonly type: number;
    readonly payload: Uint8Array;
    readonly seed: number;
  }): void {
    this.#grow(recordBytes(record.payload.length));
    this.#end = encodeRecord(this.#memory, this.#end, record);
    this.count++;
  }

  /** Takes encoded records as they are. */
  copy(body: Uint8Array, count: number): void {
    this.#grow(body.length);
    this.#memory.bytes.set(body, this.#end);
    this.#end += body.length;
    this.count += count;
  }

  /** The group as it is written to `offset` of a segment, as a view. */
  sealGroup(at: { first: number; number: number; offset: number; seed: number }): Uint8Array {
    encodeGroupHead(this.#memory.bytes, segmentHeader.bytes, {
      ...at,
      length: this.recordsBytes,
      count: this.count,
    });
    return this.#memory.bytes.subarray(segmentHeader.bytes, this.#end);
  }

  /** The beginning of a segment with this group as its first, as a view. */
  sealOpening(head: SegmentHead, seed: number): Uint8Array {
    encodeSegmentHead(this.#memory.bytes, 0, head);
    this.sealGroup({ first: head.first, number: 0, offset: segmentHeader.bytes, seed });
    return this.#memory.bytes.subarray(0, this.#end);
  }

  #grow(more: number): void {
    const wanted = this.#end + more;
    if (wanted <= this.#memory.bytes.length) return;
    const larger = new Uint8Array(Math.max(wanted, this.#memory.bytes.length * 2));
    larger.set(this.#memory.bytes.subarray(0, this.#end));
    this.#memory = memoryOf(larger);
  }
}
