/**
 * A process that writes to the embedded store and dies by `kill -9` at a chosen instant, for sqlite-store.test.ts.
 * Arguments: data folder, version to write, and which fsync from then on to die at; 0 holds the folder and waits.
 */
import fs, { writeSync } from "node:fs";
import { DataFolder } from "./data-folder.js";
import { CRASH_PLAYERS, crashBatch } from "./sqlite-crash-rows.js";
import { SqliteStore } from "./sqlite-store.js";

const [path = "", version = "1", dieAt = "0"] = process.argv.slice(2);
const store = new SqliteStore({ folder: DataFolder.acquire(path) });
await store.open();
if (dieAt === "0") {
  await store.applyBatch(crashBatch(Number(version), CRASH_PLAYERS));
  writeSync(1, "applied\n");
  // Dies by its parent's hand, with the store open.
  setInterval(() => {}, 1000);
} else {
  let left = Number(dieAt);
  const { fsyncSync } = fs;
  Reflect.set(fs, "fsyncSync", (file: number) => {
    if (--left === 0) process.kill(process.pid, "SIGKILL");
    fsyncSync(file);
  });
  await store.applyBatch(crashBatch(Number(version), CRASH_PLAYERS));
  writeSync(1, "applied\n");
  process.kill(process.pid, "SIGKILL");
}
