/**
 * The reliable events of one session: numbered from 1, kept until acknowledged, within bounds. Some wait: an event that
 * promises something until the journal has it, and whatever is behind it.
 */
import { assert } from "../engine/assert.js";
import { writeU32 } from "../engine/wire/bytes-le.js";
import { encodeEvent } from "../engine/wire/codec.js";
import { EventHeaderLayout } from "../engine/wire/generated/frames-layout.js";

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
  /** It leaves only when the journal has it, and so everything that led to it. */
  readonly isDurable?: boolean;
  /** Its number in a durable room; 0 or absent elsewhere. */
  readonly roomSeq?: number;
}

/**
 * What an acknowledgement was: of what was never sent; good; or the first of a restored session, which tells what its
 * client has, so that numbers can go on from there ({@link EventLog.awaitClient}).
 */
export type AckVerdict = "refused" | "taken" | "resynced";

/** How far ahead of what survived a client may be: far more than leaves between two words of the journal. */
export const EVENTS_AHEAD_MAX = 1 << 20;

/** Numbers within one era, and eras: see {@link EventLog.label}. */
const ERA_NUMBERS = 1 << 26;
const ERAS_MAX = 64;

export class EventLog {
  readonly #limits: EventLogLimits;
  /** Whole messages; the first is number `acked + 1`. */
  #kept: Uint8Array[] = [];
  /** Of each message, the group of the journal it waits for; 0: none. */
  #groups: number[] = [];
  #keptBytes = 0;
  #era = 0;
  /** What is appended waits at least for this group. */
  #floorGroup = 0;
  /** Nothing behind this event leaves before the client has acknowledged it; 0: it may. */
  #awaited = 0;
  /** Number of the newest event; 0 before the first. */
  last = 0;
  /** Everything up to here has arrived, or has been given up. */
  acked = 0;
  /** Everything up to here has been handed to the present connection. */
  sent = 0;
  /** Everything up to here may leave. */
  released = 0;
  /** Everything up to here was handed to some connection. */
  #sentBefore = 0;
  /** What was handed over may not have arrived: nothing follows it until {@link rewind}. */
  isInterrupted = false;
  /** Events were given up since the last {@link restart}: what follows them is not complete. */
  isLossy = false;

  constructor(limits: EventLogLimits) {
    this.#limits = limits;
  }

  /**
   * A log of the process before this one, from its labels; `messages` are those behind `acked`. An incomplete one is
   * lossy.
   */
  static restored(
    limits: EventLogLimits,
    image: { readonly acked: number; readonly last: number; readonly messages: readonly Uint8Array[] },
  ): EventLog {
    const log = new EventLog(limits);
    const { messages } = image;
    const acked = image.acked % ERA_NUMBERS;
    log.#era = Math.floor(image.last / ERA_NUMBERS);
    log.last = image.last % ERA_NUMBERS;
    log.acked = acked;
    log.sent = acked;
    log.released = acked;
    // Any of them may have been sent.
    log.#sentBefore = log.last;
    log.#kept = [...messages];
    log.#groups = messages.map(() => 0);
    log.#keptBytes = messages.reduce((sum, message) => sum + message.length, 0);
    const isWhole = messages.length === log.last - acked;
    if (!isWhole || messages.length > limits.eventsMax || log.#keptBytes > limits.bytesMax) log.giveUp();
    return log;
  }

  /**
   * What an event's number is to the journal. It only ever grows there, whereas events that were given numbers while it
   * was not known what the client has may be given smaller ones afterwards: that begins an era.
   */
  label(number: number): number {
    return this.#era * ERA_NUMBERS + number;
  }

  /** Whether labels go on for long enough. */
  get hasLabels(): boolean {
    return this.last < ERA_NUMBERS - EVENTS_AHEAD_MAX && this.#era < ERAS_MAX;
  }

  get keptCount(): number {
    return this.#kept.length;
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Whether something waits for the journal, or for the client. */
  get isHolding(): boolean {
    return this.released < this.last;
  }

  /** Whether {@link awaitClient} is under way. */
  get isAwaitingClient(): boolean {
    return this.#awaited > 0;
  }

  /**
   * Numbers an event and keeps it; it may leave once {@link release} says so. False when it did not fit: then
   * everything kept is given up.
   */
  append(event: EventFields): boolean {
    this.last++;
    const { scope, kind, room, body } = event;
    const message = encodeEvent({ scope, kind, room, seq: this.last }, body);
    const isFull =
      this.#kept.length >= this.#limits.eventsMax || this.#keptBytes + message.length > this.#limits.bytesMax;
    if (isFull || this.isLossy) {
      this.giveUp();
      return false;
    }
    this.#kept.push(message);
    this.#groups.push(this.#floorGroup);
    this.#keptBytes += message.length;
    return true;
  }

  /** The newest event, just appended, waits for this group of the journal. */
  holdLast(group: number): void {
    this.#groups[this.#groups.length - 1] = Math.max(group, this.#floorGroup);
  }

  /** Everything up to a group of the journal is safe. Whether more may leave than before. */
  release(durableGroup: number): boolean {
    const before = this.released;
    const until = this.#awaited > 0 ? this.#awaited : this.last;
    let released = before;
    while (released < until && this.#groups[released - this.acked]! <= durableGroup) released++;
    this.released = released;
    return released > before;
  }

  /** A lossy log of before goes on behind every number that its client can have: what is known may be long ago. */
  skipAhead(): void {
    assert(this.isLossy, "numbers are skipped only where the client is told to begin anew");
    this.last += EVENTS_AHEAD_MAX;
    this.#forget();
  }

  /** Everything kept is gone, and the client will be told so. */
  giveUp(): void {
    // Nobody will learn any more what the client has.
    if (this.#awaited > 0) this.last += EVENTS_AHEAD_MAX;
    this.#forget();
    this.isLossy = true;
  }

  #forget(): void {
    this.#kept = [];
    this.#groups = [];
    this.#keptBytes = 0;
    this.acked = this.last;
    this.sent = this.last;
    this.released = this.last;
    this.#awaited = 0;
  }

  /**
   * A restored log does not know how many events its client has: what left just before the end, without waiting, left
   * no trace. The newest event is there to find out; nothing behind it leaves before its acknowledgement.
   */
  awaitClient(number: number): void {
    assert(number > this.acked && number <= this.last, "the event that finds out is kept");
    this.#awaited = number;
    this.released = Math.min(this.released, number);
  }

  acknowledge(upTo: number): AckVerdict {
    if (this.#awaited > 0 && upTo >= this.#awaited) {
      if (upTo > this.#awaited + EVENTS_AHEAD_MAX) return "refused";
      this.#resync(upTo);
      return "resynced";
    }
    if (upTo > Math.max(this.sent, this.#sentBefore)) return "refused";
    if (upTo > this.acked) this.#drop(upTo);
    return "taken";
  }

  #drop(upTo: number): void {
    const count = upTo - this.acked;
    for (let index = 0; index < count; index++) this.#keptBytes -= this.#kept[index]!.length;
    this.#kept = this.#kept.slice(count);
    this.#groups = this.#groups.slice(count);
    this.acked = upTo;
    // It may have arrived on the connection before and be acknowledged on this one before it is sent again.
    this.sent = Math.max(this.sent, upTo);
    this.released = Math.max(this.released, upTo);
  }

  /** The client has everything up to `upTo`, be it of this log or not: what follows is numbered from there. */
  #resync(upTo: number): void {
    const awaited = this.#awaited;
    this.#awaited = 0;
    this.#drop(awaited);
    const ahead = upTo - awaited;
    if (ahead === 0) return;
    if (this.#kept.length > 0) this.#era++;
    this.#kept = this.#kept.map((message, index) => {
      const moved = message.slice();
      writeU32(moved, EventHeaderLayout.seq, upTo + 1 + index);
      return moved;
    });
    this.last += ahead;
    this.acked = upTo;
    this.sent = upTo;
    this.released = upTo;
  }

  /** What is kept, and what will be, waits for this group. */
  holdAll(group: number): void {
    this.#floorGroup = group;
    this.#groups = this.#groups.map((waits) => Math.max(waits, group));
    this.released = Math.max(this.sent, this.acked);
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
    return this.released - this.acked;
  }

  /** A connection that knows nothing of the past: numbers go on, nothing before them is owed. */
  restart(): void {
    this.#forget();
    this.isLossy = false;
    this.isInterrupted = false;
  }
}
