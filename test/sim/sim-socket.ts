/** A client's end of a simulated connection: the part of a WebSocket that the client library uses, and its breaking points. */
import type { SocketLike } from "../../client/environment.js";
import type { EventQueue } from "./event-queue.js";
import type { Pipe } from "./pipe.js";
import type { Trace } from "./trace.js";

/** The other side will not hear of it for a while, or soon. */
export type OnBreak = (isHeard: boolean) => void;

/** From a break to the moment this side learns of it. */
const BREAK_NOTICED_MS_MAX = 80;

export class SimSocket implements SocketLike {
  binaryType = "";
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  onBreak: OnBreak = () => {};
  /** Sees every message before the client does. */
  onWire: (bytes: Uint8Array<ArrayBuffer>) => void = () => {};
  /** Cut, half-open or closed by this side: nothing more is heard on it. */
  isBroken = false;
  /** Messages that the server's side dropped because this one did not read. */
  drops = 0;
  /** The process at the other end is gone, which this one may not have heard. */
  isOrphaned = false;
  #isClosed = false;
  readonly #queue: EventQueue;
  readonly #up: Pipe;
  readonly #down: Pipe;

  constructor(parts: {
    readonly queue: EventQueue;
    readonly trace: Trace;
    readonly up: Pipe;
    readonly down: Pipe;
  }) {
    const { queue, trace, up, down } = parts;
    this.#queue = queue;
    this.#up = up;
    this.#down = down;
    down.onOpen = () => this.onopen?.({} as never);
    down.onMessage = (bytes) => {
      if (this.isBroken) return;
      trace.note(queue.nowMs * 64, bytes.length);
      trace.noteBytes(bytes);
      this.onWire(bytes);
      this.onmessage?.({ data: bytes.buffer });
    };
    down.onClose = (code, reason) => this.hasClosed(code, reason);
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    if (!this.#isClosed) this.#up.push(data);
  }

  /** The client closes: what it sent before still arrives. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.isBroken = true;
    this.#down.die();
    this.#up.pushClose(1000, "");
  }

  /** The connection is over for the client. */
  hasClosed(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.isBroken = true;
    this.#up.die();
    this.onclose?.({ code, reason });
  }

  /** The network breaks: data on the way is lost, both sides are told soon. */
  cut(noticedShare: number): void {
    if (this.isBroken) return;
    this.isBroken = true;
    this.#up.die();
    this.#down.die();
    this.onBreak(true);
    this.#queue.after(noticedShare * BREAK_NOTICED_MS_MAX, () => this.hasClosed(1006, ""));
  }

  /** The network swallows everything from here on and tells nobody. */
  goHalfOpen(): void {
    if (this.isBroken) return;
    this.isBroken = true;
    this.#up.die();
    this.#down.die();
    this.onBreak(false);
  }

  pauseReading(): void {
    this.#down.pause();
  }

  resumeReading(): void {
    this.#down.resume();
  }
}
