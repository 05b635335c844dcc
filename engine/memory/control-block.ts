/**
 * The few words by which control and the threads of one server know of each other. Every word has one writing
 * side, but for a counter that all shards raise; anybody reads.
 *
 * ```
 *   byte 0     originMs (f64): control
 *        8     phase (i32): control; 0 running, 1 draining, 2 stopping
 *       12     tablesVersion (u32): control; raised whenever other tables of static game data are in force
 *       16     stamp (i32): the shards; raised with each group of theirs for the store
 *      128     one block of 128 bytes per thread: shards first, then net, store, main
 *        +0    incarnation (u32): control
 *        +4    publishedTick (i32): the shard; -1 before its first
 *        +8    isTicking (0 or 1): the shard, and control on its behalf when it is dead
 *        +12   heartbeat (31 bits of monotonic ms): the thread
 *        +16   system thread id (i32), by which the kernel accounts its processor time: the thread; 0 if unknown
 *        +20   durable (i32): the store's thread. Of a shard, the last tick, of net, the last group that the journal
 *              has for good; -1 before the first. Of the store's own block, what the journal can do now
 * ```
 */
import { assert, unreachable } from "../assert.js";

/** A control block's memory, as it travels to another thread by structured clone. */
export interface ControlMemory {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly shardCountMax: number;
}

/** What the server is doing: everything, finishing what it has, or stopping now. */
export type ServerPhase = "running" | "draining" | "stopping";

/**
 * What can be kept safe: anything; nothing more that can be refused, because the journal has grown to its bound; nothing,
 * because the disk does not take it.
 */
export type JournalState = "accepting" | "full" | "failing";

const journalStates: readonly JournalState[] = ["accepting", "full", "failing"];
const phases: readonly ServerPhase[] = ["running", "draining", "stopping"];

const ORIGIN_F64 = 0;
const PHASE_WORD = 2;
const TABLES_VERSION_WORD = 3;
const STAMP_WORD = 4;
const BLOCK_WORDS = 32;
const INCARNATION_WORD = 0;
const PUBLISHED_TICK_WORD = 1;
const TICKING_WORD = 2;
const HEARTBEAT_WORD = 3;
const SYSTEM_ID_WORD = 4;
const DURABLE_WORD = 5;
/** Threads beside the shards: net, store, main. */
const OTHER_THREADS = 3;
const HEARTBEAT_MASK = 0x7fff_ffff;

export function createControl(shardCountMax: number): ControlMemory {
  assert(Number.isInteger(shardCountMax) && shardCountMax > 0, "there is at least one shard");
  const blocks = 1 + shardCountMax + OTHER_THREADS;
  const memory: ControlMemory = {
    buffer: new SharedArrayBuffer(blocks * BLOCK_WORDS * 4),
    byteOffset: 0,
    shardCountMax,
  };
  const control = new ControlBlock(memory);
  for (let shard = 0; shard < shardCountMax; shard++) control.setPublishedTick(shard, -1);
  for (let thread = 0; thread <= control.netThread; thread++) control.setDurable(thread, -1);
  return memory;
}

/** One thread's view of the control block. Shards and threads are numbered from 0. */
export class ControlBlock {
  readonly shardCountMax: number;
  /** Thread numbers for heartbeats: a shard's is its own number. */
  readonly netThread: number;
  readonly storeThread: number;
  readonly mainThread: number;
  readonly threadCount: number;
  readonly #words: Int32Array;
  readonly #origin: Float64Array;

  constructor(memory: ControlMemory) {
    this.shardCountMax = memory.shardCountMax;
    this.netThread = memory.shardCountMax;
    this.storeThread = memory.shardCountMax + 1;
    this.mainThread = memory.shardCountMax + 2;
    this.threadCount = memory.shardCountMax + OTHER_THREADS;
    this.#words = new Int32Array(memory.buffer, memory.byteOffset, (1 + this.threadCount) * BLOCK_WORDS);
    this.#origin = new Float64Array(memory.buffer, memory.byteOffset, 1);
  }

  /** How often this shard has been started: 0 before the first time. */
  incarnation(shard: number): number {
    return Atomics.load(this.#words, this.#at(shard, INCARNATION_WORD)) >>> 0;
  }

  /**
   * Control, before each start of a shard, while no thread runs it. Returns the new number. A predecessor that
   * died in mid-tick no longer counts as ticking.
   */
  raiseIncarnation(shard: number): number {
    this.setTicking(shard, false);
    return (Atomics.add(this.#words, this.#at(shard, INCARNATION_WORD), 1) + 1) >>> 0;
  }

  /** The last tick whose frames this shard has published, or -1. */
  publishedTick(shard: number): number {
    return Atomics.load(this.#words, this.#at(shard, PUBLISHED_TICK_WORD));
  }

  /** The shard, after it has published its frames of `tick`. */
  setPublishedTick(shard: number, tick: number): void {
    Atomics.store(this.#words, this.#at(shard, PUBLISHED_TICK_WORD), tick);
  }

  /**
   * A number for a group of records. Who has heard of a group before closing its own gets a greater one, on whichever
   * threads the two are: wraps, so compare by the difference.
   */
  nextStamp(): number {
    return (Atomics.add(this.#words, STAMP_WORD, 1) + 1) | 0;
  }

  /** Whether this shard has work on its schedule, so that its next tick is worth waiting for. */
  isTicking(shard: number): boolean {
    return Atomics.load(this.#words, this.#at(shard, TICKING_WORD)) === 1;
  }

  setTicking(shard: number, on: boolean): void {
    Atomics.store(this.#words, this.#at(shard, TICKING_WORD), on ? 1 : 0);
  }

  /** When this thread last beat: the low 31 bits of its monotonic milliseconds; 0 if never. */
  heartbeat(thread: number): number {
    return Atomics.load(this.#words, this.#at(thread, HEARTBEAT_WORD));
  }

  /** The thread itself, once per duty cycle. */
  beat(thread: number, nowMs: number): void {
    Atomics.store(this.#words, this.#at(thread, HEARTBEAT_WORD), lowBits(nowMs));
  }

  /**
   * Milliseconds from this thread's last beat to `nowMs`, right across the wrap of the 31 bits; 0 when it beat after
   * the asker had looked at the clock.
   */
  heartbeatAgeMs(thread: number, nowMs: number): number {
    const ageMs = (lowBits(nowMs) - this.heartbeat(thread)) & HEARTBEAT_MASK;
    return ageMs > HEARTBEAT_MASK / 2 ? 0 : ageMs;
  }

  /** The kernel's number of this thread, or 0 where it is not known. */
  systemThreadId(thread: number): number {
    return Atomics.load(this.#words, this.#at(thread, SYSTEM_ID_WORD));
  }

  /** The thread itself, as it starts: see engine/system-thread.ts. */
  setSystemThreadId(thread: number, id: number): void {
    Atomics.store(this.#words, this.#at(thread, SYSTEM_ID_WORD), id);
  }

  /** Of a shard, the last tick, of net, the last group, that survives whatever happens to the process; -1: none. */
  durable(thread: number): number {
    return Atomics.load(this.#words, this.#at(thread, DURABLE_WORD));
  }

  /** The store's thread. Ring who waits for it afterwards. */
  setDurable(thread: number, upTo: number): void {
    Atomics.store(this.#words, this.#at(thread, DURABLE_WORD), upTo);
  }

  get journalState(): JournalState {
    return journalStates[Atomics.load(this.#words, this.#at(this.storeThread, DURABLE_WORD))]!;
  }

  /** The store's thread. */
  setJournalState(state: JournalState): void {
    Atomics.store(this.#words, this.#at(this.storeThread, DURABLE_WORD), journalStates.indexOf(state));
  }

  /** Control, before any shard is started: incarnations go on from those of the process before this one. */
  setIncarnationBase(incarnation: number): void {
    for (let shard = 0; shard < this.shardCountMax; shard++)
      Atomics.store(this.#words, this.#at(shard, INCARNATION_WORD), incarnation | 0);
  }

  /** The monotonic time, in ms, at which tick 0 begins for every shard. */
  get originMs(): number {
    return this.#origin[ORIGIN_F64]!;
  }

  /** Control, once, before any shard is started: so no reader can meet it half-way. */
  set originMs(ms: number) {
    this.#origin[ORIGIN_F64] = ms;
  }

  get phase(): ServerPhase {
    return phases[Atomics.load(this.#words, PHASE_WORD)]!;
  }

  /** Control only. Ring the doorbells afterwards: sleepers do not watch this word. */
  setPhase(phase: ServerPhase): void {
    Atomics.store(this.#words, PHASE_WORD, phaseWord(phase));
  }

  /** How often other tables of static game data have been put in force. */
  get tablesVersion(): number {
    return Atomics.load(this.#words, TABLES_VERSION_WORD) >>> 0;
  }

  /** Control, after the tables can be read. Nobody is rung: they matter from the next tick on. */
  raiseTablesVersion(): void {
    Atomics.add(this.#words, TABLES_VERSION_WORD, 1);
  }

  #at(thread: number, word: number): number {
    assert(thread >= 0 && thread < this.threadCount, "a thread's number is below threadCount");
    return (1 + thread) * BLOCK_WORDS + word;
  }
}

function lowBits(ms: number): number {
  // Through a float remainder: milliseconds since boot may exceed 32 bits.
  return Math.floor(ms) % (HEARTBEAT_MASK + 1);
}

function phaseWord(phase: ServerPhase): number {
  switch (phase) {
    case "running":
      return 0;
    case "draining":
      return 1;
    case "stopping":
      return 2;
    default:
      return unreachable(phase);
  }
}
