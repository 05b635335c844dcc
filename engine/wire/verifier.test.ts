import assert from "node:assert/strict";
import { test } from "node:test";
import { Builder } from "flatbuffers";
import { createRing, RingWriter } from "../memory/spsc-ring.js";
import { encodeFullTree } from "./every-shape/every-shape-tree.js";
import { TreeSchema } from "./every-shape/generated/every-shape-schema.js";
import { Leaf } from "./every-shape/generated/leaf.js";
import { LeafSchema } from "./every-shape/generated/leaf-schema.js";
import { Point } from "./every-shape/generated/point.js";
import { Tree } from "./every-shape/generated/tree.js";
import { Item } from "./generated/item.js";
import { Refused } from "./generated/refused.js";
import { ItemSchema, RefusedSchema } from "./generated/session-schema.js";
import type { TableSchema } from "./schema.js";
import { isUtf8 } from "./utf8.js";
import { compileVerifier, verdicts, verifierLimits } from "./verifier.js";

const verifyTree = compileVerifier(TreeSchema);

function encode(build: (builder: Builder) => number): Uint8Array {
  const builder = new Builder(256);
  builder.finish(build(builder));
  return Uint8Array.from(builder.asUint8Array());
}

function verdictOf(schema: TableSchema, bytes: Uint8Array): number {
  return compileVerifier(schema)(bytes, 0, bytes.length);
}

/** The message with a value overwritten. */
function patched(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  new DataView(copy.buffer).setInt32(at, value, true);
  return copy;
}

/** Position of the root table, and of the entries of its vtable. */
function anatomy(bytes: Uint8Array): { table: number; vtable: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const table = view.getInt32(0, true);
  return { table, vtable: table - view.getInt32(table, true) };
}

/** Position of a string, vector or table that a field of the root points to. */
function targetOf(bytes: Uint8Array, vtableOffset: number): number {
  const { table, vtable } = anatomy(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const field = table + view.getUint16(vtable + vtableOffset, true);
  return field + view.getInt32(field, true);
}

const refusedBody = encode((builder) => {
  const reason = builder.createString("because");
  return Refused.createRefused(builder, 7, 1000, reason);
});
const REASON_ENTRY = 8;

test("[VF2] what the generated code encodes is accepted, and every shorter piece of it is refused", () => {
  const tree = encodeFullTree(3);
  assert.equal(verifyTree(tree, 0, tree.length), verdicts.good);
  // The last bytes are padding and the end of whatever was encoded first, so the very end may be expendable.
  for (let end = 0; end < tree.length - 8; end++) {
    assert.notEqual(verifyTree(tree, 0, end), verdicts.good, `cut at ${end}`);
  }
});

test("[VF2] a range that is not inside the memory is refused", () => {
  const tree = encodeFullTree(0);
  assert.equal(verifyTree(tree, 0, tree.length + 1), verdicts.bounds);
  assert.equal(verifyTree(tree, -1, tree.length), verdicts.bounds);
  assert.equal(verifyTree(tree, 8, 4), verdicts.bounds);
  assert.equal(verifyTree(new Uint8Array(0), 0, 0), verdicts.bounds);
});

test("[VF3] lengths that would overflow when multiplied are refused", () => {
  const bytes = encode((builder) => {
    const doubles = Tree.createDoublesVector(builder, [1, 2]);
    Tree.startTree(builder);
    Tree.addDoubles(builder, doubles);
    return Tree.endTree(builder);
  });
  const vector = targetOf(bytes, 14);
  assert.equal(verdictOf(TreeSchema, bytes), verdicts.good);
  for (const length of [
    3, 0x0fff_ffff, 0x1fff_ffff, 0x2000_0000, 0x2000_0001, 0x7fff_ffff, -1, -0x8000_0000,
  ]) {
    assert.equal(verdictOf(TreeSchema, patched(bytes, vector, length)), verdicts.bounds, `length ${length}`);
  }
});

test("[VF4] offsets point forward, inside the message and to aligned places", () => {
  const reason = targetOf(refusedBody, REASON_ENTRY);
  const { table } = anatomy(refusedBody);
  const view = new DataView(refusedBody.buffer);
  const field = table + view.getUint16(anatomy(refusedBody).vtable + REASON_ENTRY, true);
  const offset = reason - field;
  assert.equal(verdictOf(RefusedSchema, patched(refusedBody, field, 0)), verdicts.offset);
  assert.equal(verdictOf(RefusedSchema, patched(refusedBody, field, -8)), verdicts.offset);
  assert.equal(verdictOf(RefusedSchema, patched(refusedBody, field, offset + 1)), verdicts.alignment);
  assert.equal(verdictOf(RefusedSchema, patched(refusedBody, field, 0x7fff_fffc)), verdicts.bounds);
  assert.equal(verdictOf(RefusedSchema, patched(refusedBody, 0, refusedBody.length)), verdicts.bounds);
});

test("[VF5] a vtable lies inside the message, and the fields inside the table", () => {
  const { table, vtable } = anatomy(refusedBody);
  assert.equal(verdictOf(RefusedSchema, patched(refusedBody, table, table + 4)), verdicts.bounds);
  assert.equal(verdictOf(RefusedSchema, patched(refusedBody, table, -0x8000_0000)), verdicts.bounds);
  for (const [at, value] of [
    [vtable, 2],
    [vtable, 5],
    [vtable + 2, 3],
    [vtable + REASON_ENTRY, 2],
    [vtable + REASON_ENTRY, 0x7ff0],
  ] as const) {
    const bytes = Uint8Array.from(refusedBody);
    new DataView(bytes.buffer).setUint16(at, value, true);
    assert.equal(verdictOf(RefusedSchema, bytes), verdicts.vtable, `${value} at ${at - vtable}`);
  }
});

test("[VF5] a table of 32 KiB is refused, because the accessors read such offsets as negative", () => {
  const length = 40_000;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  // Root at 12, its vtable at 4; the only field claims to be 33,000 bytes into the table.
  view.setUint32(0, 12, true);
  view.setUint16(4, 6, true);
  view.setUint16(6, 33_004, true);
  view.setUint16(8, 33_000, true);
  view.setInt32(12, 8, true);
  assert.equal(verdictOf(ItemSchema, bytes), verdicts.vtable);
  view.setUint16(6, 32_000, true);
  view.setUint16(8, 31_000, true);
  assert.equal(verdictOf(ItemSchema, bytes), verdicts.good);
});

test("[VF6] a required field that is missing is refused, an optional one is not", () => {
  assert.equal(
    verdictOf(
      LeafSchema,
      encode((builder) => Item.createItem(builder, 0, 0)),
    ),
    verdicts.required,
  );
  const leaf = encode((builder) => {
    const name = builder.createString("");
    Leaf.startLeaf(builder);
    Leaf.addName(builder, name);
    return Leaf.endLeaf(builder);
  });
  assert.equal(verdictOf(LeafSchema, leaf), verdicts.good);
  assert.equal(
    verdictOf(
      TreeSchema,
      encode((builder) => Item.createItem(builder, 0, 0)),
    ),
    verdicts.good,
  );
});

test("[VF7] NaN and infinities are refused wherever a floating point number can be", () => {
  const withPoint = (x: number, z: number): Uint8Array =>
    encode((builder) => {
      Tree.startTree(builder);
      Tree.addPoint(builder, Point.createPoint(builder, x, 0, z));
      return Tree.endTree(builder);
    });
  const builds: ((value: number) => Uint8Array)[] = [
    (value) => withPoint(value, 0),
    (value) => withPoint(0, value),
    (value) =>
      encode((builder) => {
        Tree.startTree(builder);
        Tree.addWeight(builder, value);
        Tree.addHeight(builder, 1);
        return Tree.endTree(builder);
      }),
    (value) =>
      encode((builder) => {
        Tree.startTree(builder);
        Tree.addHeight(builder, value);
        return Tree.endTree(builder);
      }),
    (value) =>
      encode((builder) => {
        const floats = Tree.createFloatsVector(builder, [0, 1, value]);
        Tree.startTree(builder);
        Tree.addFloats(builder, floats);
        return Tree.endTree(builder);
      }),
    (value) =>
      encode((builder) => {
        const doubles = Tree.createDoublesVector(builder, [value, 1]);
        Tree.startTree(builder);
        Tree.addDoubles(builder, doubles);
        return Tree.endTree(builder);
      }),
    (value) =>
      encode((builder) => {
        Tree.startPointsVector(builder, 2);
        Point.createPoint(builder, 1, 2, 3);
        Point.createPoint(builder, 1, value, 3);
        const points = builder.endVector();
        Tree.startTree(builder);
        Tree.addPoints(builder, points);
        return Tree.endTree(builder);
      }),
  ];
  for (const [index, build] of builds.entries()) {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      assert.equal(verdictOf(TreeSchema, build(value)), verdicts.number, `${value}, case ${index}`);
    }
    for (const value of [0, -0, 1.5, -3e38, 3.4e38, 1e-45]) {
      assert.equal(verdictOf(TreeSchema, build(value)), verdicts.good, `${value}, case ${index}`);
    }
  }
});

test("[VF8] tables inside tables are accepted up to the limit and refused beyond", () => {
  const nested = (depth: number): Uint8Array =>
    encode((builder) => {
      let child = Item.createItem(builder, 0, 0);
      for (let level = 1; level < depth; level++) {
        const kids = Tree.createKidsVector(builder, [child]);
        Tree.startTree(builder);
        Tree.addKids(builder, kids);
        child = Tree.endTree(builder);
      }
      return child;
    });
  assert.equal(verdictOf(TreeSchema, nested(verifierLimits.depthMax)), verdicts.good);
  assert.equal(verdictOf(TreeSchema, nested(verifierLimits.depthMax + 1)), verdicts.depth);
});

test("[VF9] tables are counted for every way that leads to them", () => {
  const shared = (count: number): Uint8Array =>
    encode((builder) => {
      const child = Item.createItem(builder, 0, 0);
      const kids = Tree.createKidsVector(builder, Array<number>(count).fill(child));
      Tree.startTree(builder);
      Tree.addKids(builder, kids);
      return Tree.endTree(builder);
    });
  assert.equal(verdictOf(TreeSchema, shared(verifierLimits.tablesMax - 1)), verdicts.good);
  assert.equal(verdictOf(TreeSchema, shared(verifierLimits.tablesMax)), verdicts.tables);
});

test("[VF10] a message that unfolds to far more than its length is refused", () => {
  const shared = (count: number): Uint8Array =>
    encode((builder) => {
      const name = builder.createString("x".repeat(2000));
      const names = Tree.createNamesVector(builder, Array<number>(count).fill(name));
      Tree.startTree(builder);
      Tree.addNames(builder, names);
      return Tree.endTree(builder);
    });
  assert.equal(verdictOf(TreeSchema, shared(3)), verdicts.good);
  assert.equal(verdictOf(TreeSchema, shared(500)), verdicts.work);
});

test("[VF11] a string ends with a zero and is well-formed UTF-8", () => {
  const reason = targetOf(refusedBody, REASON_ENTRY);
  const unterminated = Uint8Array.from(refusedBody);
  unterminated[reason + 4 + "because".length] = 1;
  assert.equal(verdictOf(RefusedSchema, unterminated), verdicts.terminator);
  const broken = Uint8Array.from(refusedBody);
  broken[reason + 4] = 0xff;
  assert.equal(verdictOf(RefusedSchema, broken), verdicts.utf8);
});

test("[VF11] the UTF-8 check agrees with TextDecoder", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const agrees = (bytes: number[]): void => {
    const array = Uint8Array.from([0x41, ...bytes, 0x42]);
    let isValid = true;
    try {
      decoder.decode(array);
    } catch {
      isValid = false;
    }
    assert.equal(isUtf8(array, 0, array.length), isValid, bytes.map((byte) => byte.toString(16)).join(" "));
  };
  const edges = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xff];
  for (let lead = 0; lead < 256; lead++) {
    agrees([lead]);
    for (const second of edges) {
      agrees([lead, second]);
      for (const third of edges) {
        agrees([lead, second, third]);
        if (lead >= 0xf0) for (const fourth of edges) agrees([lead, second, third, fourth]);
      }
    }
  }
});

test("[VF12] alignment counts from the start of the table's buffer, not of the memory", () => {
  const tree = encodeFullTree(1);
  for (let shift = 0; shift < 9; shift++) {
    const memory = new Uint8Array(tree.length + 20);
    memory.set(tree, shift);
    assert.equal(verifyTree(memory, shift, shift + tree.length), verdicts.good, `shifted by ${shift}`);
  }
});

test("[VF13] memory shared between threads is verified like any other", () => {
  const { bytes } = new RingWriter(createRing(65_536));
  const tree = encodeFullTree(2);
  bytes.set(tree, 24);
  assert.equal(verifyTree(bytes, 24, 24 + tree.length), verdicts.good);
});

test("[VF14] fields the schema does not know are skipped", () => {
  const verifyItem = compileVerifier(ItemSchema);
  const larger = encode((builder) => {
    builder.startObject(4);
    builder.addFieldInt16(0, 5, 0);
    builder.addFieldInt32(3, 77, 0);
    return builder.endObject();
  });
  assert.equal(verifyItem(larger, 0, larger.length), verdicts.good);
});
