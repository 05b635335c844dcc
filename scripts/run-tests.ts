/**
 * What `npm test` runs after the build: the linter, the programs tests need, the drift check of generated code, then
 * every test. Names on the command line choose test files whose path contains one of them, without the checks before.
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../engine/package-root.js";
import { filesUnder } from "./source-scan.js";
import { ensureSystemPackages } from "./system-packages.js";

const root = packageRoot();
/** The folder this very file was built into: `dist`, or another that a developer chose. */
const built = fileURLToPath(new URL("..", import.meta.url));
/** A test file that hangs is ended, and fails. */
const FILE_TIMEOUT_MS = 600_000;
const BUILT_ENDING = /(?:\.d\.ts|\.js|\.js\.map)$/;

process.exitCode = main(process.argv.slice(2));

function main(names: readonly string[]): number {
  removeStale();
  const tests = filesUnder(built, ".test.js").filter(
    (path) => names.length === 0 || names.some((name) => path.includes(name)),
  );
  if (tests.length === 0) {
    console.error(`no test file's path contains ${names.join(" or ")}`);
    return 1;
  }
  if (names.length === 0) {
    const code = checks();
    if (code !== 0) return code;
  }
  const files = tests.map((path) => join(built, path));
  return node(
    "--test",
    "--test-concurrency=2",
    `--test-timeout=${FILE_TIMEOUT_MS}`,
    "--test-reporter=spec",
    ...files,
  );
}

function checks(): number {
  const lint = node(join(root, "node_modules/@biomejs/biome/bin/biome"), "check", ".");
  if (lint !== 0) return lint;
  if (!ensureSystemPackages()) return 1;
  return node(join(built, "scripts/generate-wire.js"), "--check");
}

/** Output of sources that are gone would be tested, and imported, for ever. */
function removeStale(): void {
  for (const path of [".js", ".d.ts", ".js.map"].flatMap((ending) => filesUnder(built, ending))) {
    const source = join(root, path.replace(BUILT_ENDING, ".ts"));
    if (!existsSync(source)) rmSync(join(built, path), { force: true });
  }
}

function node(...parameters: string[]): number {
  const { status, error } = spawnSync(process.execPath, parameters, { stdio: "inherit", cwd: root });
  if (error !== undefined) throw error;
  return status ?? 1;
}
