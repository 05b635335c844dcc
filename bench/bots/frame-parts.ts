/** Messages of cell frames for tests of who reads them: everybody in the middle of their cell, with the plainest looks. */
import {
  FRAMES_HEAD_BYTES,
  frameLength,
  writeAppear,
  writeFrameHead,
  writeFramesHead,
  writeLeave,
  writeMove,
} from "../../engine/wire/codec.js";
import { POSITION_OFFSET, POSITION_UNITS } from "../../engine/wire/message-types.js";

const MIDDLE = POSITION_OFFSET + POSITION_UNITS / 2;
const LOOKS = { kind: 0, level: 1, look: 0, state: 0, health: 255, heading: 0 };

export interface FrameParts {
  readonly cell: number;
  readonly isKeyframe?: boolean;
  /** Entity and slot. */
  readonly appears?: readonly (readonly [number, number])[];
  /** Slot and where to. */
  readonly leaves?: readonly (readonly [number, number])[];
  /** Slot, dx, dy. */
  readonly moves?: readonly (readonly [number, number, number])[];
}

export function framesMessage(tick: number, frames: readonly FrameParts[]): Uint8Array {
  const counted = frames.map(({ appears = [], leaves = [], moves = [], isKeyframe = false, cell }) => {
    const counts = { appears: appears.length, leaves: leaves.length, changes: 0, moves: moves.length };
    return { appears, leaves, moves, head: { ...counts, isKeyframe, cell } };
  });
  const bytes = new Uint8Array(
    counted.reduce<number>((sum, { head }) => sum + frameLength(head), FRAMES_HEAD_BYTES),
  );
  let at = writeFramesHead(bytes, 0, tick);
  for (const { appears, leaves, moves, head } of counted) {
    at = writeFrameHead(bytes, at, head);
    for (const [id, slot] of appears)
      at = writeAppear(bytes, at, { id, slot, x: MIDDLE, y: MIDDLE, ...LOOKS });
    for (const [slot, toCell] of leaves) at = writeLeave(bytes, at, slot, toCell);
    for (const [slot, dx, dy] of moves) at = writeMove(bytes, at, slot, dx, dy);
  }
  return bytes;
}
