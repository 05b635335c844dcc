/** One direction of a connection: a buffer at the sender, a window of bytes on the way, and a reader who may pause. */
import type { EventQueue } from "./event-queue.js";

type Item =
  | { readonly is: "open" }
  | { readonly is: "message"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly is: "close"; readonly code: number; readonly reason: string };

interface Flying {
  readonly item: Item;
  readonly dueMs: number;
}

export interface PipeOptions {
  readonly queue: EventQueue;
  /** Drawn anew for each item; order is kept all the same. */
  readonly latency: () => number;
  /** Bytes on the way; the next message waits in the buffer. */
  readonly windowBytes: number;
}

export class Pipe {
  onOpen: () => void = () => {};
  onMessage: (bytes: Uint8Array<ArrayBuffer>) => void = () => {};
  onClose: (code: number, reason: string) => void = () => {};
  /** The buffer holds less than before. */
  onDrained: () => void = () => {};
  /** Bytes that wait at the sender. */
  bufferedBytes = 0;
  readonly #options: PipeOptions;
  #waiting: Item[] = [];
  readonly #flying: Flying[] = [];
  #flyingBytes = 0;
  #isDead = false;
  #isPaused = false;
  #isDelivering = false;
  #isTellingDrained = false;

  constructor(options: PipeOptions) {
    this.#options = options;
  }

  pushOpen(): void {
    this.#push({ is: "open" });
  }

  /** Takes a copy. */
  push(bytes: Uint8Array): void {
    this.#push({ is: "message", bytes: new Uint8Array(bytes) });
  }

  /** Behind everything that was pushed before. */
  pushClose(code: number, reason: string): void {
    this.#push({ is: "close", code, reason });
  }

  /** Whatever is in it or will be put into it never arrives. */
  die(): void {
    this.#isDead = true;
  }

  /** The sender is gone with all that waits there; what is on the way still arrives. */
  loseWaiting(): void {
    this.#waiting = [];
    this.bufferedBytes = 0;
  }

  /** The reader stops reading. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#planDelivery();
  }

  #push(item: Item): void {
    this.#waiting.push(item);
    this.bufferedBytes += lengthOf(item);
    this.#launch();
  }

  /** Lets fly what fits the window. */
  #launch(): void {
    const { queue, latency, windowBytes } = this.#options;
    while (this.#waiting.length > 0) {
      const item = this.#waiting[0]!;
      const length = lengthOf(item);
      if (this.#flyingBytes > 0 && this.#flyingBytes + length > windowBytes) break;
      this.#waiting.shift();
      this.bufferedBytes -= length;
      this.#flyingBytes += length;
      const last = this.#flying.at(-1)?.dueMs ?? 0;
      this.#flying.push({ item, dueMs: Math.max(last, queue.nowMs + latency()) });
    }
    this.#planDelivery();
  }

  #planDelivery(): void {
    const first = this.#flying[0];
    if (first === undefined || this.#isDelivering || this.#isPaused || this.#isDead) return;
    this.#isDelivering = true;
    this.#options.queue.at(first.dueMs, () => this.#deliver());
  }

  #deliver(): void {
    this.#isDelivering = false;
    if (this.#isPaused || this.#isDead) return;
    const { queue } = this.#options;
    while (this.#flying.length > 0 && this.#flying[0]!.dueMs <= queue.nowMs && !this.#isDead) {
      const { item } = this.#flying.shift()!;
      this.#flyingBytes -= lengthOf(item);
      switch (item.is) {
        case "open":
          this.onOpen();
          break;
        case "message":
          this.onMessage(item.bytes);
          break;
        case "close":
          this.#isDead = true;
          this.onClose(item.code, item.reason);
          break;
      }
    }
    const buffered = this.bufferedBytes;
    this.#launch();
    if (this.bufferedBytes < buffered) this.#tellDrained();
  }

  #tellDrained(): void {
    if (this.#isTellingDrained) return;
    this.#isTellingDrained = true;
    this.#options.queue.after(this.#options.latency(), () => {
      this.#isTellingDrained = false;
      if (!this.#isDead) this.onDrained();
    });
  }
}

function lengthOf(item: Item): number {
  return item.is === "message" ? item.bytes.length : 0;
}
