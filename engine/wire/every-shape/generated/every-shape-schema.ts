// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
/** The tables of every-shape.fbs, for the verifier. */
import type { TableSchema } from "../../schema.js";
import { LeafSchema } from "./leaf-schema.js";

export const TreeSchema: TableSchema = {
  name: "gridshard.everyshape.Tree",
  fields: [
    { name: "leaf", vtableOffset: 4, isRequired: false, shape: { type: "table", table: () => LeafSchema } },
    { name: "kids", vtableOffset: 6, isRequired: false, shape: { type: "vector", of: { type: "table", table: () => TreeSchema } } },
    { name: "names", vtableOffset: 8, isRequired: false, shape: { type: "vector", of: { type: "string" } } },
    { name: "points", vtableOffset: 10, isRequired: false, shape: { type: "vector", of: { type: "struct", size: 16, align: 8, floats: [{ offset: 0, size: 4 }, { offset: 4, size: 4 }, { offset: 8, size: 8 }] } } },
    { name: "badges", vtableOffset: 12, isRequired: false, shape: { type: "vector", of: { type: "struct", size: 32, align: 8, floats: [{ offset: 8, size: 4 }, { offset: 12, size: 4 }, { offset: 16, size: 8 }] } } },
    { name: "doubles", vtableOffset: 14, isRequired: false, shape: { type: "vector", of: { type: "scalar", size: 8, isFloat: true } } },
    { name: "floats", vtableOffset: 16, isRequired: false, shape: { type: "vector", of: { type: "scalar", size: 4, isFloat: true } } },
    { name: "shorts", vtableOffset: 18, isRequired: false, shape: { type: "vector", of: { type: "scalar", size: 2, isFloat: false } } },
    { name: "longs", vtableOffset: 20, isRequired: false, shape: { type: "vector", of: { type: "scalar", size: 8, isFloat: false } } },
    { name: "point", vtableOffset: 22, isRequired: false, shape: { type: "struct", size: 16, align: 8, floats: [{ offset: 0, size: 4 }, { offset: 4, size: 4 }, { offset: 8, size: 8 }] } },
    { name: "badge", vtableOffset: 24, isRequired: false, shape: { type: "struct", size: 32, align: 8, floats: [{ offset: 8, size: 4 }, { offset: 12, size: 4 }, { offset: 16, size: 8 }] } },
    { name: "colors", vtableOffset: 26, isRequired: false, shape: { type: "vector", of: { type: "scalar", size: 1, isFloat: false } } },
    { name: "bytes", vtableOffset: 28, isRequired: false, shape: { type: "vector", of: { type: "scalar", size: 1, isFloat: false } } },
    { name: "flags", vtableOffset: 30, isRequired: false, shape: { type: "vector", of: { type: "scalar", size: 1, isFloat: false } } },
    { name: "weight", vtableOffset: 34, isRequired: false, shape: { type: "scalar", size: 4, isFloat: true } },
    { name: "height", vtableOffset: 36, isRequired: false, shape: { type: "scalar", size: 8, isFloat: true } },
    { name: "leaves", vtableOffset: 38, isRequired: false, shape: { type: "vector", of: { type: "table", table: () => LeafSchema } } },
  ],
};
