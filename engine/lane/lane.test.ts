import assert from "node:assert/strict";
import { test } from "node:test";
import { createDoorbell, Doorbell } from "../memory/doorbell.js";
import { createRing, RingReader, RingWriter } from "../memory/spsc-ring.js";
import { LaneWriter } from "./lane.js";

function laneOf(options: { outboxBytesMax: number; isReaderBusy?: () => boolean }) {
  const ring = createRing(1024);
  const bell = new Doorbell(createDoorbell());
  return { lane: new LaneWriter(new RingWriter(ring), bell, options), reader: new RingReader(ring), bell };
}

test("[LN3] records that find the ring full wait in order and arrive in order", () => {
  const { lane, reader } = laneOf({ outboxBytesMax: 100_000 });
  for (let number = 0; number < 500; number++)
    assert.ok(lane.send(1, Uint8Array.of(number & 255, number >> 8)));
  assert.ok(lane.outboxBytes > 0);
  const seen: number[] = [];
  for (let turn = 0; turn < 200 && seen.length < 500; turn++) {
    lane.flush();
    reader.drain((_type, at) => seen.push(reader.bytes[at]! + reader.bytes[at + 1]! * 256), 50);
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 500 }, (_, number) => number),
  );
  assert.equal(lane.outboxBytes, 0);
});

test("[LN4] past the outbox's bound a record is refused and counted, and one that may be skipped never waits", () => {
  const { lane } = laneOf({ outboxBytesMax: 64 });
  let accepted = 0;
  while (lane.send(1, new Uint8Array(16))) accepted++;
  assert.ok(accepted > 0 && lane.outboxBytes <= 64);
  const refusals = lane.refusals;
  assert.equal(lane.tryClaim(1, 8), -1);
  assert.equal(lane.refusals, refusals + 1);
});

test("[LN5] a reader that is bound to look by itself is not woken", () => {
  let isBusy = true;
  const { lane, bell } = laneOf({ outboxBytesMax: 64, isReaderBusy: () => isBusy });
  lane.send(1, new Uint8Array(4));
  lane.flush();
  assert.equal(
    bell.wait(0, () => false),
    false,
    "not rung",
  );
  isBusy = false;
  lane.send(1, new Uint8Array(4));
  lane.flush();
  assert.equal(
    bell.wait(0, () => false),
    true,
    "rung",
  );
});
