/** What the journal's tests have in common: records whose content follows from their position, small limits, a driver. */
import { mix32 } from "../../engine/prng.js";
import type { JournalLimits } from "./journal.js";
import type { JournalRecord } from "./journal-read.js";

/** Small, so that everything happens in a few steps. */
export const journalLimits: JournalLimits = {
  segmentBytes: 2048,
  bytesMax: 16 * 1024,
  pendingBytesMax: 8 * 1024,
  commitMs: 0,
  commitBytes: 4096,
  backoffMs: 10,
  backoffMsMax: 80,
};

export function idOf(number: number): string {
  return number.toString(16).padStart(32, "0");
}

export interface RecordContent {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** The record that is appended at a position; `salt` tells runs apart that gave a position to different records. */
export function contentOf(position: number, salt = 0): RecordContent {
  const hash = mix32(position * 31 + salt * 7919);
  const payload = new Uint8Array(hash % 301);
  for (let at = 0; at < payload.length; at++) payload[at] = (hash >>> (at % 23)) + at;
  return { type: hash % 7, payload };
}

export async function recordsOf(
  journal: { read(from: number): AsyncIterable<JournalRecord> },
  from: number,
): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const record of journal.read(from)) records.push(record);
  return records;
}

/** For real folders. */
export const folderLimits: JournalLimits = {
  ...journalLimits,
  segmentBytes: 64 * 1024,
  bytesMax: 1 << 30,
  pendingBytesMax: 1 << 20,
  commitBytes: 16 * 1024,
};
