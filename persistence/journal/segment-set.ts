/**
 * The segments on disk: writes groups to the last one, begins the next, removes what is needed no more.
 *
 * A file that a write or a sync has failed on is never written to again, nor are files of earlier runs: what the system
 * still holds of them may look written and not be. What was in doubt is written again, to a new segment, and the segment
 * before it counts only up to there.
 */
import type { Clock } from "../../engine/time.js";
import type { Disk, DiskFile } from "./disk.js";
import type { GroupBuffer } from "./group-buffer.js";
import { type SegmentName, seedOf, segmentHeader, segmentName } from "./journal-layout.js";

/** Files of failed attempts that may be left lying before removing them comes first. */
const DEBRIS_MAX = 16;

export interface Segment extends SegmentName {
  /** Position of its last record; one less than `first` without any. */
  last: number;
  /** Bytes that count. */
  bytes: number;
}

interface Active {
  readonly segment: Segment;
  readonly file: DiskFile;
  groups: number;
}

export interface SegmentSetOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly id: string;
  readonly segmentBytes: number;
  readonly segments: Segment[];
  /** Names that are to be removed. */
  readonly debris: readonly string[];
  /** Segments whose file is longer than what counts. */
  readonly cuts: readonly Segment[];
}

export class SegmentSet {
  /** In order. The last one is never removed. */
  readonly list: Segment[];
  readonly seed: number;
  readonly #options: SegmentSetOptions;
  readonly #debris: Set<string>;
  readonly #cuts: Set<Segment>;
  #active: Active | null = null;
  /** The name used last: no name is used twice. */
  #newest: { first: number; attempt: number };
  /** The folder's last sync, after a removal, failed: what it said is worth nothing until a later one succeeds. */
  #isPruningHeld = false;

  constructor(options: SegmentSetOptions) {
    this.#options = options;
    this.list = options.segments;
    this.seed = seedOf(options.id);
    this.#debris = new Set(options.debris);
    this.#cuts = new Set(options.cuts);
    this.#newest = this.list.at(-1) ?? { first: 0, attempt: 0 };
  }

  get bytes(): number {
    let bytes = 0;
    for (const segment of this.list) bytes += segment.bytes;
    return bytes;
  }

  /** Name of the file that was written last. */
  get newestName(): string {
    return segmentName(this.#newest.first, this.#newest.attempt);
  }

  /** Writes a group whose first position is `first`, and syncs it. After a failure the next group begins a new segment. */
  async write(group: GroupBuffer, first: number): Promise<void> {
    const active = this.#active;
    if (active === null || this.#isFullFor(active.segment, group)) {
      await this.#begin(group, first);
      return;
    }
    const { file, segment, groups } = active;
    try {
      await file.write(
        group.sealGroup({ first, number: groups, offset: segment.bytes, seed: this.seed }),
        segment.bytes,
      );
      await file.sync();
    } catch (error) {
      this.#active = null;
      this.#cuts.add(segment);
      await closeAnyway(file);
      throw error;
    }
    active.groups++;
    segment.bytes += group.bytes;
    segment.last = first + group.count - 1;
  }

  /** Whether {@link sweep} has something to do. */
  hasSweep(below: number): boolean {
    return this.#debris.size > 0 || this.#nextCut() !== undefined || this.#isPrunable(below);
  }

  /** Removes one file, or cuts one, or prunes one segment without a record at or above `below`. */
  async sweep(below: number): Promise<void> {
    const { disk } = this.#options;
    const cut = this.#nextCut();
    if (this.#debris.size > 0) await this.#removeDebris();
    else if (cut !== undefined) {
      // Tried once: the next start does it again.
      this.#cuts.delete(cut);
      await cutFile(disk, cut);
    } else if (this.#isPrunable(below)) {
      const oldest = this.list[0]!;
      await removeIfThere(disk, oldest.name);
      this.list.shift();
      this.#cuts.delete(oldest);
      await this.#settleRemoval();
    }
  }

  async close(): Promise<void> {
    const active = this.#active;
    this.#active = null;
    await active?.file.close();
  }

  #isFullFor(segment: Segment, group: GroupBuffer): boolean {
    const hasRecords = segment.last >= segment.first;
    return hasRecords && group.count > 0 && segment.bytes + group.bytes > this.#options.segmentBytes;
  }

  #isPrunable(below: number): boolean {
    const second = this.list[1];
    return second !== undefined && second.first <= below && !this.#isPruningHeld;
  }

  #nextCut(): Segment | undefined {
    const last = this.list.at(-1);
    // Not before a later segment says that the rest does not count.
    for (const segment of this.#cuts) if (segment !== last) return segment;
    return undefined;
  }

  async #begin(group: GroupBuffer, first: number): Promise<void> {
    const { disk, clock, id } = this.#options;
    await this.close();
    while (this.#debris.size >= DEBRIS_MAX) await this.#removeDebris();
    const attempt = this.#newest.first === first ? this.#newest.attempt + 1 : 0;
    this.#newest = { first, attempt };
    const name = segmentName(first, attempt);
    const file = await disk.open(name, "create");
    try {
      await file.write(group.sealOpening({ id, first, attempt, createdMs: clock.wallMs() }, this.seed), 0);
      await file.sync();
      await disk.syncFolder();
    } catch (error) {
      this.#debris.add(name);
      await closeAnyway(file);
      throw error;
    }
    this.#isPruningHeld = false;
    const before = this.list.at(-1);
    if (before?.first === first) {
      // Nothing in it counts any more: what it had is in the new one.
      this.list.pop();
      this.#cuts.delete(before);
      this.#debris.add(before.name);
    }
    const segment = {
      name,
      first,
      attempt,
      last: first + group.count - 1,
      bytes: segmentHeader.bytes + group.bytes,
    };
    this.list.push(segment);
    this.#active = { segment, file, groups: 1 };
  }

  async #removeDebris(): Promise<void> {
    for (const name of this.#debris) {
      await removeIfThere(this.#options.disk, name);
      this.#debris.delete(name);
      await this.#settleRemoval();
      return;
    }
  }

  /**
   * Before another is removed. Were two removals in doubt, a power cut could bring back the younger file alone, and leave a
   * gap, or bring back a replaced file without the one that replaced it.
   */
  async #settleRemoval(): Promise<void> {
    this.#isPruningHeld = true;
    await this.#options.disk.syncFolder();
    this.#isPruningHeld = false;
  }
}

async function cutFile(disk: Disk, segment: Segment): Promise<void> {
  const file = await disk.open(segment.name, "existing");
  try {
    if (file.length > segment.bytes) {
      await file.truncate(segment.bytes);
      await file.sync();
    }
  } finally {
    await file.close();
  }
}

async function removeIfThere(disk: Disk, name: string): Promise<void> {
  try {
    await disk.remove(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Closes a file that is given up. What it says now cannot be worse than what it is given up for. */
async function closeAnyway(file: DiskFile): Promise<void> {
  try {
    await file.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}
