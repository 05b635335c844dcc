// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
/** The tables of durable.fbs, for the verifier. */
import type { TableSchema } from "../../../engine/room/game.js";

export const AddSchema: TableSchema = {
  name: "gridshard.testing.Add",
  fields: [
    { name: "n", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
  ],
};

export const EarnSchema: TableSchema = {
  name: "gridshard.testing.Earn",
  fields: [
    { name: "amount", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
  ],
};

export const JoinTallySchema: TableSchema = {
  name: "gridshard.testing.JoinTally",
  fields: [
    { name: "room", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
  ],
};

export const PaySchema: TableSchema = {
  name: "gridshard.testing.Pay",
  fields: [
    { name: "entity", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "amount", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
  ],
};
