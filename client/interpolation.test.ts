import assert from "node:assert/strict";
import test from "node:test";
import { Prng } from "../engine/prng.js";
import { OwnPath, TickClock, Track } from "./interpolation.js";

test("[CL20] late frames do not set the clock back by more than 2 % of the time that passes", () => {
  const clock = new TickClock();
  clock.restart(50, 0);
  const dice = new Prng(5);
  let promptMs = 0;
  for (let tick = 1; tick <= 2000; tick++) {
    // The path takes 20 ms at best; half of the frames come up to 150 ms late.
    const lateMs = dice.below(2) === 0 ? 0 : dice.below(150);
    const nowMs = tick * 50 + 20 + lateMs;
    if (lateMs === 0) promptMs = nowMs;
    clock.observe(tick, nowMs);
    const behindMs = (tick - clock.tickAt(tick * 50 + 20, 0)) * 50;
    if (promptMs > 0) assert.ok(behindMs <= (nowMs - promptMs) * 0.02 + 0.001 + 150 * 0.02, `tick ${tick}`);
    assert.ok(promptMs === 0 || behindMs > -0.001, "never ahead of the promptest");
  }
  assert.equal(clock.latestTick, 2000);
});

test("[CL20] the clock follows a path that has become slower, and one whose ticks count from elsewhere", () => {
  const clock = new TickClock();
  clock.restart(50, 0);
  for (let tick = 1; tick <= 20; tick++) clock.observe(tick, tick * 50);
  for (let tick = 21; tick <= 400; tick++) clock.observe(tick, tick * 50 + 80);
  assert.ok(Math.abs(clock.tickAt(400 * 50 + 80, 0) - 400) < 0.05);
  clock.restart(50, 7);
  assert.equal(clock.tickAt(1e9, 100), 7, "before the first frame: the tick of the Welcome");
  clock.observe(8, 1e9);
  assert.equal(clock.tickAt(1e9 + 100, 100), 8);
});

test("[CL21] a track is a straight line between samples and holds still outside", () => {
  const track = new Track();
  track.add(10, 0, 0);
  track.add(11, 1, 2);
  track.add(12, 2, 4);
  for (const [tick, x] of [
    [9, 0],
    [10.5, 0.5],
    [11.75, 1.75],
    [40, 2],
  ] as const) {
    track.read(tick);
    assert.equal(track.x, x);
    assert.equal(track.y, x * 2);
  }
  track.add(11, 99, 99);
  track.read(12);
  assert.equal(track.x, 2, "an older tick changes nothing");
  track.add(12, 3, 3);
  track.read(12);
  assert.equal(track.x, 3, "the same tick is corrected");
  for (let tick = 13; tick < 60; tick++) track.add(tick, tick, 0);
  track.read(58.5);
  assert.equal(track.x, 58.5, "more samples than are kept");
});

test("[CL21] after a pause an entity stands still until shortly before it moved", () => {
  const track = new Track();
  track.add(10, 0, 0);
  track.add(100, 1, 0);
  track.read(90);
  assert.equal(track.x, 0);
  track.read(98.5);
  assert.ok(track.x > 0 && track.x < 1);
  const told = new Track();
  told.add(10, 0, 0);
  told.add(100, 1, 0, 99);
  told.read(99);
  assert.equal(told.x, 0, "other news of its cell said that it had not moved by 99");
});

test("[CL22] steering shows at once, and rest agrees with the server", () => {
  const path = new OwnPath();
  path.update(10, 10, 100, 0);
  assert.equal(path.x, 10);
  path.steer(6, 0, 0);
  path.update(10, 10, 100, 50);
  assert.ok(path.x > 10.25, `walked ${path.x - 10} m in the first 50 ms`);
  let serverX = 10;
  for (let nowMs = 66; nowMs < 1000; nowMs += 16) {
    serverX = 10 + Math.max(0, nowMs - 100) * 0.006;
    path.update(serverX, 10, 100, nowMs);
    assert.ok(Math.abs(path.x - (10 + nowMs * 0.006)) < 0.05, "ahead of the server by the round trip");
  }
  path.steer(0, 0, 1000);
  for (let nowMs = 1000; nowMs < 2500; nowMs += 16) path.update(16, 10, 100, nowMs);
  assert.ok(Math.abs(path.x - 16) < 0.01);
  path.update(30, 10, 100, 2510);
  assert.equal(path.x, 30, "too far off to glide");
  path.jump();
  path.update(28, 10, 100, 2520);
  assert.equal(path.x, 28);
});
