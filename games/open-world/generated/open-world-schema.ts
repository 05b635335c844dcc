// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
/** The tables of open-world.fbs, for the verifier. */
import type { TableSchema } from "../../../engine/room/game.js";

export const AutoBattleSchema: TableSchema = {
  name: "gridshard.openworld.AutoBattle",
  fields: [
    { name: "species", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
    { name: "count", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
  ],
};

export const ChallengeSchema: TableSchema = {
  name: "gridshard.openworld.Challenge",
  fields: [
    { name: "entity", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
  ],
};

export const DropItemSchema: TableSchema = {
  name: "gridshard.openworld.DropItem",
  fields: [
    { name: "item", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
  ],
};

export const GiftSchema: TableSchema = {
  name: "gridshard.openworld.Gift",
  fields: [
    { name: "from", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "item", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "count", vtableOffset: 8, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "gold", vtableOffset: 10, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
  ],
};

export const GiveSchema: TableSchema = {
  name: "gridshard.openworld.Give",
  fields: [
    { name: "entity", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "item", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "count", vtableOffset: 8, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "gold", vtableOffset: 10, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
  ],
};
