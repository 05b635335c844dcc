/** The secret by which this server knows its own tickets: 32 bytes in the data folder, readable by its user alone. */
import { readFileSync, statSync } from "node:fs";
import { secretBytes } from "../engine/prng.js";
import { writeWhole } from "../engine/whole-file.js";
import { exitCodes } from "../engine/wire/codes.js";
import { StartRefused } from "./start-refused.js";

export const SERVER_KEY_BYTES = 32;
const OTHERS_MASK = 0o077;

/**
 * Reads the key, or makes one. The data folder is held by this process, so nobody else makes one meanwhile.
 * @throws StartRefused
 */
export function loadServerKey(path: string): Uint8Array {
  let key: Buffer;
  try {
    key = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT") return createServerKey(path);
    throw new StartRefused(
      exitCodes.dataFolder,
      `${path} cannot be read (${code}): give this user the right to`,
    );
  }
  if (key.length !== SERVER_KEY_BYTES) {
    throw new StartRefused(
      exitCodes.dataFolder,
      `${path} holds ${key.length} bytes instead of ${SERVER_KEY_BYTES}: restore it, or remove it and let every player get a new ticket`,
    );
  }
  if (process.platform !== "win32" && (statSync(path).mode & OTHERS_MASK) !== 0) {
    throw new StartRefused(exitCodes.dataFolder, `${path} can be read by other users: run chmod 600 on it`);
  }
  return new Uint8Array(key);
}

function createServerKey(path: string): Uint8Array {
  const key = Uint8Array.from(secretBytes(SERVER_KEY_BYTES));
  try {
    // A crash in here never leaves half a key.
    writeWhole(path, key, 0o600);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new StartRefused(
      exitCodes.dataFolder,
      `${path} cannot be written (${code}): make room or give the right to`,
    );
  }
  return key;
}
