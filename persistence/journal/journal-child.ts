/**
 * A process that appends to the journal in a folder without end and says on stdout how far it is durable, to be killed by
 * journal-folder.test.ts. Argument: the folder.
 */
import { writeSync } from "node:fs";
import { silentLog } from "../../engine/log.js";
import { systemClock } from "../../engine/time.js";
import { FolderDisk } from "./disk.js";
import { Journal } from "./journal.js";
import { contentOf, folderLimits, idOf } from "./journal-samples.js";

const [folder = ""] = process.argv.slice(2);
let wake = () => {};
const journal = await Journal.open({
  disk: new FolderDisk(folder),
  clock: systemClock,
  log: silentLog,
  limits: folderLimits,
  newId: () => idOf(7),
  wake: () => wake(),
});
let said = -1;
for (;;) {
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  for (let record = 0; record < 1 + (journal.lastPosition % 40); record++) {
    const { type, payload } = contentOf(journal.lastPosition + 1);
    journal.append(type, payload);
  }
  if (journal.duty(systemClock.nowMs()) === 0) await woken;
  if (journal.durablePosition > said) {
    said = journal.durablePosition;
    writeSync(1, `${said}\n`);
  }
}
