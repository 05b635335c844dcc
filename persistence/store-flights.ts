/**
 * What the store has been asked and has not answered yet, and when it may be asked again after it was away. Knows
 * nothing of rows: {@link Batcher} decides what is asked, and acts on the answers.
 */
import { assert } from "../engine/assert.js";
import type { Part } from "./part.js";
import type { StoreAsFound } from "./store-opening.js";

export type Asked =
  | { readonly kind: "opening" }
  | { readonly kind: "probing" }
  | {
      readonly kind: "applying";
      readonly part: Part;
      readonly sinceMs: number;
      /** How far the journal is applied when the part is. */
      readonly progress: number;
    };

export type Answer =
  | { readonly kind: "done" }
  | { readonly kind: "opened"; readonly found: StoreAsFound }
  | { readonly kind: "failed"; readonly error: unknown };

export interface Landed {
  readonly asked: Asked;
  readonly answer: Answer;
}

export interface FlightLimits {
  /** Wait before a store that is away is asked again; doubled each time, up to `backoffMsMax`. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
}

export class StoreFlights {
  readonly #limits: FlightLimits;
  readonly #wake: () => void;
  /** Asked, and not taken from {@link landed} yet. */
  readonly #out: Asked[] = [];
  readonly #landed: Landed[] = [];
  #backoffMs: number;
  #backOffUntilMs = Number.NEGATIVE_INFINITY;

  /** `wake` is called when the store has answered. */
  constructor(limits: FlightLimits, wake: () => void) {
    assert(limits.backoffMs > 0, "a store that is away is not asked without end");
    this.#limits = limits;
    this.#wake = wake;
    this.#backoffMs = limits.backoffMs;
  }

  /** How many answers are owed, those included that have come and were not taken. */
  get count(): number {
    return this.#out.length;
  }

  /** Whether the store is asked for something else than rows: then nothing else is asked. */
  get isExclusive(): boolean {
    return this.#out.some(({ kind }) => kind !== "applying");
  }

  get hasLanded(): boolean {
    return this.#landed.length > 0;
  }

  /** How long until the store may be asked again; 0: it may. */
  backOffMs(nowMs: number): number {
    return Math.max(0, this.#backOffUntilMs - nowMs);
  }

  add(asked: Asked, answer: Promise<Answer>): void {
    this.#out.push(asked);
    const land = (said: Answer) => {
      this.#landed.push({ asked, answer: said });
      this.#wake();
    };
    answer.then(land, (error: unknown) => land({ kind: "failed", error }));
  }

  /** The next answer, in the order in which they came. */
  take(): Landed | undefined {
    const landed = this.#landed.shift();
    if (landed !== undefined) this.#out.splice(this.#out.indexOf(landed.asked), 1);
    return landed;
  }

  /** The store did as asked: the next wait for it is a short one again. */
  reset(): void {
    this.#backoffMs = this.#limits.backoffMs;
  }

  /** The store is away. Several flights that find it so are one absence, and double the wait once. */
  backOff(nowMs: number): void {
    if (nowMs < this.#backOffUntilMs) return;
    this.#backOffUntilMs = nowMs + this.#backoffMs;
    this.#backoffMs = Math.min(this.#backoffMs * 2, this.#limits.backoffMsMax);
  }
}
