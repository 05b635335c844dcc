/** Records of a journal, one after the other, from its files. */
import type { Disk } from "./disk.js";
import { recordBytes, recordPayload, recordType } from "./journal-layout.js";
import { JournalDamaged } from "./journal-survey.js";
import { SegmentReader } from "./segment-reader.js";

export interface JournalRecord {
  readonly position: number;
  readonly type: number;
  /** A view of memory that nobody writes to again. */
  readonly payload: Uint8Array;
}

export interface ReadOptions {
  readonly disk: Disk;
  /** In order; entries that are gone from it while reading were pruned. */
  readonly segments: readonly { readonly name: string; readonly first: number; readonly last: number }[];
  /** Positions of the first and the last record wanted. */
  readonly from: number;
  readonly to: number;
}

export async function* readRecords(options: ReadOptions): AsyncGenerator<JournalRecord, void, undefined> {
  const { disk, segments, from, to } = options;
  for (const segment of [...segments]) {
    const { name, first } = segment;
    const last = Math.min(segment.last, to);
    if (last < from || last < first) continue;
    let reader: SegmentReader;
    try {
      reader = await SegmentReader.open(disk, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT" && !segments.includes(segment)) continue;
      throw error;
    }
    try {
      yield* readSegment(reader, from, last);
    } finally {
      await reader.close();
    }
  }
}

async function* readSegment(
  reader: SegmentReader,
  from: number,
  last: number,
): AsyncGenerator<JournalRecord, void, undefined> {
  while (reader.position <= last) {
    const head = await reader.nextHead();
    if (head !== null && head.first + head.count <= from) {
      reader.skip(head);
      continue;
    }
    const group = await reader.next();
    if (group === null)
      throw new JournalDamaged(
        reader.name,
        { offset: reader.damageOffset, position: reader.position },
        "a record or group is not whole",
      );
    const { body } = group;
    let position = group.head.first;
    // The group is checked, and its records fill it exactly.
    for (let at = 0; at < body.length; position++) {
      if (position > last) return;
      const payload = recordPayload(body, at);
      if (position >= from) yield { position, type: recordType(body, at), payload };
      at += recordBytes(payload.length);
    }
  }
}
