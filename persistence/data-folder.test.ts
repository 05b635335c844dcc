import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { DataFolder, DataFolderOwned, DataFolderUnusable } from "./data-folder.js";

const moduleUrl = new URL("./data-folder.js", import.meta.url).href;

/** A process that acquires the folder, says whether it got it, and keeps it until its input ends or it is killed. */
function contender(path: string) {
  const code = `
    const { DataFolder } = await import(${JSON.stringify(moduleUrl)});
    process.stdin.on("end", () => process.exit(0)).resume();
    try { DataFolder.acquire(${JSON.stringify(path)}); console.log("won"); }
    catch (error) { console.log(error.name); }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const said = once(child.stdout, "data").then(([text]) => String(text).trim());
  const ended = once(child, "close");
  return { child, said, ended };
}

describe("the data folder", () => {
  let parent = "";
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), "gridshard-folder-"));
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  test("[DF1] a folder that is missing is made, held, and free again after its release", () => {
    const path = join(parent, "a", "b");
    const folder = DataFolder.acquire(path);
    assert.equal(folder.file("x"), join(path, "x"));
    assert.throws(() => DataFolder.acquire(path), DataFolderOwned);
    folder.release();
    folder.release();
    DataFolder.acquire(path).release();
    assert.deepEqual(readdirSync(path), []);
  });

  test("[DF2] the folder of a process that runs is refused with its number; of one that was killed it is taken over", async () => {
    const { child, said, ended } = contender(parent);
    assert.equal(await said, "won");
    assert.throws(
      () => DataFolder.acquire(parent),
      new RegExp(`in use by process ${child.pid}: stop that process`),
    );
    child.kill("SIGKILL");
    await ended;
    const folder = DataFolder.acquire(parent);
    assert.deepEqual(readdirSync(parent), ["gridshard.lock"]);
    folder.release();
  });

  test("[DF3] a process id that is used again by another process does not keep the folder", () => {
    const folder = DataFolder.acquire(parent);
    const lock = join(parent, "gridshard.lock");
    const owner = JSON.parse(readFileSync(lock, "utf8"));
    // Where there is no /proc, a start cannot be told from another, and the living process is believed.
    if (owner.startedAt === "") return folder.release();
    writeFileSync(lock, JSON.stringify({ ...owner, startedAt: `${owner.startedAt}0`, nonce: "of-the-dead" }));
    const next = DataFolder.acquire(parent);
    folder.release();
    assert.ok(existsSync(lock), "who has lost the folder cannot release it");
    next.release();
  });

  test("[DF4] of many processes that find a dead owner exactly one takes over, also when an heir died halfway", async () => {
    for (let round = 0; round < 3; round++) {
      const dead = { pid: 0x7fff_fff0, startedAt: "", nonce: `dead-${round}` };
      writeFileSync(join(parent, "gridshard.lock"), JSON.stringify(dead));
      const heir = { ...dead, nonce: `heir-${round}` };
      if (round > 0)
        writeFileSync(join(parent, `gridshard.lock.heir-of-${dead.nonce}`), JSON.stringify(heir));
      const contenders = Array.from({ length: 6 }, () => contender(parent));
      const said = await Promise.all(contenders.map((one) => one.said));
      assert.deepEqual(said.toSorted(), [...Array(5).fill("DataFolderOwned"), "won"]);
      for (const one of contenders) one.child.stdin.end();
      await Promise.all(contenders.map((one) => one.ended));
      assert.deepEqual(readdirSync(parent), ["gridshard.lock"]);
    }
  });

  test("[DF5] a folder that cannot be used is refused by name, with what to do", () => {
    const file = join(parent, "file");
    writeFileSync(file, "");
    for (const [path, message] of [
      [file, /there is a file of that name; remove it/],
      [join(file, "below"), /part of that path is a file/],
      ["/proc/nowhere/data", /./],
    ] as const) {
      assert.throws(
        () => DataFolder.acquire(path),
        (error) => {
          assert.ok(error instanceof DataFolderUnusable);
          assert.ok(error.message.includes(path));
          assert.match(error.message, message);
          return true;
        },
      );
    }
    writeFileSync(join(parent, "gridshard.lock"), "not ours");
    assert.throws(() => DataFolder.acquire(parent), /not a lock of ours: remove it/);
  });

  test("[DF6] a thread inherits the folder its process holds, and no longer once that has let go", () => {
    const folder = DataFolder.acquire(parent);
    const inherited = DataFolder.inherit(structuredClone(folder.hold));
    assert.equal(inherited.path, folder.path);
    folder.release();
    assert.throws(() => DataFolder.inherit(folder.hold), DataFolderOwned);
  });
});
