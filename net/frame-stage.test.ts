import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameStage } from "./frame-stage.js";

const LARGE = 4_000_000;

test("[EG18] the memory that a large turn took is given back after small ones, and not between large ones", () => {
  const stage = new FrameStage(1);
  const large = new Uint8Array(LARGE).fill(7);
  const roomAfter = (length: number) => {
    const copy = stage.copy(large, 0, length);
    assert.deepEqual(copy, large.subarray(0, length));
    stage.endTurn();
    return copy.buffer.byteLength;
  };
  let room = roomAfter(LARGE);
  assert.ok(room >= LARGE);
  for (let turn = 0; turn < 1000; turn++) room = Math.min(room, roomAfter(turn % 100 === 0 ? LARGE : 10));
  assert.ok(room >= LARGE, "it is needed again soon");
  // Turns in which nothing is sent say nothing about how much is needed.
  for (let turn = 0; turn < 1000; turn++) stage.endTurn();
  assert.ok(roomAfter(10) >= LARGE);
  for (let turn = 0; turn < 3000; turn++) room = roomAfter(10);
  assert.ok(room <= 131_072, `${room} bytes`);
  assert.ok(roomAfter(LARGE) >= LARGE);
});
