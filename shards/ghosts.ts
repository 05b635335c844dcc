/**
 * What a shard shows its neighbours: the rows of its border cells, sent whole at every tick they may have changed, kept
 * by the neighbour as read-only rows in the same entity table.
 */
import type { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { toPeer } from "../engine/lane/to-peer.js";
import { type EntityTable, NO_ROW } from "../engine/room/entity-table.js";
import { cellsAround, type Grid } from "../engine/space/grid.js";
import type { PeerLinks } from "./peer-links.js";

/** Rows of one cell shown to a neighbour; a more crowded cell shows its first. */
const GHOSTS_PER_CELL_MAX = 500;
const ID_BYTES = 4;
/** Of a row on the lane: id, place and velocity, six bytes of what it is. */
const ROW_BYTES = ID_BYTES + 4 * 8 + 6;
const NEVER = 0;
const SHOWN_MAX = 0xffff_ffff;

interface Border {
  readonly cell: number;
  readonly peer: number;
  /** Whether the neighbour may know something else than what is there. */
  isStale: boolean;
  /** Whether it was last shown no rows. */
  isEmpty: boolean;
}

export class Ghosts {
  readonly #entities: EntityTable;
  readonly #peers: PeerLinks;
  readonly #borders: Border[] = [];
  /** By row, when a neighbour last showed it: the count of cells shown by then. */
  readonly #shownAt: Uint32Array;
  #shown = 0;

  constructor(options: {
    readonly grid: Grid;
    readonly shard: number;
    readonly entities: EntityTable;
    readonly peers: PeerLinks;
    readonly ownerOf: (cell: number) => number;
  }) {
    this.#entities = options.entities;
    this.#peers = options.peers;
    this.#shownAt = new Uint32Array(options.entities.capacity);
    const around = new Int32Array(9);
    for (let cell = 0; cell < options.grid.cellCount; cell++) {
      if (options.ownerOf(cell) !== options.shard) continue;
      const peers = new Set<number>();
      const count = cellsAround(options.grid, cell, 1, around);
      for (let index = 0; index < count; index++) peers.add(options.ownerOf(around[index]!));
      peers.delete(options.shard);
      for (const peer of peers) this.#borders.push({ cell, peer, isStale: true, isEmpty: true });
    }
  }

  /** A neighbour was restarted: it knows nothing, and what it owned is gone. */
  peerLost(peer: number): void {
    for (const border of this.#borders) if (border.peer === peer) border.isStale = true;
    for (let cell = 0; cell < this.#entities.first.length; cell++) {
      this.#sweep(cell, peer, NEVER);
    }
  }

  /** Shows the neighbours every border cell that may have changed. */
  show(isAwake: (cell: number) => boolean): void {
    for (const border of this.#borders) {
      const awake = isAwake(border.cell);
      if (!awake && !border.isStale) continue;
      const count = this.#countOwn(border.cell);
      if (count === 0 && border.isEmpty && !border.isStale) continue;
      border.isEmpty = count === 0;
      const out = this.#peers.begin(border.peer).u32(border.cell).u16(count);
      this.#writeRows(out, border.cell, count);
      const isSent = this.#peers.offer(border.peer, toPeer.ghosts);
      // Shown once more after the cell fell asleep, so that what the neighbour keeps is the last there was.
      border.isStale = !isSent || (awake && count > 0);
    }
  }

  #countOwn(cell: number): number {
    const { first, next } = this.#entities;
    let count = 0;
    for (let row = first[cell]!; row !== NO_ROW && count < GHOSTS_PER_CELL_MAX; row = next[row]!) {
      if (!this.#entities.isGhost(row)) count++;
    }
    return count;
  }

  /** A neighbour showed a cell: its rows are exactly these now. */
  receive(peer: number, from: ByteReader): void {
    const cell = from.u32();
    this.#shown = this.#shown === SHOWN_MAX ? 1 : this.#shown + 1;
    for (let left = from.u16(); left > 0; left--) this.#readRow(peer, cell, from);
    this.#sweep(cell, peer, this.#shown);
  }

  #writeRows(out: ByteWriter, cell: number, count: number): void {
    const entities = this.#entities;
    let left = count;
    for (let row = entities.first[cell]!; left > 0; row = entities.next[row]!) {
      if (entities.isGhost(row)) continue;
      out.u32(entities.id[row]!).f64(entities.x[row]!).f64(entities.y[row]!);
      out.f64(entities.velocityX[row]!).f64(entities.velocityY[row]!);
      out.u8(entities.kind[row]!).u8(entities.level[row]!).u8(entities.look[row]!);
      out.u8(entities.state[row]!).u8(entities.health[row]!).u8(entities.heading[row]!);
      left--;
    }
  }

  #readRow(peer: number, cell: number, from: ByteReader): void {
    const entities = this.#entities;
    const id = from.u32();
    let row = entities.rowOf(id);
    // Ours already, or no room to show it: the neighbour's word comes too late or must wait.
    if (row === NO_ROW ? entities.isFull : !entities.isGhost(row)) {
      from.skip(ROW_BYTES - ID_BYTES);
      return;
    }
    if (row === NO_ROW) row = entities.add({ id, x: 0, y: 0, cell, owner: peer, isGhost: true });
    if (entities.cell[row] !== cell) entities.moveToCell(row, cell);
    this.#shownAt[row] = this.#shown;
    entities.owner[row] = peer;
    from.f64Into(entities.x, row);
    from.f64Into(entities.y, row);
    from.f64Into(entities.velocityX, row);
    from.f64Into(entities.velocityY, row);
    entities.kind[row] = from.u8();
    entities.level[row] = from.u8();
    entities.look[row] = from.u8();
    entities.state[row] = from.u8();
    entities.health[row] = from.u8();
    entities.heading[row] = from.u8();
  }

  /** What a neighbour owns in the cell and has not shown just now is gone. */
  #sweep(cell: number, peer: number, shown: number): void {
    const { first, next, owner } = this.#entities;
    for (let row = first[cell]!; row !== NO_ROW; ) {
      const following = next[row]!;
      if (this.#entities.isGhost(row) && owner[row] === peer && this.#shownAt[row] !== shown)
        this.#entities.remove(row);
      row = following;
    }
  }
}
