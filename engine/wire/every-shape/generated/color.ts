// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
export const Color = {
  Red: 0,
  Green: 1,
  Blue: 2
} as const;
/** Whatever the message says; the verifier does not look at enum values. */
export type Color = number;
