import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameTimes } from "./frame-times.js";

test("[PE3] lateness is against the server's own pace, whatever that is", () => {
  for (const periodMs of [50, 50.7]) {
    const times = new FrameTimes();
    for (let tick = 100; tick < 300; tick++) {
      for (let client = 0; client < 10; client++) times.record(tick, 7 + tick * periodMs + client * 0.5);
    }
    const pace = times.pace();
    assert.ok(Math.abs(pace.periodMs - periodMs) < 1e-6);
    assert.ok(Math.abs(pace.lateness.maxMs - 4.5) < 1e-6);
    assert.equal(pace.lateness.count, 2000);
    assert.equal(pace.ticks, 200);
  }
});

test("[PE3] a tick that all clients got late is late", () => {
  const times = new FrameTimes();
  for (let tick = 0; tick < 1001; tick++) times.record(tick, tick * 50 + (tick === 500 ? 30 : 0));
  const { lateness } = times.pace();
  assert.ok(lateness.maxMs > 29 && lateness.maxMs < 31, `${lateness.maxMs} ms`);
  assert.ok(lateness.percentiles().p50Ms < 1);
});

test("[PE3] a stall that is made up for is lateness, and no other pace", () => {
  const times = new FrameTimes();
  for (let tick = 0; tick < 200; tick++) times.record(tick, tick >= 20 && tick < 40 ? 40 * 50 : tick * 50);
  const pace = times.pace();
  assert.ok(Math.abs(pace.periodMs - 50) < 1e-6, `${pace.periodMs} ms`);
  assert.equal(pace.lateness.percentiles().p50Ms < 1, true);
});

test("[PE3] a stall whose ticks are given up is forgiven after a while", () => {
  const times = new FrameTimes();
  for (let tick = 0; tick < 400; tick++) times.record(tick, tick * 50 + (tick < 50 ? 0 : 500));
  const { lateness } = times.pace();
  assert.ok(Math.abs(lateness.maxMs - 500) < 1);
  assert.equal(lateness.percentiles().p90Ms < 1, true);
});
