import assert from "node:assert/strict";
import { test } from "node:test";
import { type Figures, judge, type Measured, measuredOf, type Want } from "./measured.js";
import { drawPlot, marksUpTo } from "./plot.js";
import { formatTables, jsonOf } from "./report.js";
import { type Change, compare, noiseOf } from "./saved-runs.js";

const place = {
  ...{ node: "v1", gridshard: "0", uws: "1", commit: null, isDirty: false },
  ...{ cpu: "abacus", cores: 1, memoryGB: 1, os: "none", busyCores: 0 },
};

function subjectOf(subject: string, rounds: readonly Figures[], wants: readonly Want[] = []): Measured {
  return measuredOf({ suite: "s", case: "c", subject, rounds, wants });
}

function verdictOf(want: Want, ours: readonly Figures[], floor: readonly Figures[] = []) {
  const subject = subjectOf("ours", ours, [want]);
  return judge(subject, [subject, subjectOf("floor", floor)])[0]!;
}

test("[BE4] bounds are of the ratio where there is a floor, else of the figure", () => {
  const ten = [{ ms: 10 }];
  assert.equal(verdictOf({ figure: "ms" }, ten).verdict, "");
  assert.equal(verdictOf({ figure: "ms", atMost: 10 }, ten).verdict, "PASS");
  assert.equal(verdictOf({ figure: "ms", atMost: 9 }, ten).verdict, "FAIL");
  assert.equal(verdictOf({ figure: "ms", atLeast: 11 }, ten).verdict, "FAIL");
  const floor = [{ ms: 5 }];
  assert.equal(verdictOf({ figure: "ms", floor: "floor", atMost: 2 }, ten, floor).verdict, "PASS");
  assert.equal(verdictOf({ figure: "ms", floor: "floor", atLeast: 3 }, ten, floor).verdict, "FAIL");
});

test("[BE4] what could not be had meets no bound", () => {
  assert.equal(verdictOf({ figure: "ms", atMost: 1 }, [{ ms: Number.NaN }]).verdict, "FAIL");
  assert.equal(verdictOf({ figure: "ms", atMost: 1 }, [{ us: 1 }]).verdict, "FAIL");
  assert.equal(verdictOf({ figure: "ms", floor: "nobody", atMost: 1 }, [{ ms: 1 }]).verdict, "FAIL");
});

test("[BE9] a ratio is the median of each round's ratio, not the ratio of medians", () => {
  const ours = [{ ms: 10 }, { ms: 40 }, { ms: 30 }];
  const floor = [{ ms: 10 }, { ms: 10 }, { ms: 20 }];
  assert.equal(verdictOf({ figure: "ms", floor: "floor" }, ours, floor).ratio, 1.5);
});

test("[BE9] figures are medians of the rounds, and what must not happen is summed", () => {
  const { figures } = subjectOf("ours", [
    { ms: 1, errors: 0 },
    { ms: 2, errors: 1 },
    { ms: 9, errors: 0 },
  ]);
  assert.deepEqual(figures, { ms: 2, errors: 1 });
});

test("[BE10] noise is what arms of the same rounds differ by", () => {
  const quiet = subjectOf("ours", [{ ms: 100 }, { ms: 101 }, { ms: 100 }, { ms: 101 }]);
  assert.ok(noiseOf(quiet, "ms") <= 1.011);
  const noisy = subjectOf("ours", [{ ms: 100 }, { ms: 200 }, { ms: 100 }, { ms: 200 }]);
  assert.equal(noiseOf(noisy, "ms"), 2);
  assert.equal(noiseOf(subjectOf("ours", [{ ms: 100 }]), "ms"), Number.NaN);
});

test("[BE10] a difference is within the noise, better or worse, whichever way is better", () => {
  const around = (name: "ms" | "perSecond", value: number) =>
    subjectOf("ours", [{ [name]: value * 0.99 }, { [name]: value }, { [name]: value * 1.01 }]);
  const change = (name: "ms" | "perSecond", before: number, now: number): Change =>
    compare(around(name, before), around(name, now))[0]!.change;
  assert.equal(change("ms", 100, 101), "within the noise");
  assert.equal(change("ms", 100, 120), "worse");
  assert.equal(change("ms", 100, 80), "better");
  assert.equal(change("perSecond", 100, 120), "better");
  assert.equal(change("perSecond", 100, 80), "worse");
  const once = (ms: number) => subjectOf("ours", [{ ms }]);
  assert.equal(compare(once(1), once(2))[0]!.change, "noise not known");
  const failed = (errors: number) => subjectOf("ours", [{ errors }, { errors: 0 }]);
  assert.equal(compare(failed(0), failed(1))[0]!.change, "worse", "one error is no noise");
  assert.equal(compare(failed(0), failed(0))[0]!.change, "the same");
});

test("[BE11] tables say figure, floor, ratio, wanted and verdict in 120 columns", () => {
  const rounds = [{ cpuCores: 0.24, errors: 0 }];
  const ours = subjectOf("gridshard, 1 shard", rounds, [
    { figure: "cpuCores", floor: "bare server, one message in all", atMost: 1.25 },
    { figure: "errors", atMost: 0 },
  ]);
  const floor = subjectOf("bare server, one message in all", [{ cpuCores: 0.12 }]);
  const lines = formatTables([ours, floor]).split("\n");
  for (const line of lines) assert.ok(line.length <= 120, line);
  assert.match(
    lines.join("\n"),
    /CPU of the server +0\.24 cores +0\.12 +2 × +≤ 1\.25 FAIL\n +of bare server/,
  );
  assert.match(lines.join("\n"), /lost clients +0 errors +≤ 0 PASS/);
});

test("[BE12] an object for machines is flat: what, figures by name, wants with verdicts, and where", () => {
  const ours = subjectOf("ours", [{ ms: 10 }, { ms: 20 }, { ms: 12 }], [{ figure: "ms", atMost: 15 }]);
  assert.deepEqual(jsonOf(ours, [ours], place), {
    ...{ suite: "s", case: "c", subject: "ours", rounds: 3, ms: 12 },
    wants: [{ figure: "ms", atMost: 15, verdict: "PASS" }],
    spread: { ms: 0.833333 },
    ...place,
  });
});

test("[BE8] axes have round marks, and a plot says its names as text", () => {
  assert.deepEqual(marksUpTo(9.3), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(marksUpTo(5000), [0, 1000, 2000, 3000, 4000, 5000]);
  assert.deepEqual(marksUpTo(0), [0, 1]);
  const svg = drawPlot({
    ...{ name: "n", title: "<less & more>", xLabel: "x", yLabel: "y" },
    lines: [
      {
        name: "one",
        points: [
          { x: 0, y: Number.NaN },
          { x: 1, y: 2 },
        ],
      },
    ],
  });
  assert.match(svg, /&lt;less &amp; more&gt;/);
  assert.doesNotMatch(svg, /NaN/);
});
