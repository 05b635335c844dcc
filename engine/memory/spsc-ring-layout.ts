/**
 * Where everything in a ring stands. One ring is one stretch of shared memory, 8-byte aligned:
 *
 * ```
 * byte   0                   4                   8                  12               … 127
 *        ┌───────────────────┬───────────────────┬───────────────────────────────────┐
 *    0   │ tail (i32)        │ refusals (u32)    │ unused                            │ written by the writer
 *        ├───────────────────┼───────────────────┼───────────────────────────────────┤
 *  128   │ head (i32)        │ depthMax (i32)    │ unused                            │ written by the reader
 *        ├───────────────────┴───────────────────┴───────────────────────────────────┤
 *  256   │ data: `capacity` bytes, a power of two                                    │ written by the writer
 *        └───────────────────────────────────────────────────────────────────────────┘
 * ```
 *
 * Tail and head stand 128 bytes apart because processors fetch cache lines in pairs: neither side's stores
 * take the other side's line away. Both are positions: they count bytes, are raised only, and wrap at 2³²
 * as int32. `tail - head | 0` is the depth; `position & (capacity - 1)` the index into data.
 *
 * A record, always 8-byte aligned and never split by the end of data:
 *
 * ```
 *  bit   0                               31 32                              63
 *        ┌─────────────────────────────────┬─────────────────────────────────┐
 *    +0  │ length (i32): bytes of payload; │ type (i32): 0 or more; -1 is    │
 *        │ ~length until committed         │ padding up to the end of data   │
 *        ├─────────────────────────────────┴─────────────────────────────────┤
 *    +8  │ payload, rounded up to 8 bytes                                     │
 *        └───────────────────────────────────────────────────────────────────┘
 * ```
 */

/** Word (32 bits) of the tail: the position up to which records are published. */
export const RING_TAIL_WORD = 0;
/** Word of the count of refused claims. */
export const RING_REFUSALS_WORD = 1;
/** Word of the head: the position up to which records are consumed. */
export const RING_HEAD_WORD = 32;
/** Word of the greatest depth that a reader has found, in bytes. */
export const RING_DEPTH_MAX_WORD = 33;
/** Bytes before the data. */
export const RING_HEADER_BYTES = 256;

/** Bytes before a record's payload: its length and its type. */
export const RECORD_HEADER_BYTES = 8;
/** Records begin at multiples of this, so payloads may hold any number, float64 included. */
export const RECORD_ALIGNMENT_BYTES = 8;
/** Type of the record that fills the end of data when the next record would not fit before the wrap. */
export const PADDING_TYPE = -1;

/** The smallest ring: the largest record is an eighth of it, and it shall hold a payload of 8 bytes. */
export const RING_CAPACITY_BYTES_MIN = 64;
/** The largest ring: a depth must fit an int32 with room to tell full from negative. */
export const RING_CAPACITY_BYTES_MAX = 0x4000_0000;
/** The largest payload is the capacity divided by this. */
export const RECORD_LENGTH_DIVISOR = 8;

/** Bytes of memory that a ring of this capacity takes, header included. */
export function ringLengthBytes(capacity: number): number {
  return RING_HEADER_BYTES + capacity;
}
