/**
 * What one bot knows of the cells in its sight, kept from keyframes and deltas as any client must, and everything
 * that cannot be true noticed on the way. Per entity it keeps an id and a place, in typed arrays by slot.
 */
import { decodeFrames, decodeSight, type FrameSink, WireError } from "../../engine/wire/codec.js";
import { CELL_NONE, POSITION_OFFSET, POSITION_UNITS } from "../../engine/wire/message-types.js";
import type { ErrorLog } from "./protocol-errors.js";

/** How long a wrong state may last before it is an error: shards tell of a border crossing one after the other. */
const WRONG_MS_MAX = 1000;
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

export interface SightWorld {
  readonly widthCells: number;
  readonly cellSizeMeters: number;
}

/** Told of every frame, and of every step of the bot's own entity, in meters. */
export interface SightListener {
  onFrameTick(tick: number): void;
  onOwnStep(dx: number, dy: number): void;
  /** The own entity is in sight again, so long after it left its last cell. */
  onOwnCrossed(ms: number): void;
}

export class BotSight implements FrameSink {
  readonly #errors: ErrorLog;
  readonly #listener: SightListener;
  readonly #ownId: number;
  readonly #world: SightWorld;
  readonly #metersPerUnit: number;
  readonly #cells = new Map<number, CellTable>();
  /** Cell an entity appeared in last. Bounded by what the cells hold. */
  readonly #cellOf = new Map<number, number>();
  #suspects: Suspect[] = [];
  /** Table of the cell frame being decoded; undefined while an impossible frame is skipped. */
  #current: CellTable | undefined;
  #own: CellTable | undefined;
  #ownSlot = 0;
  /** Since when the own entity is nowhere; NaN while it is somewhere, or before the first sight. */
  #ownLostMs = Number.NaN;
  #isOwnLossTold = false;
  /** Own place in the world, meters; NaN until it is known. */
  ownX = Number.NaN;
  ownY = Number.NaN;
  /** Entities alive in all cells in sight. */
  alive = 0;
  /** Shard that simulates the bot, as the last sight said. */
  shard = -1;
  /** Times the bot's shard changed. */
  shardChanges = 0;

  constructor(options: {
    readonly ownId: number;
    readonly world: SightWorld;
    readonly errors: ErrorLog;
    readonly listener: SightListener;
  }) {
    this.#errors = options.errors;
    this.#listener = options.listener;
    this.#ownId = options.ownId;
    this.#world = options.world;
    this.#metersPerUnit = options.world.cellSizeMeters / POSITION_UNITS;
  }

  get ownId(): number {
    return this.#ownId;
  }

  get isPlaced(): boolean {
    return this.#own !== undefined;
  }

  get cellCount(): number {
    return this.#cells.size;
  }

  /**
   * The own entity is in sight and every cell's keyframe has come; `since`: and no cell with anybody in it was last heard
   * of before this tick, which asks of the world that everybody walks.
   */
  isWhole(since?: number): boolean {
    if (this.#own === undefined) return false;
    for (const { hasKeyframe, tick, alive } of this.#cells.values()) {
      if (!hasKeyframe) return false;
      if (since !== undefined && alive > 0 && ((tick - since) << 16) >> 16 < 0) return false;
    }
    return true;
  }

  /** A message of cell frames. */
  frame(bytes: Uint8Array): void {
    try {
      decodeFrames(bytes, this);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#errors.add("malformed", error.message);
    }
  }

  /** The list of cells in sight. */
  sight(bytes: Uint8Array, nowMs: number): void {
    const { cells, shard } = decodeSight(bytes);
    if (shard !== this.shard) {
      if (this.shard >= 0) this.shardChanges++;
      this.shard = shard;
    }
    const listed = new Set(cells);
    for (const table of this.#cells.values()) {
      if (!listed.has(table.cell)) this.#forget(table);
    }
    for (const cell of listed) {
      if (!this.#cells.has(cell)) this.#cells.set(cell, new CellTable(cell));
    }
    if (this.#own === undefined && Number.isNaN(this.#ownLostMs)) this.#ownLostMs = nowMs;
  }

  /** Looks for what has been wrong for too long; call a few times a second. */
  sweep(nowMs: number): void {
    if (this.#own !== undefined) {
      this.#ownLostMs = Number.NaN;
      this.#isOwnLossTold = false;
    } else if (Number.isNaN(this.#ownLostMs)) {
      if (this.#cells.size > 0) this.#ownLostMs = nowMs;
    } else if (nowMs - this.#ownLostMs > WRONG_MS_MAX && !this.#isOwnLossTold) {
      this.#isOwnLossTold = true;
      this.#errors.add("ownEntityVanished", `entity ${this.#ownId}`);
    }
    if (this.#suspects.length === 0) return;
    this.#suspects = this.#suspects.filter((suspect) => {
      const { id, cellA, cellB, sinceMs } = suspect;
      const inA = this.#cells.get(cellA)?.countOf(id) ?? 0;
      const inB = cellA === cellB ? 0 : (this.#cells.get(cellB)?.countOf(id) ?? 0);
      if (inA + inB < 2) return false;
      if (nowMs - sinceMs <= WRONG_MS_MAX) return true;
      this.#errors.add("duplicateEntity", `entity ${id} in cells ${cellA} and ${cellB}`);
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
        if (id === NO_ENTITY || id === this.#ownId || !isWanted(id)) continue;
        const x = this.#worldX(table, table.xs[slot]!);
        const y = this.#worldY(table, table.ys[slot]!);
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
        if (id === NO_ENTITY || id === this.#ownId) continue;
        yield { id, x: this.#worldX(table, table.xs[slot]!), y: this.#worldY(table, table.ys[slot]!) };
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

  onFrame(cell: number, tick: number, isKeyframe: boolean): void {
    this.#current = undefined;
    this.#listener.onFrameTick(tick);
    const table = this.#cells.get(cell);
    if (table === undefined) {
      this.#errors.add("cellOutsideSight", `cell ${cell} at tick ${tick}`);
      return;
    }
    // Ticks travel modulo 65,536.
    if (table.hasTick && ((tick - table.tick) << 16) >> 16 < 0) {
      this.#errors.add("tickBackwards", `cell ${cell}: tick ${tick} after ${table.tick}`);
    }
    table.tick = tick;
    table.hasTick = true;
    if (isKeyframe) {
      this.#empty(table);
      table.hasKeyframe = true;
    } else if (!table.hasKeyframe) {
      this.#errors.add("deltaWithoutKeyframe", `cell ${cell} at tick ${tick}`);
      return;
    }
    this.#current = table;
  }

  onAppear(id: number, x: number, y: number, slot: number): void {
    const table = this.#current;
    if (table === undefined) return;
    table.reserve(slot);
    const before = table.ids[slot]!;
    if (before !== NO_ENTITY && before !== id) {
      this.#errors.add("slotTaken", `cell ${table.cell} slot ${slot}: ${id} where ${before} is`);
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
    if (id === this.#ownId) this.#ownAppeared(table, slot);
  }

  onLeave(slot: number, toCell: number): void {
    const table = this.#current;
    if (table === undefined) return;
    const id = table.ids[slot] ?? NO_ENTITY;
    if (id === NO_ENTITY) {
      this.#errors.add(
        "unknownSlot",
        `cell ${table.cell} slot ${slot} left for ${toCell === CELL_NONE ? "good" : toCell}`,
      );
      return;
    }
    table.ids[slot] = NO_ENTITY;
    table.alive--;
    this.alive--;
    if (this.#cellOf.get(id) === table.cell && table.countOf(id) === 0) this.#cellOf.delete(id);
    if (table === this.#own && slot === this.#ownSlot) this.#loseOwn();
  }

  onChange(slot: number): void {
    const table = this.#current;
    if (table === undefined) return;
    if ((table.ids[slot] ?? NO_ENTITY) !== NO_ENTITY) return;
    this.#errors.add("unknownSlot", `cell ${table.cell} slot ${slot} changed`);
  }

  onMove(slot: number, dx: number, dy: number): void {
    const table = this.#current;
    if (table === undefined) return;
    if ((table.ids[slot] ?? NO_ENTITY) === NO_ENTITY) {
      this.#errors.add("unknownSlot", `cell ${table.cell} slot ${slot} moved`);
      return;
    }
    table.xs[slot]! += dx;
    table.ys[slot]! += dy;
    if (table === this.#own && slot === this.#ownSlot) {
      this.ownX += dx * this.#metersPerUnit;
      this.ownY += dy * this.#metersPerUnit;
      this.#listener.onOwnStep(dx, dy);
    }
  }

  // ---- inside ----------------------------------------------------------------------------------------------

  #ownAppeared(table: CellTable, slot: number): void {
    const x = this.#worldX(table, table.xs[slot]!);
    const y = this.#worldY(table, table.ys[slot]!);
    const dx = x - this.ownX;
    const dy = y - this.ownY;
    if (this.#own === undefined && !Number.isNaN(this.#ownLostMs)) {
      this.#listener.onOwnCrossed(this.#nowMs - this.#ownLostMs);
      this.#ownLostMs = Number.NaN;
    }
    this.#own = table;
    this.#ownSlot = slot;
    this.ownX = x;
    this.ownY = y;
    if (dx !== 0 || dy !== 0) this.#listener.onOwnStep(dx, dy);
  }

  #loseOwn(): void {
    this.#own = undefined;
    this.#ownLostMs = this.#nowMs;
  }

  #suspectIfElsewhere(id: number, cell: number): void {
    const before = this.#cellOf.get(id);
    if (before === undefined || this.#suspects.length >= SUSPECTS_MAX) return;
    if ((this.#cells.get(before)?.countOf(id) ?? 0) === 0) return;
    this.#suspects.push({ id, cellA: before, cellB: cell, sinceMs: this.#nowMs });
  }

  /** Time of the read the frames being decoded came with. */
  #nowMs = 0;
  set nowMs(nowMs: number) {
    this.#nowMs = nowMs;
  }

  #forget(table: CellTable): void {
    this.#empty(table);
    this.#cells.delete(table.cell);
  }

  #empty(table: CellTable): void {
    for (const id of table.ids) {
      if (id !== NO_ENTITY && this.#cellOf.get(id) === table.cell) this.#cellOf.delete(id);
    }
    this.alive -= table.alive;
    table.clear();
    if (table === this.#own) this.#loseOwn();
  }

  #worldX(table: CellTable, units: number): number {
    const column = table.cell % this.#world.widthCells;
    return column * this.#world.cellSizeMeters + (units - POSITION_OFFSET) * this.#metersPerUnit;
  }

  #worldY(table: CellTable, units: number): number {
    const row = Math.floor(table.cell / this.#world.widthCells);
    return row * this.#world.cellSizeMeters + (units - POSITION_OFFSET) * this.#metersPerUnit;
  }
}
