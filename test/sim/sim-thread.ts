/**
 * One thread of the server, as a series of duty cycles among everybody else's: it sleeps until its doorbell is rung or
 * its time has come, wakes a little late, and sometimes does not get the processor for a while.
 */
import type { Doorbell } from "../../engine/memory/doorbell.js";
import type { Prng } from "../../engine/prng.js";
import type { Cancel, EventQueue } from "./event-queue.js";

export interface SimThreadParts {
  readonly queue: EventQueue;
  readonly prng: Prng;
  readonly bell: Doorbell;
  duty(nowMs: number): number;
  /** How long it may sleep after a duty cycle unless it is rung. */
  waitMs(nowMs: number): number;
  /** Looked at once when it is about to sleep. */
  hasInput(): boolean;
  /** A duty cycle threw: the thread is gone. */
  onDeath(error: unknown): void;
  onDuty(work: number): void;
}

/** Nobody runs again sooner than this, so that no thread can stop time. */
const SPACING_MS = 0.25;
/** From a ring to the duty cycle it causes. */
const WAKE_MS_MAX = 1.5;

export class SimThread {
  readonly #parts: SimThreadParts;
  #isAlive = true;
  #dutyAtMs = Number.POSITIVE_INFINITY;
  #cancel: Cancel = () => {};
  #notBeforeMs = 0;
  /** A ring has been heard and its duty cycle is planned. */
  #isRung = false;

  constructor(parts: SimThreadParts) {
    this.#parts = parts;
    this.#plan(parts.queue.nowMs);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Ends it where it stands, between two duty cycles. */
  kill(): void {
    this.#isAlive = false;
    this.#cancel();
  }

  /** Something rang, or called: run soon. */
  wake(): void {
    const { queue, prng } = this.#parts;
    this.#plan(queue.nowMs + prng.unit() * WAKE_MS_MAX);
  }

  /** Hears its doorbell. To be called after everything that may have rung it. */
  listen(): void {
    if (!this.#isAlive || this.#isRung || !this.#parts.bell.wait(0, never)) return;
    this.#isRung = true;
    this.wake();
  }

  /** Does not get the processor for so long. */
  stall(ms: number): void {
    this.#notBeforeMs = Math.max(this.#notBeforeMs, this.#parts.queue.nowMs + ms);
    if (this.#dutyAtMs >= this.#notBeforeMs) return;
    this.#cancel();
    this.#dutyAtMs = Number.POSITIVE_INFINITY;
    this.#plan(this.#notBeforeMs);
  }

  /** Plans a duty cycle, unless an earlier one is planned. */
  #plan(timeMs: number): void {
    const atMs = Math.max(timeMs, this.#notBeforeMs);
    if (!this.#isAlive || atMs >= this.#dutyAtMs) return;
    this.#cancel();
    this.#dutyAtMs = atMs;
    this.#cancel = this.#parts.queue.at(atMs, () => this.#run());
  }

  #run(): void {
    const { queue, bell } = this.#parts;
    this.#dutyAtMs = Number.POSITIVE_INFINITY;
    this.#notBeforeMs = queue.nowMs + SPACING_MS;
    this.#isRung = false;
    try {
      this.#parts.onDuty(this.#parts.duty(queue.nowMs));
    } catch (error) {
      this.kill();
      this.#parts.onDeath(error);
      return;
    }
    const waitMs = this.#parts.waitMs(queue.nowMs);
    if (waitMs <= 0 || bell.wait(0, () => this.#parts.hasInput())) this.#plan(queue.nowMs);
    else if (waitMs < Number.POSITIVE_INFINITY) this.#plan(queue.nowMs + waitMs);
  }
}

function never(): boolean {
  return false;
}
