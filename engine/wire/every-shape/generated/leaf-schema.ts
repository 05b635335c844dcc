// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
/** The tables of leaf.fbs, for the verifier. */
import type { TableSchema } from "../../schema.js";

export const LeafSchema: TableSchema = {
  name: "gridshard.everyshape.Leaf",
  fields: [
    { name: "name", vtableOffset: 4, isRequired: true, shape: { type: "string" } },
    { name: "big", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 8, isFloat: false } },
    { name: "color", vtableOffset: 8, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
    { name: "flag", vtableOffset: 10, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
    { name: "count", vtableOffset: 12, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
  ],
};
