/**
 * The one schedule of a shard: a timing wheel over ticks. Room ticks, room timers and saves are entries in it; no
 * entry costs anything until it is due. Entries due at one tick come out in the order they were put in.
 */
import { assert } from "../engine/assert.js";
import type { ByteReader, ByteWriter } from "../engine/lane/bytes.js";

/** Slots of the wheel, a power of two: looking at this many ticks in a row looks at every entry. */
export const WHEEL_TICKS = 1024;
const NONE = -1;

export class Schedule {
  /** What an entry is and whom it belongs to: the caller's numbers. */
  readonly #kind: Uint8Array;
  readonly #subject: Int32Array;
  readonly #due: Uint32Array;
  /** When an entry was put in, as a count: entries of one tick come out in this order. */
  readonly #sequence: Float64Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #first = new Int32Array(WHEEL_TICKS).fill(NONE);
  readonly #last = new Int32Array(WHEEL_TICKS).fill(NONE);
  readonly #free: Int32Array;
  #freeCount = 0;
  #touched = 0;
  #added = 0;
  /** Entries waiting. */
  count = 0;

  constructor(capacity: number) {
    this.#kind = new Uint8Array(capacity);
    this.#subject = new Int32Array(capacity);
    this.#due = new Uint32Array(capacity);
    this.#sequence = new Float64Array(capacity);
    this.#next = new Int32Array(capacity);
    this.#previous = new Int32Array(capacity);
    this.#free = new Int32Array(capacity);
  }

  /** Puts in an entry due at `tick`; returns its number, or -1 when the schedule is full. */
  add(kind: number, subject: number, tick: number): number {
    if (this.#freeCount === 0 && this.#touched === this.#due.length) return NONE;
    const entry = this.#freeCount > 0 ? this.#free[--this.#freeCount]! : this.#touched++;
    this.#kind[entry] = kind;
    this.#subject[entry] = subject;
    this.#due[entry] = tick;
    this.#sequence[entry] = ++this.#added;
    this.#link(entry);
    this.count++;
    return entry;
  }

  /** Tick at which an entry that waits is due. */
  dueOf(entry: number): number {
    return this.#due[entry]!;
  }

  /** Takes an entry out before it is due. */
  cancel(entry: number): void {
    this.#unlink(entry);
    this.#release(entry);
  }

  /** Takes out everything due at `tick`, at most `out.length` entries' kind and subject pairs; call until it returns 0. */
  collect(tick: number, out: Int32Array): number {
    const slot = tick & (WHEEL_TICKS - 1);
    let count = 0;
    let entry = this.#first[slot]!;
    while (entry !== NONE && count + 2 <= out.length) {
      const next = this.#next[entry]!;
      if (this.#due[entry]! <= tick) {
        out[count] = this.#kind[entry]!;
        out[count + 1] = this.#subject[entry]!;
        count += 2;
        this.#unlink(entry);
        this.#release(entry);
      }
      entry = next;
    }
    return count / 2;
  }

  /** The earliest tick from `tick` on at which something is due, or -1 when nothing waits. */
  nextDue(tick: number): number {
    if (this.count === 0) return NONE;
    let far = Number.POSITIVE_INFINITY;
    for (let ahead = 0; ahead < WHEEL_TICKS; ahead++) {
      const at = tick + ahead;
      for (let entry = this.#first[at & (WHEEL_TICKS - 1)]!; entry !== NONE; entry = this.#next[entry]!) {
        if (this.#due[entry]! <= at) return at;
        far = Math.min(far, this.#due[entry]!);
      }
    }
    return far;
  }

  /** All entries in the order they were put in, so that {@link restore} makes them come out in the same. */
  checkpoint(out: ByteWriter): void {
    const entries: number[] = [];
    for (const first of this.#first) {
      for (let entry = first; entry !== NONE; entry = this.#next[entry]!) entries.push(entry);
    }
    entries.sort((a, b) => this.#sequence[a]! - this.#sequence[b]!);
    out.u32(entries.length);
    for (const entry of entries) out.u8(this.#kind[entry]!).i32(this.#subject[entry]!).u32(this.#due[entry]!);
  }

  /** Puts the entries of a checkpoint in again; `onEntry` hears the number each has now. */
  restore(from: ByteReader, onEntry: (kind: number, subject: number, entry: number) => void): void {
    for (let left = from.u32(); left > 0; left--) {
      const kind = from.u8();
      const subject = from.i32();
      onEntry(kind, subject, this.add(kind, subject, from.u32()));
    }
  }

  #link(entry: number): void {
    const slot = this.#due[entry]! & (WHEEL_TICKS - 1);
    const last = this.#last[slot]!;
    this.#previous[entry] = last;
    this.#next[entry] = NONE;
    if (last === NONE) this.#first[slot] = entry;
    else this.#next[last] = entry;
    this.#last[slot] = entry;
  }

  #unlink(entry: number): void {
    const slot = this.#due[entry]! & (WHEEL_TICKS - 1);
    const next = this.#next[entry]!;
    const previous = this.#previous[entry]!;
    if (previous === NONE) this.#first[slot] = next;
    else this.#next[previous] = next;
    if (next === NONE) this.#last[slot] = previous;
    else this.#previous[next] = previous;
  }

  #release(entry: number): void {
    assert(this.count > 0, "an entry is released once");
    this.#free[this.#freeCount++] = entry;
    this.count--;
  }
}
