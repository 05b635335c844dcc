import assert from "node:assert/strict";
import { test } from "node:test";
import { freshSeed, Prng } from "../prng.js";
import { type RingMemory, RingReader, RingWriter, ringStats } from "./spsc-ring.js";
import { RING_HEAD_WORD, RING_TAIL_WORD, ringLengthBytes } from "./spsc-ring-layout.js";

const CANARY = 0xa5;
const CANARY_BYTES = 64;
const STEPS = 4000;

interface ModelRecord {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** The ring, and beside it what it has to behave like: two plain arrays. */
class RingUnderTest {
  readonly memory: RingMemory;
  readonly prng: Prng;
  writer: RingWriter;
  reader: RingReader;
  published: ModelRecord[] = [];
  committed: ModelRecord[] = [];
  refusals = 0;
  delivered = 0;

  constructor(capacity: number, startPosition: number, prng: Prng) {
    const buffer = new SharedArrayBuffer(ringLengthBytes(capacity) + 2 * CANARY_BYTES);
    this.memory = { buffer, byteOffset: CANARY_BYTES, capacity };
    new Uint8Array(buffer, 0, CANARY_BYTES).fill(CANARY);
    new Uint8Array(buffer, CANARY_BYTES + ringLengthBytes(capacity)).fill(CANARY);
    const header = new Int32Array(buffer, CANARY_BYTES);
    header[RING_TAIL_WORD] = startPosition | 0;
    header[RING_HEAD_WORD] = startPosition | 0;
    this.prng = prng;
    this.writer = new RingWriter(this.memory);
    this.reader = new RingReader(this.memory);
  }

  step(): void {
    const dice = this.prng.below(100);
    if (dice < 55) this.write();
    else if (dice < 75) this.publish();
    else if (dice < 95) this.drain();
    else if (dice < 97) this.replaceWriter();
    else if (dice < 99) this.reader = new RingReader(this.memory);
    else this.drainThrowing();
    assert.equal(this.reader.isEmpty(), this.published.length === 0);
    assert.equal(this.writer.pending, this.committed.length);
  }

  write(): void {
    const length = this.prng.below(this.writer.recordLengthMax + 1);
    const type = this.prng.below(0x7fff_ffff);
    const payload = new Uint8Array(length);
    for (let index = 0; index < length; index++) payload[index] = this.prng.below(256);
    const at = this.writer.tryClaim(type, length);
    if (at < 0) {
      this.refusals++;
      assert.ok(this.published.length + this.committed.length > 0, "[RG8] an empty ring never refuses");
      return;
    }
    assert.equal(at % 8, 0);
    assert.ok(at + length <= this.memory.capacity);
    this.writer.bytes.set(payload, at);
    if (this.prng.below(5) === 0) this.writer.abort();
    else {
      this.writer.commit();
      this.committed.push({ type, payload });
    }
  }

  publish(): void {
    this.writer.publish();
    this.published.push(...this.committed.splice(0));
  }

  drain(): void {
    const limit = this.prng.below(8);
    const want = Math.min(limit, this.published.length);
    assert.equal(
      this.reader.drain((type, at, length) => this.check(type, at, length), limit),
      want,
    );
  }

  drainThrowing(): void {
    if (this.published.length === 0) return;
    const left = this.published.length - 1;
    assert.throws(
      () =>
        this.reader.drain((type, at, length) => {
          this.check(type, at, length);
          throw new Error("thrown by the handler");
        }, 8),
      /thrown by the handler/,
    );
    assert.equal(this.published.length, left);
  }

  /** As if the writing thread had died here, perhaps inside a record. */
  replaceWriter(): void {
    const at = this.prng.below(2) === 0 ? this.writer.tryClaim(1, this.writer.recordLengthMax) : 0;
    if (at < 0) this.refusals++;
    this.writer = new RingWriter(this.memory);
    this.committed = [];
  }

  check(type: number, at: number, length: number): void {
    const expected = this.published.shift();
    assert.ok(expected !== undefined, "more delivered than published");
    assert.equal(type, expected.type);
    assert.deepEqual(this.reader.bytes.slice(at, at + length), expected.payload);
    this.delivered++;
  }

  finish(): void {
    this.publish();
    this.reader.drain((type, at, length) => this.check(type, at, length), 1_000_000);
    assert.equal(this.published.length, 0);
    const stats = ringStats(this.memory);
    assert.equal(stats.depth, 0);
    assert.equal(stats.refusals, this.refusals);
    assert.ok(stats.depthMax <= stats.capacity);
    const all = new Uint8Array(this.memory.buffer);
    const isCanary = (byte: number) => byte === CANARY;
    assert.ok(all.subarray(0, CANARY_BYTES).every(isCanary), "[RG2] nothing before the ring is written");
    assert.ok(all.subarray(-CANARY_BYTES).every(isCanary), "[RG2] nothing after the ring is written");
  }
}

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());

function fuzz(startPositionOf: (capacity: number) => number): void {
  for (const capacity of [64, 128, 512, 4096]) {
    const ring = new RingUnderTest(capacity, startPositionOf(capacity), new Prng(seed ^ capacity));
    for (let step = 0; step < STEPS; step++) ring.step();
    ring.finish();
    assert.ok(ring.delivered > 100, "the dice let something through");
  }
}

test(`[RG1] [RG2] a ring behaves like a queue and stays inside its memory (GRIDSHARD_SEED=${seed})`, () => {
  fuzz(() => 0);
});

test(`[RG4] the wrap of positions at 2^31 changes nothing (GRIDSHARD_SEED=${seed})`, () => {
  fuzz((capacity) => 2 ** 31 - capacity * 2);
});

test(`[RG4] the wrap of positions at 2^32 changes nothing (GRIDSHARD_SEED=${seed})`, () => {
  fuzz((capacity) => 2 ** 32 - capacity * 2 - 8);
});
