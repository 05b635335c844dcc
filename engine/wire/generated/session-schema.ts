// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
/** The tables of session.fbs, for the verifier. */
import type { TableSchema } from "../schema.js";

export const ItemSchema: TableSchema = {
  name: "gridshard.wire.Item",
  fields: [
    { name: "item", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "count", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
  ],
};

export const NoticeSchema: TableSchema = {
  name: "gridshard.wire.Notice",
  fields: [
    { name: "code", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "text", vtableOffset: 6, isRequired: true, shape: { type: "string" } },
    { name: "seconds", vtableOffset: 8, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
  ],
};

export const PlayerChangedSchema: TableSchema = {
  name: "gridshard.wire.PlayerChanged",
  fields: [
    { name: "level", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "experience", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 8, isFloat: true } },
    { name: "gold", vtableOffset: 8, isRequired: false, shape: { type: "scalar", size: 8, isFloat: true } },
    { name: "inventory", vtableOffset: 10, isRequired: false, shape: { type: "vector", of: { type: "table", table: () => ItemSchema } } },
  ],
};

export const ProfileSchema: TableSchema = {
  name: "gridshard.wire.Profile",
  fields: [
    { name: "id", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "name", vtableOffset: 6, isRequired: true, shape: { type: "string" } },
    { name: "level", vtableOffset: 8, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
  ],
};

export const ProfilesSchema: TableSchema = {
  name: "gridshard.wire.Profiles",
  fields: [
    { name: "cell", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "profiles", vtableOffset: 6, isRequired: false, shape: { type: "vector", of: { type: "table", table: () => ProfileSchema } } },
  ],
};

export const RefusedSchema: TableSchema = {
  name: "gridshard.wire.Refused",
  fields: [
    { name: "intent_seq", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "code", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "reason", vtableOffset: 8, isRequired: false, shape: { type: "string" } },
  ],
};

export const RelocatedSchema: TableSchema = {
  name: "gridshard.wire.Relocated",
  fields: [
    { name: "x", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 4, isFloat: true } },
    { name: "y", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 4, isFloat: true } },
    { name: "reason", vtableOffset: 8, isRequired: false, shape: { type: "string" } },
  ],
};

export const RoomJoinedSchema: TableSchema = {
  name: "gridshard.wire.RoomJoined",
  fields: [
    { name: "room", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "room_type", vtableOffset: 6, isRequired: true, shape: { type: "string" } },
    { name: "cell", vtableOffset: 8, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
  ],
};

export const RoomLeftSchema: TableSchema = {
  name: "gridshard.wire.RoomLeft",
  fields: [
    { name: "room", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "code", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "reason", vtableOffset: 8, isRequired: false, shape: { type: "string" } },
  ],
};

export const WelcomeSchema: TableSchema = {
  name: "gridshard.wire.Welcome",
  fields: [
    { name: "protocol", vtableOffset: 4, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "session", vtableOffset: 6, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "entity", vtableOffset: 8, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "player_id", vtableOffset: 10, isRequired: true, shape: { type: "string" } },
    { name: "name", vtableOffset: 12, isRequired: true, shape: { type: "string" } },
    { name: "resume_token", vtableOffset: 14, isRequired: true, shape: { type: "string" } },
    { name: "recovered", vtableOffset: 16, isRequired: false, shape: { type: "scalar", size: 1, isFloat: false } },
    { name: "events_acked", vtableOffset: 18, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "intents_applied", vtableOffset: 20, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "tick", vtableOffset: 22, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "tick_period_ms", vtableOffset: 24, isRequired: false, shape: { type: "scalar", size: 4, isFloat: true } },
    { name: "world_width_cells", vtableOffset: 26, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "world_height_cells", vtableOffset: 28, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "cell_size_meters", vtableOffset: 30, isRequired: false, shape: { type: "scalar", size: 4, isFloat: true } },
    { name: "session_grace_ms", vtableOffset: 32, isRequired: false, shape: { type: "scalar", size: 4, isFloat: false } },
    { name: "shard_count", vtableOffset: 34, isRequired: false, shape: { type: "scalar", size: 2, isFloat: false } },
    { name: "owners", vtableOffset: 36, isRequired: false, shape: { type: "vector", of: { type: "scalar", size: 1, isFloat: false } } },
    { name: "field_type", vtableOffset: 38, isRequired: true, shape: { type: "string" } },
    { name: "server_version", vtableOffset: 40, isRequired: true, shape: { type: "string" } },
  ],
};
