/** One client of the crowd that reads all it is sent, as any client must, and checks it. */
import { decodeWelcome, WireError } from "../../engine/wire/codec.js";
import { messageTypes } from "../../engine/wire/message-types.js";
import type { ErrorLog } from "../bots/protocol-errors.js";
import { BotSight } from "../bots/sight.js";
import { Tally } from "../bots/tally.js";

/** What the readers of a crowd have in common. */
export interface Reading {
  readonly errors: ErrorLog;
  readonly lateness: FrameLateness;
  nowMs: number;
}

/** Ticks travel by their low bits; they are told apart by when they come. */
const TICKS_TOLD_APART = 0x1_0000;
/** Larger than any lateness, so that what is recorded before the best tick is known is never negative. */
const BASE_MS = 1000;

/** Arrival of frames, less the time at which their ticks should have arrived. */
export class FrameLateness {
  readonly #periodMs: number;
  readonly #tally = new Tally();
  #firstTick = -1;
  #firstMs = 0;
  #leastMs = Number.POSITIVE_INFINITY;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  record(tick: number, nowMs: number): void {
    if (this.#firstTick < 0) {
      this.#firstTick = tick;
      this.#firstMs = nowMs;
    }
    const ticks = (tick - this.#firstTick + TICKS_TOLD_APART) % TICKS_TOLD_APART;
    const lateMs = nowMs - this.#firstMs - ticks * this.#periodMs + BASE_MS;
    this.#leastMs = Math.min(this.#leastMs, lateMs);
    this.#tally.record(lateMs);
  }

  clear(): void {
    this.#tally.clear();
    this.#firstTick = -1;
    this.#leastMs = Number.POSITIVE_INFINITY;
  }

  /** Lateness from the best tick on. */
  snapshot() {
    return this.#tally.snapshot(this.#tally.count === 0 ? 0 : this.#leastMs);
  }
}

export class CrowdReader {
  readonly #reading: Reading;
  #sight: BotSight | undefined;
  #lastTick = -1;
  /** Since {@link clear}. */
  ticksTold = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** It sees itself and all the cells around. */
  get isWhole(): boolean {
    return this.#sight?.isWhole() ?? false;
  }

  isMissing(nowMs: number): boolean {
    return this.#sight?.isMissing(nowMs) ?? true;
  }

  get inSight(): number {
    return Math.max(0, (this.#sight?.alive ?? 0) - 1);
  }

  clear(): void {
    this.ticksTold = 0;
    this.#lastTick = -1;
  }

  sweep(nowMs: number): void {
    this.#sight?.sweep(nowMs);
  }

  hear(bytes: Uint8Array): void {
    try {
      this.#read(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#reading.errors.add("malformed", error.message);
    }
  }

  #read(bytes: Uint8Array): void {
    const type = bytes[0]!;
    if (type === messageTypes.welcome) {
      this.#welcome(bytes);
      return;
    }
    if (this.#sight === undefined) throw new WireError(type, "something before the welcome");
    switch (type) {
      case messageTypes.sight:
        this.#sight.sight(bytes, this.#reading.nowMs);
        return;
      case messageTypes.event:
      case messageTypes.profiles:
      case messageTypes.intentAck:
      case messageTypes.pong:
      case messageTypes.roomFrame:
        return;
      default:
        // Frames, which say so themselves if they are none.
        this.#sight.nowMs = this.#reading.nowMs;
        this.#sight.frame(bytes);
    }
  }

  #welcome(bytes: Uint8Array): void {
    const welcome = decodeWelcome(bytes);
    const { worldWidthCells: widthCells, cellSizeMeters } = welcome;
    this.#sight = new BotSight({
      ownId: welcome.entity,
      world: { widthCells, cellSizeMeters },
      errors: this.#reading.errors,
      listener: {
        onFrameTick: (tick) => this.#told(tick),
        onOwnStep: () => {},
        onOwnCrossed: () => {},
      },
    });
  }

  #told(tick: number): void {
    if (tick === this.#lastTick) return;
    this.#lastTick = tick;
    this.ticksTold++;
    this.#reading.lateness.record(tick, this.#reading.nowMs);
  }
}
