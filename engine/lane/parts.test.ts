import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader } from "./bytes.js";
import { partsOf, RecordParts } from "./parts.js";

const payloadOf = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 7) & 0xff);

test("[LN6] a record longer than its lane takes is the same behind its parts, whatever its length", () => {
  const parts = new RecordParts();
  for (let length = 0; length <= 70; length++) {
    const payload = payloadOf(length);
    const wholes: unknown[] = [];
    for (const part of partsOf(11, payload, 16)) {
      assert.ok(part.length <= 16);
      assert.equal(wholes.length, 0, "the last part comes last");
      const whole = parts.add(new ByteReader(part.bytes()));
      if (whole !== undefined) wholes.push({ type: whole.type, payload: whole.from.rest() });
    }
    assert.deepEqual(wholes, [{ type: 11, payload }]);
  }
});

test("[LN6] parts that were cut short are no part of the next record", () => {
  const parts = new RecordParts();
  const first = partsOf(11, payloadOf(40), 16).next().value!;
  assert.equal(parts.add(new ByteReader(first.bytes())), undefined);
  let whole: Uint8Array | undefined;
  for (const part of partsOf(12, payloadOf(20), 16))
    whole = parts.add(new ByteReader(part.bytes()))?.from.rest() ?? whole;
  assert.deepEqual(whole, payloadOf(20));
});
