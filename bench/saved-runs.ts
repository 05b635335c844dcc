/** Runs kept in files, and a run held against one kept before, with the noise beside each difference. */
import { readFileSync, writeFileSync } from "node:fs";
import { machineDifferences, type RunPlace } from "./machine.js";
import { type FigureName, figureCatalogue, figureNames, kindOf, type Measured } from "./measured.js";
import { median } from "./median.js";
import { figure } from "./report.js";

const FORMAT = 1;
/** Of all ways to split rounds in two arms, the part whose difference is taken for noise. */
const NOISE_QUANTILE = 0.9;
/** Beyond so many rounds the splits are too many to try all of them. */
const ROUNDS_MAX = 14;

export interface SavedRun {
  readonly format: typeof FORMAT;
  readonly place: RunPlace;
  readonly isSmoke: boolean;
  readonly measured: readonly Measured[];
}

/** A file that is no kept run; the message says of what file and why. */
export class SavedRunInvalid extends Error {
  override readonly name = "SavedRunInvalid";
}

export function saveRun(file: string, run: Omit<SavedRun, "format">): void {
  writeFileSync(file, `${JSON.stringify({ format: FORMAT, ...run }, null, 1)}\n`);
}

/** @throws SavedRunInvalid */
export function loadRun(file: string): SavedRun {
  let parsed: Partial<SavedRun> | null;
  try {
    parsed = JSON.parse(readFileSync(file, "utf8")) as Partial<SavedRun> | null;
  } catch (error) {
    throw new SavedRunInvalid(`${file}: ${(error as Error).message}`);
  }
  if (parsed?.format !== FORMAT || !Array.isArray(parsed.measured) || parsed.place === undefined) {
    throw new SavedRunInvalid(`${file}: not a run kept by --save, or by another version of it`);
  }
  return parsed as SavedRun;
}

/** Why the two must not be compared unasked; empty when they may. */
export function differencesOf(saved: SavedRun, now: Omit<SavedRun, "format" | "measured">): string[] {
  const size = (isSmoke: boolean) => (isSmoke ? "in small (--smoke)" : "in full");
  return [
    ...machineDifferences(now.place, saved.place),
    ...(saved.isSmoke === now.isSmoke
      ? []
      : [`size: ${size(saved.isSmoke)} before, ${size(now.isSmoke)} now`]),
  ];
}

export type Change = "the same" | "better" | "worse" | "within the noise" | "changed" | "noise not known";

export interface Compared {
  readonly name: FigureName;
  readonly before: number;
  readonly now: number;
  /** Now divided by before. */
  readonly ratio: number;
  /** What two arms of one and the same subject differ by, as a ratio of at least 1; NaN where rounds are too few. */
  readonly noise: number;
  readonly change: Change;
}

/** Every figure of both, as long as the subject was there then and is now. */
export function compare(before: Measured, now: Measured): Compared[] {
  return figureNames(now.figures).flatMap((name) => {
    const was = before.figures[name];
    const is = now.figures[name]!;
    if (was === undefined || was === null || !Number.isFinite(is)) return [];
    const noise = Math.max(noiseOf(now, name), noiseOf(before, name));
    const ratio = is === was ? 1 : is / was;
    return [{ name, before: was, now: is, ratio, noise, change: changeOf(name, ratio, noise) }];
  });
}

function changeOf(name: FigureName, ratio: number, noise: number): Change {
  const { better, isSummed } = kindOf(name);
  if (ratio === 1) return "the same";
  // Counts of what must not happen have no noise: any is too many.
  if (isSummed !== true) {
    if (Number.isNaN(noise)) return "noise not known";
    if (Math.max(ratio, 1 / ratio) <= noise) return "within the noise";
  }
  if (better === "neither") return "changed";
  return ratio > 1 === (better === "more") ? "better" : "worse";
}

/**
 * The A/A arm: the rounds of one subject, which is the same as itself, split in two arms; the ratio of the arms' medians.
 * One split may agree by luck, so all are made, and nine of ten differ by no more than what is returned.
 */
export function noiseOf(measured: Measured, name: FigureName): number {
  const values = (measured.rounds ?? []).flatMap((round) => round[name] ?? []).slice(0, ROUNDS_MAX);
  if (values.length < 2) return Number.NaN;
  const ratios: number[] = [];
  const half = values.length >> 1;
  for (let choice = 1; choice < 1 << values.length; choice++) {
    const one: number[] = [];
    const other: number[] = [];
    for (let at = 0; at < values.length; at++) ((choice >> at) & 1 ? one : other).push(values[at]!);
    if (one.length !== half) continue;
    const ratio = median(one) / median(other);
    ratios.push(Math.max(ratio, 1 / ratio));
  }
  const known = ratios.filter((ratio) => Number.isFinite(ratio)).sort((a, b) => a - b);
  if (known.length === 0) return values.every((value) => value === values[0]) ? 1 : Number.NaN;
  return known[Math.min(known.length - 1, Math.ceil(known.length * NOISE_QUANTILE) - 1)]!;
}

/** A table of all figures of both runs, and what only one of them has. */
export function formatComparison(before: readonly Measured[], now: readonly Measured[]): string {
  const keyOf = ({ suite, case: title, subject }: Measured) => `${suite}: ${title}\n  ${subject}`;
  const left = new Map(before.map((each) => [keyOf(each), each]));
  const suites = new Set(now.map(({ suite }) => suite));
  const lines: string[] = [];
  for (const each of now) {
    const key = keyOf(each);
    const old = left.get(key);
    left.delete(key);
    lines.push(key);
    if (old === undefined) lines.push("    only now");
    else lines.push(...compare(old, each).map(formatCompared));
  }
  for (const [key, { suite }] of left) if (suites.has(suite)) lines.push(key, "    only before");
  return `${lines.join("\n")}\n`;
}

function formatCompared({ name, before, now, ratio, noise, change }: Compared): string {
  const { label, unit } = figureCatalogue[name];
  const beside = Number.isNaN(noise) ? "" : `± ${figure((noise - 1) * 100)} %`;
  return [
    `    ${label.padEnd(38)}`,
    figure(before).padStart(10),
    ` → ${figure(now).padStart(10)} ${unit.padEnd(11)}`,
    `${figure(ratio)} ×`.padStart(9),
    beside.padStart(11),
    `  ${change}`,
  ]
    .join("")
    .trimEnd();
}
