import assert from "node:assert/strict";
import { test } from "node:test";
import { AddressLimits, floodRefusalsMin, networkOf, RateLimits, TokenBucket } from "./rate-limit.js";

test("[RL4] a bucket gives its burst at once and its rate from then on", () => {
  const limits = new RateLimits([{ perSecond: 10, burst: 3 }]);
  const buckets = limits.newBuckets(0);
  const ask = (nowMs: number) => limits.take(buckets, 0, nowMs);
  assert.deepEqual([ask(0), ask(0), ask(0), ask(0)], ["granted", "granted", "granted", "refused"]);
  assert.deepEqual([ask(99), ask(100), ask(100)], ["refused", "granted", "refused"]);
  assert.deepEqual([ask(1e9), ask(1e9), ask(1e9), ask(1e9)], ["granted", "granted", "granted", "refused"]);
});

test("[RL4] kinds do not share a bucket, sessions do not either", () => {
  const limits = new RateLimits([
    { perSecond: 1, burst: 1 },
    { perSecond: 1, burst: 1 },
  ]);
  const first = limits.newBuckets(0);
  assert.equal(limits.take(first, 0, 0), "granted");
  assert.equal(limits.take(first, 1, 0), "granted");
  assert.equal(limits.take(first, 0, 0), "refused");
  assert.equal(limits.take(limits.newBuckets(0), 0, 0), "granted");
});

test("[RL3] a flood is ten times the rate for five seconds, and never less than a hundred refusals", () => {
  const limits = new RateLimits([
    { perSecond: 100, burst: 100 },
    { perSecond: 1, burst: 1 },
  ]);
  const flooded = limits.newBuckets(0);
  let sent = 0;
  while (limits.take(flooded, 0, sent / 10) !== "flood") sent++;
  assert.ok(sent > 4500 && sent < 5100, `${sent}`);
  const slow = limits.newBuckets(0);
  let asked = 0;
  while (limits.take(slow, 1, 0) !== "flood") asked++;
  assert.equal(asked, floodRefusalsMin + 1);
});

test("[RL5] addresses have a bucket each, and only so many are remembered", () => {
  const limits = new AddressLimits({ perSecond: 1, burst: 1 }, 3);
  assert.equal(limits.take("10.0.0.1", 0), true);
  assert.equal(limits.take("10.0.0.1", 0), false);
  assert.equal(limits.take("10.0.0.2", 0), true);
  for (let last = 3; last < 100; last++) limits.take(`10.0.0.${last}`, 0);
  assert.equal(limits.addressCount, 3);
});

test("[RL5] the /64 of an IPv6 address is one, a mapped IPv4 address is itself", () => {
  assert.equal(networkOf("10.0.0.1"), "10.0.0.1");
  assert.equal(networkOf("2001:db8:1:2::1"), networkOf("2001:0db8:0001:0002:ffff:1:2:3"));
  assert.notEqual(networkOf("2001:db8:1:2::1"), networkOf("2001:db8:1:3::1"));
  assert.equal(networkOf("::1"), networkOf("0:0:0:0:0:0:0:1"));
  assert.notEqual(networkOf("::ffff:10.0.0.1"), networkOf("::ffff:10.0.0.2"));
  assert.notEqual(
    networkOf("0000:0000:0000:0000:0000:ffff:7f00:0001"),
    networkOf("0000:0000:0000:0000:0000:ffff:7f00:0002"),
  );
});

test("[RL6] one bucket for all handshakes", () => {
  const bucket = new TokenBucket({ perSecond: 2, burst: 2 }, 0);
  assert.deepEqual(
    [bucket.take(0), bucket.take(0), bucket.take(0), bucket.take(500)],
    [true, true, false, true],
  );
});
