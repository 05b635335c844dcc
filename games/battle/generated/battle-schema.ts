// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
/** The tables of battle.fbs, for the verifier. */
import type { TableSchema } from "../../../engine/room/game.js";

export const BattleOverSchema: TableSchema = {
  name: "gridshard.battle.BattleOver",
  fields: [
    { name: "winning_side", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
    { name: "ticks", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "experience", vtableOffset: 8, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "gold", vtableOffset: 10, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "items", vtableOffset: 12, isRequired: true, shape: { type: "vector", of: { type: "struct", size: 4, align: 2 } } },
  ],
};

export const BattleStartedSchema: TableSchema = {
  name: "gridshard.battle.BattleStarted",
  fields: [
    { name: "is_auto", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
    { name: "tick", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "tick_max", vtableOffset: 8, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "tick_hz", vtableOffset: 10, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
    { name: "fighters", vtableOffset: 12, isRequired: true, shape: { type: "vector", of: { type: "table", table: () => FighterInfoSchema } } },
  ],
};

export const FighterInfoSchema: TableSchema = {
  name: "gridshard.battle.FighterInfo",
  fields: [
    { name: "index", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
    { name: "entity", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "name", vtableOffset: 8, isRequired: true, shape: { type: "string" } },
    { name: "side", vtableOffset: 10, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
    { name: "species", vtableOffset: 12, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
    { name: "look", vtableOffset: 14, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
    { name: "level", vtableOffset: 16, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
    { name: "health", vtableOffset: 18, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "health_max", vtableOffset: 20, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "skills", vtableOffset: 22, isRequired: true, shape: { type: "vector", of: { type: "scalar", size: 1, isFloat: false } } },
  ],
};

export const LogEntriesSchema: TableSchema = {
  name: "gridshard.battle.LogEntries",
  fields: [
    { name: "entries", vtableOffset: 4, isRequired: true, shape: { type: "vector", of: { type: "struct", size: 8, align: 2 } } },
  ],
};

export const UseSkillSchema: TableSchema = {
  name: "gridshard.battle.UseSkill",
  fields: [
    { name: "skill", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
    { name: "target", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
  ],
};
