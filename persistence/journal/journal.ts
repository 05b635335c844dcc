/**
 * The journal: records that are safe on local disk before anybody is told so.
 *
 * ```
 *  append ──► gathering ──due──► flying: one write, one sync ──► durable
 *                                   │ failed: after a back-off that doubles, the same records, to a new segment
 *                                   └──────────────────────────────────────────────────────────────────┘
 * ```
 *
 * One group is in flight at a time; meanwhile the next one gathers. A group is written only when everything before it is
 * synced: recovery tells damage from a torn tail by that. After the last group, when nothing follows for a moment, a group
 * without records, a **mark**, is written to prove it.
 */
import { assert } from "../../engine/assert.js";
import type { Log } from "../../engine/log.js";
import type { Clock } from "../../engine/time.js";
import type { Disk } from "./disk.js";
import { GroupBuffer } from "./group-buffer.js";
import { ALIGNMENT, lengthMax, payloadBytesMax, recordBytes } from "./journal-layout.js";
import { type JournalRecord, readRecords } from "./journal-read.js";
import { surveyJournal } from "./journal-survey.js";
import { recoverSegments } from "./recover-segments.js";
import type { SegmentSet } from "./segment-set.js";

export type { JournalRecord } from "./journal-read.js";
export { JournalDamaged } from "./journal-survey.js";

export interface JournalLimits {
  /** A segment that would grow longer is followed by a new one. */
  readonly segmentBytes: number;
  /** All segments together; past it the journal says that it is full, and goes on. */
  readonly bytesMax: number;
  /** Records appended and not durable yet; past it they are refused. */
  readonly pendingBytesMax: number;
  /** How long a record waits for company. 0: no longer than the disk is busy. */
  readonly commitMs: number;
  /** A group this large is not kept waiting. */
  readonly commitBytes: number;
  /** Wait before what failed is tried again; doubled each time, up to `backoffMsMax`. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
}

export interface JournalOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: JournalLimits;
  /** 32 hex digits, for a journal that begins. */
  readonly newId: () => string;
  /** Called when the disk has answered and {@link Journal.duty} has something to do. */
  readonly wake: () => void;
}

/** `full`: longer than its bound; `failing`: the disk does not write, or not fast enough. */
export type JournalState = "accepting" | "full" | "failing";

type Flight =
  | { readonly kind: "idle" }
  | { readonly kind: "committing" }
  | { readonly kind: "landed"; readonly group: GroupBuffer; readonly error: unknown }
  | { readonly kind: "backing off"; readonly untilMs: number };

const idle: Flight = { kind: "idle" };
/** After the last group this long without another, a mark proves it. */
export const markAfterMs = 100;
/** Buffers larger than this are given back after use. */
const KEPT_BUFFER_BYTES = 4 * 1024 * 1024;
/** Closing tries this often to write what is left. */
const CLOSE_TRIES = 3;

const remedies: Readonly<Record<string, string>> = {
  ENOSPC: "make room on the journal's disk",
  EDQUOT: "raise the quota of the journal's disk",
  EROFS: "mount the journal's disk writable",
  EACCES: "give this user the right to write there",
};

export class Journal {
  readonly id: string;
  lastError = "";
  /** Groups of records made durable, and the time from giving them to the disk to its answer, in ms. */
  commits = 0;
  syncMs = 0;
  /** Groups without records, written to prove the one before. */
  marks = 0;
  /** Records appended, and refused. */
  records = 0;
  refused = 0;
  /** Bytes appended that are not durable yet, and the most there were. */
  pendingBytes = 0;
  pendingBytesMost = 0;
  /** Commits that failed. */
  failures = 0;
  readonly #options: JournalOptions;
  readonly #segments: SegmentSet;
  #gather: GroupBuffer;
  #spare: GroupBuffer | null = null;
  /** The group that failed and is to be tried again. */
  #held: GroupBuffer | null = null;
  #gatherSinceMs = 0;
  #flight: Flight = idle;
  #flying: Promise<void> = Promise.resolve();
  #lastPosition: number;
  #durablePosition: number;
  #backoffMs: number;
  /** Since when the last group has nothing behind it that proves it; -1: something does. */
  #unprovenSinceMs: number;
  #isFailing = false;
  #isBehind = false;
  #isClosed = false;
  #toldState: JournalState = "accepting";
  #pruneBelow = 0;
  #sweeping: Promise<void> | null = null;
  #sweepNotBeforeMs = 0;
  /** An error of ours in a callback, to be thrown where the thread can die of it. */
  #bug: { readonly error: unknown } | null = null;

  /** Recovers what is there, or begins a journal. Throws `JournalDamaged`, and errors of the disk. */
  static async open(options: JournalOptions): Promise<Journal> {
    const { limits } = options;
    assert(limits.commitBytes <= limits.pendingBytesMax, "a group that is committed at once may wait");
    assert(limits.segmentBytes <= limits.bytesMax, "a segment fits the journal");
    assert(limits.backoffMs > 0, "a disk that fails is not asked without end");
    assert(limits.pendingBytesMax + payloadBytesMax < lengthMax, "a group's length fits its field");
    assert(limits.segmentBytes + lengthMax < lengthMax * ALIGNMENT, "an offset fits its field");
    const survey = await surveyJournal(options.disk);
    const id = survey.id ?? options.newId();
    const segments = await recoverSegments({ ...options, id, survey, segmentBytes: limits.segmentBytes });
    return new Journal(options, id, segments);
  }

  private constructor(options: JournalOptions, id: string, segments: SegmentSet) {
    this.#options = options;
    this.id = id;
    this.#segments = segments;
    const last = segments.list.at(-1)!;
    this.#lastPosition = last.last;
    this.#durablePosition = last.last;
    this.#unprovenSinceMs = last.last >= last.first ? options.clock.nowMs() : -1;
    this.#backoffMs = options.limits.backoffMs;
    this.#gather = this.#newBuffer();
  }

  /** Position of the oldest record kept; of the next one where there is none. */
  get firstPosition(): number {
    return this.#segments.list[0]!.first;
  }

  /** Position of the newest record, durable or not; 0 before the first ever. */
  get lastPosition(): number {
    return this.#lastPosition;
  }

  /** Everything up to here is safe. */
  get durablePosition(): number {
    return this.#durablePosition;
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#segments.bytes;
  }

  /** Segments on disk. */
  get segments(): number {
    return this.#segments.list.length;
  }

  get state(): JournalState {
    if (this.#isFailing || this.#isBehind) return "failing";
    return this.bytes >= this.#options.limits.bytesMax ? "full" : "accepting";
  }

  /** Takes a copy of a record of at most `payloadBytesMax`. Returns its position, or 0 when too many wait: counted. */
  append(type: number, payload: Uint8Array): number {
    assert(!this.#isClosed, "nothing is appended to a closed journal");
    assert(payload.length <= payloadBytesMax, "a record fits its bound");
    assert(type >>> 0 === type, "a record's type is 32 bits");
    const bytes = recordBytes(payload.length);
    const { pendingBytesMax } = this.#options.limits;
    if (this.pendingBytes + bytes > pendingBytesMax && this.pendingBytes > 0) {
      this.refused++;
      return 0;
    }
    const gather = this.#gather;
    if (gather.count === 0) this.#gatherSinceMs = this.#options.clock.nowMs();
    const position = ++this.#lastPosition;
    gather.add({ position, type, payload, seed: this.#segments.seed });
    this.records++;
    this.pendingBytes += bytes;
    if (this.pendingBytes > this.pendingBytesMost) this.pendingBytesMost = this.pendingBytes;
    if (this.pendingBytes * 2 > pendingBytesMax) this.#isBehind = true;
    return position;
  }

  /** One pass: takes the disk's answer, gives it the next group when one is due. Never waits. Returns how much it did. */
  duty(nowMs: number): number {
    if (this.#bug !== null) throw this.#bug.error;
    let done = this.#land(nowMs);
    if (this.#flight.kind === "backing off" && nowMs >= this.#flight.untilMs) this.#flight = idle;
    if (this.#flight.kind === "idle" && !this.#isClosed) {
      const group = this.#takeDue(nowMs);
      if (group !== null) {
        this.#start(group);
        done += 1 + group.count;
      }
    }
    if (this.#startSweep(nowMs)) done++;
    this.#tellState();
    return done;
  }

  /** How long until {@link duty} has something to do, unless woken before. */
  waitMs(nowMs: number): number {
    const forSweep =
      this.#sweeping === null && this.#segments.hasSweep(this.#pruneBelow)
        ? Math.max(0, this.#sweepNotBeforeMs - nowMs)
        : Number.POSITIVE_INFINITY;
    return Math.min(forSweep, this.#waitForFlightMs(nowMs));
  }

  /** Says that records below a position are needed no more. Whole segments of them are removed in the background. */
  prune(below: number): void {
    if (below > this.#pruneBelow) this.#pruneBelow = below;
  }

  /** The durable records from a position on, in order, up to what is durable now. Throws `JournalDamaged`. */
  read(from: number): AsyncIterable<JournalRecord> {
    return readRecords({
      disk: this.#options.disk,
      segments: this.#segments.list,
      from,
      to: this.#durablePosition,
    });
  }

  /** Commits what is pending, then closes; waits for the disk as long as that takes. Rejects with the disk's error when that cannot be done. */
  async close(): Promise<void> {
    assert(!this.#isClosed, "a journal is closed once");
    this.#isClosed = true;
    await this.#sweeping;
    await this.#flying;
    const { clock } = this.#options;
    this.#land(clock.nowMs());
    const failuresMax = this.failures + CLOSE_TRIES;
    for (;;) {
      const group = this.#takeLeft();
      if (group === null) break;
      this.#start(group);
      await this.#flying;
      this.#land(clock.nowMs());
      if (this.failures === failuresMax) break;
    }
    this.#tellState();
    await this.#segments.close();
    if (this.#bug !== null) throw this.#bug.error;
    if (this.#durablePosition < this.#lastPosition)
      throw new Error(`the journal could not write its last records: ${this.lastError}`);
  }

  #waitForFlightMs(nowMs: number): number {
    switch (this.#flight.kind) {
      case "landed":
        return 0;
      case "committing":
        return Number.POSITIVE_INFINITY;
      case "backing off":
        return Math.max(0, this.#flight.untilMs - nowMs);
      case "idle":
        if (this.#held !== null || this.#isDue(nowMs)) return 0;
        if (this.#gather.count > 0)
          return Math.max(0, this.#gatherSinceMs + this.#options.limits.commitMs - nowMs);
        return this.#unprovenSinceMs < 0
          ? Number.POSITIVE_INFINITY
          : Math.max(0, this.#unprovenSinceMs + markAfterMs - nowMs);
    }
  }

  #isDue(nowMs: number): boolean {
    const { commitMs, commitBytes } = this.#options.limits;
    if (this.#gather.count === 0) return false;
    return this.#gather.recordsBytes >= commitBytes || nowMs - this.#gatherSinceMs >= commitMs;
  }

  #takeDue(nowMs: number): GroupBuffer | null {
    const isMarkDue = this.#unprovenSinceMs >= 0 && nowMs - this.#unprovenSinceMs >= markAfterMs;
    if (
      this.#held === null && this.#gather.count > 0 ? !this.#isDue(nowMs) : !isMarkDue && this.#held === null
    )
      return null;
    return this.#takeLeft();
  }

  /** What is to be written next, whether due or not: what failed, what gathered, a mark. */
  #takeLeft(): GroupBuffer | null {
    const held = this.#held;
    this.#held = null;
    if (held !== null) return held;
    if (this.#gather.count === 0 && this.#unprovenSinceMs < 0) return null;
    const group = this.#gather;
    this.#gather = this.#spare ?? this.#newBuffer();
    this.#spare = null;
    return group;
  }

  #start(group: GroupBuffer): void {
    const { clock, wake } = this.#options;
    const startMs = clock.nowMs();
    const landed = (error: unknown) => {
      this.syncMs += clock.nowMs() - startMs;
      this.#flight = { kind: "landed", group, error };
      wake();
    };
    this.#flight = { kind: "committing" };
    this.#flying = this.#segments.write(group, this.#durablePosition + 1).then(() => landed(null), landed);
  }

  /** Acts on the disk's answer. An error that is not the disk's is our bug, and ends the thread. */
  #land(nowMs: number): number {
    if (this.#flight.kind !== "landed") return 0;
    const { group, error } = this.#flight;
    this.#flight = idle;
    if (error !== null) {
      if (codeOf(error) === undefined) throw error;
      this.#fail(group, error as Error, nowMs);
      return 0;
    }
    const { limits } = this.#options;
    this.#isFailing = false;
    this.#backoffMs = limits.backoffMs;
    this.#durablePosition += group.count;
    this.pendingBytes -= group.recordsBytes;
    if (this.pendingBytes * 4 <= limits.pendingBytesMax) this.#isBehind = false;
    if (group.count > 0) this.commits++;
    else this.marks++;
    this.#unprovenSinceMs = group.count > 0 ? nowMs : -1;
    const { count } = group;
    group.clear();
    if (group.capacity <= KEPT_BUFFER_BYTES) this.#spare = group;
    return count;
  }

  #fail(group: GroupBuffer, error: Error, nowMs: number): void {
    this.failures++;
    this.#isFailing = true;
    this.lastError = error.message;
    this.#held = group;
    this.#flight = { kind: "backing off", untilMs: nowMs + this.#backoffMs };
    this.#backoffMs = Math.min(this.#backoffMs * 2, this.#options.limits.backoffMsMax);
    const state = this.state;
    if (this.#toldState === state) return;
    this.#toldState = state;
    this.#options.log.error("the journal cannot write; records wait in memory", {
      file: this.#segments.newestName,
      position: this.#durablePosition + 1,
      reason: this.lastError,
      remedy: remedies[codeOf(error) ?? ""] ?? "check the journal's disk",
      pendingBytes: this.pendingBytes,
    });
  }

  #startSweep(nowMs: number): boolean {
    if (this.#sweeping !== null || this.#isClosed || nowMs < this.#sweepNotBeforeMs) return false;
    if (!this.#segments.hasSweep(this.#pruneBelow)) return false;
    const { wake, log, limits } = this.#options;
    const done = () => {
      this.#sweeping = null;
      wake();
    };
    this.#sweeping = this.#segments.sweep(this.#pruneBelow).then(done, (error: unknown) => {
      if (codeOf(error) === undefined) this.#bug = { error };
      else log.warn("the journal could not remove what it needs no more", { reason: String(error) });
      this.#sweepNotBeforeMs = nowMs + limits.backoffMsMax;
      done();
    });
    return true;
  }

  /** One line for each change of state. */
  #tellState(): void {
    const { state } = this;
    if (state === this.#toldState) return;
    this.#toldState = state;
    const { log, limits } = this.#options;
    const { bytes, pendingBytes } = this;
    if (state === "accepting") log.info("the journal accepts records again", { bytes, pendingBytes });
    else if (state === "full")
      log.error("the journal is full: what must be durable is to be refused", {
        bytes,
        bytesMax: limits.bytesMax,
        firstPosition: this.firstPosition,
        remedy: "bring the store back: segments go when it has applied them",
      });
    else
      log.error("the journal's disk does not keep up; records wait in memory", {
        file: this.#segments.newestName,
        pendingBytes,
        pendingBytesMax: limits.pendingBytesMax,
        remedy: "find out what keeps the journal's disk busy",
      });
  }

  #newBuffer(): GroupBuffer {
    const { commitBytes } = this.#options.limits;
    return new GroupBuffer(Math.min(commitBytes * 2, KEPT_BUFFER_BYTES));
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
