import assert from "node:assert/strict";
import { test } from "node:test";
import { AssertionFailed } from "../assert.js";
import { createRing, type RingMemory, RingReader, RingWriter, ringStats } from "./spsc-ring.js";
import { RING_HEADER_BYTES, ringLengthBytes } from "./spsc-ring-layout.js";

interface Delivered {
  readonly type: number;
  readonly at: number;
  readonly payload: number[];
}

function drainAll(reader: RingReader, limit = 1_000_000): Delivered[] {
  const delivered: Delivered[] = [];
  reader.drain((type, at, length) => {
    delivered.push({ type, at, payload: [...reader.bytes.subarray(at, at + length)] });
  }, limit);
  return delivered;
}

function open(capacity: number): { memory: RingMemory; writer: RingWriter; reader: RingReader } {
  const memory = createRing(capacity);
  return { memory, writer: new RingWriter(memory), reader: new RingReader(memory) };
}

function write(writer: RingWriter, type: number, length: number): void {
  assert.ok(writer.offer(type, new Uint8Array(length).fill(type)));
  writer.publish();
}

test("[RG1] records come out in the order they went in, whole", () => {
  const { writer, reader } = open(1024);
  const payloads = [[1], [], [1, 2, 3, 4, 5, 6, 7, 8], [9, 9, 9]];
  payloads.forEach((payload, type) => {
    assert.ok(writer.offer(type, Uint8Array.from(payload)));
  });
  writer.publish();
  assert.deepEqual(
    drainAll(reader).map(({ type, payload }) => [type, payload]),
    payloads.map((payload, type) => [type, payload]),
  );
  assert.ok(reader.isEmpty());
});

test("[RG5] nothing is seen before publish, and everything committed after it", () => {
  const { writer, reader } = open(1024);
  writer.offer(1, Uint8Array.of(1));
  writer.offer(2, Uint8Array.of(2));
  assert.equal(writer.pending, 2);
  assert.ok(reader.isEmpty());
  assert.deepEqual(drainAll(reader), []);
  const at = writer.tryClaim(3, 8);
  assert.ok(at >= 0);
  writer.publish();
  assert.equal(writer.pending, 0);
  assert.ok(!reader.isEmpty());
  assert.equal(drainAll(reader).length, 2, "the open claim is not among them");
  writer.commit();
  writer.publish();
  assert.equal(drainAll(reader).length, 1);
});

test("[RG6] payloads are contiguous and 8-byte aligned: padding fills the end of data before the wrap", () => {
  const { writer, reader } = open(128);
  for (let type = 4; type < 100; type++) {
    write(writer, type, type % 17);
    const delivered = drainAll(reader);
    assert.equal(delivered.length, 1);
    assert.equal(delivered[0]!.type, type);
    assert.equal(delivered[0]!.at % 8, 0);
    assert.ok(delivered[0]!.at + delivered[0]!.payload.length <= 128);
    assert.deepEqual(delivered[0]!.payload, new Array(type % 17).fill(type));
  }
});

test("[RG7] a full ring refuses, counts it, and loses nothing", () => {
  const { memory, writer, reader } = open(128);
  const before: number[] = [];
  while (writer.offer(before.length, new Uint8Array(8))) before.push(before.length);
  assert.equal(before.length, 8, "16 bytes each");
  assert.equal(writer.tryClaim(99, 8), -1);
  assert.equal(ringStats(memory).refusals, 2);
  assert.equal(
    reader.drain(() => {}, 1),
    0,
    "a refusal publishes nothing",
  );
  writer.publish();
  assert.deepEqual(
    drainAll(reader).map(({ type }) => type),
    before,
  );
  assert.ok(writer.tryClaim(1, 8) >= 0, "the claim sees that the head has moved");
});

test("[RG8] an empty ring takes a record of recordLengthMax at any position", () => {
  for (const capacity of [64, 128, 4096]) {
    for (let start = 0; start < capacity; start += 8) {
      const memory = createRing(capacity, { startPosition: start });
      const writer = new RingWriter(memory);
      assert.equal(writer.recordLengthMax, capacity / 8);
      write(writer, 1, writer.recordLengthMax);
      assert.equal(drainAll(new RingReader(memory)).length, 1);
    }
  }
});

test("[RG9] an aborted claim leaves no trace, even when it had begun with padding", () => {
  for (let start = 0; start < 128; start += 8) {
    const memory = createRing(128, { startPosition: start });
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    const at = writer.tryClaim(1, 16);
    writer.bytes.fill(0xff, at, at + 16);
    writer.abort();
    writer.publish();
    assert.ok(reader.isEmpty());
    write(writer, 2, 3);
    assert.deepEqual(
      drainAll(reader).map(({ type, payload }) => [type, payload]),
      [[2, [2, 2, 2]]],
    );
    assert.equal(ringStats(memory).depth, 0);
  }
});

test("[RG10] a handler that throws has consumed its record, and the next one is delivered next", () => {
  const { writer, reader } = open(1024);
  for (const type of [1, 2, 3]) write(writer, type, 4);
  const seen: number[] = [];
  assert.throws(
    () =>
      reader.drain((type) => {
        seen.push(type);
        if (type === 2) throw new Error("bad record");
      }, 10),
    /bad record/,
  );
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(
    drainAll(reader).map(({ type }) => type),
    [3],
  );
});

test("[RG11] a new writer continues at the published tail; what was not published never happened", () => {
  const { memory, writer, reader } = open(128);
  write(writer, 1, 8);
  writer.offer(2, new Uint8Array(8));
  writer.tryClaim(3, 16);
  const next = new RingWriter(memory);
  write(next, 4, 8);
  assert.deepEqual(
    drainAll(reader).map(({ type }) => type),
    [1, 4],
  );
});

test("[RG12] a new reader continues at the head", () => {
  const { memory, writer, reader } = open(1024);
  for (const type of [1, 2, 3]) write(writer, type, 8);
  drainAll(reader, 1);
  assert.deepEqual(
    drainAll(new RingReader(memory)).map(({ type }) => type),
    [2, 3],
  );
});

test("[RG12] a reader that dies inside drain has moved nothing: its successor gets those records again", () => {
  const { memory, writer, reader } = open(1024);
  for (const type of [1, 2, 3]) write(writer, type, 8);
  drainAll(reader, 1);
  const again: number[] = [];
  reader.drain((type) => {
    // What another thread would find if this one ended here.
    if (type === 3) again.push(...drainAll(new RingReader(memory)).map((record) => record.type));
  }, 10);
  assert.deepEqual(again, [2, 3]);
});

test("[RG13] drain delivers at most its limit, padding not counted", () => {
  const { writer, reader } = open(128);
  let written = 0;
  let read = 0;
  for (let round = 0; round < 50; round++) {
    while (writer.offer(written, new Uint8Array(written % 17))) written++;
    writer.publish();
    for (;;) {
      const types: number[] = [];
      const count = reader.drain((type) => types.push(type), 2);
      assert.equal(count, types.length);
      assert.ok(count <= 2);
      for (const type of types) assert.equal(type, read++);
      if (count === 0) break;
    }
  }
  assert.equal(read, written);
  write(writer, 5, 0);
  assert.equal(
    reader.drain(() => assert.fail("a limit of 0 delivers nothing"), 0),
    0,
  );
  assert.ok(!reader.isEmpty());
});

test("[RG14] depth, high-water mark and refusals can be read by anybody", () => {
  const { memory, writer, reader } = open(1024);
  assert.deepEqual(ringStats(memory), { capacity: 1024, depth: 0, depthMax: 0, refusals: 0 });
  write(writer, 1, 8);
  write(writer, 2, 8);
  assert.deepEqual(ringStats(memory), { capacity: 1024, depth: 32, depthMax: 32, refusals: 0 });
  reader.drain((type) => {
    // The depth peaks while a drain is under way, since the head moves at its end.
    if (type === 2) write(writer, 3, 8);
  }, 2);
  assert.deepEqual(ringStats(memory), { capacity: 1024, depth: 16, depthMax: 48, refusals: 0 });
  drainAll(reader);
  assert.deepEqual(ringStats(memory), { capacity: 1024, depth: 0, depthMax: 48, refusals: 0 });
  assert.equal(
    new RingReader(memory).drain(() => {}, 1),
    0,
  );
  assert.equal(ringStats(memory).depthMax, 48, "a new reader keeps the mark");
});

test("[RG15] misuse is an assertion: two open claims, a record too long, a negative type, an odd capacity", () => {
  const { writer } = open(128);
  assert.throws(() => writer.commit(), AssertionFailed);
  assert.throws(() => writer.abort(), AssertionFailed);
  assert.throws(() => writer.tryClaim(-1, 8), AssertionFailed);
  assert.throws(() => writer.tryClaim(1, 17), AssertionFailed);
  assert.throws(() => writer.tryClaim(1, -1), AssertionFailed);
  writer.tryClaim(1, 8);
  assert.throws(() => writer.tryClaim(1, 8), AssertionFailed);
  for (const capacity of [0, 32, 100, 2 ** 31]) assert.throws(() => createRing(capacity));
  assert.throws(() => createRing(128, { startPosition: 4 }), AssertionFailed);
  const buffer = new SharedArrayBuffer(ringLengthBytes(128));
  assert.throws(() => new RingWriter({ buffer, byteOffset: 8, capacity: 128 }), AssertionFailed);
  assert.throws(() => new RingReader({ buffer, byteOffset: 4, capacity: 64 }), AssertionFailed);
});

test("[RG15] a published record that is not committed is found out, not delivered", () => {
  const { memory, writer, reader } = open(128);
  write(writer, 1, 8);
  new Int32Array(memory.buffer, RING_HEADER_BYTES)[0] = ~8;
  assert.throws(() => drainAll(reader), AssertionFailed);
});

test("[RG13] find looks ahead over the wrap and consumes nothing", () => {
  const { writer, reader } = open(1024);
  for (let count = 0; count < 200; count++) {
    assert.equal(reader.find(7), -1);
    write(writer, 3, count % 50);
    write(writer, 7, 8);
    write(writer, 7, 12);
    const at = reader.find(7);
    assert.equal(reader.find(4), -1);
    const found = drainAll(reader);
    assert.deepEqual(
      found.map(({ type }) => type),
      [3, 7, 7],
    );
    assert.equal(at, found[1]!.at);
  }
});
