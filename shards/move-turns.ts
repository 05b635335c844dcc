/**
 * Who of a crowded cell is told of in this tick. The cost of sight must not grow with the square of a crowd, so at most
 * `costMax` worth of moves is told per cell and tick; the others come next, in the order of their slots. What somebody
 * has moved meanwhile adds up, so nothing is lost but promptness: with n moving, each is told of at least every
 * ceil(n / costMax) ticks, or four times that if all of them jump.
 *
 * Jumps would breed jumps: they leave fewer turns, so that others wait longer and come to be too far as well, and a crowd that
 * once was late would stay late. So in a crowd who is no more than {@link STRIDES_MAX} moves away is told of by one, as far
 * as it reaches, and catches up in the next turns, which then come soon enough.
 */

/** What a row needs said, decided in the first pass over a cell. A jump is told by an appear, like what is new. */
export const SAY_NOTHING = 0;
export const SAY_APPEAR = 1;
export const SAY_CHANGE = 2;
export const SAY_MOVE = 4;
export const SAY_JUMP = 8;
/** Beside a jump: a few moves would do as well. */
export const SAY_NEAR = 16;
/** As far as one move reaches along an axis, in units. */
export const STEP_MAX = 127;
/** Moves that a jump may be told as. */
export const STRIDES_MAX = 3;
/** An appear is about as long as so many moves. */
export const JUMP_COST = 4;

const SLOTS_MAX = 0x1_0000;
const NO_ROW = -1;

/** What a frame will hold, counted from what is to be said. */
export interface FrameTally {
  appears: number;
  changes: number;
  moves: number;
  /** Highest slot that moves. */
  slotMax: number;
}

export class MoveTurns {
  readonly #costMax: number;
  /** By cell, the slot whose turn is next. */
  readonly #next: Uint16Array;
  /** By slot, the row that would be told of. Empty between two calls. */
  readonly #rows = new Int32Array(SLOTS_MAX).fill(NO_ROW);

  constructor(cellCount: number, costMax: number) {
    // A jump must fit, or whoever jumps would be waited for without end.
    this.#costMax = Math.max(costMax, JUMP_COST);
    this.#next = new Uint16Array(cellCount);
  }

  /** Whether so much is more than one tick may tell. */
  isTooMuch(moves: number, jumps: number): boolean {
    return moves + jumps * JUMP_COST > this.#costMax;
  }

  /** Names a row that would be told of as moving or jumping. Then {@link take} once. */
  offer(slot: number, row: number): void {
    this.#rows[slot] = row;
  }

  /**
   * Takes moves and jumps out of `say` for all but those whose turn it is, and puts right what was counted. `slots` were
   * ever given out in the cell. Returns how many are put off, wholly or the rest of their way.
   */
  take(cell: number, slots: number, say: Uint8Array, tally: FrameTally): number {
    let slot = this.#next[cell]! < slots ? this.#next[cell]! : 0;
    let cost = 0;
    let deferred = 0;
    let shortened = 0;
    tally.slotMax = 0;
    for (let left = slots; left > 0; left--) {
      const row = this.#rows[slot]!;
      if (row !== NO_ROW) {
        this.#rows[slot] = NO_ROW;
        const isNear = (say[row]! & SAY_NEAR) !== 0;
        const isJump = !isNear && (say[row]! & SAY_JUMP) !== 0;
        cost += isJump ? JUMP_COST : 1;
        if (cost <= this.#costMax) {
          if (isNear) {
            shorten(row, say, tally);
            shortened++;
          }
          if (!isJump && slot > tally.slotMax) tally.slotMax = slot;
        } else {
          if (deferred++ === 0) this.#next[cell] = slot;
          putOff(row, say, tally);
        }
      }
      slot = slot + 1 === slots ? 0 : slot + 1;
    }
    return deferred + shortened;
  }
}

/** A move now, and the rest of the way later. */
function shorten(row: number, say: Uint8Array, tally: FrameTally): void {
  tally.appears--;
  tally.moves++;
  if ((say[row]! & SAY_CHANGE) !== 0) tally.changes++;
  say[row] = (say[row]! & SAY_CHANGE) | SAY_MOVE;
}

function putOff(row: number, say: Uint8Array, tally: FrameTally): void {
  if ((say[row]! & SAY_JUMP) !== 0) {
    tally.appears--;
    // Its appear would have told of this too.
    if ((say[row]! & SAY_CHANGE) !== 0) tally.changes++;
  } else tally.moves--;
  say[row]! &= SAY_CHANGE;
}
