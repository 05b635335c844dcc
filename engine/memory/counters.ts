/**
 * The catalogue mechanism for everything observable: a block of 64-bit floats, one per {@link CounterSpec},
 * written by one thread and read by any.
 *
 * Plain loads and stores are enough. There is one writer, so nothing is lost between its read and its write; and a
 * value cannot be seen half-written: each is 8-byte aligned, and on the 64-bit processors that Node runs on,
 * x64 and arm64 above all, V8 reads and writes an aligned float64 by one machine access, which the processor keeps whole. The
 * JavaScript standard itself does not promise that, so a 32-bit build is refused. Floats count exactly up to 2⁵³.
 */
import { assert } from "../assert.js";

/** One observable value. `name` is Prometheus style with its unit last, without the `gridshard_` prefix. */
export interface CounterSpec {
  readonly name: string;
  readonly help: string;
  /** A count that only grows, a value that goes up and down, or the greatest value there has been. */
  readonly kind: "counter" | "gauge" | "max";
}

/** A block's memory, as it travels to another thread by structured clone. */
export interface CountersMemory {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
}

const VALUE_BYTES = 8;

/** A block of zeros for a catalogue. The index of a value is its place in the catalogue. */
export function createCounters(catalogue: readonly CounterSpec[]): CountersMemory {
  const names = new Set(catalogue.map((spec) => spec.name));
  assert(names.size === catalogue.length, "names in a catalogue are unique");
  for (const name of names) assert(/^[a-z][a-z0-9_]*$/.test(name), `"${name}" is not a metric name`);
  assert(!["arm", "ia32", "mips", "mipsel"].includes(process.arch), "counters need a 64-bit processor");
  return { buffer: new SharedArrayBuffer(Math.max(1, catalogue.length) * VALUE_BYTES), byteOffset: 0 };
}

/** One end of a block: the writer's, or a reader's. Indexes are positions in the catalogue. */
export class Counters {
  readonly catalogue: readonly CounterSpec[];
  readonly #values: Float64Array;

  constructor(memory: CountersMemory, catalogue: readonly CounterSpec[]) {
    this.catalogue = catalogue;
    this.#values = new Float64Array(memory.buffer, memory.byteOffset, catalogue.length);
  }

  add(index: number, by = 1): void {
    this.#values[index]! += by;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  /** Raises the value to `value`, never lowers it. */
  max(index: number, value: number): void {
    if (value > this.#values[index]!) this.#values[index] = value;
  }

  get(index: number): number {
    return this.#values[index]!;
  }
}
