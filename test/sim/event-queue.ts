/**
 * What will happen, in order of time. Time stands still while an event runs and jumps to the next one afterwards.
 * Events of one instant come out in an order drawn from the seed: between threads there is no other.
 */
import { Prng } from "../../engine/prng.js";
import { ManualClock } from "../../engine/time.js";

/** Times are kept to this fraction of a millisecond, so that sums of them are exact. */
const FRACTION = 64;

interface Planned {
  readonly atMs: number;
  readonly draw: number;
  run: (() => void) | null;
}

/** Calls an event off; calling it twice does nothing. */
export type Cancel = () => void;

export class EventQueue {
  readonly clock: ManualClock;
  readonly #prng: Prng;
  readonly #heap: Planned[] = [];
  /** Events run so far. */
  count = 0;

  constructor(seed: number, startMs: number) {
    this.clock = new ManualClock(startMs);
    this.#prng = new Prng(seed);
  }

  get nowMs(): number {
    return this.clock.nowMs();
  }

  /** When the next event is; infinite when there is none. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  after(delayMs: number, run: () => void): Cancel {
    return this.at(this.nowMs + delayMs, run);
  }

  at(timeMs: number, run: () => void): Cancel {
    const atMs = Math.max(this.nowMs, Math.ceil(timeMs * FRACTION) / FRACTION);
    const planned: Planned = { atMs, draw: this.#prng.next(), run };
    this.#push(planned);
    return () => {
      planned.run = null;
    };
  }

  /** Runs the next event; false when there is none. */
  step(): boolean {
    const planned = this.#pop();
    if (planned === undefined) return false;
    if (planned.run === null) return true;
    this.clock.advance(planned.atMs - this.nowMs);
    this.count++;
    planned.run();
    return true;
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let at = heap.push(planned) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(planned, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = planned;
  }

  #pop(): Planned | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.atMs !== b.atMs ? a.atMs < b.atMs : a.draw < b.draw;
}
