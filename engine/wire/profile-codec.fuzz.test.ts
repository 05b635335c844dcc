import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteBuffer } from "flatbuffers";
import { freshSeed, Prng } from "../prng.js";
import { decodeProfiles } from "./codec.js";
import { Profiles } from "./generated/profiles.js";
import { messageTypes, TABLE_HEAD_BYTES } from "./message-types.js";
import { encodeName, ProfileWriter, profilesLength } from "./profile-codec.js";

const seed = Number(process.env.GRIDSHARD_SEED ?? freshSeed());
const LETTERS = ["a", "Z", " ", "é", "ß", "Ω", "漢", "字", "😀", "👩‍🚀", "\u0301", "\u{10ffff}", "\0"];

test(`[WR2] names composed of parts are what the generated accessors read (seed ${seed})`, () => {
  const prng = new Prng(seed);
  const writer = new ProfileWriter();
  for (const count of [0, 1, 2, 3, 500, ...Array.from({ length: 60 }, () => prng.below(100))]) {
    const cell = prng.below(65_536);
    const profiles = Array.from({ length: count }, () => ({
      id: prng.below(2) === 0 ? prng.below(100) : 0xffff_ffff - prng.below(100),
      name: Array.from({ length: prng.below(14) }, () => LETTERS[prng.below(LETTERS.length)]).join(""),
      level: prng.below(3) === 0 ? 0 : prng.below(65_536),
    }));
    const names = profiles.map(({ name }) => encodeName(name));
    const length = profilesLength(
      count,
      names.reduce((sum, name) => sum + name.length, 0),
    );
    const at = prng.below(64);
    const memory = new Uint8Array(at + length + 16).fill(0xa5);
    writer.begin(memory, at, { cell, count });
    for (const [index, { id, level }] of profiles.entries()) writer.add(id, level, names[index]!);
    assert.ok(
      memory.subarray(0, at).every((byte) => byte === 0xa5),
      "nothing before it is touched",
    );
    assert.ok(
      memory.subarray(at + length).every((byte) => byte === 0xa5),
      "nothing behind it is touched",
    );
    const message = memory.slice(at, at + length);
    assert.deepEqual(
      [...message.subarray(0, TABLE_HEAD_BYTES)],
      [messageTypes.profiles, 0, 0, 0, 0, 0, 0, 0],
    );
    assert.deepEqual(decodeProfiles(message), { cell, profiles }, "through the verifier");
    const table = Profiles.getRootAsProfiles(new ByteBuffer(message.subarray(TABLE_HEAD_BYTES)));
    assert.equal(table.profilesLength(), count);
    for (const [index, { id, name, level }] of profiles.entries()) {
      const profile = table.profiles(index)!;
      assert.deepEqual([profile.id(), profile.name(), profile.level()], [id, name, level]);
    }
  }
});
