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
  readonly #seen = new Set<number>();

  constructor(options: {
    readonly grid: Grid;
    readonly shard: number;
    readonly entities: EntityTable;
    readonly peers: PeerLinks;
    readonly ownerOf: (cell: number) => number;
  }) {
    this.#entities = options.entities;
    this.#peers = options.peers;
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
      this.#sweep(cell, (row) => this.#entities.owner[row] === peer);
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
    const entities = this.#entities;
    const cell = from.u32();
    this.#seen.clear();
    for (let left = from.u16(); left > 0; left--) this.#readRow(peer, cell, from);
    this.#sweep(cell, (row) => entities.owner[row] === peer && !this.#seen.has(entities.id[row]!));
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
    const x = from.f64();
    const y = from.f64();
    const velocityX = from.f64();
    const velocityY = from.f64();
    const kind = from.u8();
    const level = from.u8();
    const look = from.u8();
    const state = from.u8();
    const health = from.u8();
    const heading = from.u8();
    let row = entities.rowOf(id);
    // Ours already, or no room to show it: the neighbour's word comes too late or must wait.
    if (row === NO_ROW) {
      if (entities.isFull) return;
      row = entities.add({ id, x, y, cell, owner: peer, isGhost: true });
    } else if (!entities.isGhost(row)) return;
    if (entities.cell[row] !== cell) entities.moveToCell(row, cell);
    this.#seen.add(id);
    entities.owner[row] = peer;
    entities.x[row] = x;
    entities.y[row] = y;
    entities.velocityX[row] = velocityX;
    entities.velocityY[row] = velocityY;
    entities.kind[row] = kind;
    entities.level[row] = level;
    entities.look[row] = look;
    entities.state[row] = state;
    entities.health[row] = health;
    entities.heading[row] = heading;
  }

  #sweep(cell: number, isGone: (row: number) => boolean): void {
    const { first, next } = this.#entities;
    for (let row = first[cell]!; row !== NO_ROW; ) {
      const following = next[row]!;
      if (this.#entities.isGhost(row) && isGone(row)) this.#entities.remove(row);
      row = following;
    }
  }
}
