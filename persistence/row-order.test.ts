import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "../engine/prng.js";
import { isId, sortedByPlayer } from "./row-order.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? Math.trunc(performance.timeOrigin) % 1_000_000);

interface Row {
  readonly playerId: string;
  readonly version: number;
  readonly given: number;
}

function compare(a: Row, b: Row): number {
  if (a.playerId !== b.playerId) return a.playerId < b.playerId ? -1 : 1;
  return a.version - b.version;
}

test(`[ST60] rows are in the order that comparing them gives, equals as they were given (GRIDSHARD_SEED=${seed})`, () => {
  const prng = new Prng(seed);
  for (let round = 0; round < 200; round++) {
    // Ids that differ anywhere, some from the first digit on and some in the last alone.
    const digits = 1 + prng.below(32);
    const rows = Array.from({ length: prng.below(400) }, (_, given): Row => {
      const end = Array.from({ length: digits }, () => prng.below(1 + prng.below(16)).toString(16)).join("");
      const playerId = prng.below(2) === 0 ? end.padStart(32, "f") : end.padEnd(32, "0");
      return { playerId, version: prng.below(3), given };
    });
    assert.deepEqual(sortedByPlayer(rows, compare), rows.toSorted(compare));
  }
});

test("[ST60] an id is 32 lower-case hex digits and nothing else", () => {
  const good = "0123456789abcdef".repeat(2);
  assert.ok(isId(good));
  for (const bad of [
    "",
    good.slice(1),
    `${good}0`,
    good.toUpperCase(),
    good.replace("a", "g"),
    good.replace("a", "/"),
    good.replace("a", ":"),
    good.replace("a", "`"),
    good.replace("a", "ā"),
    good.replace("a", "\u0130"),
  ])
    assert.equal(isId(bad), false, bad);
});
