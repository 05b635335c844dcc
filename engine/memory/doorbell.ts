/**
 * Puts one thread to sleep until another has something for it. Any number of threads ring, one sleeps.
 *
 * All of it is one 32-bit word:
 *
 * ```
 *  bit 31                                    1   0
 *      ┌─────────────────────────────────────┬───────┐
 *      │ sequence: raised by one at each ring │ asleep│
 *      └─────────────────────────────────────┴───────┘
 * ```
 *
 * A ring raises the sequence and learns from the very same atomic addition whether the sleeper has announced its
 * sleep; only then does it pay for a notify. The sleeper announces, compares the sequence with the one it saw when
 * it last woke, and waits for the word to *differ*. So a ring after the last wake-up is never lost, whether it
 * comes before the announcement (the sequence differs) or after it (the ringer sees the announcement).
 */
import { assert } from "../assert.js";

/** A doorbell's memory, as it travels to another thread by structured clone. */
export interface DoorbellMemory {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
}

const WORD = 0;
const ASLEEP_BIT = 1;
const SEQUENCE_ONE = 2;
/** The doorbell has its own pair of cache lines: its ringers write it all the time. */
const DOORBELL_BYTES = 128;
/** The longest delay that setTimeout accepts. */
const TIMEOUT_MS_MAX = 0x7fff_ffff;

export function createDoorbell(): DoorbellMemory {
  return { buffer: new SharedArrayBuffer(DOORBELL_BYTES), byteOffset: 0 };
}

/**
 * One thread's end of a doorbell. The sleeper makes its own before it first looks at its lanes: rings count from
 * then on. After every wait, whatever its result, it looks at all its lanes.
 */
export class Doorbell {
  readonly #words: Int32Array;
  /** The word as of the last wake-up, without the asleep bit. */
  #seen: number;
  #outstanding: Promise<boolean> | null = null;
  #resolve: (isWoken: boolean) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  /** A wait stands in the engine's list; only a notify takes it out, so it is used again until one does. */
  #isRegistered = false;

  constructor(memory: DoorbellMemory) {
    this.#words = new Int32Array(memory.buffer, memory.byteOffset, 1);
    this.#seen = Atomics.load(this.#words, WORD) & ~ASLEEP_BIT;
  }

  /** Wakes the sleeper, or keeps it from falling asleep. Publish first. Costs a notify only if it sleeps. */
  ring(): void {
    if ((Atomics.add(this.#words, WORD, SEQUENCE_ONE) & ASLEEP_BIT) !== 0) Atomics.notify(this.#words, WORD);
  }

  /**
   * Blocks this thread until a ring, or until `isReady()`, or for `timeoutMs`; 0 only looks. `isReady` is asked
   * once, after the sleep has been announced. True when rung or ready, false when the time has passed.
   */
  wait(timeoutMs: number, isReady: () => boolean): boolean {
    assert(this.#outstanding === null, "a thread waits in one way at a time");
    if (timeoutMs <= 0) return this.#awake(this.#isRung(Atomics.load(this.#words, WORD)) || isReady());
    const announced = this.#announce();
    if (this.#isRung(announced) || isReady()) return this.#awake(true);
    return this.#awake(Atomics.wait(this.#words, WORD, announced, timeoutMs) !== "timed-out");
  }

  /**
   * As {@link wait}, without blocking the event loop, and keeping it alive meanwhile. One wait is outstanding at
   * most: a call during another gets the same promise, with the time-out of the first.
   */
  waitAsync(timeoutMs: number): Promise<boolean> {
    if (this.#outstanding !== null) return this.#outstanding;
    if (timeoutMs <= 0) return Promise.resolve(this.#awake(this.#isRung(Atomics.load(this.#words, WORD))));
    const announced = this.#announce();
    if (this.#isRung(announced)) return Promise.resolve(this.#awake(true));
    if (!this.#isRegistered) {
      const registered = Atomics.waitAsync(this.#words, WORD, announced);
      if (!registered.async) return Promise.resolve(this.#awake(true));
      this.#isRegistered = true;
      registered.value.then(() => {
        this.#isRegistered = false;
        this.#settle(true);
      });
    }
    this.#outstanding = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    // Our own timer rather than the engine's: it keeps the event loop alive, which a wait does not.
    this.#timer = setTimeout(() => this.#settle(false), Math.min(timeoutMs, TIMEOUT_MS_MAX));
    return this.#outstanding;
  }

  #settle(isWoken: boolean): void {
    if (this.#outstanding === null) return;
    clearTimeout(this.#timer);
    this.#outstanding = null;
    this.#resolve(this.#awake(isWoken));
  }

  /** Announces the sleep; returns the word to wait on. */
  #announce(): number {
    return Atomics.or(this.#words, WORD, ASLEEP_BIT) | ASLEEP_BIT;
  }

  #isRung(word: number): boolean {
    return (word & ~ASLEEP_BIT) !== this.#seen;
  }

  /** Takes the announcement back. A ring that a time-out has just missed stays unspent: it ends the next wait. */
  #awake(isWoken: boolean): boolean {
    const word = Atomics.and(this.#words, WORD, ~ASLEEP_BIT);
    if (isWoken) this.#seen = word & ~ASLEEP_BIT;
    return isWoken;
  }
}
