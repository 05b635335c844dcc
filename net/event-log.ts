/** The reliable events of one session: numbered from 1, kept until acknowledged, within bounds. */
import { assert } from "../engine/assert.js";
import { encodeEvent } from "../engine/wire/codec.js";

export interface EventLogLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

/** One event, before it has a number. */
export interface EventFields {
  readonly scope: number;
  readonly kind: number;
  readonly room: number;
  readonly body: Uint8Array;
}

export class EventLog {
  readonly #limits: EventLogLimits;
  /** Whole messages; the first is number `acked + 1`. */
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  /** Number of the newest event; 0 before the first. */
  last = 0;
  /** Everything up to here has arrived, or has been given up. */
  acked = 0;
  /** Everything up to here has been handed to the present connection. */
  sent = 0;
  /** Everything up to here was handed to some connection. */
  #sentBefore = 0;
  /** What was handed over may not have arrived: nothing follows it until {@link rewind}. */
  isInterrupted = false;
  /** Events were given up since the last {@link restart}: what follows them is not complete. */
  isLossy = false;

  constructor(limits: EventLogLimits) {
    this.#limits = limits;
  }

  get keptCount(): number {
    return this.#kept.length;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Numbers an event and keeps it. False when it did not fit: then everything kept is given up. */
  append(event: EventFields): boolean {
    this.last++;
    const { scope, kind, room, body } = event;
    const message = encodeEvent({ scope, kind, room, seq: this.last }, body);
    const isFull =
      this.#kept.length >= this.#limits.eventsMax || this.#keptBytes + message.length > this.#limits.bytesMax;
    if (isFull || this.isLossy) {
      this.#giveUp();
      return false;
    }
    this.#kept.push(message);
    this.#keptBytes += message.length;
    return true;
  }

  #giveUp(): void {
    this.#kept = [];
    this.#keptBytes = 0;
    this.acked = this.last;
    this.sent = this.last;
    this.isLossy = true;
  }

  /** False when it acknowledges what was never sent. Acknowledging again is nothing. */
  acknowledge(upTo: number): boolean {
    if (upTo > Math.max(this.sent, this.#sentBefore)) return false;
    if (upTo <= this.acked) return true;
    const count = upTo - this.acked;
    for (let index = 0; index < count; index++) this.#keptBytes -= this.#kept[index]!.length;
    this.#kept = this.#kept.slice(count);
    this.acked = upTo;
    // It may have arrived on the connection before and be acknowledged on this one before it is sent again.
    this.sent = Math.max(this.sent, upTo);
    return true;
  }

  /** The message of a kept event. */
  message(number: number): Uint8Array {
    const message = this.#kept[number - this.acked - 1];
    assert(message !== undefined, "an event that is asked for is kept");
    return message;
  }

  /** A new connection, or one that lost messages: everything kept is to be sent again. Returns how many that is. */
  rewind(): number {
    this.#sentBefore = Math.max(this.#sentBefore, this.sent);
    this.sent = this.acked;
    this.isInterrupted = false;
    return this.last - this.acked;
  }

  /** A connection that knows nothing of the past: numbers go on, nothing before them is owed. */
  restart(): void {
    this.#giveUp();
    this.isLossy = false;
    this.isInterrupted = false;
  }
}
