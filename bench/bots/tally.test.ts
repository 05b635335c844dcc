import assert from "node:assert/strict";
import { test } from "node:test";
import { challengeBody, useSkillBody } from "./intents.js";
import { Tally } from "./tally.js";

test("[BO13] percentiles are within one bucket above the true ones", () => {
  const tally = new Tally();
  for (let ms = 1; ms <= 1000; ms++) tally.record(ms / 10);
  const { p50Ms, p99Ms, maxMs, meanMs, count } = tally.percentiles();
  assert.ok(p50Ms >= 50 && p50Ms <= 50.051, `${p50Ms}`);
  assert.ok(p99Ms >= 99 && p99Ms <= 99.051, `${p99Ms}`);
  assert.deepEqual([maxMs, meanMs, count], [100, 50.05, 1000]);
});

test("[BO13] a snapshot shifted by the best offset adds up with others", () => {
  const [first, second, all] = [new Tally(), new Tally(), new Tally()];
  for (const ms of [510, 512, 530]) first.record(ms);
  for (const ms of [1, 3]) second.record(ms);
  all.add(first.snapshot(510));
  all.add(second.snapshot(1));
  assert.equal(all.count, 5);
  assert.equal(Math.round(all.maxMs), 20);
  assert.ok(all.quantileMs(0.5) <= 2.1);
});

test("[BO13] what is beyond the range counts as the longest, and the maximum is kept", () => {
  const tally = new Tally();
  tally.record(60_000);
  assert.equal(tally.percentiles().maxMs, 60_000);
  assert.equal(tally.count, 1);
});

test("[BO14] bodies of reliable intents are FlatBuffers tables with their fields in place", () => {
  const read = (body: Uint8Array, field: number) => {
    const view = new DataView(body.buffer);
    const table = view.getUint32(0, true);
    const vtable = table - view.getInt32(table, true);
    return table + view.getUint16(vtable + 4 + 2 * field, true);
  };
  const challenge = challengeBody(0x8000_0001);
  assert.equal(new DataView(challenge.buffer).getUint32(read(challenge, 0), true), 0x8000_0001);
  const skill = useSkillBody(3, 9);
  assert.deepEqual([skill[read(skill, 0)], skill[read(skill, 1)]], [3, 9]);
});
