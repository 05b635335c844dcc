/**
 * Who stands in the same cell sees the same cells: that is a view, and it has the number of that cell. Here is who hears
 * which, and which cells it shows. Who hears a view has a seat, until they see nothing any more: what every tick goes
 * through is by seat, side by side in memory and in the order in which people came.
 */
import { cellsAround, type Grid } from "../engine/space/grid.js";
import type { Peer, Session } from "./session.js";
import type { Connection } from "./transport.js";

export const NO_VIEW = -1;
export const NO_SEAT = -1;
const SEATS_AT_FIRST = 64;

export class Views {
  readonly #grid: Grid;
  readonly #radiusCells: number;
  /** By center, how many hear the view. */
  readonly #subscribers: Int32Array;
  /** Centers of the views that somebody hears, and where each is in this list. */
  readonly #active: Int32Array;
  readonly #places: Int32Array;
  #count = 0;
  /** By center, of active views. */
  readonly #cells: (Int32Array | undefined)[];
  readonly #around: Int32Array;

  /** Seats below this may be taken. */
  seats = 0;
  /** By seat: the view that is heard from there, or {@link NO_VIEW}. */
  centers = new Int32Array(SEATS_AT_FIRST).fill(NO_VIEW);
  /** By seat: 1 when something of the session's own waits to be sent. */
  waiting = new Uint8Array(SEATS_AT_FIRST);
  readonly connections: (Connection<Peer> | null)[] = [];
  readonly sessions: (Session | null)[] = [];
  readonly #freeSeats: number[] = [];

  constructor(grid: Grid, radiusCells: number) {
    this.#grid = grid;
    this.#radiusCells = radiusCells;
    this.#subscribers = new Int32Array(grid.cellCount);
    this.#active = new Int32Array(grid.cellCount);
    this.#places = new Int32Array(grid.cellCount);
    this.#cells = new Array<Int32Array | undefined>(grid.cellCount);
    this.#around = new Int32Array((2 * radiusCells + 1) ** 2);
  }

  /** How many views somebody hears; {@link at} gives the center of each. */
  get count(): number {
    return this.#count;
  }

  at(index: number): number {
    return this.#active[index]!;
  }

  /** Cells of a view that somebody hears, ascending. */
  cellsOf(center: number): Int32Array {
    return this.#cells[center]!;
  }

  /** The session hears the view of its cell. */
  join(session: Session): void {
    const center = session.viewCenter;
    if (session.seat === NO_SEAT) this.#seat(session);
    this.centers[session.seat] = center;
    if (this.#subscribers[center]!++ > 0) return;
    this.#places[center] = this.#count;
    this.#active[this.#count++] = center;
    const cells = cellsAround(this.#grid, center, this.#radiusCells, this.#around);
    this.#cells[center] = this.#around.slice(0, cells);
  }

  /** It does not hear it any more, and keeps its seat. */
  leave(session: Session): void {
    const center = session.viewCenter;
    this.centers[session.seat] = NO_VIEW;
    if (--this.#subscribers[center]! > 0) return;
    const place = this.#places[center]!;
    const last = this.#active[--this.#count]!;
    this.#active[place] = last;
    this.#places[last] = place;
    this.#cells[center] = undefined;
  }

  /** Gives up the seat of one who hears nothing. */
  release(session: Session): void {
    const { seat } = session;
    if (seat === NO_SEAT) return;
    session.seat = NO_SEAT;
    this.waiting[seat] = 0;
    this.connections[seat] = null;
    this.sessions[seat] = null;
    this.#freeSeats.push(seat);
  }

  #seat(session: Session): void {
    const seat = this.#freeSeats.pop() ?? this.seats++;
    if (seat === this.centers.length) {
      const centers = new Int32Array(seat * 2).fill(NO_VIEW);
      centers.set(this.centers);
      this.centers = centers;
      const waiting = new Uint8Array(seat * 2);
      waiting.set(this.waiting);
      this.waiting = waiting;
    }
    session.seat = seat;
    this.waiting[seat] = session.isQueued ? 1 : 0;
    this.connections[seat] = session.connection;
    this.sessions[seat] = session;
  }

  /** Calls `visit` for everybody who hears a view that shows the cell. */
  eachHearing(cell: number, visit: (session: Session) => void): void {
    for (let seat = 0; seat < this.seats; seat++) {
      const center = this.centers[seat]!;
      if (center !== NO_VIEW && this.#cells[center]!.includes(cell)) visit(this.sessions[seat]!);
    }
  }
}
