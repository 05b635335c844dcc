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
  }
});

test("[PE3] a tick that all clients got late is late", () => {
  const times = new FrameTimes();
  for (let tick = 0; tick < 1001; tick++) times.record(tick, tick * 50 + (tick === 500 ? 30 : 0));
  const { lateness } = times.pace();
  assert.ok(lateness.maxMs > 29 && lateness.maxMs < 31, `${lateness.maxMs} ms`);
  assert.ok(lateness.percentiles().p50Ms < 1);
});
