/** A message about a cell, as it goes to net. */
import type { LaneWriter } from "../engine/lane/lane.js";
import { CELL_MESSAGE_BODY, CELL_MESSAGE_CELL, CELL_MESSAGE_FLAGS, toNet } from "../engine/lane/to-net.js";

/**
 * Claims room for a message of `length` bytes and returns where it goes, or -1 when the lane is full. Then commit. Its
 * numbers come one by one: an object of them for every cell and tick was a fifth of a shard's garbage.
 */
export function claimCellMessage(lane: LaneWriter, cell: number, length: number, flags: number): number {
  const at = lane.tryClaim(toNet.cellMessage, CELL_MESSAGE_BODY + length);
  if (at < 0) return -1;
  const { view } = lane.ring;
  view.setUint32(at + CELL_MESSAGE_CELL, cell, true);
  view.setUint32(at + CELL_MESSAGE_FLAGS, flags, true);
  return at + CELL_MESSAGE_BODY;
}
