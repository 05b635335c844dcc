/** Reads one segment from its beginning, group by group, and trusts nothing that it has not checked. */
import { assert } from "../../engine/assert.js";
import type { Disk, DiskFile } from "./disk.js";
import {
  ALIGNMENT,
  decodeGroupHead,
  decodeSegmentHead,
  findBadRecord,
  type GroupHead,
  groupHeader,
  JOURNAL_VERSION,
  looksLikeGroup,
  type SegmentHead,
  seedOf,
  segmentHeader,
  versionOf,
} from "./journal-layout.js";

/** Bytes that are read ahead at a time. */
const WINDOW_BYTES = 256 * 1024;

export interface Group {
  readonly head: GroupHead;
  /** Its records, checked; a view that stays valid. */
  readonly body: Uint8Array;
  /** Where in the file the group ends. */
  readonly end: number;
}

export class SegmentReader {
  readonly name: string;
  readonly fileBytes: number;
  /** Null: the header is not whole. */
  readonly head: SegmentHead | null;
  /** The version that a whole header names. */
  readonly version: number;
  /** Where the next group begins; where {@link next} has returned null, what lies from here on is no group. */
  offset: number;
  /** Position of the next record. */
  position: number;
  /** Where exactly the damage is, of which {@link next} returned null. */
  damageOffset = 0;
  readonly #file: DiskFile;
  readonly #seed: number;
  /** Groups read so far. */
  #number = 0;
  #window: Uint8Array = new Uint8Array(0);
  #windowAt = 0;

  private constructor(file: DiskFile, name: string, header: Uint8Array) {
    this.#file = file;
    this.name = name;
    this.fileBytes = file.length;
    this.head = decodeSegmentHead(header);
    this.version = this.head === null ? JOURNAL_VERSION : versionOf(header);
    this.position = this.head?.first ?? 0;
    this.offset = this.head === null ? 0 : segmentHeader.bytes;
    this.#seed = this.head === null ? 0 : seedOf(this.head.id);
  }

  static async open(disk: Disk, name: string): Promise<SegmentReader> {
    const file = await disk.open(name, "read");
    try {
      const header = new Uint8Array(segmentHeader.bytes);
      const read = await file.read(header, 0);
      return new SegmentReader(file, name, header.subarray(0, read));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  get isAtEnd(): boolean {
    return this.offset >= this.fileBytes;
  }

  /** The next group, whole and in order; null at the end of the file and at damage. */
  async next(): Promise<Group | null> {
    const head = await this.nextHead();
    if (head === null) return null;
    const body = await this.#view(this.offset + groupHeader.bytes, head.length);
    const bad = findBadRecord(body, head);
    if (bad >= 0) {
      this.damageOffset = this.offset + groupHeader.bytes + bad;
      return null;
    }
    this.skip(head);
    return { head, body, end: this.offset };
  }

  /** The head of the next group, without its records. */
  async nextHead(): Promise<GroupHead | null> {
    this.damageOffset = this.offset;
    if (this.head === null || this.offset + groupHeader.bytes > this.fileBytes) return null;
    const head = decodeGroupHead(await this.#view(this.offset, groupHeader.bytes), 0);
    if (head === null || !this.#isOurs(head, this.offset)) return null;
    if (head.number !== this.#number || head.first !== this.position) return null;
    return this.offset + groupHeader.bytes + head.length <= this.fileBytes ? head : null;
  }

  /** Goes on behind the group that {@link nextHead} has returned. */
  skip(head: GroupHead): void {
    this.offset += groupHeader.bytes + head.length;
    this.position += head.count;
    this.#number++;
  }

  /**
   * Whether a group was written behind the damage. As groups are written only when all before them are synced, then the
   * damaged bytes had been safe: this is no torn tail.
   */
  async hasGroupBehind(): Promise<boolean> {
    const last = this.fileBytes - groupHeader.bytes;
    let at = Math.ceil((this.offset + 1) / ALIGNMENT) * ALIGNMENT;
    while (at <= last) {
      const bytes = await this.#view(at, Math.min(WINDOW_BYTES, this.fileBytes - at));
      const end = bytes.length - groupHeader.bytes;
      for (let index = 0; index <= end; index += ALIGNMENT) {
        if (!looksLikeGroup(bytes, index)) continue;
        const head = decodeGroupHead(bytes.subarray(index, index + groupHeader.bytes), 0);
        if (head !== null && head.number > this.#number && this.#isOurs(head, at + index)) return true;
      }
      // What did not fit at the end is looked at again.
      at += end - (end % ALIGNMENT) + ALIGNMENT;
    }
    return false;
  }

  /** Without a header nobody knows whose the groups are. */
  #isOurs(head: GroupHead, offset: number): boolean {
    return head.offset === offset && (this.head === null || head.seed === this.#seed);
  }

  async #view(at: number, length: number): Promise<Uint8Array> {
    assert(at + length <= this.fileBytes, "only what was there at opening is read");
    const from = at - this.#windowAt;
    if (from >= 0 && from + length <= this.#window.length) return this.#window.subarray(from, from + length);
    // A new window each time, so that views of the old one stay as they are.
    const window = new Uint8Array(Math.min(Math.max(length, WINDOW_BYTES), this.fileBytes - at));
    const read = await this.#file.read(window, at);
    this.#window = window.subarray(0, read);
    this.#windowAt = at;
    // A file that has become shorter since reads as zeros, which nothing of ours is.
    return window.subarray(0, length);
  }
}
