/**
 * 200-byte records into the journal on a real folder, against a bare loop that writes and syncs as many bytes a group and
 * does nothing else. Both append to files in one temporary folder, begin a new file when one is full, and are given the
 * next group as soon as the last is safe. The bound is for records that come while the disk is busy, as in a server. Rounds are interleaved; figures are medians, ratios medians of each round's.
 *
 * Run by itself: `node dist/bench/persistence/journal.js [--smoke]`.
 */
import { closeSync, fdatasync, mkdtempSync, openSync, rmSync, write } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { silentLog } from "../../engine/log.js";
import { secretBytes } from "../../engine/prng.js";
import { systemClock } from "../../engine/time.js";
import { FolderDisk } from "../../persistence/journal/disk.js";
import { Journal } from "../../persistence/journal/journal.js";
import { groupHeader, recordBytes } from "../../persistence/journal/journal-layout.js";
import type { BenchOptions, BenchRow } from "../bench-row.js";
import { median } from "../median.js";

const PAYLOAD_BYTES = 200;
const SEGMENT_BYTES = 64 * 1024 * 1024;
/** Records that are committed together. */
const GROUPS = [64, 512, 2048] as const;

/** Writes `groups` groups of `records` each; returns records a second. */
type Subject = (groups: number, records: number) => Promise<number>;

export async function run(options: BenchOptions): Promise<BenchRow[]> {
  const rounds = options.smoke ? 1 : 11;
  const rows: BenchRow[] = [];
  for (const records of GROUPS) {
    const groups = options.smoke ? 5 : 300;
    const journal: number[] = [];
    const bare: number[] = [];
    const steady: number[] = [];
    // The first round lets the compilers do their work and is thrown away; the order changes from round to round.
    for (let round = 0; round <= rounds; round++) {
      const subjects: [Subject, number[]][] = [
        [journalInTurn, journal],
        [bareLoop, bare],
        [journalGathering, steady],
      ];
      if (round % 2 === 1) subjects.reverse();
      for (const [subject, figures] of subjects) {
        const perSecond = await subject(groups, records);
        if (round > 0 || options.smoke) figures.push(perSecond);
      }
    }
    const ratios = (figures: readonly number[]) =>
      median(figures.map((figure, round) => figure / bare[round]!));
    const floor = "bare write + fdatasync";
    const row = { suite: "persistence", case: `200 B records, ${records} a group`, unit: "records/s" };
    rows.push(
      {
        ...row,
        subject: "journal, group after group",
        value: Math.round(median(journal)),
        floor,
        ratio: ratios(journal),
      },
      {
        ...row,
        subject: "journal, gathering while it syncs",
        value: Math.round(median(steady)),
        floor,
        ratio: ratios(steady),
        wantAtLeast: 0.6,
      },
      { ...row, subject: floor, value: Math.round(median(bare)) },
    );
  }
  return rows;
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

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const row of await run({ smoke: process.argv.includes("--smoke") })) console.log(JSON.stringify(row));
}
