import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { BotReport } from "./report.js";
import { type Fault, TinyServer } from "./tiny-server.js";

const entry = fileURLToPath(new URL("./cli-process.js", import.meta.url));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function bots(args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [entry, ...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

async function against(fault: Fault, args: readonly string[]): Promise<Outcome & { server: TinyServer }> {
  const server = new TinyServer(fault);
  const { port } = await server.listen();
  try {
    const short = [
      "--clients",
      "12",
      "--seconds",
      "1.5",
      "--warmup-seconds",
      "0.2",
      "--reliable-per-second",
      "2",
    ];
    const outcome = await bots(["--url", `http://127.0.0.1:${port}`, ...short, ...args]);
    return { ...outcome, server };
  } finally {
    await server.close();
  }
}

const reportOf = (outcome: Outcome) => JSON.parse(outcome.stdout) as BotReport;

describe("gridshard bots", { concurrency: 4 }, () => {
  test("[BO1] a run against a healthy server ends by itself, measures everything and exits with 0", async () => {
    const outcome = await against("none", ["--json"]);
    const report = reportOf(outcome);
    assert.deepEqual(report.failures, [], outcome.stdout);
    assert.equal(outcome.code, 0);
    assert.equal(report.connected, 12);
    assert.equal(report.liveAtEnd, 12);
    assert.equal(report.placedAtEnd, 12);
    assert.equal(outcome.server.names.size, 12);
    assert.ok(report.lateness.count > 0);
    assert.ok(report.effect.count > 0, "turns were seen to take effect");
    assert.ok(report.generatorLateness.count > 0);
    assert.ok(report.entitiesInSightMean >= 1, "at least oneself is in sight");
    assert.ok(report.kilobytesPerSecondPerClient > 0);
    assert.ok(report.totals.reliableSent > 0);
    assert.equal(report.reliableLost, 0);
    assert.equal(report.totals.refusals, report.totals.reliableSent);
  });

  test("[BO2] with --json stdout is one JSON object and nothing else; without it a table", async () => {
    const [json, table] = await Promise.all([
      against("none", ["--json", "--clients", "3"]),
      against("none", ["--clients", "3"]),
    ]);
    assert.equal(json.stdout.trimEnd().split("\n").length, 1);
    assert.equal(typeof reportOf(json), "object");
    assert.match(table.stdout, /frame lateness .*\d/);
    assert.match(table.stdout, /PASS/);
  });

  test("[BO3] the clients may be spread over processes; their figures are merged", async () => {
    const report = reportOf(await against("none", ["--json", "--processes", "2"]));
    assert.deepEqual(report.failures, []);
    assert.equal(report.connected, 12);
    assert.equal(report.liveAtEnd, 12);
  });

  test("[BO4] a rate limit on tickets is waited for", async () => {
    const outcome = await against("none", ["--json"]);
    assert.ok(outcome.server.ticketsLimited > 0);
    assert.equal(reportOf(outcome).connected, 12);
  });

  test("[BO5] reliable intents that are never applied are counted as lost and fail the run", async () => {
    const outcome = await against("swallowsIntents", ["--json", "--clients", "3"]);
    const report = reportOf(outcome);
    assert.equal(outcome.code, 1);
    assert.ok(report.reliableLost > 0);
    assert.equal(report.reliableLost, report.totals.reliableSent);
  });

  test("[BO6] protocol errors are counted by kind and fail the run", async () => {
    const outcome = await against("skipsKeyframes", ["--json"]);
    assert.equal(outcome.code, 1);
    assert.ok(reportOf(outcome).errors.deltaWithoutKeyframe! > 0);
  });

  test("[BO7] a connection the server ends is an error with its close code", async () => {
    const outcome = await against("closesEarly", ["--json", "--clients", "3"]);
    const report = reportOf(outcome);
    assert.equal(outcome.code, 1);
    assert.equal(report.errors.closed, 3);
    assert.equal(report.closes["4103"], 3);
  });

  test("[BO7] a server that gives no tickets fails every bot by name", async () => {
    const outcome = await against("refusesTickets", ["--json", "--clients", "3"]);
    assert.equal(outcome.code, 1);
    assert.equal(reportOf(outcome).errors.refusedConnection, 3);
  });

  test("[BO8] a missed --max-p99-ms fails the run: a server that stalls shows as lateness", async () => {
    const outcome = await against("stalls", ["--json", "--max-p99-ms", "20"]);
    const report = reportOf(outcome);
    assert.ok(report.lateness.maxMs > 100, "the stall is seen at full length");
    assert.equal(outcome.code, 1);
    assert.match(report.failures.join(), /p99/);
  });

  test("[BO9] every wrong option is named at once, with exit code 64", async () => {
    const outcome = await bots(["--clients", "none", "--behaviour", "sleep", "--url", "https://example.org"]);
    assert.equal(outcome.code, 64);
    for (const name of ["--clients", "--behaviour", "--url"])
      assert.match(outcome.stderr, new RegExp(`${name}: got`));
    assert.equal((await bots(["--no-such-option"])).code, 64);
    const blind = await bots(["--behaviour", "fight", "--decode-every", "2"]);
    assert.equal(blind.code, 64);
    assert.match(blind.stderr, /--decode-every: got 2, want 1/);
    assert.equal((await bots(["--help"])).code, 0);
  });

  test("[BO10] idle bots send no moves and stay", async () => {
    const outcome = await against("none", ["--json", "--clients", "3", "--behaviour", "idle"]);
    const report = reportOf(outcome);
    assert.equal(report.totals.intentsSent, 0);
    assert.equal(report.liveAtEnd, 3);
    assert.equal(outcome.code, 0);
  });
});
