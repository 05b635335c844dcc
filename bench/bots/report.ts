/** What a run of bots says in the end: one object for machines, one table for people. */
import { type SightFigures, type SightReport, sightFigures } from "../sight-check.js";
import type { FleetReport, Totals } from "./measures.js";
import type { BotOptions } from "./options.js";
import { type Percentiles, Tally } from "./tally.js";

export interface BotReport {
  readonly options: BotOptions;
  readonly connected: number;
  readonly liveAtEnd: number;
  readonly placedAtEnd: number;
  readonly shardCount: number;
  readonly tickPeriodMs: number;
  readonly windowSeconds: number;
  /** Frames against the best tick of the run. */
  readonly lateness: Percentiles;
  /** From the time a turn was due until a frame showed it. */
  readonly effect: Percentiles;
  /** From the frame in which the own entity left a cell until the one in which it appeared in the next. */
  readonly crossing: Percentiles;
  /** Sends against the time they were due: the bots' own fault. */
  readonly generatorLateness: Percentiles;
  readonly generatorCpuCores: number;
  readonly kilobytesPerSecondPerClient: number;
  readonly messagesPerSecond: number;
  readonly messagesPerSecondPerClient: number;
  readonly framesPerSecondPerClient: number;
  readonly entitiesInSightMean: number;
  readonly intentsPerSecond: number;
  /** Of the whole run. */
  readonly totals: Totals;
  readonly reliableLost: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly errorSamples: readonly string[];
  readonly closes: Readonly<Record<string, number>>;
  /** Null where sight was not judged. */
  readonly sight: SightFigures | null;
  /** Why the run failed, in words; empty when it did not. */
  readonly failures: readonly string[];
}

export function mergeReports(reports: readonly FleetReport[], options: BotOptions): BotReport {
  const sum = (of: (report: FleetReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  const lateness = new Tally();
  const effect = new Tally();
  const crossing = new Tally();
  const generatorLateness = new Tally();
  const errors: Record<string, number> = {};
  const closes: Record<string, number> = {};
  for (const report of reports) {
    lateness.add(report.lateness);
    effect.add(report.effect);
    crossing.add(report.crossing);
    generatorLateness.add(report.generatorLateness);
    for (const [kind, count] of Object.entries(report.errors)) errors[kind] = (errors[kind] ?? 0) + count;
    for (const [code, count] of Object.entries(report.closes)) closes[code] = (closes[code] ?? 0) + count;
  }
  const first = reports[0]!;
  const totals = Object.fromEntries(
    Object.keys(first.total).map((name) => [name, sum((report) => report.total[name as keyof Totals])]),
  ) as unknown as Totals;
  const windowSeconds = sum((report) => report.windowSeconds) / reports.length;
  const live = sum((report) => report.liveAtEnd);
  const rate = (of: (totals: Totals) => number) => sum((report) => of(report.window)) / windowSeconds;
  const perClient = (value: number) => (live === 0 ? 0 : value / live);
  const messagesPerSecond = rate((window) => window.messages);
  const report = {
    options,
    connected: sum((fleet) => fleet.connected),
    liveAtEnd: live,
    placedAtEnd: sum((fleet) => fleet.placedAtEnd),
    shardCount: first.shardCount,
    tickPeriodMs: first.tickPeriodMs,
    windowSeconds: round(windowSeconds, 3),
    lateness: lateness.percentiles(),
    effect: effect.percentiles(),
    crossing: crossing.percentiles(),
    generatorLateness: generatorLateness.percentiles(),
    generatorCpuCores: round(
      sum((fleet) => fleet.generatorCpu),
      3,
    ),
    kilobytesPerSecondPerClient: round(perClient(rate((window) => window.bytes)) / 1000, 2),
    messagesPerSecond: Math.round(messagesPerSecond),
    messagesPerSecondPerClient: round(perClient(messagesPerSecond), 1),
    framesPerSecondPerClient: round(perClient(rate((window) => window.frames)), 1),
    entitiesInSightMean: round(
      sum((fleet) => fleet.entitiesInSightMean * fleet.liveAtEnd) / Math.max(1, live),
      1,
    ),
    intentsPerSecond: Math.round(rate((window) => window.intentsSent)),
    totals,
    reliableLost: totals.reliableSent - totals.reliableApplied,
    errors,
    errorSamples: reports.flatMap((fleet) => fleet.errorSamples).slice(0, 16),
    closes,
    sight: sightOf(reports),
  };
  return { ...report, failures: failuresOf(report, options) };
}

/** Of processes together; the samples are told, for a number alone says nothing of what is wrong. */
function sightOf(reports: readonly FleetReport[]): SightFigures | null {
  const all = reports.flatMap(({ sight }) => sight ?? []);
  if (all.length === 0) return null;
  const sum = (of: (report: SightReport) => number) => all.reduce((total, each) => total + of(each), 0);
  const ages = new Tally();
  for (const each of all) ages.add(each.ages);
  return sightFigures({
    judged: sum((each) => each.judged),
    wronglyOut: sum((each) => each.wronglyOut),
    wronglyIn: sum((each) => each.wronglyIn),
    looks: sum((each) => each.looks),
    seen: sum((each) => each.seen),
    ages: ages.snapshot(),
    samples: all.flatMap(({ samples }) => samples),
  });
}

function failuresOf(report: Omit<BotReport, "failures">, options: BotOptions): string[] {
  const failures = Object.entries(report.errors).map(([kind, count]) => `${count} × ${kind}`);
  if (report.reliableLost > 0) failures.push(`${report.reliableLost} reliable intents lost`);
  if (report.lateness.count === 0 && options.behaviour !== "idle") failures.push("no frame was measured");
  if (options.p99MsMax !== null && report.lateness.p99Ms > options.p99MsMax) {
    failures.push(`lateness p99 is ${report.lateness.p99Ms} ms, wanted at most ${options.p99MsMax}`);
  }
  return failures;
}

/** A table for people, with its newline. */
export function formatReport(report: BotReport): string {
  const { options, totals } = report;
  const line = (name: string, of: Percentiles) =>
    `  ${name.padEnd(26)}${[of.p50Ms, of.p90Ms, of.p99Ms, of.p999Ms, of.maxMs].map(cell).join("")}${String(of.count).padStart(12)}`;
  const fact = (name: string, value: string) => `  ${name.padEnd(26)}  ${value}`;
  return [
    `${report.liveAtEnd} of ${options.clients} clients, ${options.behaviour}, seed ${options.seed}, ${report.windowSeconds} s, ${report.shardCount} shards, ticks of ${round(report.tickPeriodMs, 2)} ms`,
    `  ${"ms".padEnd(26)}${["p50", "p90", "p99", "p99.9", "max"].map((name) => name.padStart(9)).join("")}${"count".padStart(12)}`,
    line("frame lateness", report.lateness),
    line("intent to effect", report.effect),
    line("between two cells", report.crossing),
    line("bots' own lateness", report.generatorLateness),
    fact(
      "received per client",
      `${report.kilobytesPerSecondPerClient} kB/s, ${report.messagesPerSecondPerClient} messages/s`,
    ),
    fact("received in all", `${report.messagesPerSecond} messages/s`),
    fact("entities in sight", `${report.entitiesInSightMean}`),
    fact(
      "moves sent",
      `${report.intentsPerSecond}/s, ${totals.intentsSent} in all, ${totals.intentsUnsent} unsent`,
    ),
    fact(
      "reliable intents",
      `${totals.reliableSent} sent, ${report.reliableLost} lost, ${totals.refusals} refused by name`,
    ),
    fact("changes of shard", `${totals.shardChanges}`),
    fact("bots' own CPU", `${report.generatorCpuCores} cores`),
    fact("protocol errors", `${Object.values(report.errors).reduce((sum, count) => sum + count, 0)}`),
    ...report.errorSamples.map((sample) => `    ${sample}`),
    report.failures.length === 0 ? "PASS" : `FAIL: ${report.failures.join("; ")}`,
    "",
  ].join("\n");
}

function cell(ms: number): string {
  return ms.toFixed(2).padStart(9);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
