/** The /metrics page: every catalogue, every lane, every histogram. */
import type { Counters } from "../engine/memory/counters.js";
import { Histogram, histogramBucketCount, histogramBucketEndUs } from "../engine/memory/histogram.js";
import { ringStats } from "../engine/memory/spsc-ring.js";
import { netCatalogue, persistenceCatalogue, shardCatalogue } from "../engine/metrics.js";
import { threadCpuSeconds } from "../engine/system-thread.js";
import { type HistogramSample, type Labels, PrometheusText } from "./prometheus.js";
import { serverMetrics } from "./server-metrics.js";
import type { ServerView } from "./server-view.js";

/** Histograms are shown at every octave of their finer buckets, from 16 µs to 2²¹ µs (2.1 s). */
const SHOWN_US_MIN = 16;
const SHOWN_US_MAX = 0x20_0000;

export function metricsText(view: ServerView): string {
  const out = new PrometheusText();
  writeServer(out, view);
  const labelled = view.shards.map((counters, shard) => ({ counters, labels: { shard } }));
  writeCatalogue(out, "gridshard_shard_", shardCatalogue, labelled);
  writeCatalogue(out, "gridshard_net_", netCatalogue, [{ counters: view.net, labels: {} }]);
  writeCatalogue(out, "gridshard_persistence_", persistenceCatalogue, [
    { counters: view.persistence, labels: {} },
  ]);
  writeTables(out, view);
  writeLanes(out, view);
  writeHistograms(out, view);
  return out.text();
}

function writeServer(out: PrometheusText, view: ServerView): void {
  const { control, options } = view;
  out.family(serverMetrics.info).sample(1, { version: options.version, node: process.version });
  out.family(serverMetrics.uptimeSeconds).sample(view.uptimeMs / 1000);
  out.family(serverMetrics.ready).sample(view.notReady().length === 0 ? 1 : 0);
  out.family(serverMetrics.residentBytes).sample(process.memoryUsage.rss());
  out.family(serverMetrics.threadCpuSeconds);
  for (let thread = 0; thread < control.threadCount; thread++) {
    const seconds = threadCpuSeconds(control.systemThreadId(thread));
    if (seconds >= 0) out.sample(seconds, { thread: view.threadName(thread) });
  }
  out.family(serverMetrics.heartbeatAgeSeconds);
  for (let thread = 0; thread < control.threadCount; thread++) {
    out.sample(view.heartbeatAgeMs(thread) / 1000, { thread: view.threadName(thread) });
  }
  out.family(serverMetrics.shardRestarts);
  view.shards.forEach((_, shard) => {
    out.sample(options.shardRestarts(shard), { shard });
  });
  out.family(serverMetrics.shardCells);
  view.cellsPerShard().forEach((cells, shard) => {
    out.sample(cells, { shard });
  });
}

function writeCatalogue(
  out: PrometheusText,
  prefix: string,
  catalogue: readonly { readonly name: string; readonly help: string; readonly kind: string }[],
  blocks: readonly { readonly counters: Counters; readonly labels: Labels }[],
): void {
  catalogue.forEach(({ name, help, kind }, index) => {
    out.family({ name: prefix + name, help, type: kind === "counter" ? "counter" : "gauge" });
    for (const { counters, labels } of blocks) out.sample(counters.get(index), labels);
  });
}

/** Digits of a table's hash that are shown: enough to tell versions apart. */
const VERSION_DIGITS = 12;

function writeTables(out: PrometheusText, view: ServerView): void {
  const tables = view.options.tables?.()?.tables ?? [];
  out.family(serverMetrics.tableInfo);
  for (const { name, hash } of tables) out.sample(1, { table: name, version: hash.slice(0, VERSION_DIGITS) });
  out.family(serverMetrics.tableRows);
  for (const { name, rows } of tables) out.sample(rows, { table: name });
  out.family(serverMetrics.tableReloads);
  for (const { name, reloads } of tables) out.sample(reloads, { table: name });
  out.family(serverMetrics.tableRefusals);
  for (const { name, refusals } of tables) out.sample(refusals, { table: name });
  out.family(serverMetrics.tableRefused);
  for (const { name, refused } of tables) out.sample(refused === "" ? 0 : 1, { table: name });
}

function writeLanes(out: PrometheusText, view: ServerView): void {
  const rows = view.lanes.map(({ name, from, to, ring }) => ({
    stats: ringStats(ring),
    labels: { lane: name, from, to },
  }));
  out.family(serverMetrics.laneCapacityBytes);
  for (const { stats, labels } of rows) out.sample(stats.capacity, labels);
  out.family(serverMetrics.laneDepthBytes);
  for (const { stats, labels } of rows) out.sample(stats.depth, labels);
  out.family(serverMetrics.laneDepthBytesMax);
  for (const { stats, labels } of rows) out.sample(stats.depthMax, labels);
  out.family(serverMetrics.laneRefusals);
  for (const { stats, labels } of rows) out.sample(stats.refusals, labels);
}

function writeHistograms(out: PrometheusText, view: ServerView): void {
  const { histograms } = view.options.wiring;
  out.family(serverMetrics.tickDurationSeconds);
  histograms.ticks.forEach((memory, shard) => {
    out.histogram(sampleOf([new Histogram(memory)]), { shard });
  });
  out.family(serverMetrics.roomTickDurationSeconds);
  view.options.roomTypes.forEach((type, index) => {
    const parts = histograms.roomTypes.map((types) => new Histogram(types[index]!));
    out.histogram(sampleOf(parts), { room_type: type });
  });
}

/** Several histograms as one. Counts come from the buckets alone, so that a record made meanwhile cannot disagree. */
function sampleOf(parts: readonly Histogram[]): HistogramSample {
  const buckets: { le: number; count: number }[] = [];
  let below = 0;
  for (let bucket = 0; bucket < histogramBucketCount; bucket++) {
    for (const part of parts) below += part.inBucket(bucket);
    const endUs = histogramBucketEndUs(bucket);
    const isOctave = Number.isInteger(Math.log2(endUs)) && endUs >= SHOWN_US_MIN && endUs <= SHOWN_US_MAX;
    if (isOctave) buckets.push({ le: endUs / 1e6, count: below });
  }
  buckets.push({ le: Number.POSITIVE_INFINITY, count: below });
  return { buckets, sum: parts.reduce((sum, part) => sum + part.sum, 0) / 1e6 };
}
