/**
 * Takes records from the shards' lanes tick by tick, so that everything of one tick is sent within one turn: one
 * system call per client, whatever the number of shards. A late shard is waited for a bounded moment.
 *
 * What others rely on: a handoff in tick n and its answer in tick n+1 are seen in that order, whichever lanes they come
 * on, and however many ticks net is behind.
 */
import { toNet } from "../engine/lane/to-net.js";
import type { ControlBlock } from "../engine/memory/control-block.js";
import type { RingReader } from "../engine/memory/spsc-ring.js";

/** One record, its payload at `at` of the reader's data. */
export type NetRecordHandler = (
  shard: number,
  type: number,
  at: number,
  length: number,
  ring: RingReader,
) => void;

export interface GateRound {
  /** Records handed out. */
  readonly records: number;
  /** A ticking shard was not waited for any longer. */
  readonly isLate: boolean;
}

/** Taken at a time. Who is behind must go on reading sockets, and send what it has. */
const TICKS_MAX = 8;

const NOTHING: GateRound = { records: 0, isLate: false };

export class TickGate {
  readonly #control: ControlBlock;
  readonly #readers: readonly RingReader[];
  readonly #waitMsMax: number;
  readonly #onRecord: NetRecordHandler;
  /** The last tick taken from each lane. */
  readonly #taken: Int32Array;
  /** By shard, the tick of its first records, as of the last look. */
  readonly #pending: Int32Array;
  /** When the records that are being waited with were first seen; negative: none are. */
  #waitingSinceMs = -1;
  #shard = 0;
  #sawTick = -1;

  constructor(
    lanes: { readonly control: ControlBlock; readonly fromShards: readonly RingReader[] },
    waitMsMax: number,
    onRecord: NetRecordHandler,
  ) {
    this.#control = lanes.control;
    this.#readers = lanes.fromShards;
    this.#waitMsMax = waitMsMax;
    this.#onRecord = onRecord;
    this.#taken = new Int32Array(lanes.fromShards.length).fill(-1);
    this.#pending = new Int32Array(lanes.fromShards.length);
  }

  /** By shard, the last tick taken whole; -1 before the first. */
  get taken(): Int32Array {
    return this.#taken;
  }

  /** When it will wait no longer; infinite when nothing waits. */
  get dueMs(): number {
    return this.#waitingSinceMs < 0 ? Number.POSITIVE_INFINITY : this.#waitingSinceMs + this.#waitMsMax;
  }

  /**
   * Takes the oldest tick from all lanes if all have it, or if it is time; and, when net is behind, further ones that all
   * have. At most eight ticks, and `recordsMax` records.
   */
  take(nowMs: number, recordsMax: number): GateRound {
    let records = 0;
    let isLate = false;
    for (let ticks = 0; ticks < TICKS_MAX && records < recordsMax; ticks++) {
      const tick = this.#oldestPending();
      if (tick === NONE) {
        this.#waitingSinceMs = -1;
        break;
      }
      const isComplete = tick !== LOOSE && this.#haveAll(tick);
      if (this.#waitingSinceMs < 0) this.#waitingSinceMs = nowMs;
      if (!isComplete && nowMs < this.dueMs) break;
      this.#waitingSinceMs = -1;
      isLate ||= !isComplete && tick !== LOOSE;
      records += this.#takeTick(tick, recordsMax - records);
    }
    return records === 0 ? NOTHING : { records, isLate };
  }

  /** Takes what is of this tick, and behind it what is of none. */
  #takeTick(tick: number, recordsMax: number): number {
    let records = 0;
    for (let shard = 0; shard < this.#readers.length; shard++) {
      if (this.#pending[shard]! <= tick && this.#pending[shard] !== LOOSE)
        records += this.#takeLane(shard, tick, recordsMax - records);
    }
    for (let shard = 0; shard < this.#readers.length; shard++) {
      // Nothing tells where a loose record's tick ends: all of that lane is taken.
      if (this.#pending[shard] === LOOSE)
        records += this.#takeLane(shard, Number.POSITIVE_INFINITY, recordsMax - records);
    }
    return records;
  }

  /** Looks at all lanes. Returns the oldest complete tick; LOOSE when there are only records of no complete tick. */
  #oldestPending(): number {
    let oldest = NONE;
    for (let shard = 0; shard < this.#readers.length; shard++) {
      const tick = this.#pendingOf(shard);
      this.#pending[shard] = tick;
      if (tick < oldest) oldest = tick;
    }
    return oldest;
  }

  /** The tick of a lane's first records; LOOSE when its shard is in mid-tick, or dead, or just born. */
  #pendingOf(shard: number): number {
    const reader = this.#readers[shard]!;
    if (reader.isEmpty()) return NONE;
    const published = this.#control.publishedTick(shard);
    const taken = this.#taken[shard]!;
    if (published <= taken) return LOOSE;
    // Most often there is only one. A shard that slept, or of which net has not taken all, may have said more since.
    if (published === taken + 1) return published;
    const at = reader.find(toNet.tickDone);
    return at < 0 ? published : reader.words[at >> 2]!;
  }

  /** A shard publishes its tick's number before its records, so both are looked at. */
  #haveAll(tick: number): boolean {
    for (let shard = 0; shard < this.#readers.length; shard++) {
      if (this.#taken[shard]! >= tick || !this.#control.isTicking(shard)) continue;
      if (this.#control.publishedTick(shard) < tick || this.#readers[shard]!.isEmpty()) return false;
    }
    return true;
  }

  #takeLane(shard: number, untilTick: number, recordsMax: number): number {
    const reader = this.#readers[shard]!;
    this.#shard = shard;
    let records = 0;
    // One at a time, because the lane goes on after the tick's last record.
    while (this.#taken[shard]! < untilTick && records < recordsMax) {
      this.#sawTick = -1;
      if (reader.drain(this.#handle, 1) === 0) break;
      records++;
      if (this.#sawTick >= 0) this.#taken[shard] = this.#sawTick;
    }
    return records;
  }

  readonly #handle = (type: number, at: number, length: number): void => {
    const reader = this.#readers[this.#shard]!;
    if (type === toNet.tickDone) this.#sawTick = reader.words[at >> 2]!;
    this.#onRecord(this.#shard, type, at, length, reader);
  };
}

/** Above every tick: nothing is there. */
const NONE = 0x7fff_ffff;
/** Above every tick but NONE: a complete tick elsewhere goes first. */
const LOOSE = 0x7fff_fffe;
