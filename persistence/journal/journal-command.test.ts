import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { silentLog } from "../../engine/log.js";
import { systemClock } from "../../engine/time.js";
import { exitCodes } from "../../engine/wire/codes.js";
import { FolderDisk } from "./disk.js";
import { Journal } from "./journal.js";
import { type JournalCommandIo, runJournalCommand } from "./journal-command.js";
import { contentOf, folderLimits, idOf } from "./journal-samples.js";

const home = mkdtempSync(join(tmpdir(), "gridshard-journal-"));
after(() => rmSync(home, { recursive: true }));

/** A journal with 300 records in several segments; open, all durable. */
async function journalIn(folder: string): Promise<Journal> {
  let wake = () => {};
  const journal = await Journal.open({
    disk: new FolderDisk(folder),
    clock: systemClock,
    log: silentLog,
    limits: { ...folderLimits, segmentBytes: 8192 },
    newId: () => idOf(0xfeed),
    wake: () => wake(),
  });
  while (journal.durablePosition < 300) {
    if (journal.lastPosition < 300)
      for (let record = 0; record < 10; record++) {
        const { type, payload } = contentOf(journal.lastPosition + 1);
        journal.append(type, payload);
      }
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    if (journal.duty(systemClock.nowMs()) === 0) await woken;
  }
  return journal;
}

async function command(folder: string, args: string[], more: Partial<JournalCommandIo> = {}) {
  let text = "";
  const print = (part: string) => {
    text += part;
  };
  const code = await runJournalCommand(args, { print, folder, ...more });
  return { code, text, lines: text.split("\n").slice(0, -1) };
}

const contentsOf = (folder: string) =>
  readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString("base64")]);

test("[JN22] the command lists, verifies and dumps beside a running journal and after it, and changes nothing", {
  timeout: 60_000,
}, async () => {
  const folder = mkdtempSync(join(home, "one-"));
  const journal = await journalIn(folder);
  for (const when of ["running", "closed"]) {
    if (when === "closed") await journal.close();
    const before = contentsOf(folder);
    const list = await command(folder, ["list"]);
    assert.equal(list.code, exitCodes.ok);
    assert.equal(list.lines[0], `journal ${idOf(0xfeed)}`);
    assert.ok(list.lines.length > 4);
    assert.match(
      list.lines[1]!,
      /^00000000000000000001\.journal {2}1 to \d+ {2}\d+ groups {2}\d+ bytes {2}20/,
    );
    assert.match(list.lines.at(-1)!, /to 300 /);
    const verify = await command(folder, ["verify"]);
    assert.equal(verify.code, exitCodes.ok);
    assert.match(verify.text, /is sound: records 1 to 300, in \d+ segments\n$/);
    const dump = await command(folder, ["dump"]);
    assert.equal(dump.code, exitCodes.ok);
    assert.equal(dump.lines.length, 300);
    for (const [index, line] of dump.lines.entries()) {
      const { type, payload } = contentOf(index + 1);
      assert.ok(line.startsWith(`${index + 1}  type ${type}  ${payload.length} bytes`), line);
    }
    const some = await command(folder, ["dump", "--from", "150", "--limit", "3"], {
      describe: ({ position, type }) => `<${position}:${type}>`,
    });
    assert.deepEqual(
      some.lines.map((line) => line.split("  ")[3]),
      [150, 151, 152].map((position) => `<${position}:${contentOf(position).type}>`),
    );
    assert.deepEqual(contentsOf(folder), before);
  }
});

test("[JN22] damage has exit code 65 and its place in words; the records before it can be dumped", async () => {
  const folder = mkdtempSync(join(home, "two-"));
  await (await journalIn(folder)).close();
  const name = readdirSync(folder).sort()[2]!;
  const path = join(folder, name);
  const bytes = readFileSync(path);
  bytes[200]! ^= 4;
  writeFileSync(path, bytes);
  for (const verb of ["list", "verify"]) {
    const { code, text } = await command(folder, [verb]);
    assert.equal(code, exitCodes.damaged);
    assert.equal(code, 65);
    assert.match(text, new RegExp(`${name}, byte \\d+, position \\d+: .*copy of that file`));
  }
  const dump = await command(folder, ["dump"]);
  assert.equal(dump.code, exitCodes.damaged);
  assert.equal(
    dump.lines.length,
    Number.parseInt(name, 10),
    "every record before the segment, and the reason",
  );
});

test("[JN22] a torn tail is reported and is no damage; a folder without a journal, or none at all, is said", async () => {
  const folder = mkdtempSync(join(home, "three-"));
  await (await journalIn(folder)).close();
  const name = readdirSync(folder).sort().at(-1)!;
  const path = join(folder, name);
  writeFileSync(path, readFileSync(path).subarray(0, statSync(path).size - 3));
  const torn = await command(folder, ["verify"]);
  assert.equal(torn.code, exitCodes.ok);
  assert.match(
    torn.text,
    new RegExp(`${name} ends in the middle of a write: 37 bytes from byte \\d+, position 301`),
  );
  const empty = await command(mkdtempSync(join(home, "four-")), ["verify"]);
  assert.deepEqual([empty.code, /there is no journal/.test(empty.text)], [exitCodes.ok, true]);
  const none = await command(join(home, "nowhere"), ["list"]);
  assert.deepEqual([none.code, /nowhere cannot be read/.test(none.text)], [exitCodes.dataFolder, true]);
});

test("[JN22] arguments that mean nothing have the exit code of wrong usage, and help", async () => {
  for (const args of [
    [],
    ["mend"],
    ["list", "more"],
    ["dump", "--from", "x"],
    ["dump", "--limit", "0"],
    ["list", "--from", "3"],
    ["dump", "--what"],
  ]) {
    const { code, text } = await command(home, args);
    assert.equal(code, exitCodes.usage, args.join(" "));
    assert.match(text, /gridshard journal verify/);
  }
});
