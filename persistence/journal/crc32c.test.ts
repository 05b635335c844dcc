import assert from "node:assert/strict";
import { test } from "node:test";
import { Prng } from "../../engine/prng.js";
import { crc32c, viewOf } from "./crc32c.js";

const crcOf = (bytes: Uint8Array) => crc32c(viewOf(bytes), 0, bytes.length);

test("[JN7] the checksum is CRC-32C, by the vectors of RFC 3720", () => {
  assert.equal(crcOf(new TextEncoder().encode("123456789")), 0xe3069283);
  assert.equal(crcOf(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crcOf(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crcOf(Uint8Array.from({ length: 32 }, (_, at) => at)), 0x46dd794e);
  assert.equal(crcOf(Uint8Array.from({ length: 32 }, (_, at) => 31 - at)), 0x113fdb5c);
});

test("[JN7] a checksum goes on from that of what comes before, at any place and length", () => {
  const prng = new Prng(1);
  const bytes = Uint8Array.from({ length: 300 }, () => prng.next());
  const view = viewOf(bytes);
  for (let round = 0; round < 500; round++) {
    const from = prng.below(100);
    const middle = from + prng.below(100);
    const to = middle + prng.below(100);
    assert.equal(crc32c(view, middle, to, crc32c(view, from, middle)), crcOf(bytes.slice(from, to)));
  }
});
