import assert from "node:assert/strict";
import { test } from "node:test";
import { IntentWindow, type Kept } from "./intent-window.js";

const nobodyIsGone = () => false;
/** A journal that has this tick of every shard, and all of net's own. */
const keptUpTo = (tick: number): Kept => ({ group: 1000, tick: () => tick });
const noEvents = { last: 0, released: 0, isAwaitingClient: false };

/** A window with intents 1 to `count` out: odd ones for room 5 on shard 1, even ones for the field on shard 0. */
function windowOf(count: number): IntentWindow {
  const window = new IntentWindow(64);
  for (let seq = 1; seq <= count; seq++) {
    assert.equal(window.accept(seq), "next");
    window.add(seq, seq % 2 === 1 ? 5 : 0, seq % 2 === 1 ? 1 : 0);
  }
  return window;
}

test("[DS8] what several shards settled is durable when all of them are that far", () => {
  const window = windowOf(2);
  const ticks = [-1, -1];
  const kept: Kept = { group: 0, tick: (shard) => ticks[shard]! };
  window.complete({ shard: 0, room: 0, applied: 2, tick: 10 }, nobodyIsGone);
  window.complete({ shard: 1, room: 5, applied: 1, tick: 12 }, nobodyIsGone);
  assert.equal(window.applied, 2);
  ticks[0] = 10;
  assert.equal(window.settle(kept, noEvents), false);
  ticks[1] = 11;
  assert.equal(window.settle(kept, noEvents), false);
  ticks[1] = 12;
  assert.equal(window.settle(kept, noEvents), true);
  assert.equal(window.durable, 2);
  assert.equal(window.awaitsJournal, false);
});

test("[DS8] while the journal stands still, however many intents are settled, there is one milestone to remember", () => {
  const window = windowOf(0);
  let tick = 0;
  let durable = -1;
  for (let seq = 1; seq <= 5000; seq++) {
    window.accept(seq);
    window.add(seq, 0, 0);
    window.complete({ shard: 0, room: 0, applied: seq, tick: ++tick }, nobodyIsGone);
    assert.equal(window.settle(keptUpTo(durable), noEvents), false);
  }
  durable = 1;
  window.settle(keptUpTo(durable), noEvents);
  assert.equal(window.durable, 1);
  durable = 4999;
  window.settle(keptUpTo(durable), noEvents);
  assert.equal(window.durable, 1, "what came behind the first counts together");
  durable = 5000;
  window.settle(keptUpTo(durable), noEvents);
  assert.equal(window.durable, 5000);
});

test("[DS13] an intent in doubt is nobody's to report but the successor's of the shard that was lost", () => {
  const window = windowOf(0);
  window.accept(1);
  window.add(1, 0, 0);
  window.move(0, 1);
  window.doubt(0);
  // The second shard never got it: what it reports came by another way.
  assert.equal(window.complete({ shard: 1, room: 0, applied: 1, tick: 5 }, nobodyIsGone), false);
  assert.deepEqual(window.takeLost(1), []);
  assert.deepEqual(
    window.takeLost(0).map(({ seq }) => seq),
    [1],
  );
  assert.equal(window.applied, 1);
});

test("[DS19] numbers settled before are passed over, one by one or all at once", () => {
  const window = new IntentWindow(64);
  window.restore({ intentsDurable: 3, settled: [2, 4, 5, 8] });
  assert.deepEqual([window.received, window.durable], [5, 5]);
  assert.equal(window.accept(5), "repeated");
  assert.equal(window.accept(0), "skips");
  assert.equal(window.accept(6), "next");
  assert.equal(window.accept(8), "skips", "only the first may");
  assert.equal(window.accept(7), "next");
  assert.equal(window.accept(8), "settled");
  assert.equal(window.accept(9), "next");
  const other = new IntentWindow(64);
  other.restore({ intentsDurable: 3, settled: [8, 9] });
  other.restart();
  assert.equal(other.received, 9, "a client that begins anew counts on behind everything");
  assert.equal(other.accept(11), "skips");
});

test("[DS24] an intent is not durable before what it led to may leave: a refusal is heard first", () => {
  const window = windowOf(1);
  window.complete({ shard: 1, room: 5, applied: 1, tick: 10 }, nobodyIsGone);
  const tickIsSafe = keptUpTo(10);
  assert.equal(window.settle(tickIsSafe, { last: 4, released: 3, isAwaitingClient: false }), false);
  // An event told later is not waited for.
  assert.equal(window.settle(tickIsSafe, { last: 5, released: 3, isAwaitingClient: false }), false);
  assert.equal(window.settle(tickIsSafe, { last: 5, released: 4, isAwaitingClient: false }), true);
  assert.equal(window.durable, 1);
});

test("[DS25] what the process before refused is not durable before the client has been told", () => {
  const window = new IntentWindow(64);
  window.restore({ intentsDurable: 2, settled: [3, 4, 5, 7], untold: [4, 7] });
  assert.deepEqual([window.received, window.applied, window.durable], [5, 5, 3]);
  assert.equal(window.accept(4), "repeated");
  assert.equal(window.accept(6), "next");
  window.add(6, 0, 0);
  assert.equal(window.accept(7), "settled");
  window.complete({ shard: 0, room: 0, applied: 6, tick: 1 }, nobodyIsGone);
  const tickIsSafe = keptUpTo(1);
  const look = (last: number, released: number, isAwaitingClient: boolean) => {
    window.settle(tickIsSafe, { last, released, isAwaitingClient });
    assert.equal(window.awaitsJournal, window.durable < 7);
    return [window.applied, window.durable];
  };
  assert.deepEqual(look(12, 12, true), [7, 3], "their numbers are not for good");
  assert.deepEqual(look(20, 18, false), [7, 3]);
  assert.deepEqual(look(25, 19, false), [7, 3]);
  assert.deepEqual(look(25, 20, false), [7, 5], "told, and the rest is safe behind what was told by now");
  assert.deepEqual(look(30, 25, false), [7, 7]);
});

test("[DS24] a refusal that gets another number, because the client had more than was known, is waited for by that", () => {
  const window = windowOf(1);
  window.complete({ shard: 1, room: 5, applied: 1, tick: 10 }, nobodyIsGone);
  // The question is 3, the refusal 4: then the client says that it has 7, and the refusal is 8.
  window.settle(keptUpTo(10), { last: 4, released: 3, isAwaitingClient: true });
  window.settle(keptUpTo(10), { last: 8, released: 7, isAwaitingClient: false });
  assert.equal(window.durable, 0);
  window.settle(keptUpTo(10), { last: 8, released: 8, isAwaitingClient: false });
  assert.equal(window.durable, 1);
});

test("[DS25] a refusal that nobody was told is not durable, however much the journal knows to be settled behind it", () => {
  const window = new IntentWindow(64);
  window.restore({ intentsDurable: 5, settled: [], untold: [4] });
  assert.deepEqual([window.received, window.durable], [5, 3]);
  window.settle(keptUpTo(0), { last: 2, released: 2, isAwaitingClient: false });
  assert.equal(window.durable, 5);
});

test("[DS25] a client that begins anew is owed no refusals", () => {
  const window = new IntentWindow(64);
  window.restore({ intentsDurable: 0, settled: [1, 2], untold: [1] });
  window.restart();
  assert.deepEqual([window.received, window.applied], [2, 2]);
});
