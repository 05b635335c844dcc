/** Says in the control block what the journal has for good: of each shard the last tick, of net the last group. */
import type { ControlBlock } from "../engine/memory/control-block.js";
import { Fifo } from "./fifo.js";

interface Promised {
  readonly position: number;
  readonly thread: number;
  readonly upTo: number;
}

export class DurableWords {
  readonly #control: ControlBlock;
  readonly #promised = new Fifo<Promised>();

  constructor(control: ControlBlock) {
    this.#control = control;
  }

  /** Groups appended and not durable. */
  get length(): number {
    return this.#promised.length;
  }

  /** A thread's group has been appended: it may be told so once the journal has that position. */
  promise(position: number, thread: number, upTo: number): void {
    this.#promised.push({ position, thread, upTo });
  }

  /** The journal has everything up to `position` for good. Returns how many groups that made durable. */
  settle(position: number): number {
    let settled = 0;
    for (let next = this.#promised.peek(); next !== undefined; next = this.#promised.peek()) {
      if (next.position > position) break;
      this.#promised.shift();
      this.#control.setDurable(next.thread, next.upTo);
      settled++;
    }
    return settled;
  }
}
