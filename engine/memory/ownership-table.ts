/**
 * Which shard owns each cell, and how often that has changed. Control is the only writer; a reader needs one
 * atomic load, and owner and epoch come out of the same word, so they always belong together.
 *
 * ```
 *  bit 31      25 24                                   0
 *      ┌──────────┬──────────────────────────────────────┐
 *      │ owner    │ epoch: raised at every change         │
 *      └──────────┴──────────────────────────────────────┘
 *  word 0: version, raised at any change; cell n: word 32 + n
 * ```
 */
import { assert } from "../assert.js";

/** An ownership table's memory, as it travels to another thread by structured clone. */
export interface OwnershipMemory {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly cellCount: number;
}

/** Shards are numbered 0 to this. */
export const ownerMax = 63;
/** The owner of a cell that nobody owns. */
export const noOwner = 127;

const VERSION_WORD = 0;
/** The version is polled by everyone; the cells begin on the next pair of cache lines. */
const CELLS_WORD = 32;
const EPOCH_BITS = 25;
const EPOCH_MASK = (1 << EPOCH_BITS) - 1;

/** A table in which nobody owns anything, every epoch 0. */
export function createOwnership(cellCount: number): OwnershipMemory {
  assert(Number.isInteger(cellCount) && cellCount > 0, "a world has at least one cell");
  const buffer = new SharedArrayBuffer((CELLS_WORD + cellCount) * 4);
  new Int32Array(buffer).fill(noOwner << EPOCH_BITS, CELLS_WORD);
  return { buffer, byteOffset: 0, cellCount };
}

/** The owner in an {@link OwnershipTable.entry}. */
export function ownerOfEntry(entry: number): number {
  return entry >>> EPOCH_BITS;
}

/** The epoch in an {@link OwnershipTable.entry}. */
export function epochOfEntry(entry: number): number {
  return entry & EPOCH_MASK;
}

/** One thread's view of the table. */
export class OwnershipTable {
  readonly cellCount: number;
  readonly #words: Int32Array;

  constructor(memory: OwnershipMemory) {
    this.cellCount = memory.cellCount;
    this.#words = new Int32Array(memory.buffer, memory.byteOffset, CELLS_WORD + memory.cellCount);
  }

  /** Owner and epoch of one instant. */
  entry(cell: number): number {
    assert(cell >= 0 && cell < this.cellCount, "a cell's number is below cellCount");
    return Atomics.load(this.#words, CELLS_WORD + cell);
  }

  /** The shard that owns this cell, or `noOwner`. */
  owner(cell: number): number {
    return ownerOfEntry(this.entry(cell));
  }

  /** How often this cell has changed hands; wraps at 2²⁵. */
  epoch(cell: number): number {
    return epochOfEntry(this.entry(cell));
  }

  /** Control only: gives the cell to a shard, or to `noOwner`, and raises its epoch. */
  assign(cell: number, shard: number): void {
    assert((shard >= 0 && shard <= ownerMax) || shard === noOwner, "an owner is a shard or nobody");
    const epoch = (this.epoch(cell) + 1) & EPOCH_MASK;
    Atomics.store(this.#words, CELLS_WORD + cell, (shard << EPOCH_BITS) | epoch);
    // After the word: who sees the new version sees the new owner.
    Atomics.add(this.#words, VERSION_WORD, 1);
  }

  /** Differs after any change. */
  version(): number {
    return Atomics.load(this.#words, VERSION_WORD);
  }
}
