import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { BenchRow } from "./bench-row.js";
import { formatRow, microSuites, serverSuites, suitesNamed, verdictOf } from "./run.js";
import { writesWithin } from "./syscalls.bench.js";

const entry = fileURLToPath(new URL("./run.js", import.meta.url));

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
      { timeout: 120_000 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}

function rowsOf(outcome: Outcome): BenchRow[] {
  const lines = outcome.stdout.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as BenchRow);
}

function checkShape(row: BenchRow): void {
  for (const text of [row.suite, row.case, row.subject, row.unit])
    assert.ok(typeof text === "string" && text !== "");
  assert.ok(row.value === null || typeof row.value === "number");
  assert.equal(row.ratio === undefined, row.floor === undefined, "a ratio has its floor, a floor its ratio");
}

describe("benches, in small", { concurrency: 2 }, () => {
  for (const { name } of microSuites()) {
    test(`[BE1] ${name} runs and gives rows`, async () => {
      const outcome = await bench(name, "--smoke", "--json");
      assert.equal(outcome.code, 0, outcome.stderr);
      const rows = rowsOf(outcome);
      assert.ok(rows.length > 0);
      rows.forEach(checkShape);
    });
  }

  for (const name of serverSuites) {
    test(`[BE2] ${name} runs against a server of its own and gives rows`, async () => {
      const outcome = await bench(name, "--smoke", "--json");
      assert.equal(outcome.code, 0, outcome.stderr);
      const rows = rowsOf(outcome);
      // Where there is no strace, calls cannot be counted, and that is said.
      if (rows.length === 0) assert.match(outcome.stderr, /strace is not installed/);
      rows.forEach(checkShape);
      for (const row of rows) {
        assert.equal(row.suite, name);
        // What must never happen must not happen in small either.
        if (row.wantAtMost === 0) assert.equal(verdictOf(row), "PASS", formatRow(row));
      }
    });
  }

  test("[BE3] a suite that does not exist is refused by name, with those there are", async () => {
    const outcome = await bench("sundial");
    assert.equal(outcome.code, 64);
    assert.match(outcome.stderr, /no such suite: sundial[\s\S]*world/);
    assert.equal(outcome.stdout, "");
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

test("[BE4] bounds are of the ratio where there is a floor, else of the value", () => {
  const row = { suite: "s", case: "c", subject: "x", value: 10, unit: "ms" };
  assert.equal(verdictOf(row), "");
  assert.equal(verdictOf({ ...row, wantAtMost: 10 }), "PASS");
  assert.equal(verdictOf({ ...row, wantAtMost: 9 }), "FAIL");
  assert.equal(verdictOf({ ...row, floor: "f", ratio: 3, wantAtLeast: 3 }), "PASS");
  assert.equal(verdictOf({ ...row, floor: "f", ratio: 2, wantAtLeast: 3 }), "FAIL");
  assert.equal(verdictOf({ ...row, value: Number.NaN, wantAtMost: 1 }), "FAIL");
  assert.match(formatRow({ ...row, floor: "f", ratio: 2, wantAtLeast: 3 }), /2 × f {2}want ≥ 3 {2}FAIL$/);
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
