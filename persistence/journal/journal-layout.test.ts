import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ALIGNMENT,
  checkRecord,
  decodeGroupHead,
  decodeSegmentHead,
  encodeGroupHead,
  encodeRecord,
  encodeSegmentHead,
  groupHeader,
  memoryOf,
  parseSegmentName,
  recordBytes,
  recordHeader,
  segmentHeader,
  segmentName,
} from "./journal-layout.js";
import { contentOf, idOf } from "./journal-samples.js";

const SEED = 99;
const FAR = 2 ** 40 + 5;

function recordAt(position: number): Uint8Array {
  const { type, payload } = contentOf(position);
  const bytes = new Uint8Array(recordBytes(payload.length));
  assert.equal(encodeRecord(memoryOf(bytes), 0, { position, type, payload, seed: SEED }), bytes.length);
  return bytes;
}

const check = (bytes: Uint8Array, position: number, seed = SEED) =>
  checkRecord(memoryOf(bytes), 0, { position, seed });

test("[JN8] a record counts only whole, at its own position, in its own journal; every bit of it is checked", () => {
  for (const position of [1, 7, FAR]) {
    const bytes = recordAt(position);
    assert.equal(check(bytes, position), bytes.length);
    assert.equal(check(bytes, position + 1), -1);
    assert.equal(check(bytes, position, SEED + 1), -1);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(check(bytes, position), -1, `bit ${bit}`);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    for (let length = 0; length < bytes.length; length++)
      assert.equal(check(bytes.subarray(0, length), position), -1);
  }
});

test("[JN8] the checksum covers the position: a record moved to another position does not count there", () => {
  const bytes = recordAt(3);
  const moved = recordAt(3);
  moved.set(recordAt(4).subarray(recordHeader.position, recordHeader.type), recordHeader.position);
  assert.equal(check(bytes, 3), bytes.length);
  assert.equal(check(moved, 4), -1);
});

test("[JN8] zeros are no record and no header", () => {
  const zeros = new Uint8Array(256);
  assert.equal(check(zeros, 0), -1);
  assert.equal(decodeGroupHead(zeros, 0), null);
  assert.equal(decodeSegmentHead(zeros), null);
});

test("[JN8] headers are read as they were written, and every bit of them is checked", () => {
  const head = { id: idOf(0xabc), first: FAR, attempt: 3, createdMs: 1_700_000_000_123 };
  const segment = new Uint8Array(segmentHeader.bytes);
  encodeSegmentHead(segment, 0, head);
  assert.deepEqual(decodeSegmentHead(segment), head);
  const group = { length: 8000, count: 40, first: FAR, number: 6, offset: 2 ** 31 + 64, seed: 0xfedc_ba98 };
  const bytes = new Uint8Array(groupHeader.bytes);
  encodeGroupHead(bytes, 0, group);
  assert.deepEqual(decodeGroupHead(bytes, 0), group);
  for (let bit = 0; bit < segment.length * 8; bit++) {
    segment[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(decodeSegmentHead(segment), null, `bit ${bit}`);
    segment[bit >> 3]! ^= 1 << (bit & 7);
  }
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(decodeGroupHead(bytes, 0), null, `bit ${bit}`);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  for (const { bytes } of [segmentHeader, groupHeader]) assert.equal(bytes % ALIGNMENT, 0);
});

test("[JN9] a segment is named by its first position, and, where that is taken, by its attempt", () => {
  assert.equal(segmentName(1, 0), "00000000000000000001.journal");
  assert.equal(segmentName(FAR, 2), "00000001099511627781-2.journal");
  for (const [first, attempt] of [
    [1, 0],
    [FAR, 12],
  ] as const) {
    const name = segmentName(first, attempt);
    assert.deepEqual(parseSegmentName(name), { name, first, attempt });
  }
  for (const name of [
    "gridshard.lock",
    "1.journal",
    "00000000000000000001-0.journal",
    "99999999999999999999.journal",
  ])
    assert.equal(parseSegmentName(name), null, name);
});
