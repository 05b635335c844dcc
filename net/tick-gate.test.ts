import assert from "node:assert/strict";
import { test } from "node:test";
import { toNet } from "../engine/lane/to-net.js";
import { ControlBlock, createControl } from "../engine/memory/control-block.js";
import { createRing, RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import { Prng } from "../engine/prng.js";
import { TickGate } from "./tick-gate.js";

const RECORDS_MAX = 1000;
const WAIT_MS_MAX = 10;

/** Shards as the gate knows them: a lane and a few words each. A record's payload says in which tick it was written. */
class Lanes {
  readonly control: ControlBlock;
  readonly gate: TickGate;
  /** What came out: shard and tick of each record. */
  readonly seen: [shard: number, tick: number][] = [];
  readonly #writers: readonly RingWriter[];

  constructor(shards: number) {
    const memories = Array.from({ length: shards }, () => createRing(65_536));
    this.control = new ControlBlock(createControl(shards));
    this.#writers = memories.map((memory) => new RingWriter(memory));
    const fromShards = memories.map((memory) => new RingReader(memory));
    this.gate = new TickGate(
      { control: this.control, fromShards },
      WAIT_MS_MAX,
      (shard, type, at, _, ring) => {
        if (type !== toNet.tickDone) this.seen.push([shard, ring.words[at >> 2]!]);
      },
    );
  }

  say(shard: number, type: number, tick: number): void {
    assert.ok(this.#writers[shard]!.offer(type, new Uint8Array(Int32Array.of(tick).buffer)));
  }

  /** The shard makes a tick in which it says something. */
  tick(shard: number, tick: number, records = 1): void {
    for (let count = 0; count < records; count++) this.say(shard, toNet.memberMoved, tick);
    this.say(shard, toNet.tickDone, tick);
    this.#writers[shard]!.publish();
    this.control.setPublishedTick(shard, tick);
  }

  takeAll(nowMs: number): void {
    while (this.gate.take(nowMs, RECORDS_MAX).records > 0);
  }
}

test("[EG16] a handoff and its answer a tick later are seen in this order also by a net that is ticks behind", () => {
  const lanes = new Lanes(2);
  for (const shard of [0, 1]) lanes.control.setTicking(shard, true);
  for (const tick of [10, 11]) for (const shard of [0, 1]) lanes.tick(shard, tick);
  lanes.takeAll(0);
  // Shard 1 offers in tick 20, shard 0 accepts in tick 21.
  for (const tick of [20, 21, 22]) for (const shard of [0, 1]) lanes.tick(shard, tick);
  lanes.takeAll(0);
  assert.deepEqual(
    lanes.seen.map(([, tick]) => tick),
    [10, 10, 11, 11, 20, 20, 21, 21, 22, 22],
  );
});

test("[EG16] the answer of a shard that slept is seen behind what it answers", () => {
  const lanes = new Lanes(2);
  lanes.control.setTicking(1, true);
  for (const shard of [0, 1]) lanes.tick(shard, 5);
  lanes.takeAll(0);
  lanes.tick(1, 20);
  lanes.control.setTicking(0, true);
  lanes.tick(0, 21);
  lanes.tick(1, 21);
  lanes.takeAll(0);
  assert.deepEqual(lanes.seen.slice(2), [
    [1, 20],
    [0, 21],
    [1, 21],
  ]);
});

test("[EG17] a net that is many ticks behind takes eight of them at a time", () => {
  const lanes = new Lanes(2);
  for (const shard of [0, 1]) lanes.control.setTicking(shard, true);
  for (let tick = 10; tick < 30; tick++) for (const shard of [0, 1]) lanes.tick(shard, tick);
  const counts: number[] = [];
  do {
    lanes.gate.take(0, RECORDS_MAX);
    counts.push(lanes.seen.length / 2);
  } while (counts.at(-1) !== counts.at(-2));
  assert.deepEqual(counts, [8, 16, 20, 20]);
});

test("[EG16] ticks come in order whatever shards sleep, however late net looks and however little it takes", () => {
  const seed = Number(process.env.GRIDSHARD_SEED ?? 11);
  const prng = new Prng(seed);
  for (let run = 0; run < 50; run++) {
    const shards = 1 + prng.below(4);
    const lanes = new Lanes(shards);
    let written = 0;
    let nowMs = 0;
    for (let tick = 1; tick < 60; tick++, nowMs += 50) {
      for (let shard = 0; shard < shards; shard++) {
        const isAwake = prng.below(3) > 0;
        lanes.control.setTicking(shard, isAwake);
        if (!isAwake) continue;
        const records = prng.below(4);
        lanes.tick(shard, tick, records);
        written += records;
      }
      if (prng.below(3) === 0) lanes.gate.take(nowMs, 1 + prng.below(12));
    }
    lanes.takeAll(nowMs);
    const ticks = lanes.seen.map(([, tick]) => tick);
    assert.equal(ticks.length, written, `seed ${seed}, run ${run}`);
    assert.deepEqual(
      ticks,
      ticks.toSorted((a, b) => a - b),
      `seed ${seed}, run ${run}`,
    );
  }
});
