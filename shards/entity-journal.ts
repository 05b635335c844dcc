/**
 * Where everybody stood, for a start after a crash: every entity of an awake cell goes to the journal once within a
 * period, unless it is as it was. After a start the creatures stand where they were, and people once their session is
 * back.
 */
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { type EntityRecord, nobody } from "../engine/lane/to-store.js";
import type { Counters } from "../engine/memory/counters.js";
import { shardMetric } from "../engine/metrics.js";
import { NO_ROW, ROW_GHOST, ROW_USED } from "../engine/room/entity-table.js";
import { homeCellOf, isCreatureId } from "../engine/room/game.js";
import { cellAt } from "../engine/space/grid.js";
import type { FieldHost } from "./field-host.js";
import type { Outlet } from "./outlet.js";

const NO_BYTES = new Uint8Array();
/** Shares told in one tick, in strides. */
const SHARES_MAX_STRIDES = 2;

export class EntityJournal {
  readonly #field: FieldHost;
  readonly #outlet: Outlet;
  readonly #counters: Counters;
  readonly #periodTicks: number;
  readonly #strideTicks: number;
  readonly #returnTicks: number;
  readonly #rowBytes: number;
  /** Per row, a hash of what the journal was last told of it. */
  readonly #told: Uint32Array;
  readonly #out = new ByteWriter(256);
  /** People whose session is not back yet, by entity. */
  readonly #returning = new Map<number, EntityRecord>();
  /** People whose turn comes in this tick. */
  readonly #due = new Set<number>();
  /** The last tick whose share has been told. */
  #rolledTick = -1;
  #forgetAtTick = -1;

  constructor(options: {
    readonly field: FieldHost;
    readonly outlet: Outlet;
    readonly counters: Counters;
    /** Ticks within which every entity's turn comes. */
    readonly periodTicks: number;
    /** Shares of so many ticks go to the journal together: a group for each tick would wake the store's thread for each. */
    readonly strideTicks: number;
    /** Ticks that people are waited for after a start. */
    readonly returnTicks: number;
  }) {
    this.#field = options.field;
    this.#outlet = options.outlet;
    this.#counters = options.counters;
    this.#periodTicks = options.periodTicks;
    this.#strideTicks = Math.min(options.strideTicks, options.periodTicks);
    this.#returnTicks = options.returnTicks;
    this.#rowBytes = options.field.entities.packedBytes;
    this.#told = new Uint32Array(options.field.entities.capacity);
  }

  /**
   * A room has taken the person in or told them something: what that made of them goes to the journal with this tick. A
   * start that put a fighter back as free would let them begin a second battle.
   */
  touch(session: number): void {
    if (this.#field.members.has(session)) this.#due.add(session);
  }

  /** Whom a room has touched; and whenever a stride is over, the shares of its ticks. */
  roll(tick: number): void {
    this.#forgetWhoStayedAway(tick);
    for (const session of this.#due) {
      const member = this.#field.members.get(session);
      if (member !== undefined && this.#outlet.takesVolatile) this.#tell(member.row);
    }
    this.#due.clear();
    if (Math.floor(tick / this.#strideTicks) <= Math.floor(this.#rolledTick / this.#strideTicks)) return;
    // Of what was slept through, or forfeited, no more is made up for than this tick bears.
    const first = Math.max(this.#rolledTick + 1, tick - SHARES_MAX_STRIDES * this.#strideTicks + 1);
    const from = Math.max(first, tick - this.#periodTicks + 1);
    this.#rolledTick = tick;
    for (let share = from; share <= tick; share++) this.#rollShare(share);
  }

  #rollShare(tick: number): void {
    // Not as far as there might be rows: each look would be a line of memory that nothing else has read.
    const { flags, cell, rowsTouched } = this.#field.entities;
    for (let row = tick % this.#periodTicks; row < rowsTouched; row += this.#periodTicks) {
      if ((flags[row]! & (ROW_USED | ROW_GHOST)) !== ROW_USED || !this.#field.isAwake(cell[row]!)) continue;
      if (!this.#outlet.takesVolatile) return;
      this.#tell(row);
    }
  }

  #tell(row: number): void {
    const { entities, members } = this.#field;
    entities.packRow(row, this.#out.clear());
    const packed = this.#out.bytes();
    const hash = hashOf(packed);
    if (hash === this.#told[row]) return;
    this.#told[row] = hash;
    const entityId = entities.id[row]!;
    const playerId = members.get(entityId)?.player.playerId ?? nobody;
    this.#outlet.entity({ entityId, playerId, x: entities.x[row]!, y: entities.y[row]!, row: packed });
    this.#counters.add(shardMetric.entity_checkpoints_total);
  }

  /** The entity is no more: nothing of it is to come back. */
  gone(entityId: number, playerId = nobody): void {
    this.#outlet.entity({ entityId, playerId, x: 0, y: 0, row: NO_BYTES });
  }

  /** An entity as it was before the server was started: a creature goes there, a person is waited for. */
  restore(record: EntityRecord): void {
    // A game whose entities have other columns by now begins with them anew.
    if (record.row.length !== this.#rowBytes) return;
    if (isCreatureId(record.entityId)) this.#restoreCreature(record);
    else if (this.#returning.size < this.#field.entities.capacity)
      this.#returning.set(record.entityId, record);
  }

  #restoreCreature(record: EntityRecord): void {
    const { entities, grid } = this.#field;
    const cell = cellAt(grid, record.x, record.y);
    // One from another shard's cell stays at home: there, it has been put back already.
    const home = homeCellOf(record.entityId);
    if (home >= grid.cellCount || !this.#field.owns(cell) || !this.#field.owns(home)) return;
    const there = entities.rowOf(record.entityId);
    if (there !== NO_ROW) this.#field.removeRow(there);
    if (entities.isFull) return;
    this.#field.unpackRow(new ByteReader(record.row), cell);
    this.#counters.add(shardMetric.entities_returned_total);
  }

  /** The entity of a person who is back, or undefined. It is given once. */
  takeReturning(session: number, playerId: string): EntityRecord | undefined {
    const record = this.#returning.get(session);
    if (record === undefined || record.playerId !== playerId) return undefined;
    this.#returning.delete(session);
    this.#counters.add(shardMetric.entities_returned_total);
    return record;
  }

  #forgetWhoStayedAway(tick: number): void {
    if (this.#returning.size === 0) return;
    if (this.#forgetAtTick < 0) this.#forgetAtTick = tick + this.#returnTicks;
    if (tick >= this.#forgetAtTick) this.#returning.clear();
  }
}

/** FNV-1a, never 0: that is a row nothing was told of. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return (hash | 1) >>> 0;
}
