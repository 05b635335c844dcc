import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader, ByteWriter } from "./bytes.js";

test("[LN1] whatever is written is read back, however small the buffer was to begin with", () => {
  const out = new ByteWriter(1);
  out.u8(200).u16(60_000).u32(4_000_000_000).i32(-5).f32(0.5).f64(Math.PI);
  out
    .text("żółw 🐢")
    .hex16("00112233445566778899aabbccddeeff")
    .blob(Uint8Array.of(1, 2, 3))
    .raw(Uint8Array.of(9));
  const from = new ByteReader(out.bytes());
  assert.deepEqual(
    [from.u8(), from.u16(), from.u32(), from.i32(), from.f32(), from.f64()],
    [200, 60_000, 4_000_000_000, -5, 0.5, Math.PI],
  );
  assert.equal(from.text(), "żółw 🐢");
  assert.equal(from.hex16(), "00112233445566778899aabbccddeeff");
  assert.deepEqual(from.blob(), Uint8Array.of(1, 2, 3));
  assert.deepEqual(from.rest(), Uint8Array.of(9));
});

test("[LN2] a record that ends early is noticed, never read past", () => {
  const whole = new ByteWriter().u16(3).bytes().slice();
  assert.throws(() => new ByteReader(whole).text(), RangeError);
  assert.throws(() => new ByteReader(whole).u32(), RangeError);
  assert.throws(() => new ByteReader(whole.subarray(0, 0)).u8(), RangeError);
});
