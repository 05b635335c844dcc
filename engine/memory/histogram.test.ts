import assert from "node:assert/strict";
import { test } from "node:test";
import { freshSeed, Prng } from "../prng.js";
import {
  createHistogram,
  createHistogramPool,
  Histogram,
  HistogramPool,
  histogramBucketCount,
  histogramBucketEndUs,
  poolBucketCount,
  poolBucketEndUs,
} from "./histogram.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());

/** The bucket that one record of `us` falls into. */
function bucketOf(us: number): number {
  const histogram = new Histogram(createHistogram());
  histogram.record(us);
  for (let bucket = 0; bucket < histogramBucketCount; bucket++)
    if (histogram.inBucket(bucket) === 1) return bucket;
  return -1;
}

test("[CT4] buckets join without gap or overlap, four to the octave, from 1 µs to 16.8 s", () => {
  assert.equal(bucketOf(0), 0);
  for (let bucket = 0; bucket < histogramBucketCount - 1; bucket++) {
    const end = histogramBucketEndUs(bucket);
    assert.equal(bucketOf(end - 0.001), bucket);
    assert.equal(bucketOf(end), bucket + 1);
  }
  assert.equal(histogramBucketEndUs(histogramBucketCount - 2), 2 ** 24);
  assert.equal(histogramBucketEndUs(histogramBucketCount - 1), Number.POSITIVE_INFINITY);
  assert.equal(bucketOf(1e15), histogramBucketCount - 1);
  assert.equal(bucketOf(-5), 0);
  assert.equal(bucketOf(Number.NaN), 0);
});

test(`[CT5] a percentile is never too low, and at most a quarter or 1 µs too high (GRIDSHARD_SEED=${seed})`, () => {
  const prng = new Prng(seed);
  const memory = createHistogram();
  const histogram = new Histogram(memory);
  const reader = new Histogram(memory);
  assert.equal(reader.percentile(99), 0);
  const values: number[] = [];
  for (let index = 0; index < 5000; index++) {
    const us = 2 ** (prng.unit() * 23);
    values.push(us);
    histogram.record(us);
  }
  values.sort((a, b) => a - b);
  for (const p of [0, 1, 25, 50, 90, 99, 99.9, 100]) {
    const truth = values[Math.max(0, Math.ceil((values.length * p) / 100) - 1)]!;
    const got = reader.percentile(p);
    assert.ok(got >= truth, `p${p}: ${got} is below ${truth}`);
    assert.ok(got <= Math.max(truth * 1.25, truth + 1), `p${p}: ${got} is far above ${truth}`);
  }
  assert.equal(reader.count, 5000);
  assert.equal(reader.max, values.at(-1));
  assert.equal(
    reader.percentile(100),
    values.at(-1),
    "the greatest is known exactly, also where the last bucket is open",
  );
  assert.ok(Math.abs(reader.sum - values.reduce((sum, us) => sum + us, 0)) < 1);
});

test("[CT6] histograms merge, and forget when cleared", () => {
  const one = new Histogram(createHistogram());
  const other = new Histogram(createHistogram());
  for (const us of [1, 10, 100]) one.record(us);
  for (const us of [1000, 30e6]) other.record(us);
  one.merge(other);
  assert.equal(one.count, 5);
  assert.equal(one.sum, 30_001_111);
  assert.equal(one.max, 30e6);
  assert.equal(one.percentile(100), 30e6);
  assert.equal(other.count, 2);
  one.clear();
  assert.deepEqual([one.count, one.sum, one.max, one.percentile(50)], [0, 0, 0, 0]);
});

test("[CT7] slots of a pool are histograms of their own, in octaves from 4 µs to 65 ms", () => {
  const memory = createHistogramPool(3);
  const pool = new HistogramPool(memory);
  const reader = new HistogramPool(memory);
  for (let bucket = 0; bucket < poolBucketCount - 1; bucket++) {
    pool.clear(1);
    pool.record(1, poolBucketEndUs(bucket) - 1);
    pool.record(1, poolBucketEndUs(bucket));
    assert.deepEqual([reader.inBucket(1, bucket), reader.inBucket(1, bucket + 1)], [1, 1]);
    assert.equal(reader.percentile(1, 50), poolBucketEndUs(bucket));
  }
  assert.equal(poolBucketEndUs(poolBucketCount - 2), 65_536);
  pool.record(0, -1);
  pool.record(2, 1e12);
  assert.deepEqual(
    [0, 1, 2].map((slot) => reader.count(slot)),
    [1, 2, 1],
  );
  assert.deepEqual([reader.percentile(0, 99), reader.percentile(2, 99)], [4, Number.POSITIVE_INFINITY]);
  pool.clear(0);
  assert.deepEqual([reader.count(0), reader.percentile(0, 50), reader.count(1)], [0, 0, 2]);
});

test("[CT8] the slowest slots of a pool are found by the label their owners gave them", () => {
  const pool = new HistogramPool(createHistogramPool(4));
  pool.clear(0, 100);
  pool.clear(1, 200);
  pool.clear(2, 300);
  pool.record(0, 10);
  pool.record(1, 5000);
  pool.record(1, 6000);
  assert.deepEqual(
    pool.slowest(99, 10).map(({ label, count }) => [label, count]),
    [
      [200, 2],
      [100, 1],
    ],
  );
  pool.clear(1);
  assert.equal(pool.label(1), 0);
  assert.equal(pool.slowest(99, 1)[0]!.label, 100);
});
