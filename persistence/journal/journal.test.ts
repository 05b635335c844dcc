import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLog } from "../../engine/log.js";
import { systemClock } from "../../engine/time.js";
import { FolderDisk } from "./disk.js";
import { Journal } from "./journal.js";
import { contentOf, idOf, journalLimits, recordsOf } from "./journal-samples.js";

test("[JN1] what was durable in a real folder is there after closing and opening again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gridshard-journal-"));
  const open = () => {
    let woken = () => {};
    const options = {
      disk: new FolderDisk(folder),
      clock: systemClock,
      log: silentLog,
      limits: { ...journalLimits, segmentBytes: 64 * 1024, bytesMax: 1 << 30, pendingBytesMax: 1 << 26 },
      newId: () => idOf(7),
      wake: () => woken(),
    };
    return Journal.open(options).then((journal) => ({
      journal,
      woken: () => new Promise<void>((resolve) => (woken = resolve)),
    }));
  };
  let wanted = 0;
  for (let run = 0; run < 3; run++) {
    const { journal, woken } = await open();
    assert.equal(journal.id, idOf(7));
    assert.equal(journal.lastPosition, wanted);
    assert.equal(journal.durablePosition, wanted);
    for (let step = 0; step < 20; step++) {
      for (let record = 0; record < 50; record++) {
        wanted++;
        assert.equal(journal.append(contentOf(wanted).type, contentOf(wanted).payload), wanted);
      }
      const next = woken();
      journal.duty(systemClock.nowMs());
      await next;
      journal.duty(systemClock.nowMs());
    }
    await journal.close();
    assert.equal(journal.durablePosition, wanted);
  }
  const { journal } = await open();
  const records = await recordsOf(journal, 1);
  assert.equal(records.length, wanted);
  for (const [index, record] of records.entries())
    assert.deepEqual(
      { ...record, payload: Uint8Array.from(record.payload) },
      { position: index + 1, ...contentOf(index + 1) },
    );
  assert.ok((await readdir(folder)).length > 3, "it was rotated");
  await journal.close();
  await rm(folder, { recursive: true });
});
