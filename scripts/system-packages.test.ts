import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ensureSystemPackages, missingPackages } from "./system-packages.js";

const programs = [
  { program: "one-server", package: "one" },
  { program: "one-tool", package: "one" },
  { program: "two", package: "two" },
];

function folderWith(...names: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "gridshard-programs-"));
  for (const name of names) addProgram(folder, name);
  return folder;
}

function addProgram(folder: string, name: string): void {
  writeFileSync(join(folder, name), "#!/bin/sh\n");
  chmodSync(join(folder, name), 0o755);
}

test("[SP1] a package is missing when one of its programs is, and is named once", () => {
  const path = folderWith("one-tool", "two");
  assert.deepEqual(missingPackages(programs, path), ["one"]);
  assert.deepEqual(missingPackages(programs, join(path, "nowhere")), ["one", "two"]);
  rmSync(path, { recursive: true });
});

test("[SP2] root with apt-get installs what is missing, and what counts is that the programs are there", () => {
  for (const isInstalled of [true, false]) {
    const path = folderWith("apt-get", "two");
    const ran: string[] = [];
    const said: string[] = [];
    const isReady = ensureSystemPackages({
      programs,
      path,
      isRoot: true,
      say: (line) => said.push(line),
      run: (program, options) => {
        ran.push([program, ...options].join(" "));
        if (isInstalled && options.includes("install"))
          for (const name of ["one-server", "one-tool"]) addProgram(path, name);
        return 1;
      },
    });
    assert.equal(isReady, isInstalled);
    assert.match(ran[0]!, /^apt-get .*update$/);
    assert.match(ran[1]!, /^apt-get .*install -y --no-install-recommends one$/);
    assert.equal(said.length, isInstalled ? 1 : 2);
    rmSync(path, { recursive: true });
  }
});

test("[SP3] anybody else is told the exact command and the run fails", () => {
  const path = folderWith("apt-get");
  for (const options of [
    { path, isRoot: false },
    { path: join(path, "nowhere"), isRoot: true },
  ]) {
    const said: string[] = [];
    const run = () => assert.fail("nothing is run");
    assert.equal(ensureSystemPackages({ ...options, programs, run, say: (line) => said.push(line) }), false);
    assert.match(said.join("\n"), /sudo apt-get install -y --no-install-recommends one two/);
  }
  rmSync(path, { recursive: true });
});

test("[SP4] nothing is said or run when everything is there", () => {
  const path = folderWith("one-server", "one-tool", "two");
  const fail = () => assert.fail("nothing to do");
  assert.equal(ensureSystemPackages({ programs, path, isRoot: true, run: fail, say: fail }), true);
  rmSync(path, { recursive: true });
});
