/**
 * Takes records from the shards' lanes tick by tick, so that everything of one tick is sent within one turn: one
 * system call per client, whatever the number of shards. A late shard is waited for a bounded moment.
 *
 * A side effect that others rely on: a handoff in tick n and its answer in tick n+1 are seen in that order,
 * whichever lanes they come on.
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

const NOTHING: GateRound = { records: 0, isLate: false };

export class TickGate {
  readonly #control: ControlBlock;
  readonly #readers: readonly RingReader[];
  readonly #waitMsMax: number;
  readonly #onRecord: NetRecordHandler;
  /** The last tick taken from each lane. */
  readonly #taken: Int32Array;
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
  }

  /** By shard, the last tick taken whole; -1 before the first. */
  get taken(): Int32Array {
    return this.#taken;
  }

  /** When it will wait no longer; infinite when nothing waits. */
  get dueMs(): number {
    return this.#waitingSinceMs < 0 ? Number.POSITIVE_INFINITY : this.#waitingSinceMs + this.#waitMsMax;
  }

  /** Takes one tick from all lanes if all have it, or if it is time. At most `recordsMax` records. */
  take(nowMs: number, recordsMax: number): GateRound {
    const tick = this.#oldestPending();
    if (tick === NONE) {
      this.#waitingSinceMs = -1;
      return NOTHING;
    }
    if (this.#waitingSinceMs < 0) this.#waitingSinceMs = nowMs;
    const isComplete = tick !== LOOSE && this.#haveAll(tick);
    if (!isComplete && nowMs < this.dueMs) return NOTHING;
    this.#waitingSinceMs = -1;
    let records = 0;
    for (let shard = 0; shard < this.#readers.length; shard++) {
      // Nothing tells where a loose record's tick ends: all of that lane is taken.
      const until = this.#isLoose(shard) ? Number.POSITIVE_INFINITY : tick;
      records += this.#takeLane(shard, until, recordsMax - records);
    }
    return { records, isLate: !isComplete && tick !== LOOSE };
  }

  /** The oldest complete tick on any lane; LOOSE when there are only records of no complete tick. */
  #oldestPending(): number {
    let oldest = NONE;
    for (let shard = 0; shard < this.#readers.length; shard++) {
      if (this.#readers[shard]!.isEmpty()) continue;
      const tick = this.#isLoose(shard) ? LOOSE : this.#control.publishedTick(shard);
      if (tick < oldest) oldest = tick;
    }
    return oldest;
  }

  /** The lane has records, and no tick that is complete: its shard is in mid-tick, or dead, or just born. */
  #isLoose(shard: number): boolean {
    return !this.#readers[shard]!.isEmpty() && this.#control.publishedTick(shard) <= this.#taken[shard]!;
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
