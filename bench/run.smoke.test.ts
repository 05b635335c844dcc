import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { figureCatalogue, type Verdict, type Want } from "./measured.js";
import { microSuites, serverSuites, suitesNamed } from "./run.js";
import { writesWithin } from "./syscalls.bench.js";

const entry = fileURLToPath(new URL("./run.js", import.meta.url));
/** Keys of an object that are no figures. */
const others = new Set([
  ...["suite", "case", "subject", "clients", "shards", "seconds", "rounds", "wants", "spread"],
  ...["node", "gridshard", "uws", "commit", "isDirty", "cpu", "cores", "memoryGB", "os", "busyCores"],
]);

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function bench(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--expose-gc", entry, ...args],
      { timeout: 180_000, maxBuffer: 1 << 24 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}

interface Line {
  readonly [key: string]: unknown;
  readonly suite: string;
  readonly case: string;
  readonly subject: string;
  readonly wants: readonly (Want & { readonly verdict?: Verdict })[];
}

function linesOf(outcome: Outcome): Line[] {
  const lines = outcome.stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Line);
}

function checkShape(line: Line, all: readonly Line[]): void {
  for (const text of [line.suite, line.case, line.subject, line.node, line.cpu])
    assert.ok(typeof text === "string" && text !== "");
  const figures = Object.keys(line).filter((key) => !others.has(key));
  assert.ok(figures.length > 0);
  for (const name of figures) {
    assert.ok(name in figureCatalogue, name);
    // Null is a figure that could not be had.
    assert.ok(line[name] === null || Number.isFinite(line[name]), `${name} of ${line.subject}`);
  }
  for (const want of line.wants) {
    assert.ok(figures.includes(want.figure), `${want.figure} of ${line.subject} is wanted and measured`);
    const floors = all.filter((each) => each.case === line.case && each.subject === want.floor);
    assert.equal(floors.length, want.floor === undefined ? 0 : 1, `the floor ${want.floor} is there once`);
  }
}

describe("benches, in small", { concurrency: 2 }, () => {
  for (const { name } of microSuites()) {
    test(`[BE1] ${name} runs and prints its figures and nothing else`, async () => {
      const outcome = await bench(name, "--smoke", "--json");
      assert.equal(outcome.code, 0, outcome.stderr);
      const lines = linesOf(outcome);
      assert.ok(lines.length > 0);
      for (const line of lines) checkShape(line, lines);
    });
  }

  for (const { name } of serverSuites()) {
    test(`[BE2] ${name} runs against a server of its own and prints its figures and nothing else`, async () => {
      const outcome = await bench(name, "--smoke", "--json");
      assert.equal(outcome.code, 0, outcome.stderr);
      const lines = linesOf(outcome);
      // Where something that a suite needs is not installed, that is said.
      if (lines.length === 0) assert.match(outcome.stderr, /not installed/);
      for (const line of lines) {
        checkShape(line, lines);
        assert.equal(line.suite, name);
        // What must never happen must not happen in small either.
        for (const want of line.wants)
          if (want.atMost === 0) assert.equal(want.verdict, "PASS", JSON.stringify(line));
      }
    });
  }

  test("[BE3] a suite that does not exist is refused by name, with those there are", async () => {
    const outcome = await bench("sundial");
    assert.equal(outcome.code, 64);
    assert.match(outcome.stderr, /no such suite: sundial[\s\S]*world/);
    assert.equal(outcome.stdout, "");
  });

  test("[BE6] every wrong flag is refused, with what was got and what is wanted", async () => {
    const numbers = await bench(
      "memory/ring",
      "--rounds",
      "1.5",
      "--seconds",
      "soon",
      "--against",
      "/nowhere",
    );
    assert.equal(numbers.code, 64);
    assert.match(numbers.stderr, /--rounds: got "1\.5", want an integer above 0/);
    assert.match(numbers.stderr, /--seconds: got "soon", want a number above 0/);
    assert.match(numbers.stderr, /--against: \/nowhere: /);
    const unknown = await bench("--sundial");
    assert.equal(unknown.code, 64);
    assert.match(unknown.stderr, /--sundial[\s\S]*usage:/);
    assert.equal(numbers.stdout + unknown.stdout, "");
  });

  describe("runs that are kept", () => {
    const folder = mkdtempSync(join(tmpdir(), "gridshard-bench-"));
    after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "run.json");

    test("[BE7] a run is kept, compares with a later one, and never unasked with that of another machine", async () => {
      const kept = await bench("wire/codec", "--smoke", "--rounds", "3", "--save", file);
      assert.equal(kept.code, 0, kept.stderr);
      assert.match(kept.stdout, /frame of 100 moves: length/);
      const again = await bench("wire/codec", "--smoke", "--rounds", "2", "--against", file);
      assert.equal(again.code, 0, again.stderr);
      // The same bytes as ever; times differ by what they may.
      assert.match(again.stdout, /length +408 → +408 B +1 × +the same/);
      const elsewhere = JSON.parse(readFileSync(file, "utf8")) as { place: { cores: number } };
      elsewhere.place.cores += 64;
      writeFileSync(file, JSON.stringify(elsewhere));
      const refused = await bench("wire/codec", "--smoke", "--against", file);
      assert.equal(refused.code, 64);
      assert.match(refused.stderr, /do not compare[\s\S]*cores: \d+ before, \d+ now/);
      const asked = await bench("wire/codec", "--smoke", "--against", file, "--other-machine");
      assert.equal(asked.code, 0, asked.stderr);
      assert.match(asked.stdout, /NOT THE SAME, cores: /);
    });

    test("[BE8] plots are drawn of what was measured", async () => {
      const plots = join(folder, "plots");
      const outcome = await bench("scale", "--smoke", "--plot", plots);
      assert.equal(outcome.code, 0, outcome.stderr);
      assert.deepEqual(readdirSync(plots).sort(), ["scale-clients.svg", "scale-shards.svg"]);
      for (const name of readdirSync(plots)) {
        const svg = readFileSync(join(plots, name), "utf8");
        assert.ok(svg.length < 20_000, `${name}: ${svg.length} bytes`);
        assert.equal((svg.match(/<polyline/g) ?? []).length, 2);
        assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
      }
    });
  });
});

test("[BE3] a micro suite is found by folder or by name", () => {
  assert.deepEqual(
    suitesNamed(["memory/ring"]).suites.map(({ name }) => name),
    ["memory/ring"],
  );
  assert.ok(suitesNamed(["shards"]).suites.length >= 2);
  assert.deepEqual(suitesNamed(["shards", "nothing"]).unknown, ["nothing"]);
});

test("[BE5] of a trace, socket writes that began within the window are counted, each once", () => {
  const trace = [
    '7 100.500000 sendto(30<socket:[1]>, ""..., 20, MSG_NOSIGNAL, NULL, 0) = 20',
    '7 101.000000 sendto(30<socket:[1]>, ""..., 20, MSG_NOSIGNAL, NULL, 0 <unfinished ...>',
    '8 101.100000 write(5<anon_inode:[eventfd]>, ""..., 8) = 8',
    "7 101.200000 <... sendto resumed>)         = 20",
    "7 101.300000 writev(31<TCP:[127.0.0.1:1->127.0.0.1:2]>, [], 2) = 20",
    "8 101.400000 +++ exited with 0 +++",
    '7 102.000000 sendto(30<socket:[1]>, ""..., 20, MSG_NOSIGNAL, NULL, 0) = 20',
  ].join("\n");
  assert.deepEqual(writesWithin(trace, 101_000, 102_000), { toSockets: 2, others: 1 });
});
