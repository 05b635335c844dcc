/**
 * What is in a journal's folder, without changing anything. The basis of recovery and of the tools.
 *
 * Segments are looked at from the last to the first, because each says by its first position up to where the one before it
 * counts. Damage is told from a torn tail by proofs: a group is written only when everything before it is synced, so
 * whatever stands before a whole group, or before a whole segment header, had been safe. Only the last group of all has
 * nothing behind it.
 */
import type { Disk } from "./disk.js";
import { JOURNAL_VERSION, parseSegmentName, type SegmentName } from "./journal-layout.js";
import { type Group, SegmentReader } from "./segment-reader.js";

/** Bytes that had been safe are not what was written, or a file is missing. Nothing was changed. */
export class JournalDamaged extends Error {
  override readonly name = "JournalDamaged";
  readonly file: string;
  /** Byte of the file where the damage begins, at the latest. */
  readonly offset: number;
  /** Position of the first record that cannot be had. */
  readonly position: number;

  constructor(file: string, where: { readonly offset: number; readonly position: number }, what: string) {
    super(
      `the journal is damaged: ${file}, byte ${where.offset}, position ${where.position}: ${what}. Check the disk, and put ` +
        "back a copy of that file. Without one, move the journal's folder away to go on with what the store has; what had " +
        "not been applied from that position on is lost",
    );
    this.file = file;
    this.offset = where.offset;
    this.position = where.position;
  }
}

/** A segment that counts. */
export interface SurveyedSegment extends SegmentName {
  /** Position of the last record that counts; one less than `first` without any. */
  readonly last: number;
  /** Bytes that count, and bytes of the file. */
  readonly bytes: number;
  readonly fileBytes: number;
  readonly groups: number;
  readonly createdMs: number;
}

export interface TornTail {
  readonly file: string;
  /** Where it begins, how long it is, and of which position on records may be gone. */
  readonly offset: number;
  readonly bytes: number;
  readonly position: number;
}

export interface Survey {
  /** Null: there is no journal. */
  readonly id: string | null;
  /** In order, without gaps. */
  readonly segments: readonly SurveyedSegment[];
  /** Segments replaced by a later attempt, or whose first write was not finished: nothing in them counts. */
  readonly replaced: readonly string[];
  readonly unfinished: readonly string[];
  /** Tails that nothing proves to have been safe, from the last file on. */
  readonly torn: readonly TornTail[];
  /** The last group of all, unless it is a mark: nothing proves it to be safe. */
  readonly unproven: { readonly group: Group; readonly offset: number } | null;
  /** Position of the last record; 0: never any. */
  readonly last: number;
}

/** Looks at everything. Throws {@link JournalDamaged}, and errors of the disk. */
export async function surveyJournal(disk: Disk): Promise<Survey> {
  const names = (await disk.list())
    .map(parseSegmentName)
    .filter((name) => name !== null)
    .sort((a, b) => b.first - a.first || b.attempt - a.attempt);
  const inspection = new Inspection(disk);
  for (const name of names) await inspection.take(name);
  return inspection.survey();
}

class Inspection {
  readonly #disk: Disk;
  readonly #segments: SurveyedSegment[] = [];
  readonly #replaced: string[] = [];
  readonly #unfinished: string[] = [];
  #id: string | null = null;
  /** Everything below is proved to have been safe. */
  #provedBelow = 0;
  readonly #torn: TornTail[] = [];
  #unproven: Survey["unproven"] = null;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  survey(): Survey {
    return {
      id: this.#id,
      segments: this.#segments.toReversed(),
      replaced: this.#replaced,
      unfinished: this.#unfinished,
      torn: this.#torn,
      unproven: this.#unproven,
      last: this.#segments[0]?.last ?? 0,
    };
  }

  /** Takes the next segment, from the last to the first. */
  async take(name: SegmentName): Promise<void> {
    if (this.#segments.at(-1)?.first === name.first) {
      this.#replaced.push(name.name);
      return;
    }
    const reader = await openIfThere(this.#disk, name.name);
    if (reader === null) return;
    try {
      this.#checkHead(name, reader);
      const opening = await reader.next();
      if (opening === null) await this.#takeUnfinished(name, reader);
      else await this.#read(name, reader, opening);
    } finally {
      await reader.close();
    }
  }

  #checkHead(name: SegmentName, { head, version }: SegmentReader): void {
    if (head === null) return;
    const damaged = (what: string) =>
      new JournalDamaged(name.name, { offset: 0, position: name.first }, what);
    if (version !== JOURNAL_VERSION)
      throw damaged(`it is written in format ${version}, and this program reads ${JOURNAL_VERSION}`);
    if (head.first !== name.first || head.attempt !== name.attempt)
      throw damaged("its header is that of another segment");
    if (this.#id !== null && head.id !== this.#id)
      throw damaged(`it belongs to the journal ${head.id}, the later ones to ${this.#id}`);
    this.#id = head.id;
  }

  /** A segment whose header and first group, which are written at once, are not whole. */
  async #takeUnfinished(name: SegmentName, reader: SegmentReader): Promise<void> {
    const isLast = this.#segments.length === 0;
    if (!isLast || (await reader.hasGroupBehind()))
      throw new JournalDamaged(
        name.name,
        { offset: reader.damageOffset, position: name.first },
        reader.head === null ? "the header is not whole" : "a record or group is not whole",
      );
    this.#unfinished.push(name.name);
    this.#torn.push({ file: name.name, offset: 0, bytes: reader.fileBytes, position: name.first });
    // It was begun only when everything before it was safe.
    if (reader.head !== null) this.#provedBelow = Math.max(this.#provedBelow, name.first);
  }

  async #read(name: SegmentName, reader: SegmentReader, opening: Group): Promise<void> {
    const next = this.#segments.at(-1);
    const to = next?.first ?? Number.POSITIVE_INFINITY;
    let group = opening;
    let groups = 0;
    let counted = { offset: reader.offset, position: reader.position };
    for (;;) {
      // A group that crosses the beginning of the next segment is as bad as one that does not reach it.
      if (group.head.first + group.head.count > to) break;
      counted = { offset: reader.offset, position: reader.position };
      groups++;
      const following = await reader.next();
      if (following === null) break;
      group = following;
    }
    this.#segments.push({
      ...name,
      last: counted.position - 1,
      bytes: counted.offset,
      fileBytes: reader.fileBytes,
      groups,
      createdMs: reader.head?.createdMs ?? 0,
    });
    if (next === undefined) await this.#endOfLast(reader, group);
    else if (counted.position !== to)
      throw new JournalDamaged(
        name.name,
        { offset: reader.damageOffset, position: counted.position },
        reader.isAtEnd
          ? `it ends early: the next segment, ${next.name}, begins at position ${to}`
          : "a record or group is not whole",
      );
  }

  /** What lies behind the last group of all is a torn tail, unless it is proved to have been more. */
  async #endOfLast(reader: SegmentReader, group: Group): Promise<void> {
    const { position, offset, damageOffset } = reader;
    if (position < this.#provedBelow || (!reader.isAtEnd && (await reader.hasGroupBehind())))
      throw new JournalDamaged(
        reader.name,
        { offset: damageOffset, position },
        "a record or group is not whole",
      );
    if (!reader.isAtEnd)
      this.#torn.push({ file: reader.name, offset, bytes: reader.fileBytes - offset, position });
    if (group.head.count > 0) this.#unproven = { group, offset: group.head.offset };
  }
}

/** Beside a running server a segment may be pruned after it was listed. A gap that this leaves is found all the same. */
async function openIfThere(disk: Disk, name: string): Promise<SegmentReader | null> {
  try {
    return await SegmentReader.open(disk, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
