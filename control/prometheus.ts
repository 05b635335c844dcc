/** Writes the Prometheus text format, version 0.0.4: families with HELP and TYPE, samples with labels. */
import { assert } from "../engine/assert.js";

export type Labels = Readonly<Record<string, string | number>>;

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
}

/** A histogram as Prometheus has it: how many values were at most `le`, for rising `le`; the last is infinite. */
export interface HistogramSample {
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
  readonly sum: number;
}

export class PrometheusText {
  readonly #lines: string[] = [];
  readonly #names = new Set<string>();
  #family: Family | null = null;

  /** Begins a family. All its samples follow. */
  family(family: Family): this {
    assert(!this.#names.has(family.name), `${family.name} is one family, written in one place`);
    this.#names.add(family.name);
    this.#family = family;
    const help = family.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
    this.#lines.push(`# HELP ${family.name} ${help}`, `# TYPE ${family.name} ${family.type}`);
    return this;
  }

  sample(value: number, labels: Labels = {}): this {
    assert(this.#family !== null && this.#family.type !== "histogram", "a sample belongs to a family");
    this.#write(this.#family.name, value, labels);
    return this;
  }

  histogram(sample: HistogramSample, labels: Labels = {}): this {
    assert(this.#family?.type === "histogram", "a histogram belongs to a family of histograms");
    const { name } = this.#family;
    let count = 0;
    for (const bucket of sample.buckets) {
      count = bucket.count;
      this.#write(`${name}_bucket`, count, { ...labels, le: textOf(bucket.le) });
    }
    this.#write(`${name}_sum`, sample.sum, labels);
    this.#write(`${name}_count`, count, labels);
    return this;
  }

  text(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  #write(name: string, value: number, labels: Labels): void {
    const pairs = Object.entries(labels).map(([label, content]) => `${label}="${escaped(String(content))}"`);
    this.#lines.push(`${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${textOf(value)}`);
  }
}

function textOf(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
