/**
 * Who sees which cell. A session that comes to see a cell first waits for its keyframe, and then hears the cell. When it
 * hears all it sees it is *steady* and hears its view, with whoever stands in the same cell; until then
 * it is a *loner* and gets the frames of what it hears by itself. Shards are told when a cell begins or ceases to be seen, and asked for keyframes; both are put
 * right by {@link SightTable.settle}, so that a full lane or a restarted shard only delays them.
 */
import { assert } from "../engine/assert.js";
import { cellsAround, type Grid } from "../engine/space/grid.js";
import type { Session } from "./session.js";
import { Views } from "./views.js";

/** How far a session has come with one cell in its sight. */
const SKIPPED = 0; // reads too slowly: gets nothing until it has caught up
const PENDING = 1; // waits for a keyframe
const SERVED = 2; // has the keyframe, not yet all that belongs to it
const PROMOTED = 3; // has it all; becomes a subscriber when what is staged, and older, is sent
const SUBSCRIBED = 4;

interface CellSight {
  readonly cell: number;
  /** Sessions that see the cell, whatever their state. */
  count: number;
  /** PENDING and SERVED. */
  readonly waiting: Session[];
  /** Messages for those who wait have begun and the last of them has not come. */
  isServing: boolean;
  readonly promoted: Session[];
  /** The shard that was last told that somebody sees the cell, or -1. */
  toldShard: number;
  /** The shard that was asked for a keyframe and has not answered, or -1. */
  askedShard: number;
  isDirty: boolean;
}

/** What the table needs of the world around it. */
export interface SightPorts {
  /** The shard that owns a cell and can be spoken to, or -1. */
  ownerOf(cell: number): number;
  /** False when the lane is full: it is tried again. */
  tellSight(shard: number, cell: number, count: number): boolean;
  askKeyframe(shard: number, cell: number): boolean;
}

export class SightTable {
  readonly #grid: Grid;
  readonly #radiusCells: number;
  readonly #ports: SightPorts;
  readonly #cells = new Map<number, CellSight>();
  #dirty: CellSight[] = [];
  /** Where somebody is promoted; some may be there no more. */
  readonly #promotedCells: CellSight[] = [];
  /** See something, read fast enough, and do not hear all of it. */
  readonly #loners: Session[] = [];
  /** What those who are steady hear. */
  readonly views: Views;
  readonly #around: Int32Array;

  constructor(grid: Grid, radiusCells: number, ports: SightPorts) {
    this.#grid = grid;
    this.#radiusCells = radiusCells;
    this.#ports = ports;
    this.views = new Views(grid, radiusCells);
    this.#around = new Int32Array((2 * radiusCells + 1) ** 2);
  }

  /** Whether shards are still to be told or asked something. */
  get isDirty(): boolean {
    return this.#dirty.length > 0;
  }

  /** Sessions that see a cell. */
  countOf(cell: number): number {
    return this.#cells.get(cell)?.count ?? 0;
  }

  /** The session is in `center` now: what it sees changes accordingly. Returns the cells, ascending, valid until the next call. */
  move(session: Session, center: number): Int32Array {
    const count = cellsAround(this.#grid, center, this.#radiusCells, this.#around);
    const seen = this.#around.subarray(0, count);
    const { sight } = session;
    if (session.viewCenter !== center) {
      this.#unsettle(session);
      this.views.stand(session, center);
    }
    for (let index = sight.count - 1; index >= 0; index--) {
      if (!seen.includes(sight.cellAt(index))) this.#leaveAt(session, index);
    }
    for (let index = 0; index < count; index++) {
      if (!sight.has(seen[index]!)) this.#enter(session, seen[index]!);
    }
    return seen;
  }

  /** The session sees nothing any more: its socket is gone. */
  leaveAll(session: Session): void {
    this.#unsettle(session);
    for (let index = session.sight.count - 1; index >= 0; index--) this.#leaveAt(session, index);
    this.#forgetLoner(session);
    this.views.release(session);
  }

  /** It does not hear all it sees, or is about to see something else. */
  #unsettle(session: Session): void {
    if (session.isSteady) {
      session.isSteady = false;
      this.views.leave(session);
    }
    if (session.isSlow || session.isLoner) return;
    session.isLoner = true;
    this.#loners.push(session);
  }

  #forgetLoner(session: Session): void {
    if (!session.isLoner) return;
    session.isLoner = false;
    remove(this.#loners, session);
  }

  #enter(session: Session, cell: number): void {
    const sight = this.#of(cell);
    sight.count++;
    this.#wait(session, sight, session.isSlow ? SKIPPED : PENDING);
  }

  #wait(session: Session, sight: CellSight, state: number): void {
    this.#unsettle(session);
    session.sight.set(sight.cell, state);
    if (state === PENDING) sight.waiting.push(session);
    this.#soil(sight);
  }

  #leaveAt(session: Session, index: number): void {
    const sight = this.#of(session.sight.cellAt(index));
    this.#withdrawAt(session, index, sight);
    session.sight.deleteAt(index);
    sight.count--;
    this.#soil(sight);
  }

  /** Takes the session out of the list its state stands for. */
  #withdrawAt(session: Session, index: number, sight: CellSight): void {
    const state = session.sight.stateAt(index);
    if (state === PENDING || state === SERVED) remove(sight.waiting, session);
    if (state === PROMOTED) remove(sight.promoted, session);
  }

  /** A slow session: hears nothing of any cell until {@link resumeState}. */
  skipState(session: Session): void {
    this.#unsettle(session);
    this.#forgetLoner(session);
    const { sight } = session;
    for (let index = 0; index < sight.count; index++) {
      this.#withdrawAt(session, index, this.#of(sight.cellAt(index)));
      sight.setStateAt(index, SKIPPED);
    }
  }

  /** It has caught up: all it sees begins again with keyframes. */
  resumeState(session: Session): void {
    const { sight } = session;
    for (let index = 0; index < sight.count; index++)
      this.#wait(session, this.#of(sight.cellAt(index)), PENDING);
  }

  /**
   * Cells with a new owner, or whose owner began anew: nobody's picture of them can be continued. `sessions` are all
   * there are.
   */
  restart(sessions: Iterable<Session>, isRestarted: (cell: number) => boolean): void {
    for (const sight of this.#cells.values()) {
      if (!isRestarted(sight.cell)) continue;
      sight.toldShard = -1;
      sight.askedShard = -1;
      sight.isServing = false;
      this.#soil(sight);
    }
    for (const session of sessions) {
      const { sight: seen } = session;
      for (let index = 0; index < seen.count; index++) {
        if (seen.stateAt(index) === SKIPPED || !isRestarted(seen.cellAt(index))) continue;
        const sight = this.#of(seen.cellAt(index));
        this.#withdrawAt(session, index, sight);
        this.#wait(session, sight, PENDING);
      }
    }
  }

  /**
   * A message for those who wait: names and a keyframe, one or more messages of which the last `promotes`. Calls
   * `deliver` for each who gets it. Who comes in between gets all of it the next time, and nothing until then.
   */
  serve(cell: number, promotes: boolean, deliver: (session: Session) => void): void {
    const sight = this.#cells.get(cell);
    if (sight === undefined) return;
    const { waiting, promoted } = sight;
    let left = 0;
    for (const session of waiting) {
      const index = session.sight.indexOf(cell);
      if (!sight.isServing) session.sight.setStateAt(index, SERVED);
      const isServed = session.sight.stateAt(index) === SERVED;
      if (isServed) deliver(session);
      if (isServed && promotes) {
        session.sight.setStateAt(index, PROMOTED);
        promoted.push(session);
      } else waiting[left++] = session;
    }
    waiting.length = left;
    sight.isServing = !promotes;
    if (!promotes) return;
    if (promoted.length > 0 && !this.#promotedCells.includes(sight)) this.#promotedCells.push(sight);
    sight.askedShard = -1;
    if (left > 0) this.#soil(sight);
  }

  /** Whether anybody has been given a keyframe of the cell and does not hear it yet. */
  hasPromoted(cell: number): boolean {
    return this.#promotedCells.length > 0 && (this.#cells.get(cell)?.promoted.length ?? 0) > 0;
  }

  /** Calls `deliver` for those who hear this cell, in their view or by themselves. */
  eachHearing(cell: number, deliver: (session: Session) => void): void {
    this.views.eachAround(cell, (session) => {
      const { sight } = session;
      if (session.isSteady || sight.stateAt(sight.indexOf(cell)) >= PROMOTED) deliver(session);
    });
  }

  get loners(): readonly Session[] {
    return this.#loners;
  }

  /** Puts the cells whose next frame is for the session into `out`, which has room for all it may see; returns how many. */
  heardBy(session: Session, out: Int32Array): number {
    const { sight } = session;
    let count = 0;
    for (let index = 0; index < sight.count; index++)
      if (sight.stateAt(index) === SUBSCRIBED) out[count++] = sight.cellAt(index);
    return count;
  }

  /**
   * Every frame taken so far is on its way: who was promoted has it in the keyframe, and hears the cell from the next
   * one on.
   */
  promote(): void {
    for (const sight of this.#promotedCells) {
      for (const session of sight.promoted) session.sight.set(sight.cell, SUBSCRIBED);
      sight.promoted.length = 0;
    }
    this.#promotedCells.length = 0;
  }

  /** The turn's messages are sent: who hears all they see hear their view from here on. */
  endTurn(): void {
    const loners = this.#loners;
    let left = 0;
    for (const session of loners) {
      if (session.isSlow || session.connection === null || !hearsAll(session)) {
        loners[left++] = session;
        continue;
      }
      session.isLoner = false;
      session.isSteady = true;
      this.views.join(session);
    }
    loners.length = left;
  }

  /** Tells and asks the shards what they do not know yet. What finds a full lane stays to be done. */
  settle(): void {
    if (this.#dirty.length === 0) return;
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const sight of dirty) {
      sight.isDirty = false;
      if (!this.#settleCell(sight)) this.#soil(sight);
      if (sight.count === 0 && sight.toldShard < 0) this.#cells.delete(sight.cell);
    }
  }

  #settleCell(sight: CellSight): boolean {
    const owner = this.#ports.ownerOf(sight.cell);
    if (sight.count === 0) return this.#tellNobody(sight, owner);
    if (owner < 0) return false;
    if (sight.toldShard !== owner) {
      if (!this.#ports.tellSight(owner, sight.cell, sight.count)) return false;
      sight.toldShard = owner;
    }
    if (sight.waiting.length > 0 && sight.askedShard !== owner) {
      if (!this.#ports.askKeyframe(owner, sight.cell)) return false;
      sight.askedShard = owner;
    }
    return true;
  }

  #tellNobody(sight: CellSight, owner: number): boolean {
    // Only who was told of it believes that somebody sees the cell.
    if (sight.toldShard >= 0 && sight.toldShard === owner) {
      if (!this.#ports.tellSight(owner, sight.cell, 0)) return false;
    }
    sight.toldShard = -1;
    sight.askedShard = -1;
    return true;
  }

  #soil(sight: CellSight): void {
    if (sight.isDirty) return;
    sight.isDirty = true;
    this.#dirty.push(sight);
  }

  #of(cell: number): CellSight {
    let sight = this.#cells.get(cell);
    if (sight === undefined) {
      sight = {
        cell,
        count: 0,
        waiting: [],
        isServing: false,
        promoted: [],
        toldShard: -1,
        askedShard: -1,
        isDirty: false,
      };
      this.#cells.set(cell, sight);
    }
    return sight;
  }
}

function hearsAll({ sight }: Session): boolean {
  for (let index = 0; index < sight.count; index++) if (sight.stateAt(index) !== SUBSCRIBED) return false;
  return sight.count > 0;
}

function remove(sessions: Session[], session: Session): void {
  const at = sessions.indexOf(session);
  assert(at >= 0, "a session is in the list that its state stands for");
  const last = sessions.pop()!;
  if (last !== session) sessions[at] = last;
}
