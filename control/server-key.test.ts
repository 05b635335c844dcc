import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { exitCodes } from "../engine/wire/codes.js";
import { loadServerKey, SERVER_KEY_BYTES } from "./server-key.js";
import { StartRefused } from "./start-refused.js";

const folder = mkdtempSync(join(tmpdir(), "gridshard-key-"));
after(() => rmSync(folder, { recursive: true }));

const refused = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StartRefused);
  assert.equal(error.exitCode, exitCodes.dataFolder);
  assert.match(error.message, pattern);
  return true;
};

test("[EX4] the server's key is made once, for its user alone, and is the same from then on", () => {
  const path = join(folder, "server.key");
  const key = loadServerKey(path);
  assert.equal(key.length, SERVER_KEY_BYTES);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(loadServerKey(path), key);
  assert.deepEqual(new Uint8Array(readFileSync(path)), key);
});

test("[EX4] a key of the wrong length, or one that others can read, is refused with what to do", () => {
  const short = join(folder, "short.key");
  writeFileSync(short, "short", { mode: 0o600 });
  assert.throws(() => loadServerKey(short), refused(/holds 5 bytes instead of 32: restore it, or remove it/));
  const open = join(folder, "open.key");
  writeFileSync(open, new Uint8Array(SERVER_KEY_BYTES));
  chmodSync(open, 0o644);
  assert.throws(() => loadServerKey(open), refused(/chmod 600/));
});
