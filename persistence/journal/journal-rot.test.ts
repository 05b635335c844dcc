import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogFields } from "../../engine/log.js";
import { silentLog } from "../../engine/log.js";
import { freshSeed, Prng } from "../../engine/prng.js";
import { ManualClock } from "../../engine/time.js";
import { Journal, JournalDamaged } from "./journal.js";
import { groupHeader, recordBytes, segmentHeader } from "./journal-layout.js";
import { turn } from "./journal-lives.js";
import { contentOf, idOf, journalLimits } from "./journal-samples.js";
import { surveyJournal } from "./journal-survey.js";
import { SimulatedDisk } from "./simulated-disk.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());
const PLACES = 10_000;
const GROUPS = 18;
const GROUP_RECORDS = 4;

async function journalOn(disk: SimulatedDisk, log = silentLog): Promise<Journal> {
  const clock = new ManualClock();
  const newId = () => idOf(7);
  return Journal.open({ disk, clock, log, limits: journalLimits, newId, wake: () => {} });
}

/** A journal of several segments, closed or killed after its last group; with the first position of that group. */
async function written(end: "closed" | "killed"): Promise<{ disk: SimulatedDisk; lastGroup: number }> {
  const disk = new SimulatedDisk(1);
  const journal = await journalOn(disk);
  for (let group = 0; group < GROUPS; group++) {
    for (let record = 0; record < GROUP_RECORDS; record++) {
      const { type, payload } = contentOf(journal.lastPosition + 1);
      journal.append(type, payload);
    }
    while (journal.durablePosition < journal.lastPosition) {
      journal.duty(0);
      await turn();
    }
  }
  if (end === "closed") await journal.close();
  return { disk: disk.restart(), lastGroup: journal.lastPosition - GROUP_RECORDS + 1 };
}

/** `count` different bits of all files. */
function* places(disk: SimulatedDisk, count: number): Generator<{ name: string; byte: number; bit: number }> {
  const prng = new Prng(seed);
  const ends: { name: string; end: number }[] = [];
  let bytes = 0;
  for (const name of disk.names) {
    bytes += disk.lengthOf(name);
    ends.push({ name, end: bytes });
  }
  const bits = bytes * 8;
  assert.ok(bits >= count, "there are so many places");
  for (let place = 0; place < count; place++) {
    // One of each stretch: all different, and everywhere.
    const from = Math.floor((place * bits) / count);
    const bitAt = from + prng.below(Math.floor(((place + 1) * bits) / count) - from);
    const byteAt = Math.floor(bitAt / 8);
    const { name, end } = ends.find((one) => byteAt < one.end)!;
    yield { name, byte: byteAt - (end - disk.lengthOf(name)), bit: bitAt % 8 };
  }
}

function flip(disk: SimulatedDisk, { name, byte, bit }: { name: string; byte: number; bit: number }): void {
  disk.tamper(name, (bytes) => {
    bytes[byte]! ^= 1 << bit;
    return undefined;
  });
}

for (const end of ["closed", "killed"] as const) {
  test(`[JN5] [JN6] one bit flipped at each of ${PLACES} places of a ${end} journal is detected every time (GRIDSHARD_SEED=${seed})`, async () => {
    const { disk, lastGroup } = await written(end);
    const whole = await surveyJournal(disk);
    assert.ok(whole.segments.length > 5 && whole.torn.length === 0);
    assert.equal(whole.unproven === null, end === "closed");
    const lastSegment = whole.segments.at(-1)!;
    const unprovenFrom = whole.unproven?.offset ?? lastSegment.bytes - groupHeader.bytes;
    let tails = 0;
    for (const place of places(disk, PLACES)) {
      flip(disk, place);
      const where = JSON.stringify(place);
      const isInTail = place.name === lastSegment.name && place.byte >= unprovenFrom;
      try {
        const survey = await surveyJournal(disk);
        assert.ok(isInTail, `not detected: ${where}`);
        // The last group, or the mark behind it: cut off, and said so; what is before it is all there.
        assert.equal(survey.torn.length, 1, where);
        assert.equal(survey.torn[0]!.file, place.name);
        assert.equal(survey.last, end === "closed" ? whole.last : lastGroup - 1, where);
        tails++;
      } catch (error) {
        if (!(error instanceof JournalDamaged)) throw error;
        assert.ok(!isInTail, `no damage: ${where}`);
        assert.equal(error.file, place.name, where);
        // What is named begins at the damage or before it, and less than a group before it.
        assert.ok(error.offset <= place.byte && place.byte - error.offset < 1500, `${where} ${error.offset}`);
      }
      flip(disk, place);
    }
    assert.ok(tails > 0 && tails < PLACES / 10, `${tails} of ${PLACES} in the tail`);
  });
}

test(`[JN5] opening a journal with a flipped bit refuses, or says what it cut off (GRIDSHARD_SEED=${seed})`, async () => {
  const { disk } = await written("killed");
  for (const place of places(disk, 500)) {
    const rotten = disk.copy();
    flip(rotten, place);
    const warnings: LogFields[] = [];
    const log = { ...silentLog, warn: (_: string, fields?: LogFields) => warnings.push(fields!) };
    const before = rotten.names.map((name) => [name, rotten.lengthOf(name)]);
    try {
      await journalOn(rotten, log);
      assert.equal(warnings.length, 1);
      assert.equal(warnings[0]!.file, place.name);
      assert.ok(Number(warnings[0]!.offset) <= place.byte && Number(warnings[0]!.bytes) > 0);
    } catch (error) {
      if (!(error instanceof JournalDamaged)) throw error;
      assert.deepEqual(
        rotten.names.map((name) => [name, rotten.lengthOf(name)]),
        before,
        "it is left as it is",
      );
    }
  }
});

test("[JN6] damage in an earlier segment is refused by file, byte, position and what to do", async () => {
  const { disk } = await written("killed");
  const names = disk.names;
  const name = names[2]!;
  const first = Number.parseInt(name, 10);
  const secondRecord = segmentHeader.bytes + groupHeader.bytes + recordBytes(contentOf(first).payload.length);
  flip(disk, { name, byte: secondRecord + 9, bit: 3 });
  await assert.rejects(journalOn(disk), (error) => {
    assert.ok(error instanceof JournalDamaged);
    assert.equal(error.file, name);
    assert.equal(error.offset, secondRecord);
    assert.equal(error.position, first);
    assert.match(
      error.message,
      new RegExp(`${name}, byte ${secondRecord}, position ${first}: .*copy of that file`),
    );
    return true;
  });
});

test("[JN6] a segment that is missing, cut short, of another journal, or in another's place is refused", async () => {
  const { disk } = await written("closed");
  const names = disk.names;
  const refused = async (change: (disk: SimulatedDisk) => unknown, what: RegExp) => {
    const changed = disk.copy();
    await change(changed);
    await assert.rejects(
      journalOn(changed),
      (error) => error instanceof JournalDamaged && what.test(error.message),
    );
  };
  await refused((disk) => disk.remove(names[3]!), /ends early/);
  await refused((disk) => disk.tamper(names[3]!, (bytes) => bytes.slice(0, -8)), /not whole/);
  await refused((disk) => disk.tamper(names[3]!, () => new Uint8Array(0)), /header is not whole/);
  await refused(
    (disk) =>
      disk.tamper(names[3]!, () => {
        let other: Uint8Array | undefined;
        disk.tamper(names[2]!, (bytes) => {
          other = bytes.slice();
          return undefined;
        });
        return other;
      }),
    /that of another segment/,
  );
});

test("[JN6] a segment header proves what is before it, though nothing else of its segment reached the disk", async () => {
  const { disk } = await written("killed");
  const [before, last] = disk.names.slice(-2) as [string, string];
  disk.tamper(last, (bytes) => bytes.slice(0, segmentHeader.bytes));
  const cut = await surveyJournal(disk);
  assert.deepEqual(cut.unfinished, [last]);
  assert.equal(
    cut.last,
    Number.parseInt(last, 10) - 1,
    "begun and not finished: nothing of it had been acknowledged",
  );
  flip(disk, { name: before, byte: disk.lengthOf(before) - 10, bit: 0 });
  await assert.rejects(journalOn(disk), (error) => error instanceof JournalDamaged && error.file === before);
});
