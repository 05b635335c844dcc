import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeFrames,
  encodeName,
  FRAMES_HEAD_BYTES,
  type FrameSink,
  frameLength,
  ProfileWriter,
  profilesTableLength,
  WireError,
  writeAppear,
  writeFrameHead,
  writeFramesHead,
  writeNamesHead,
  writeNarrowMove,
} from "./codec.js";

const people = [
  { id: 7, name: "Ann", level: 3 },
  { id: 9, name: "Zoë 漢", level: 0 },
];

/** A message with a frame that names those who appear in it, and behind it one that does not. */
function message(): { bytes: Uint8Array; tableAt: number } {
  const names = people.map(({ name }) => encodeName(name));
  const nameBytes = profilesTableLength(
    people.length,
    names.reduce((sum, name) => sum + name.length, 0),
  );
  const named = { appears: people.length, leaves: 0, changes: 0, moves: 1, isNarrow: true, nameBytes };
  const plain = { appears: 0, leaves: 0, changes: 0, moves: 1, isNarrow: true };
  const bytes = new Uint8Array(FRAMES_HEAD_BYTES + frameLength(named) + frameLength(plain));
  let at = writeFrameHead(bytes, writeFramesHead(bytes, 0, 5), { cell: 3, isKeyframe: false, ...named });
  for (const [slot, { id, level }] of people.entries()) {
    const rest = { x: 1, y: 2, kind: 0, look: 0, state: 0, health: 255, heading: 0 };
    at = writeAppear(bytes, at, { id, slot, level, ...rest });
  }
  at = writeNamesHead(bytes, writeNarrowMove(bytes, at, 1, 2, 3), nameBytes);
  const tableAt = at;
  const writer = new ProfileWriter();
  writer.beginTable(bytes, at, { cell: 3, count: people.length });
  for (const [index, { id, level }] of people.entries()) writer.add(id, level, names[index]!);
  at = writeFrameHead(bytes, at + nameBytes, { cell: 4, isKeyframe: false, ...plain });
  assert.equal(writeNarrowMove(bytes, at, 0, 4, 5), bytes.length);
  return { bytes, tableAt };
}

function hear(bytes: Uint8Array): unknown[] {
  const heard: unknown[] = [];
  const sink: FrameSink = {
    onFrame: (cell) => heard.push(["frame", cell]),
    onAppear: (id) => heard.push(["appear", id]),
    onLeave: () => heard.push("leave"),
    onChange: () => heard.push("change"),
    onMove: (slot, dx, dy) => heard.push(["move", slot, dx, dy]),
    onProfile: (profile) => heard.push(profile),
  };
  try {
    decodeFrames(bytes, sink);
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
    assert.deepEqual(heard, [], "nothing was told");
    return ["refused"];
  }
  return heard;
}

test("[WR5] names within a frame are told behind all frames of the message", () => {
  assert.deepEqual(hear(message().bytes), [
    ["frame", 3],
    ["appear", 7],
    ["appear", 9],
    ["move", 1, 2, 3],
    ["frame", 4],
    ["move", 0, 4, 5],
    ...people,
  ]);
});

test("[WR6] a message of frames whose names are cut or broken is told not at all", () => {
  const { bytes, tableAt } = message();
  for (let length = 0; length < bytes.length - 7; length++) {
    const cut = hear(bytes.subarray(0, length));
    assert.deepEqual(cut, ["refused"], `${length} bytes`);
  }
  const broken = bytes.slice();
  broken[tableAt] = 255;
  assert.deepEqual(hear(broken), ["refused"]);
});
