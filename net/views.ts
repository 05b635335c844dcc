/**
 * Who stands in the same cell sees the same cells: that is a view, and it has the number of that cell. Here is who stands
 * where, who of them hears the view, and which cells it shows. Who stands anywhere has a seat, until they see nothing any
 * more: what every tick goes through is by seat, side by side in memory and in the order in which people came.
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
  /** By center, the first seat of those who stand there; {@link NO_SEAT}: nobody does. */
  readonly #first: Int32Array;
  /** By seat, its neighbours among those who stand in the same cell, in no order that means anything. */
  #next = new Int32Array(SEATS_AT_FIRST);
  #previous = new Int32Array(SEATS_AT_FIRST);
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
    this.#first = new Int32Array(grid.cellCount).fill(NO_SEAT);
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

  /** The session, which hears no view, stands in `center` from here on. */
  stand(session: Session, center: number): void {
    if (session.seat === NO_SEAT) this.#seat(session);
    else this.#stepAway(session);
    const { seat } = session;
    const first = this.#first[center]!;
    session.viewCenter = center;
    this.#first[center] = seat;
    this.#previous[seat] = NO_SEAT;
    this.#next[seat] = first;
    if (first !== NO_SEAT) this.#previous[first] = seat;
  }

  #stepAway({ seat, viewCenter }: Session): void {
    const next = this.#next[seat]!;
    const previous = this.#previous[seat]!;
    if (next !== NO_SEAT) this.#previous[next] = previous;
    if (previous !== NO_SEAT) this.#next[previous] = next;
    else this.#first[viewCenter] = next;
  }

  /** The session hears the view of its cell. */
  join(session: Session): void {
    const center = session.viewCenter;
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

  /** The session, which hears no view, stands nowhere any more. */
  release(session: Session): void {
    const { seat } = session;
    if (seat === NO_SEAT) return;
    this.#stepAway(session);
    session.viewCenter = NO_VIEW;
    session.seat = NO_SEAT;
    this.waiting[seat] = 0;
    this.connections[seat] = null;
    this.sessions[seat] = null;
    this.#freeSeats.push(seat);
  }

  #seat(session: Session): void {
    const seat = this.#freeSeats.pop() ?? this.seats++;
    if (seat === this.centers.length) {
      this.centers = doubled(this.centers, new Int32Array(seat * 2).fill(NO_VIEW));
      this.#next = doubled(this.#next, new Int32Array(seat * 2));
      this.#previous = doubled(this.#previous, new Int32Array(seat * 2));
      this.waiting = doubled(this.waiting, new Uint8Array(seat * 2));
    }
    session.seat = seat;
    this.waiting[seat] = session.isQueued ? 1 : 0;
    this.connections[seat] = session.connection;
    this.sessions[seat] = session;
  }

  /** Calls `visit` for everybody who stands where the cell is seen, whether they hear of it or not. */
  eachAround(cell: number, visit: (session: Session) => void): void {
    const centers = cellsAround(this.#grid, cell, this.#radiusCells, this.#around);
    for (let index = 0; index < centers; index++) {
      let seat = this.#first[this.#around[index]!]!;
      for (; seat !== NO_SEAT; seat = this.#next[seat]!) visit(this.sessions[seat]!);
    }
  }
}

function doubled<List extends Int32Array | Uint8Array>(list: List, room: List): List {
  room.set(list);
  return room;
}
