/**
 * What one bot knows of the cells in its sight, kept from keyframes and deltas as any client must, and everything
 * that cannot be true noticed on the way. Per entity it keeps an id and a place, in typed arrays by slot.
 */
import { decodeFrames } from "../../engine/wire/codec.js";
import { CELL_NONE } from "../../engine/wire/message-types.js";
import { OwnTrail, WRONG_MS_MAX } from "./own-trail.js";

const SUSPECTS_MAX = 256;
const NO_ENTITY = 0;

/** Slots of one cell. */
class CellTable {
  readonly cell: number;
  hasKeyframe = false;
  hasTick = false;
  tick = 0;
  /** Entity by slot; 0: free. */
  ids = new Uint32Array(16);
  xs = new Uint16Array(16);
  ys = new Uint16Array(16);
  alive = 0;

  constructor(cell: number) {
    this.cell = cell;
  }

  clear(): void {
    this.ids.fill(NO_ENTITY);
    this.alive = 0;
  }

  reserve(slot: number): void {
    let capacity = this.ids.length;
    if (slot < capacity) return;
    while (capacity <= slot) capacity *= 2;
    const grow = <T extends Uint32Array | Uint16Array>(old: T, larger: T): T => {
      larger.set(old);
      return larger;
    };
    this.ids = grow(this.ids, new Uint32Array(capacity));
    this.xs = grow(this.xs, new Uint16Array(capacity));
    this.ys = grow(this.ys, new Uint16Array(capacity));
  }

  countOf(id: number): number {
    let count = 0;
    for (let at = this.ids.indexOf(id); at >= 0; at = this.ids.indexOf(id, at + 1)) count++;
    return count;
  }
}

interface Suspect {
  readonly id: number;
  readonly cellA: number;
  readonly cellB: number;
  readonly sinceMs: number;
}

export interface Spot {
  id: number;
  x: number;
  y: number;
}

export class BotSight extends OwnTrail {
  readonly #cells = new Map<number, CellTable>();
  /** Cell an entity appeared in last. Bounded by what the cells hold. */
  readonly #cellOf = new Map<number, number>();
  #suspects: Suspect[] = [];
  /** Table of the cell frame being decoded; undefined while an impossible frame is skipped. */
  #current: CellTable | undefined;
  /** Entities alive in all cells in sight. */
  alive = 0;

  get cellCount(): number {
    return this.#cells.size;
  }

  /**
   * The own entity is in sight and every cell's keyframe has come; `since`: and no cell with anybody in it was last heard
   * of before this tick, which asks of the world that everybody walks.
   */
  isWhole(since?: number): boolean {
    if (!this.isPlaced) return false;
    for (const { hasKeyframe, tick, alive } of this.#cells.values()) {
      if (!hasKeyframe) return false;
      if (since !== undefined && alive > 0 && ((tick - since) << 16) >> 16 < 0) return false;
    }
    return true;
  }

  protected override decode(bytes: Uint8Array): void {
    decodeFrames(bytes, this);
  }

  protected override seeCells(cells: readonly number[]): void {
    super.seeCells(cells);
    const listed = new Set(cells);
    for (const table of this.#cells.values()) {
      if (listed.has(table.cell)) continue;
      this.#empty(table);
      this.#cells.delete(table.cell);
    }
    for (const cell of listed) {
      if (!this.#cells.has(cell)) this.#cells.set(cell, new CellTable(cell));
    }
  }

  override sweep(nowMs: number): void {
    super.sweep(nowMs);
    if (this.#suspects.length === 0) return;
    this.#suspects = this.#suspects.filter((suspect) => {
      const { id, cellA, cellB, sinceMs } = suspect;
      const inA = this.#cells.get(cellA)?.countOf(id) ?? 0;
      const inB = cellA === cellB ? 0 : (this.#cells.get(cellB)?.countOf(id) ?? 0);
      if (inA + inB < 2) return false;
      if (nowMs - sinceMs <= WRONG_MS_MAX) return true;
      this.errors.add("duplicateEntity", `entity ${id} in cells ${cellA} and ${cellB}`);
      return false;
    });
  }

  /** The nearest other entity that `isWanted`, in meters of the world; undefined when there is none. */
  nearest(isWanted: (id: number) => boolean): Spot | undefined {
    let best: Spot | undefined;
    let bestDistance = Number.POSITIVE_INFINITY;
    for (const table of this.#cells.values()) {
      for (let slot = 0; slot < table.ids.length; slot++) {
        const id = table.ids[slot]!;
        if (id === NO_ENTITY || id === this.ownId || !isWanted(id)) continue;
        const x = this.worldX(table.cell, table.xs[slot]!);
        const y = this.worldY(table.cell, table.ys[slot]!);
        const distance = (x - this.ownX) ** 2 + (y - this.ownY) ** 2;
        if (distance < bestDistance) {
          bestDistance = distance;
          best = { id, x, y };
        }
      }
    }
    return best;
  }

  /** All others in sight, in meters of the world. */
  *others(): Generator<Spot> {
    for (const table of this.#cells.values()) {
      for (let slot = 0; slot < table.ids.length; slot++) {
        const id = table.ids[slot]!;
        if (id === NO_ENTITY || id === this.ownId) continue;
        const x = this.worldX(table.cell, table.xs[slot]!);
        yield { id, x, y: this.worldY(table.cell, table.ys[slot]!) };
      }
    }
  }

  /** Ids of everybody in sight. */
  *ids(): Generator<number> {
    for (const table of this.#cells.values()) {
      for (const id of table.ids) if (id !== NO_ENTITY) yield id;
    }
  }

  // ---- FrameSink -------------------------------------------------------------------------------------------

  override onFrame(cell: number, tick: number, isKeyframe: boolean): void {
    super.onFrame(cell, tick, isKeyframe);
    this.#current = undefined;
    const table = this.#cells.get(cell);
    if (table === undefined) {
      this.errors.add("cellOutsideSight", `cell ${cell} at tick ${tick}`);
      return;
    }
    // Ticks travel modulo 65,536.
    if (table.hasTick && ((tick - table.tick) << 16) >> 16 < 0) {
      this.errors.add("tickBackwards", `cell ${cell}: tick ${tick} after ${table.tick}`);
    }
    table.tick = tick;
    table.hasTick = true;
    if (isKeyframe) {
      this.#empty(table);
      table.hasKeyframe = true;
    } else if (!table.hasKeyframe) {
      this.errors.add("deltaWithoutKeyframe", `cell ${cell} at tick ${tick}`);
      return;
    }
    this.#current = table;
  }

  override onAppear(id: number, x: number, y: number, slot: number): void {
    const table = this.#current;
    if (table === undefined) return;
    table.reserve(slot);
    const before = table.ids[slot]!;
    if (before !== NO_ENTITY && before !== id) {
      this.errors.add("slotTaken", `cell ${table.cell} slot ${slot}: ${id} where ${before} is`);
    }
    if (before === NO_ENTITY) {
      table.alive++;
      this.alive++;
      this.#suspectIfElsewhere(id, table.cell);
      this.#cellOf.set(id, table.cell);
    }
    table.ids[slot] = id;
    table.xs[slot] = x;
    table.ys[slot] = y;
    super.onAppear(id, x, y, slot);
  }

  override onLeave(slot: number, toCell: number): void {
    const table = this.#current;
    if (table === undefined) return;
    const id = table.ids[slot] ?? NO_ENTITY;
    if (id === NO_ENTITY) {
      this.errors.add(
        "unknownSlot",
        `cell ${table.cell} slot ${slot} left for ${toCell === CELL_NONE ? "good" : toCell}`,
      );
      return;
    }
    table.ids[slot] = NO_ENTITY;
    table.alive--;
    this.alive--;
    if (this.#cellOf.get(id) === table.cell && table.countOf(id) === 0) this.#cellOf.delete(id);
    super.onLeave(slot, toCell);
  }

  override onChange(slot: number): void {
    const table = this.#current;
    if (table === undefined) return;
    if ((table.ids[slot] ?? NO_ENTITY) !== NO_ENTITY) return;
    this.errors.add("unknownSlot", `cell ${table.cell} slot ${slot} changed`);
  }

  override onMove(slot: number, dx: number, dy: number): void {
    const table = this.#current;
    if (table === undefined) return;
    if ((table.ids[slot] ?? NO_ENTITY) === NO_ENTITY) {
      this.errors.add("unknownSlot", `cell ${table.cell} slot ${slot} moved`);
      return;
    }
    table.xs[slot]! += dx;
    table.ys[slot]! += dy;
    super.onMove(slot, dx, dy);
  }

  // ---- inside ----------------------------------------------------------------------------------------------

  #suspectIfElsewhere(id: number, cell: number): void {
    const before = this.#cellOf.get(id);
    if (before === undefined || this.#suspects.length >= SUSPECTS_MAX) return;
    if ((this.#cells.get(before)?.countOf(id) ?? 0) === 0) return;
    this.#suspects.push({ id, cellA: before, cellB: cell, sinceMs: this.nowMs });
  }

  #empty(table: CellTable): void {
    for (const id of table.ids) {
      if (id !== NO_ENTITY && this.#cellOf.get(id) === table.cell) this.#cellOf.delete(id);
    }
    this.alive -= table.alive;
    table.clear();
  }
}
