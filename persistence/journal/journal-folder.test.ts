import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { silentLog } from "../../engine/log.js";
import { freshSeed, Prng } from "../../engine/prng.js";
import { systemClock } from "../../engine/time.js";
import { FolderDisk } from "./disk.js";
import { Journal } from "./journal.js";
import { contentOf, folderLimits, idOf, recordsOf } from "./journal-samples.js";
import { surveyJournal } from "./journal-survey.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());
const folder = mkdtempSync(join(tmpdir(), "gridshard-journal-"));
after(() => rmSync(folder, { recursive: true }));

async function openIn(path: string): Promise<Journal> {
  const disk = new FolderDisk(path);
  const newId = () => idOf(7);
  return Journal.open({
    disk,
    clock: systemClock,
    log: silentLog,
    limits: folderLimits,
    newId,
    wake: () => {},
  });
}

/** Runs the child until it has said that `records` more are durable, and kills it. Returns what it said last. */
async function runAndKill(records: number): Promise<number> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("./journal-child.js", import.meta.url)), folder],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const ended = once(child, "exit");
  let durable = 0;
  let first = -1;
  for await (const line of createInterface({ input: child.stdout })) {
    durable = Number(line);
    if (first < 0) first = durable;
    if (durable - first >= records) child.kill("SIGKILL");
  }
  const [, signal] = await ended;
  assert.equal(signal, "SIGKILL");
  return durable;
}

test(`[JN2] [JN3] a process that appends to a real folder is killed, again and again: nothing it called durable is lost (GRIDSHARD_SEED=${seed})`, {
  timeout: 60_000,
}, async () => {
  const prng = new Prng(seed);
  let durable = 0;
  for (let run = 0; run < 8; run++) {
    const said = await runAndKill(1 + prng.below(3000));
    assert.ok(said >= durable, "a later process goes on where the earlier one ended");
    const survey = await surveyJournal(new FolderDisk(folder));
    assert.ok(survey.last >= said, `${survey.last} of ${said} durable records`);
    durable = said;
  }
  const journal = await openIn(folder);
  const records = await recordsOf(journal, 1);
  assert.equal(records.length, journal.lastPosition);
  for (const [index, { position, type, payload }] of records.entries()) {
    assert.equal(position, index + 1);
    const wanted = contentOf(position);
    assert.ok(type === wanted.type && Buffer.compare(payload, wanted.payload) === 0, `position ${position}`);
  }
  await journal.close();
});

test("[JN21] files of a real folder are created and never overwritten, and writes to them are synced", async () => {
  const path = mkdtempSync(join(folder, "own-"));
  const disk = new FolderDisk(path);
  const file = await disk.open("one", "create");
  await assert.rejects(disk.open("one", "create"), { code: "EEXIST" });
  await assert.rejects(disk.open("two", "existing"), { code: "ENOENT" });
  await file.write(new Uint8Array(1000).fill(3), 500);
  await file.sync();
  assert.equal(file.length, 1500);
  const into = new Uint8Array(2000);
  assert.equal(await file.read(into, 400), 1100);
  assert.deepEqual([into[99], into[100], into[1099], into[1100]], [0, 3, 3, 0]);
  if (process.platform === "linux") assert.ok(syncsWrites(join(path, "one")));
  await file.close();
  await disk.syncFolder();
  const again = await disk.open("one", "existing");
  await again.truncate(600);
  await again.sync();
  await again.close();
  assert.equal(readFileSync(join(path, "one")).length, 600);
  await disk.remove("one");
  assert.deepEqual(await disk.list(), []);
});

/** Whether this process has the file open so that every write is synced: proc_pid_fdinfo(5). */
function syncsWrites(path: string): boolean {
  const O_DSYNC = 0o10000;
  const fd = readdirSync("/proc/self/fd").find((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch (error) {
      // The one that listed the folder is closed by now.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
  });
  const [, flags] = /flags:\s+([0-7]+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")) ?? [];
  return (Number.parseInt(flags ?? "0", 8) & O_DSYNC) !== 0;
}
