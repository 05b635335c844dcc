// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
/** Length, alignment and byte offset of every field of the structs of frames.fbs. */

export const CellFramesHeaderLayout = {
  size: 4,
  align: 2,
  type: 0,
  reserved: 1,
  tick: 2,
} as const;

export const EntityAppearLayout = {
  size: 16,
  align: 4,
  id: 0,
  x: 4,
  y: 6,
  slot: 8,
  kind: 10,
  level: 11,
  look: 12,
  state: 13,
  health: 14,
  heading: 15,
} as const;

export const EntityChangeLayout = {
  size: 4,
  align: 2,
  slot: 0,
  state: 2,
  health: 3,
} as const;

export const EntityLeaveLayout = {
  size: 4,
  align: 2,
  slot: 0,
  toCell: 2,
} as const;

export const EntityMoveLayout = {
  size: 4,
  align: 2,
  slot: 0,
  dx: 2,
  dy: 3,
} as const;

export const EntityNarrowMoveLayout = {
  size: 3,
  align: 1,
  slot: 0,
  dx: 1,
  dy: 2,
} as const;

export const EventAckLayout = {
  size: 8,
  align: 4,
  type: 0,
  reserved: 1,
  reserved2: 2,
  events: 4,
} as const;

export const EventHeaderLayout = {
  size: 16,
  align: 4,
  type: 0,
  scope: 1,
  kind: 2,
  seq: 4,
  room: 8,
  reserved: 12,
} as const;

export const FieldIntentHeaderLayout = {
  size: 8,
  align: 4,
  type: 0,
  reserved: 1,
  kind: 2,
  seq: 4,
} as const;

export const FrameExtensionLayout = {
  size: 8,
  align: 2,
  appears: 0,
  leaves: 2,
  changes: 4,
  moves: 6,
} as const;

export const FrameHeaderLayout = {
  size: 4,
  align: 2,
  cell: 0,
  kind: 2,
  moves: 3,
} as const;

export const GoodbyeLayout = {
  size: 8,
  align: 4,
  type: 0,
  reserved: 1,
  reserved2: 2,
  reserved3: 4,
} as const;

export const IntentAckLayout = {
  size: 12,
  align: 4,
  type: 0,
  reserved: 1,
  reserved2: 2,
  applied: 4,
  durable: 8,
} as const;

export const MoveIntentLayout = {
  size: 8,
  align: 4,
  type: 0,
  reserved: 1,
  dx: 2,
  dy: 3,
  seq: 4,
} as const;

export const PingLayout = {
  size: 8,
  align: 4,
  type: 0,
  reserved: 1,
  reserved2: 2,
  sentMs: 4,
} as const;

export const PongLayout = {
  size: 16,
  align: 4,
  type: 0,
  reserved: 1,
  reserved2: 2,
  sentMs: 4,
  tick: 8,
  shard: 12,
} as const;

export const RoomFrameHeaderLayout = {
  size: 8,
  align: 4,
  type: 0,
  reserved: 1,
  kind: 2,
  room: 4,
} as const;

export const RoomIntentHeaderLayout = {
  size: 16,
  align: 4,
  type: 0,
  reserved: 1,
  kind: 2,
  seq: 4,
  room: 8,
  reserved2: 12,
} as const;

export const SightHeaderLayout = {
  size: 8,
  align: 2,
  type: 0,
  reserved: 1,
  count: 2,
  center: 4,
  shard: 6,
} as const;
