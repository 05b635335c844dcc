import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "../engine/prng.js";
import { Schedule } from "./schedule.js";

test("[SD1] whatever is put in comes out exactly once, at its tick, in order; whatever is cancelled never does", () => {
  const seed = Number(process.env.GRIDSHARD_SEED ?? 3);
  const prng = new Prng(seed);
  const schedule = new Schedule(4000);
  const model = new Map<number, { subject: number; due: number }>();
  const out = new Int32Array(14);
  let subject = 0;
  for (let tick = 1; tick < 6000; tick++) {
    for (let count = prng.below(4); count > 0; count--) {
      const ahead = prng.below(10) === 0 ? prng.below(5000) : prng.below(60);
      const entry = schedule.add(1, ++subject, tick + ahead);
      if (entry >= 0) model.set(entry, { subject, due: tick + ahead });
      else assert.equal(model.size, 4000, `full only when full (seed ${seed})`);
    }
    if (prng.below(3) === 0 && model.size > 0) {
      const entry = [...model.keys()][prng.below(model.size)]!;
      schedule.cancel(entry);
      model.delete(entry);
    }
    const earliest = Math.min(...[...model.values()].map((entry) => entry.due));
    assert.equal(schedule.nextDue(tick), model.size === 0 ? -1 : earliest, `next due (seed ${seed})`);
    const collected: number[] = [];
    for (let count = schedule.collect(tick, out); count > 0; count = schedule.collect(tick, out)) {
      for (let index = 0; index < count; index++) collected.push(out[index * 2 + 1]!);
    }
    const expected = [...model].filter(([, entry]) => entry.due === tick);
    assert.deepEqual(
      collected,
      expected.map(([, entry]) => entry.subject).sort((a, b) => a - b),
      `tick ${tick}, seed ${seed}`,
    );
    for (const [entry] of expected) model.delete(entry);
    assert.equal(schedule.count, model.size);
  }
});
