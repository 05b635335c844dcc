/** What came out, for people (tables of at most 120 columns) and for machines (flat JSON objects). */
import type { RunPlace } from "./machine.js";
import {
  type FigureName,
  figureCatalogue,
  figureNames,
  type Judged,
  judge,
  kindOf,
  type Measured,
  type Want,
} from "./measured.js";

const WIDTHS = { label: 37, value: 9, unit: 9, spread: 5, floor: 10, ratio: 10, want: 8, verdict: 5 };
const COLUMNS_MAX = 120;
const COLUMNS = 5 + Object.values(WIDTHS).reduce((sum, width) => sum + width, 0);

/** Tables of these subjects, case by case. `all` holds the floors. */
export function formatTables(measured: readonly Measured[], all: readonly Measured[] = measured): string {
  const lines: string[] = [];
  let heading = "";
  for (const each of measured) {
    const title = `${each.suite}: ${each.case}`;
    if (title !== heading) lines.push(...(heading === "" ? [] : [""]), title, columnsLine());
    heading = title;
    lines.push(`  ${each.subject}`, ...formatSubject(each, all));
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function columnsLine(): string {
  return cells({
    label: "",
    value: "figure",
    unit: "",
    spread: "spread",
    floor: "floor",
    ratio: "ratio",
    want: "wanted",
    verdict: "",
  });
}

function formatSubject(measured: Measured, all: readonly Measured[]): string[] {
  const judged = judge(measured, all);
  return figureNames(measured.figures).flatMap((name) => {
    const held = judged.filter(({ want }) => want.figure === name);
    const first = cellsOf(measured, name);
    if (held.length === 0) return [cells(first)];
    // Each further comparison of the same figure has a line of its own.
    return held.flatMap((each, index) => {
      const line = cells({ ...(index === 0 ? first : {}), ...againstCells(each) });
      return each.want.floor === undefined ? [line] : withFloor(line, each.want.floor);
    });
  });
}

/** The floor's name at the end of the line, or under it when the line would be too long. */
function withFloor(line: string, floor: string): string[] {
  const name = ` of ${floor}`;
  if (COLUMNS + name.length <= COLUMNS_MAX) return [line.padEnd(COLUMNS) + name];
  return [line, name.padStart(COLUMNS)];
}

type Cells = Partial<Record<keyof typeof WIDTHS, string>>;

function cellsOf(measured: Measured, name: FigureName): Cells {
  const { label, unit } = figureCatalogue[name];
  const spread = spreadOf(measured, name);
  return {
    label,
    value: figure(measured.figures[name]!),
    unit,
    spread: spread === undefined ? "" : `±${Math.round((spread / 2) * 100)}%`,
  };
}

function againstCells({ want, floorValue, ratio, verdict }: Judged): Cells {
  return {
    floor: floorValue === undefined ? "" : figure(floorValue),
    ratio: ratio === undefined ? "" : `${figure(ratio)} ×`,
    want: describeBounds(want),
    verdict,
  };
}

export function describeBounds({ atLeast, atMost }: Want): string {
  const bounds = [
    ...(atLeast === undefined ? [] : [`≥ ${figure(atLeast)}`]),
    ...(atMost === undefined ? [] : [`≤ ${figure(atMost)}`]),
  ];
  return bounds.join(" ");
}

function cells(of: Cells): string {
  const {
    label = "",
    value = "",
    unit = "",
    spread = "",
    floor = "",
    ratio = "",
    want = "",
    verdict = "",
  } = of;
  return [
    `    ${label.padEnd(WIDTHS.label)}`,
    value.padStart(WIDTHS.value),
    ` ${unit.padEnd(WIDTHS.unit)}`,
    spread.padStart(WIDTHS.spread),
    floor.padStart(WIDTHS.floor),
    ratio.padStart(WIDTHS.ratio),
    want.padStart(WIDTHS.want),
    verdict.padStart(WIDTHS.verdict),
  ]
    .join("")
    .trimEnd();
}

/** A number with three digits that count; thousands whole, with separators. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  // What remains of a difference of two like numbers.
  if (Math.abs(value) < 1e-9) return "0";
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}

/** From the least to the most of the rounds, as a part of their median; undefined with fewer than two rounds. */
export function spreadOf(measured: Measured, name: FigureName): number | undefined {
  const values = (measured.rounds ?? []).flatMap((round) => round[name] ?? []);
  const middle = measured.figures[name]!;
  if (values.length < 2 || !Number.isFinite(middle) || middle === 0 || kindOf(name).isSummed === true)
    return undefined;
  return (Math.max(...values) - Math.min(...values)) / Math.abs(middle);
}

/** One flat object: what was measured, its figures by their names of the catalogue, and where. */
export function jsonOf(measured: Measured, all: readonly Measured[], place: RunPlace): object {
  const { suite, case: title, subject, clients, shards, seconds, figures, rounds } = measured;
  const spread = Object.fromEntries(
    figureNames(figures).flatMap((name) => {
      const value = spreadOf(measured, name);
      return value === undefined ? [] : [[name, digits(value)]];
    }),
  );
  const wants = judge(measured, all).map(({ want, ratio, verdict }) => ({
    ...want,
    ...(ratio === undefined ? {} : { ratio: digits(ratio) }),
    ...(verdict === "" ? {} : { verdict }),
  }));
  return {
    suite,
    case: title,
    subject,
    ...(clients === undefined ? {} : { clients }),
    ...(shards === undefined ? {} : { shards }),
    ...(seconds === undefined ? {} : { seconds }),
    rounds: Math.max(1, rounds?.length ?? 1),
    ...Object.fromEntries(figureNames(figures).map((name) => [name, digits(figures[name]!)])),
    wants,
    spread,
    ...place,
  };
}

/** Six digits say more than any measurement knows. */
function digits(value: number): number {
  return Number(value.toPrecision(6));
}
