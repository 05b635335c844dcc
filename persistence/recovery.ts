/** Reads a journal from its beginning, at the start of a process. */
import type { Journal } from "./journal/journal.js";

export interface Recovered {
  /** Records read. */
  readonly records: number;
  /** Of the journal, on disk. */
  readonly bytes: number;
}

/** A record of the journal that is whole, and cannot be made sense of: another version wrote it, or a mistake of ours. */
export class JournalUnreadable extends Error {
  override readonly name = "JournalUnreadable";
  readonly position: number;

  constructor(position: number, cause: Error) {
    super(
      `the journal's record at position ${position} cannot be read: ${cause.message}. Start the version that wrote it, or ` +
        "move the journal's folder away to go on with what the store has; what had not been applied is then lost",
      { cause },
    );
    this.position = position;
  }
}

/**
 * Hands every group to `take`, which throws RangeError for one that it cannot make sense of. Throws
 * {@link JournalUnreadable} then, and `JournalDamaged` as the journal does.
 */
export async function recoverFrom(
  journal: Journal,
  take: (position: number, payload: Uint8Array) => void,
): Promise<Recovered> {
  let records = 0;
  for await (const { position, payload } of journal.read(journal.firstPosition)) {
    records++;
    try {
      take(position, payload);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new JournalUnreadable(position, error);
    }
  }
  return { records, bytes: journal.bytes };
}
