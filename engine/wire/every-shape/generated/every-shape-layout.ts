// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
/** Length, alignment and byte offset of every field of the structs of every-shape.fbs. */

export const BadgeLayout = {
  size: 32,
  align: 8,
  color: 0,
  at: 8,
  number: 24,
} as const;

export const PointLayout = {
  size: 16,
  align: 8,
  x: 0,
  y: 4,
  z: 8,
} as const;
