/** Files that nobody ever finds by halves, not even after a power failure. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Writes under another name first, then renames. `mode`: who may read it. Throws the system's errors. */
export function writeWhole(path: string, bytes: Uint8Array, mode = 0o666): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, "w", mode);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

/** Makes names created in the folder survive a power cut. */
export function syncFolder(path: string): void {
  // Windows cannot open a folder, and needs no such call.
  if (process.platform === "win32") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
