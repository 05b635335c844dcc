/**
 * A strict reader of the Prometheus text format, version 0.0.4, for tests: it throws at whatever a scraper might
 * forgive. Families come whole, HELP before TYPE before samples; histograms are cumulative and end in +Inf.
 */
import { assert } from "../engine/assert.js";

export interface ReadFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: ReadSample[];
}

export interface ReadSample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

const SAMPLE = /^([a-z_][a-z0-9_]*)(?:\{(.+)\})? (\+Inf|-Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
const LABEL = /([a-z_][a-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/** The families of an exposition, by name, in order. */
export function readPrometheus(text: string): Map<string, ReadFamily> {
  assert(text.endsWith("\n"), "the last line ends with a newline");
  const families = new Map<string, ReadFamily>();
  const seen = new Set<string>();
  let family: ReadFamily | null = null;
  let help: { name: string; text: string } | null = null;
  for (const line of text.slice(0, -1).split("\n")) {
    if (line.startsWith("# HELP ")) {
      const [, name, rest] = /^# HELP (\S+) (.+)$/.exec(line) ?? [];
      assert(name !== undefined && rest !== undefined, `HELP has a name and a text: ${line}`);
      help = { name, text: rest };
      continue;
    }
    if (line.startsWith("# TYPE ")) {
      const [, name, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
      assert(name !== undefined && type !== undefined, `TYPE has a name and a type: ${line}`);
      assert(help?.name === name, `HELP comes just before TYPE: ${line}`);
      assert(!families.has(name), `${name} is one family`);
      family = { name, type, help: help.text, samples: [] };
      families.set(name, family);
      help = null;
      continue;
    }
    assert(family !== null && help === null, `a sample follows its TYPE: ${line}`);
    const sample = readSample(line);
    const isOwn =
      family.type === "histogram"
        ? [`${family.name}_bucket`, `${family.name}_sum`, `${family.name}_count`].includes(sample.name)
        : sample.name === family.name;
    assert(isOwn, `${sample.name} belongs to the family ${family.name}`);
    const key = `${sample.name} ${JSON.stringify([...sample.labels].sort())}`;
    assert(!seen.has(key), `a series occurs once: ${line}`);
    seen.add(key);
    family.samples.push(sample);
  }
  for (const each of families.values()) check(each);
  return families;
}

function readSample(line: string): ReadSample {
  const [, name, labelText = "", valueText] = SAMPLE.exec(line) ?? [];
  assert(name !== undefined && valueText !== undefined, `a sample is name{labels} value: ${line}`);
  const labels = new Map<string, string>();
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < labelText.length) {
    const match = LABEL.exec(labelText);
    assert(match !== null, `labels are name="value": ${line}`);
    assert(!labels.has(match[1]!), `a label occurs once: ${line}`);
    labels.set(match[1]!, match[2]!);
  }
  return { name, labels, value: numberOf(valueText) };
}

function numberOf(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  return text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

function check(family: ReadFamily): void {
  const { name, type, samples } = family;
  if (type === "counter") {
    assert(name.endsWith("_total"), `${name}: a counter's name ends in _total`);
    assert(
      samples.every(({ value }) => value >= 0 && Number.isFinite(value)),
      `${name}: counts are finite`,
    );
  }
  if (type !== "histogram") return;
  const series = new Map<string, ReadSample[]>();
  for (const sample of samples) {
    const key = JSON.stringify([...sample.labels].filter(([label]) => label !== "le"));
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const parts of series.values()) {
    const buckets = parts.filter((part) => part.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => numberOf(labels.get("le") ?? ""));
    assert(bounds.at(-1) === Number.POSITIVE_INFINITY, `${name}: the last bucket is +Inf`);
    for (let at = 1; at < buckets.length; at++) {
      assert(bounds[at]! > bounds[at - 1]!, `${name}: bounds rise`);
      assert(buckets[at]!.value >= buckets[at - 1]!.value, `${name}: counts are cumulative`);
    }
    const counts = parts.filter((part) => part.name === `${name}_count`);
    assert(
      counts.length === 1 && counts[0]!.value === buckets.at(-1)!.value,
      `${name}: count is the +Inf bucket`,
    );
    assert(parts.filter((part) => part.name === `${name}_sum`).length === 1, `${name}: there is a sum`);
  }
}
