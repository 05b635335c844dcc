/**
 * 200-byte records into the journal on a real folder, against a bare loop that writes and syncs as many bytes a group and
 * does nothing else. Both append to files in one temporary folder, begin a new file when one is full, and are given the
 * next group as soon as the last is safe. The bound is for records that come while the disk is busy, as in a server. Rounds are interleaved; figures are medians, ratios medians of each round's.
 */
import { closeSync, fdatasync, mkdtempSync, openSync, rmSync, write } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../engine/log.js";
import { secretBytes } from "../../engine/prng.js";
import { systemClock } from "../../engine/time.js";
import { FolderDisk } from "../../persistence/journal/disk.js";
import { Journal } from "../../persistence/journal/journal.js";
import { groupHeader, recordBytes } from "../../persistence/journal/journal-layout.js";
import { type BenchOptions, type Measured, measuredOf } from "../measured.js";
import { measureRounds } from "../rounds.js";

const PAYLOAD_BYTES = 200;
const SEGMENT_BYTES = 64 * 1024 * 1024;
/** Records that are committed together. */
const GROUPS = [64, 512, 2048] as const;

const ROUNDS = 11;
const GATHERING_RATIO_MIN = 0.6;

const FLOOR = "bare, write + sync";
const IN_TURN = "journal, group after group";
const GATHERING = "journal, gathering while it syncs";

/** Writes `groups` groups of `records` each; returns records a second. */
type Subject = (groups: number, records: number) => Promise<number>;

export async function run({ smoke, rounds = smoke ? 1 : ROUNDS }: BenchOptions): Promise<Measured[]> {
  const measured: Measured[] = [];
  const subjects: Readonly<Record<string, Subject>> = {
    [IN_TURN]: journalInTurn,
    [GATHERING]: journalGathering,
    [FLOOR]: bareLoop,
  };
  for (const records of GROUPS) {
    const groups = smoke ? 5 : 300;
    const figures = await measureRounds({
      title: `journal, ${records} a group`,
      rounds,
      // Lets the compilers do their work.
      warmUpRounds: smoke ? 0 : 1,
      subjects: Object.entries(subjects).map(([name, write]) => ({
        name,
        measure: async () => ({ perSecond: await write(groups, records) }),
      })),
    });
    const each = (subject: string) => ({
      suite: "persistence",
      case: `200 B records, ${records} a group`,
      subject,
      rounds: figures.get(subject)!,
    });
    const against = { figure: "perSecond", floor: FLOOR } as const;
    measured.push(
      measuredOf({ ...each(IN_TURN), wants: [against] }),
      measuredOf({ ...each(GATHERING), wants: [{ ...against, atLeast: GATHERING_RATIO_MIN }] }),
      measuredOf(each(FLOOR)),
    );
  }
  return measured;
}

/** Each group is appended when the one before it is durable. */
const journalInTurn: Subject = (groups, records) =>
  withJournal({ commitBytes: records * recordBytes(PAYLOAD_BYTES) }, async (journal, woken) => {
    const payload = new Uint8Array(PAYLOAD_BYTES).fill(7);
    for (let group = 0; group < groups; group++) {
      for (let record = 0; record < records; record++) journal.append(1, payload);
      while (journal.durablePosition < journal.lastPosition) {
        const next = woken();
        if (journal.duty(systemClock.nowMs()) === 0) await next;
      }
    }
    return groups * records;
  });

/** Records come while the disk is busy, as they do in a server: the next group gathers meanwhile. */
const journalGathering: Subject = (groups, records) =>
  withJournal({ commitBytes: records * recordBytes(PAYLOAD_BYTES) }, async (journal, woken) => {
    const payload = new Uint8Array(PAYLOAD_BYTES).fill(7);
    for (let group = 0; group < groups; group++) {
      const next = woken();
      for (let record = 0; record < records; record++) journal.append(1, payload);
      if (group > 0) await next;
      journal.duty(systemClock.nowMs());
    }
    while (journal.durablePosition < journal.lastPosition) {
      const next = woken();
      if (journal.duty(systemClock.nowMs()) === 0) await next;
    }
    return groups * records;
  });

async function withJournal(
  limits: { readonly commitBytes: number },
  use: (journal: Journal, woken: () => Promise<void>) => Promise<number>,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "gridshard-bench-"));
  let wake = () => {};
  const journal = await Journal.open({
    disk: new FolderDisk(folder),
    clock: systemClock,
    log: silentLog,
    limits: {
      ...limits,
      segmentBytes: SEGMENT_BYTES,
      bytesMax: 16 * SEGMENT_BYTES,
      pendingBytesMax: SEGMENT_BYTES,
      commitMs: 0,
      backoffMs: 10,
      backoffMsMax: 1000,
    },
    newId: () => Buffer.from(secretBytes(16)).toString("hex"),
    wake: () => wake(),
  });
  try {
    const startMs = systemClock.nowMs();
    const records = await use(journal, () => new Promise<void>((resolve) => (wake = resolve)));
    return records / ((systemClock.nowMs() - startMs) / 1000);
  } finally {
    await journal.close();
    rmSync(folder, { recursive: true });
  }
}

/** As many bytes a group as the journal writes, from one buffer. */
const bareLoop: Subject = async (groups, records) => {
  const folder = mkdtempSync(join(tmpdir(), "gridshard-bench-"));
  const bytes = new Uint8Array(groupHeader.bytes + records * recordBytes(PAYLOAD_BYTES)).fill(7);
  let file = openSync(join(folder, "0"), "wx");
  try {
    const startMs = systemClock.nowMs();
    let at = 0;
    for (let group = 0; group < groups; group++) {
      if (at + bytes.length > SEGMENT_BYTES) {
        closeSync(file);
        file = openSync(join(folder, String(group)), "wx");
        at = 0;
      }
      await writeAndSync(file, bytes, at);
      at += bytes.length;
    }
    return (groups * records) / ((systemClock.nowMs() - startMs) / 1000);
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
};

function writeAndSync(file: number, bytes: Uint8Array, at: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null) => (error === null ? resolve() : reject(error));
    write(file, bytes, 0, bytes.length, at, (error, written) => {
      if (error !== null) reject(error);
      else if (written !== bytes.length) reject(new Error("a short write"));
      else fdatasync(file, done);
    });
  });
}
