import assert from "node:assert/strict";
import { test } from "node:test";
import { markAfterMs } from "./journal.js";
import { payloadBytesMax, recordBytes } from "./journal-layout.js";
import { turn } from "./journal-lives.js";
import { contentOf, idOf, journalLimits, recordsOf } from "./journal-samples.js";
import { JournalStage } from "./journal-stage.js";
import { surveyJournal } from "./journal-survey.js";
import { SimulatedDisk } from "./simulated-disk.js";

/** Everything from `first` to `last`, as it was appended. */
async function assertRecords(journal: JournalStage["journal"], first: number, last: number): Promise<void> {
  const records = await recordsOf(journal, first);
  assert.equal(records.length, last - first + 1);
  for (const [index, { position, type, payload }] of records.entries()) {
    assert.equal(position, first + index);
    assert.deepEqual({ type, payload: Uint8Array.from(payload) }, contentOf(position));
  }
}

test("[JN1] [JN10] rotation and opening again lose no record; the journal keeps its id", async () => {
  let disk = new SimulatedDisk(1);
  for (let life = 0; life < 4; life++) {
    const stage = await JournalStage.open(disk);
    const { journal } = stage;
    assert.equal(journal.id, idOf(7));
    assert.equal(journal.lastPosition, life * 100);
    assert.equal(journal.durablePosition, life * 100);
    for (let group = 0; group < 25; group++) {
      stage.append(4);
      await stage.settle();
    }
    await assertRecords(journal, 1, (life + 1) * 100);
    await assertRecords(journal, 57, (life + 1) * 100);
    if (life % 2 === 0) await journal.close();
    disk = disk.restart();
  }
  const { segments } = await surveyJournal(disk);
  assert.ok(segments.length > 16);
  for (const { bytes } of segments) assert.ok(bytes <= journalLimits.segmentBytes + 4 * 330, `${bytes}`);
});

test("[JN10] a group that fits no segment has one of its own, and a record may be of the largest size", async () => {
  const disk = new SimulatedDisk(1);
  const stage = await JournalStage.open(disk, { segmentBytes: 2048, pendingBytesMax: 8192 });
  stage.append(3);
  await stage.settle();
  const payload = new Uint8Array(payloadBytesMax).fill(0x5a);
  assert.equal(stage.journal.append(9, payload), 4);
  await stage.settle();
  stage.append(2);
  await stage.settle();
  await stage.journal.close();
  const { journal } = await JournalStage.open(disk.restart());
  const records = await recordsOf(journal, 1);
  assert.deepEqual(
    records.map((record) => record.position),
    [1, 2, 3, 4, 5, 6],
  );
  assert.equal(Buffer.compare(records[3]!.payload, payload), 0);
  assert.throws(() => journal.append(1, new Uint8Array(payloadBytesMax + 1)), /a record fits its bound/);
});

test("[JN11] a record is copied, gets the next position, and is durable only when the disk has synced it", async () => {
  const disk = new SimulatedDisk(1);
  const { journal, wakes } = await JournalStage.open(disk);
  const { type, payload } = contentOf(1);
  assert.equal(journal.append(type, payload), 1);
  payload.fill(0);
  assert.equal(journal.append(contentOf(2).type, contentOf(2).payload), 2);
  assert.deepEqual([journal.lastPosition, journal.durablePosition], [2, 0]);
  disk.stall();
  journal.duty(0);
  await turn();
  journal.duty(0);
  assert.equal(journal.durablePosition, 0);
  assert.equal(wakes.count, 0);
  disk.release();
  await turn();
  assert.equal(wakes.count, 1, "the thread is called when the disk has answered");
  assert.equal(journal.waitMs(0), 0);
  assert.ok(journal.duty(0) >= 2);
  assert.equal(journal.durablePosition, 2);
  await assertRecords(journal, 1, 2);
});

test("[JN12] one group is in flight at a time; what comes meanwhile is the next group", async () => {
  const disk = new SimulatedDisk(1);
  const stage = await JournalStage.open(disk);
  const { journal } = stage;
  disk.stall();
  const writes = () => disk.counts.get("write") ?? 0;
  const before = writes();
  for (let step = 0; step < 10; step++) {
    stage.append(1);
    await stage.cycle();
  }
  assert.equal(writes(), before + 1);
  disk.release();
  await stage.settle();
  assert.equal(writes(), before + 2);
  assert.equal(journal.commits, 2);
  assert.equal(journal.records, 10);
  assert.equal(journal.pendingBytes, 0);
});

test("[JN12] a record waits for company no longer than its time, and a large group not at all", async () => {
  const stage = await JournalStage.open(new SimulatedDisk(1), { commitMs: 20, commitBytes: 1000 });
  const { journal, clock } = stage;
  stage.append(1);
  await stage.cycle();
  assert.equal(journal.waitMs(clock.nowMs()), 20);
  clock.advance(19);
  await stage.cycle();
  await stage.cycle();
  assert.deepEqual([journal.durablePosition, journal.waitMs(clock.nowMs())], [0, 1]);
  clock.advance(1);
  await stage.cycle();
  await stage.cycle();
  assert.equal(journal.durablePosition, 1);
  while (journal.pendingBytes < 1000) stage.append(1);
  assert.equal(journal.waitMs(clock.nowMs()), 0);
  await stage.cycle();
  await stage.cycle();
  assert.equal(journal.durablePosition, journal.lastPosition);
});

test("[JN13] when too many records wait they are refused and counted, and taken again when there is room", async () => {
  const disk = new SimulatedDisk(1);
  const stage = await JournalStage.open(disk, { pendingBytesMax: 4096 });
  const { journal, lines } = stage;
  disk.stall();
  const payload = new Uint8Array(100);
  const fitting = Math.floor(4096 / recordBytes(100));
  for (let record = 1; record <= fitting; record++) assert.equal(journal.append(1, payload), record);
  await stage.cycle();
  assert.equal(journal.append(1, payload), 0);
  assert.equal(journal.append(1, payload), 0);
  assert.equal(journal.refused, 2);
  assert.equal(journal.lastPosition, fitting);
  assert.equal(journal.state, "failing", "a disk that stands still is told by what waits for it");
  assert.deepEqual(
    lines.map(({ level, message }) => [level, /does not keep up/.test(message)]),
    [["error", true]],
  );
  disk.release();
  await stage.settle();
  await stage.cycle();
  assert.equal(journal.state, "accepting");
  assert.equal(lines.length, 2);
  assert.equal(journal.append(1, payload), fitting + 1);
  assert.ok(journal.pendingBytesMost <= 4096);
});

test("[JN14] a file that a write or a sync has failed on is never written or synced again", async () => {
  for (const operation of ["write", "sync"] as const) {
    const disk = new SimulatedDisk(1);
    const stage = await JournalStage.open(disk);
    const { journal, lines, clock } = stage;
    stage.append(3);
    await stage.rest();
    const used: string[] = [];
    let broken = "";
    disk.fault = (kind, name) => {
      used.push(`${kind} ${name}`);
      if (broken !== "" || kind !== operation) return null;
      broken = name;
      return "EIO";
    };
    stage.append(3);
    await stage.cycle();
    await stage.cycle();
    assert.deepEqual([journal.durablePosition, journal.state, journal.failures], [3, "failing", 1]);
    assert.equal(journal.waitMs(clock.nowMs()), journalLimits.backoffMs);
    used.length = 0;
    stage.append(2);
    await stage.settle();
    await stage.cycle();
    assert.ok(!used.includes(`write ${broken}`) && !used.slice(0, 4).includes(`sync ${broken}`), used.join());
    assert.equal(journal.state, "accepting");
    assert.deepEqual(
      lines.map(({ level, file, position }) => [level, file, position]),
      [
        ["error", broken, 4],
        ["info", undefined, undefined],
      ],
    );
    assert.match(String(lines[0]!.remedy), /disk/);
    await assertRecords(journal, 1, 8);
    const { segments } = await surveyJournal(disk);
    assert.equal(segments.at(-1)!.first, 4, "the new segment says from where it counts");
    await journal.close();
    const again = await JournalStage.open(disk.restart());
    await assertRecords(again.journal, 1, 8);
  }
});

test("[JN14] while the disk is full the journal tries again, less and less often, says so once, and leaves no files", async () => {
  const disk = new SimulatedDisk(1);
  const stage = await JournalStage.open(disk);
  const { journal, clock, lines } = stage;
  stage.append(2);
  await stage.rest();
  disk.fault = (operation) => (operation === "write" ? "ENOSPC" : null);
  stage.append(2);
  const tries: number[] = [];
  for (let ms = 0; ms < 1000; ms++) {
    const before = journal.failures;
    await stage.cycle();
    if (journal.failures > before) tries.push(clock.nowMs());
    clock.advance(1);
  }
  const waits = tries.slice(1).map((at, index) => at - tries[index]!);
  assert.ok(waits[0]! < 15 && waits.at(-1)! >= journalLimits.backoffMsMax, waits.join());
  assert.ok(journal.failures > 5 && journal.failures < 20, `${journal.failures}`);
  assert.equal(lines.length, 1);
  assert.match(String(lines[0]!.remedy), /make room/);
  assert.ok(disk.names.length <= 3, disk.names.join());
  disk.fault = () => null;
  await stage.settle();
  await stage.rest();
  assert.equal(journal.state, "accepting");
  assert.equal(lines.length, 2);
  await assertRecords(journal, 1, 4);
  assert.equal(disk.names.length, journal.segments);
});

test("[JN15] a journal longer than its bound says that it is full, and takes records all the same", async () => {
  const stage = await JournalStage.open(new SimulatedDisk(1), { bytesMax: 6000 });
  const { journal, lines } = stage;
  while (journal.bytes < 6000) {
    assert.equal(journal.state, "accepting");
    stage.append(3);
    await stage.settle();
  }
  await stage.cycle();
  assert.equal(journal.state, "full");
  stage.append(1);
  await stage.settle();
  assert.deepEqual(
    lines.map(({ level }) => level),
    ["error"],
  );
  journal.prune(journal.lastPosition);
  await stage.rest();
  assert.equal(journal.state, "accepting");
  assert.deepEqual(
    lines.map(({ level }) => level),
    ["error", "info"],
  );
});

test("[JN16] pruning removes whole segments, oldest first, none with a needed record, and never the last", async () => {
  const disk = new SimulatedDisk(1);
  const stage = await JournalStage.open(disk);
  const { journal } = stage;
  const removed: string[] = [];
  disk.fault = (operation, name) => {
    if (operation === "remove") removed.push(name);
    return null;
  };
  for (let group = 0; group < 40; group++) {
    stage.append(3);
    await stage.rest();
  }
  const firsts = (await surveyJournal(disk)).segments.map(({ first }) => first);
  assert.ok(firsts.length > 8);
  journal.prune(firsts[3]! - 1);
  await stage.rest();
  assert.equal(journal.firstPosition, firsts[2]);
  assert.deepEqual(removed, [...removed].sort());
  journal.prune(firsts[3]!);
  await stage.rest();
  assert.equal(journal.firstPosition, firsts[3]);
  await assertRecords(journal, firsts[3]!, 120);
  journal.prune(1);
  journal.prune(10_000);
  await stage.rest();
  assert.equal(journal.segments, 1);
  assert.equal(journal.firstPosition, firsts.at(-1));
  assert.deepEqual(disk.names.length, 1);
  stage.append(3);
  await stage.rest();
  await journal.close();
  const again = await JournalStage.open(disk.restart());
  assert.equal(again.journal.lastPosition, 123, "positions go on");
  assert.equal(again.journal.firstPosition, firsts.at(-1));
  await assertRecords(again.journal, firsts.at(-1)!, 123);
});

test("[JN17] when nothing follows the last group for a moment, a mark proves it", async () => {
  const disk = new SimulatedDisk(1);
  const stage = await JournalStage.open(disk);
  const { journal, clock } = stage;
  stage.append(3);
  await stage.settle();
  assert.notEqual((await surveyJournal(disk)).unproven, null);
  assert.equal(journal.waitMs(clock.nowMs()) <= markAfterMs, true);
  clock.advance(markAfterMs);
  await stage.cycle();
  await stage.cycle();
  assert.equal((await surveyJournal(disk)).unproven, null);
  assert.equal(journal.marks, 1);
  clock.advance(60_000);
  await stage.cycle();
  assert.equal(journal.marks, 1);
  assert.equal(
    journal.waitMs(clock.nowMs()),
    Number.POSITIVE_INFINITY,
    "an idle journal lets the thread sleep",
  );
});

test("[JN18] a torn tail is cut off, said once, and the journal is the same at every opening after", async () => {
  let disk = new SimulatedDisk(1);
  const stage = await JournalStage.open(disk);
  stage.append(4);
  await stage.settle();
  stage.append(4);
  await stage.settle();
  disk = disk.restart();
  const [name] = disk.names as [string];
  const { unproven } = await surveyJournal(disk);
  const torn = { file: name, offset: unproven!.offset, position: 5 };
  disk.tamper(name, (bytes) => bytes.slice(0, -20));
  const bytes = disk.lengthOf(name) - torn.offset;
  const first = await JournalStage.open(disk);
  assert.deepEqual(
    first.lines.map(({ level, file, offset, position, bytes }) => ({ level, file, offset, position, bytes })),
    [{ level: "warn", ...torn, bytes }],
  );
  assert.equal(first.journal.lastPosition, 4);
  for (let opening = 0; opening < 3; opening++) {
    disk = disk.restart();
    const again = await JournalStage.open(disk);
    assert.deepEqual(again.lines, []);
    await assertRecords(again.journal, 1, 4);
    assert.equal(again.journal.append(contentOf(5).type, contentOf(5).payload), 5);
  }
  assert.ok(disk.names.length <= 2, disk.names.join());
});

test("[JN19] closing writes what is pending; when it cannot, it says so and acknowledges nothing", async () => {
  const disk = new SimulatedDisk(1);
  const stage = await JournalStage.open(disk, { commitMs: 10_000 });
  stage.append(5);
  await stage.journal.close();
  assert.equal(stage.journal.durablePosition, 5);
  assert.throws(() => stage.append(1), /closed/);
  const { last, unproven } = await surveyJournal(disk);
  assert.deepEqual([last, unproven], [5, null]);
  const next = disk.restart();
  const other = await JournalStage.open(next);
  other.append(2);
  next.fault = (operation) => (operation === "sync" ? "EIO" : null);
  await assert.rejects(other.journal.close(), /could not write its last records: EIO/);
  assert.equal(other.journal.durablePosition, 5);
});

test("[JN20] a journal whose folder cannot be written is not opened, and nothing of it is lost", async () => {
  const disk = new SimulatedDisk(1);
  const stage = await JournalStage.open(disk);
  stage.append(5);
  await stage.settle();
  for (const broken of ["write", "sync", "syncFolder"] as const) {
    const copy = disk.restart();
    copy.fault = (operation) => (operation === broken ? "EIO" : null);
    await assert.rejects(JournalStage.open(copy), /EIO/);
    const { journal } = await JournalStage.open(copy.restart());
    await assertRecords(journal, 1, 5);
  }
});

test("[JN2] a segment given up, removed, and brought back by a power cut is not taken for one that counts", async () => {
  for (let seed = 0; seed < 200; seed++) {
    const disk = new SimulatedDisk(seed);
    const stage = await JournalStage.open(disk);
    stage.append(4);
    await stage.settle();
    stage.append(4);
    await stage.settle();
    // The next segment is written whole, but its name may not be on disk: it is given up, and removed.
    const payload = new Uint8Array(journalLimits.segmentBytes);
    stage.journal.append(1, payload);
    disk.fault = (operation) => (operation === "syncFolder" ? "EIO" : null);
    await stage.cycle();
    await stage.cycle();
    assert.equal(stage.journal.failures, 1);
    await stage.cycle();
    // Killed; the next start fails half-way; then the power goes off, and the name may be back.
    const second = disk.restart();
    second.fault = (operation) => (operation === "sync" ? "EIO" : null);
    await assert.rejects(JournalStage.open(second), /EIO/);
    second.powerLoss();
    const { journal } = await JournalStage.open(second.restart());
    const records = await recordsOf(journal, 1);
    assert.deepEqual(
      records.map(({ position }) => position),
      Array.from(records, (_, index) => index + 1),
    );
    assert.ok(journal.durablePosition >= 8, `seed ${seed}`);
  }
});
