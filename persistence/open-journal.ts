/** The journal of a data folder. */
import { mkdirSync } from "node:fs";
import type { Config } from "../engine/config-schema.js";
import type { Log } from "../engine/log.js";
import { secretBytes } from "../engine/prng.js";
import type { Clock } from "../engine/time.js";
import type { DataFolder } from "./data-folder.js";
import { describeGroup } from "./group.js";
import { FolderDisk } from "./journal/disk.js";
import { Journal } from "./journal/journal.js";
import { journalLimits } from "./persistence-limits.js";

/** Folder within the data folder that holds the journal's segments. */
export const JOURNAL_FOLDER = "journal";

/** Opens the journal in `folder`, or begins one. Throws `JournalDamaged`, and errors of the disk. */
export function openJournal(options: {
  readonly config: Config;
  /** Held by this process. */
  readonly folder: DataFolder;
  readonly clock: Clock;
  readonly log: Log;
  readonly wake: () => void;
}): Promise<Journal> {
  const { config, folder } = options;
  const path = folder.file(JOURNAL_FOLDER);
  mkdirSync(path, { recursive: true });
  return Journal.open({
    ...options,
    disk: new FolderDisk(path),
    limits: journalLimits(config),
    newId: () => Buffer.from(secretBytes(16)).toString("hex"),
  });
}

/** What a record of the journal says, in one line, for people. */
export function describeRecord({ payload }: { readonly payload: Uint8Array }): string {
  return describeGroup(payload);
}
