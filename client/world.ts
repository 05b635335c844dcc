/**
 * What a client knows of the world: the cells in sight and the entities in them, kept from keyframes and deltas.
 * An entity that walks from one cell to the next stays the same object, so nothing blinks at a border, whichever
 * shards own the two sides and whichever of their frames comes first.
 */
import { decodeFrames, decodeSight, type FrameSink } from "../engine/wire/codec.js";
import { CELL_NONE, POSITION_OFFSET, POSITION_UNITS } from "../engine/wire/message-types.js";
import { TickClock, Track } from "./interpolation.js";

/** An entity on its way from one cell's frame to another's is kept this long. */
const BETWEEN_CELLS_MS = 1000;
/** Names remembered, also of people not in sight yet. */
const NAMES_MAX = 4096;

/** Something with a place. The object stays the same as long as the entity is in sight; read it, never write it. */
export interface Entity {
  /** A person's is the number of their session; a creature's has the high bit set. */
  readonly id: number;
  /** The meanings of kind, look and state are the game's. Health is 0..255. */
  readonly kind: number;
  readonly level: number;
  readonly look: number;
  readonly state: number;
  readonly health: number;
  readonly heading: number;
  /** A person's name; "" for creatures, and until it is known. */
  readonly name: string;
  readonly cell: number;
  /** Newest place the server told of, in meters. */
  readonly x: number;
  readonly y: number;
  /** Where it was lately: what to draw, see {@link World.place}. */
  readonly track: Track;
}

interface EntityState extends Entity {
  kind: number;
  level: number;
  look: number;
  state: number;
  health: number;
  heading: number;
  name: string;
  cell: number;
  slot: number;
  /** Fixed-point place within the cell, which deltas add to. */
  unitsX: number;
  unitsY: number;
  x: number;
  y: number;
  /** Not NaN: left its cell for another at this time and has not appeared there yet. */
  betweenSinceMs: number;
  /** Tick of the frame in which it last appeared: what an older one says of it comes too late. */
  seatTick: number;
}

interface CellState {
  readonly cell: number;
  readonly originX: number;
  readonly originY: number;
  slots: (EntityState | undefined)[];
  hasKeyframe: boolean;
  /** Tick of the last frame that was whole: whoever it did not name had not moved by then. */
  frameTick: number;
}

/** Measures of a world, from the Welcome. */
export interface WorldShape {
  readonly widthCells: number;
  readonly heightCells: number;
  readonly cellSizeMeters: number;
  readonly tickPeriodMs: number;
  /** Tick at the time of the Welcome: the frames' 16-bit ticks count on from it. */
  readonly tick: number;
}

export class World {
  readonly clock = new TickClock();
  readonly #entities = new Map<number, EntityState>();
  readonly #cells = new Map<number, CellState>();
  readonly #names = new Map<number, string>();
  readonly #between = new Set<EntityState>();
  #shape: WorldShape = { widthCells: 0, heightCells: 0, cellSizeMeters: 1, tickPeriodMs: 50, tick: 0 };
  #latestTick = 0;
  /** The frame being read. */
  readonly #reading: {
    nowMs: number;
    tick: number;
    /** Undefined: a stray frame, read past. */
    cell: CellState | undefined;
    isPartial: boolean;
    /** The slots a keyframe replaces. */
    replaced: readonly (EntityState | undefined)[];
  } = { nowMs: 0, tick: 0, cell: undefined, isPartial: false, replaced: [] };
  /** Cell the sight is centered on, 65535 before the first sight message. */
  center = CELL_NONE;
  /** Shard that owns the center. */
  shard = 0;
  /** Frames applied, and frames of cells that were not in sight or had no keyframe yet. */
  framesApplied = 0;
  framesStray = 0;

  readonly #sink: FrameSink = {
    onFrame: (cell, tick, isKeyframe, isPartial) => {
      this.#endFrame();
      this.#beginFrame(cell, tick, isKeyframe);
      this.#reading.isPartial = isPartial;
    },
    onAppear: (id, x, y, slot, kind, level, look, state, health, heading) => {
      const { cell } = this.#reading;
      if (cell === undefined) return;
      const entity = this.#admit(cell, id, slot);
      if (!isSeated(entity, cell, slot)) return;
      entity.kind = kind;
      entity.level = level;
      entity.look = look;
      entity.state = state;
      entity.health = health;
      entity.heading = heading;
      entity.unitsX = x;
      entity.unitsY = y;
      // This cell's silence so far said nothing of somebody who was elsewhere, perhaps under way between two shards.
      this.#settle(cell, entity, -1);
    },
    onLeave: (slot, toCell) => {
      const { cell } = this.#reading;
      if (cell !== undefined) this.#leave(cell, slot, toCell);
    },
    onChange: (slot, state, health) => {
      const { cell } = this.#reading;
      const entity = cell?.slots[slot];
      if (cell === undefined || entity === undefined || !isSeated(entity, cell, slot)) return;
      entity.state = state;
      entity.health = health;
    },
    onMove: (slot, dx, dy) => {
      const { cell } = this.#reading;
      const entity = cell?.slots[slot];
      if (cell === undefined || entity === undefined || !isSeated(entity, cell, slot)) return;
      entity.unitsX += dx;
      entity.unitsY += dy;
      this.#settle(cell, entity, cell.frameTick);
    },
    onProfile: ({ id, name }) => this.learnName(id, name),
  };

  get shape(): WorldShape {
    return this.#shape;
  }

  /** Every entity in sight, by id. */
  get entities(): ReadonlyMap<number, Entity> {
    return this.#entities;
  }

  /** Number of the newest tick heard of. */
  get tick(): number {
    return this.#latestTick;
  }

  /** Numbers of the cells in sight. */
  cells(): IterableIterator<number> {
    return this.#cells.keys();
  }

  /** Whether the cell is in sight and its content is known. */
  knows(cell: number): boolean {
    return this.#cells.get(cell)?.hasKeyframe === true;
  }

  /**
   * A new connection: its sight and keyframes follow. In a world of the same measures what was known stays shown
   * until they replace it, so a resume does not blink; deltas are ignored until then.
   */
  reset(shape: WorldShape): void {
    const { widthCells, heightCells, cellSizeMeters, tickPeriodMs } = this.#shape;
    const isSame =
      shape.widthCells === widthCells &&
      shape.heightCells === heightCells &&
      shape.cellSizeMeters === cellSizeMeters &&
      shape.tickPeriodMs === tickPeriodMs;
    this.#shape = shape;
    this.#latestTick = shape.tick;
    if (!isSame) {
      this.#entities.clear();
      this.#cells.clear();
      this.#between.clear();
    }
    this.clock.restart(shape.tickPeriodMs, shape.tick);
    for (const cell of this.#cells.values()) {
      cell.hasKeyframe = false;
      cell.frameTick = shape.tick;
    }
    for (const entity of this.#entities.values()) {
      // Ticks may count from elsewhere now: the path so far means nothing.
      entity.seatTick = 0;
      entity.track.clear();
      entity.track.add(shape.tick, entity.x, entity.y);
    }
  }

  /**
   * Puts where to draw an entity at `tick` (see {@link TickClock.tickAt}) into its track's `x` and `y`, and returns
   * the track. Allocates nothing.
   */
  place(entity: Entity, tick: number): Track {
    entity.track.read(tick);
    return entity.track;
  }

  /** A sight message: the complete list of cells in sight. Throws WireError when it is malformed. */
  applySight(message: Uint8Array): void {
    const sight = decodeSight(message);
    this.center = sight.center;
    this.shard = sight.shard;
    const seen = new Set(sight.cells);
    for (const cell of seen) if (!this.#cells.has(cell)) this.#cells.set(cell, this.#emptyCell(cell));
    for (const [cell, state] of this.#cells) {
      if (seen.has(cell)) continue;
      this.#cells.delete(cell);
      for (const entity of state.slots) if (entity?.cell === cell) this.#remove(entity);
    }
    for (const entity of this.#between) if (!seen.has(entity.cell)) this.#remove(entity);
  }

  /** A message of cell frames, as it arrived at `nowMs`. Throws WireError, and changes nothing, when it is malformed. */
  applyFrames(message: Uint8Array, nowMs: number): void {
    this.#reading.nowMs = nowMs;
    this.#reading.cell = undefined;
    decodeFrames(message, this.#sink);
    this.#endFrame();
  }

  /** A person's name, told with keyframes and when somebody appears: before or after the entity itself. */
  learnName(id: number, name: string): void {
    this.#names.delete(id);
    this.#names.set(id, name);
    if (this.#names.size > NAMES_MAX) this.#names.delete(this.#names.keys().next().value!);
    const entity = this.#entities.get(id);
    if (entity !== undefined) entity.name = name;
  }

  /** Lets go of entities that left for a cell and never appeared there. Call now and then, once a frame at most. */
  sweep(nowMs: number): void {
    for (const entity of this.#between) {
      if (nowMs - entity.betweenSinceMs >= BETWEEN_CELLS_MS) this.#remove(entity);
    }
  }

  #emptyCell(cell: number): CellState {
    const { widthCells, cellSizeMeters } = this.#shape;
    return {
      cell,
      originX: (cell % widthCells) * cellSizeMeters,
      originY: Math.floor(cell / widthCells) * cellSizeMeters,
      slots: [],
      hasKeyframe: false,
      frameTick: -1,
    };
  }

  #beginFrame(cellNumber: number, lowTick: number, isKeyframe: boolean): void {
    const reading = this.#reading;
    reading.tick = this.#fullTick(lowTick);
    this.clock.observe(reading.tick, reading.nowMs);
    const cell = this.#cells.get(cellNumber);
    reading.replaced = [];
    if (cell === undefined || !(cell.hasKeyframe || isKeyframe)) {
      reading.cell = undefined;
      this.framesStray++;
      return;
    }
    reading.cell = cell;
    this.framesApplied++;
    if (!isKeyframe) return;
    reading.replaced = cell.slots;
    cell.slots = [];
    cell.hasKeyframe = true;
  }

  #endFrame(): void {
    const { cell, tick, isPartial, replaced } = this.#reading;
    if (cell === undefined) return;
    // After a keyframe: whoever was in the cell and is not in the keyframe is gone.
    for (const entity of replaced) {
      if (entity?.cell === cell.cell && cell.slots[entity.slot] !== entity) this.#remove(entity);
    }
    if (!isPartial) cell.frameTick = tick;
  }

  /**
   * The entity that appears, with its slot taken; the caller fills in the rest. A shard that was late may tell of an
   * entity that has appeared in another's cell since: then it keeps its newer seat.
   */
  #admit(cell: CellState, id: number, slot: number): EntityState {
    const previous = cell.slots[slot];
    if (previous !== undefined && previous.id !== id) this.#leave(cell, slot, CELL_NONE);
    let entity = this.#entities.get(id);
    if (entity === undefined) {
      entity = this.#newEntity(id);
      this.#entities.set(id, entity);
    }
    cell.slots[slot] = entity;
    const { tick } = this.#reading;
    const isElsewhere =
      entity.cell !== cell.cell && this.#cells.get(entity.cell)?.slots[entity.slot] === entity;
    if (isElsewhere && tick < entity.seatTick) return entity;
    entity.cell = cell.cell;
    entity.slot = slot;
    entity.seatTick = tick;
    entity.betweenSinceMs = Number.NaN;
    this.#between.delete(entity);
    return entity;
  }

  #newEntity(id: number): EntityState {
    return {
      id,
      kind: 0,
      level: 0,
      look: 0,
      state: 0,
      health: 0,
      heading: 0,
      name: this.#names.get(id) ?? "",
      cell: CELL_NONE,
      slot: 0,
      unitsX: 0,
      unitsY: 0,
      x: 0,
      y: 0,
      betweenSinceMs: Number.NaN,
      seatTick: 0,
      track: new Track(),
    };
  }

  /** Takes over the entity's fixed-point place. It had not moved until `quietTick`, if that is not −1. */
  #settle(cell: CellState, entity: EntityState, quietTick: number): void {
    const { cellSizeMeters } = this.#shape;
    const scale = cellSizeMeters / POSITION_UNITS;
    const x = cell.originX + (entity.unitsX - POSITION_OFFSET) * scale;
    const y = cell.originY + (entity.unitsY - POSITION_OFFSET) * scale;
    // Further than anybody walks between two frames: a jump, not to be drawn as a dash across the screen.
    if (Math.abs(x - entity.x) + Math.abs(y - entity.y) > cellSizeMeters / 4) entity.track.clear();
    entity.x = x;
    entity.y = y;
    entity.track.add(this.#reading.tick, x, y, quietTick);
  }

  #leave(cell: CellState, slot: number, toCell: number): void {
    const entity = cell.slots[slot];
    cell.slots[slot] = undefined;
    // It may have appeared elsewhere, or under another slot, before this leave was read.
    if (entity === undefined || entity.cell !== cell.cell || entity.slot !== slot) return;
    if (!this.#cells.has(toCell)) {
      this.#remove(entity);
      return;
    }
    entity.cell = toCell;
    entity.slot = CELL_NONE;
    entity.betweenSinceMs = this.#reading.nowMs;
    this.#between.add(entity);
  }

  #remove(entity: EntityState): void {
    this.#between.delete(entity);
    this.#entities.delete(entity.id);
  }

  /** The tick nearest to the newest known whose low 16 bits these are. */
  #fullTick(low: number): number {
    const ahead = ((low - this.#latestTick) << 16) >> 16;
    const tick = Math.max(0, this.#latestTick + ahead);
    if (tick > this.#latestTick) this.#latestTick = tick;
    return tick;
  }
}

/** Whether this is the slot that the entity has now: it may have appeared elsewhere since it was put there. */
function isSeated(entity: EntityState, cell: CellState, slot: number): boolean {
  return entity.cell === cell.cell && entity.slot === slot;
}
