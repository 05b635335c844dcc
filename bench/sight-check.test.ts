import assert from "node:assert/strict";
import { test } from "node:test";
import { type PersonKey, type PersonPlace, SightCheck, sightFigures } from "./sight-check.js";

const CELL = 24;
const options = { cellSizeMeters: CELL, metersPerSecond: 5, toleranceMeters: 1.5 };

/** The middle of a cell. */
const middle = (column: number, row: number): PersonPlace => ({
  x: (column + 0.5) * CELL,
  y: (row + 0.5) * CELL,
});

const crowd = (places: readonly (readonly [PersonKey, PersonPlace])[]) => new Map(places);

function looked(places: Map<PersonKey, PersonPlace>, seen: Map<PersonKey, PersonPlace>) {
  const check = new SightCheck(options);
  check.look("me", places, seen);
  const report = check.report();
  return { report, figures: sightFigures(report) };
}

test("[PE1] who sees exactly the cells around sees nothing wrong", () => {
  const places = crowd([
    ["me", middle(3, 3)],
    ["beside", middle(4, 4)],
    ["far", middle(5, 3)],
  ]);
  const seen = crowd([["beside", middle(4, 4)]]);
  const { report, figures } = looked(places, seen);
  assert.equal(report.judged, 2);
  assert.deepEqual(figures, { inSight: 1, staleMsP99: 0, wrongSights: 0 });
});

test("[PE1] who is around and not seen, who is seen from afar and who is nobody are wrong", () => {
  const places = crowd([
    ["me", middle(3, 3)],
    ["beside", middle(2, 4)],
    ["far", middle(3, 5)],
  ]);
  const seen = crowd([
    ["far", middle(3, 5)],
    ["nobody", middle(3, 3)],
  ]);
  const { report, figures } = looked(places, seen);
  assert.equal(report.wronglyOut, 1);
  assert.equal(report.wronglyIn, 2);
  assert.equal(figures.wrongSights, 3);
  assert.deepEqual([...report.samples].sort(), ["beside is not seen", "far is seen", "nobody is seen"]);
});

test("[PE1] a step beside a border decides nothing, whoever stands there", () => {
  const border = { x: 5 * CELL + 1, y: 3.5 * CELL };
  for (const does of [false, true]) {
    const places = crowd([
      ["me", middle(3, 3)],
      ["edge", border],
      ["beside", middle(3, 3)],
    ]);
    const seen = crowd([["beside", middle(3, 3)], ...(does ? [["edge", border] as const] : [])]);
    assert.equal(looked(places, seen).figures.wrongSights, 0);
  }
  const onBorder = crowd([
    ["me", { x: 4 * CELL + 1, y: 3.5 * CELL }],
    ["left", middle(2, 3)],
    ["right", middle(5, 3)],
    ["beside", middle(3, 3)],
  ]);
  const { report } = looked(onBorder, crowd([["beside", middle(3, 3)]]));
  assert.equal(report.judged, 1);
});

test("[PE1] where it takes a second look, what that finds mended is not counted, and what it finds again is", () => {
  const check = new SightCheck({ ...options, needsSecondLook: true });
  const places = crowd([
    ["me", middle(3, 3)],
    ["beside", middle(3, 4)],
  ]);
  const ofBeside = crowd([["beside", middle(3, 4)]]);
  const ofNobody = crowd([["nobody", middle(3, 4)], ...ofBeside]);
  const wrongSights = (looks: readonly Map<PersonKey, PersonPlace>[]) => {
    for (const seen of looks) check.look("me", places, seen);
    return sightFigures(check.report()).wrongSights;
  };
  assert.equal(wrongSights([crowd([]), ofBeside, crowd([]), ofBeside, ofNobody, ofBeside]), 0);
  assert.equal(wrongSights([ofNobody, ofNobody, ofBeside, crowd([]), crowd([])]), 2);
});

test("[PE1] a check that nobody took part in has no figures", () => {
  const { figures } = looked(crowd([["you", middle(1, 1)]]), crowd([]));
  assert.deepEqual(Object.values(figures), [Number.NaN, Number.NaN, Number.NaN]);
});

test("[PE2] the age of what is seen is its distance from where people know themselves, at their speed", () => {
  const at = middle(3, 3);
  const places = crowd([
    ["me", at],
    ["you", { x: at.x + 3, y: at.y + 4 }],
  ]);
  const seen = crowd([["you", { x: at.x + 3, y: at.y + 3.5 }]]);
  const { figures } = looked(places, seen);
  assert.ok(Math.abs(figures.staleMsP99 - 100) <= 0.1, `${figures.staleMsP99} ms`);
});
