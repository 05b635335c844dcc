/**
 * Numbers of rooms, unique over the node: the shard that opens the room, which of its incarnations, and a count.
 *
 * ```
 *   bit 31 … 26   shard
 *       25 … 20   incarnation, the last six bits of it
 *       19 …  0   count, from 1, beginning anywhere
 * ```
 */
import { hash32 } from "../engine/prng.js";

const COUNTER_BITS = 20;
const INCARNATION_BITS = 6;
const COUNTER_MASK = (1 << COUNTER_BITS) - 1;

export class RoomNumbers {
  readonly #prefix: number;
  /** The last one given. */
  count: number;

  constructor(of: { readonly shard: number; readonly incarnation: number }) {
    const { shard, incarnation } = of;
    this.#prefix =
      (shard << (COUNTER_BITS + INCARNATION_BITS)) |
      ((incarnation & ((1 << INCARNATION_BITS) - 1)) << COUNTER_BITS);
    // Elsewhere in every incarnation: rooms of long ago, restored here or on another shard, keep their numbers.
    this.count = hash32(incarnation, shard) & COUNTER_MASK;
  }

  /** A number that no room has which this shard knows of. */
  next(isTaken: (roomId: number) => boolean): number {
    let roomId: number;
    do {
      this.count = (this.count % COUNTER_MASK) + 1;
      roomId = (this.#prefix | this.count) >>> 0;
    } while (isTaken(roomId));
    return roomId;
  }
}
