/** Makes of what a survey has found a journal that can be appended to. */
import type { Log } from "../../engine/log.js";
import type { Clock } from "../../engine/time.js";
import type { Disk } from "./disk.js";
import { GroupBuffer } from "./group-buffer.js";
import type { Survey } from "./journal-survey.js";
import { type Segment, SegmentSet } from "./segment-set.js";

export interface RecoverOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  readonly id: string;
  readonly segmentBytes: number;
  readonly survey: Survey;
}

/**
 * Begins a new segment; afterwards everything in the set is durable. The last group, which nothing proves, is copied to it:
 * it may have been read from the memory of a system that failed to write it, and synced again it could seem safe and not
 * be. Then the torn tail is cut off, and what was replaced is removed.
 */
export async function recoverSegments(options: RecoverOptions): Promise<SegmentSet> {
  const { disk, clock, log, id, segmentBytes, survey } = options;
  for (const { file, offset, bytes, position } of survey.torn)
    log.warn("the journal ended in the middle of a write; what was not whole is cut off", {
      file,
      offset,
      bytes,
      position,
    });
  const segments = survey.segments.map(({ name, first, attempt, last, bytes }) => ({
    name,
    first,
    attempt,
    last,
    bytes,
  }));
  const cuts: Segment[] = [];
  for (const [index, { name, bytes, fileBytes }] of survey.segments.entries()) {
    if (bytes === fileBytes) continue;
    cuts.push(segments[index]!);
    if (index < segments.length - 1)
      log.warn("a segment of the journal is longer than what counts; the rest is cut off", {
        file: name,
        offset: bytes,
        bytes: fileBytes - bytes,
      });
  }
  const first = (survey.unproven?.group.head.first ?? survey.last + 1) as number;
  const group = new GroupBuffer(survey.unproven?.group.body.length ?? 0);
  if (survey.unproven !== null) {
    const { offset, group: unproven } = survey.unproven;
    const last = segments.at(-1)!;
    group.copy(unproven.body, unproven.head.count);
    last.bytes = offset;
    last.last = first - 1;
    if (!cuts.includes(last)) cuts.push(last);
  }
  // Nothing in them counts, and nothing may come to stand before them. The sync is also for what earlier runs removed: a
  // power cut would bring it back, and behind the new segment it would count.
  for (const name of survey.unfinished) await disk.remove(name);
  await disk.syncFolder();
  const set = new SegmentSet({ disk, clock, id, segmentBytes, segments, debris: survey.replaced, cuts });
  await set.write(group, first);
  while (set.hasSweep(0)) await set.sweep(0);
  return set;
}
