/**
 * A process that writes to the embedded store and dies by `kill -9` at a chosen instant, for sqlite-store.test.ts.
 * Arguments: data folder, version to write, and at which of the calls that change a file to die, counted from when
 * the store was open; 0 applies everything, holds the folder and waits.
 */
import fs, { writeSync } from "node:fs";
import { DataFolder } from "./data-folder.js";
import { crashBatch } from "./sqlite-crash-rows.js";
import { SqliteStore } from "./sqlite-store.js";

const [path = "", version = "1", dieAt = "0"] = process.argv.slice(2);
const store = new SqliteStore({ folder: DataFolder.acquire(path) });
await store.open();
if (dieAt === "0") {
  await store.applyBatch(crashBatch(Number(version)));
  writeSync(1, "applied\n");
  // Dies by its parent's hand, with the store open.
  setInterval(() => {}, 1000);
} else {
  const { writeSync: say } = fs;
  let calls = 0;
  for (const name of ["writeSync", "fsyncSync", "ftruncateSync"] as const) {
    const call = fs[name] as (...values: unknown[]) => unknown;
    Reflect.set(fs, name, (...values: unknown[]) => {
      calls++;
      if (calls === Number(dieAt)) process.kill(process.pid, "SIGKILL");
      return call(...values);
    });
  }
  await store.applyBatch(crashBatch(Number(version)));
  say(1, `applied after ${calls} calls\n`);
  process.kill(process.pid, "SIGKILL");
}
