/**
 * The names of people in a cell, told with every keyframe and to whoever sees somebody appear. A name is encoded once, and
 * copied from then on: crowds who cross borders are told of again and again.
 */
import type { LaneWriter } from "../engine/lane/lane.js";
import { CELL_MESSAGE_BODY } from "../engine/lane/to-net.js";
import { type EntityTable, NO_ROW, ROW_GHOST } from "../engine/room/entity-table.js";
import { isCreatureId } from "../engine/room/game.js";
import {
  encodeName,
  FRAME_NAME_BYTES_MAX,
  ProfileWriter,
  profilesLength,
  profilesTableLength,
} from "../engine/wire/codec.js";
import { claimCellMessage } from "./cell-message.js";

/** People named in one message. */
const PROFILES_MAX = 500;

/** Gives the name and level of a person, or undefined. */
export type ProfileOf = (entityId: number) => { readonly name: string; readonly level: number } | undefined;

interface EncodedName {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export class CellNames {
  readonly #entities: EntityTable;
  readonly #lane: LaneWriter;
  readonly #profileOf: ProfileOf;
  /** By row, of whoever had it last: it is compared before it is used. */
  readonly #names: (EncodedName | undefined)[];
  readonly #writer = new ProfileWriter();
  /** Bytes that fit one message. */
  readonly #lengthMax: number;
  /** The people gathered for the next message, and the bytes of their names. */
  readonly #rows = new Int32Array(PROFILES_MAX);
  readonly #levels = new Int32Array(PROFILES_MAX);
  #count = 0;
  #nameBytes = 0;

  constructor(options: {
    readonly entities: EntityTable;
    readonly lane: LaneWriter;
    readonly profileOf: ProfileOf;
  }) {
    this.#entities = options.entities;
    this.#lane = options.lane;
    this.#profileOf = options.profileOf;
    this.#names = new Array<EncodedName | undefined>(options.entities.capacity);
    this.#lengthMax = options.lane.ring.recordLengthMax - CELL_MESSAGE_BODY;
  }

  /**
   * Looks who is to be named in a frame with so many other bytes. Returns the bytes of their table, for {@link write}; 0 when
   * there is nobody, or there are too many for one message.
   */
  measure(cell: number, isChosen: (row: number) => boolean, otherBytes: number): number {
    const { first, next } = this.#entities;
    this.#count = 0;
    this.#nameBytes = 0;
    for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
      const profile = isChosen(row) ? this.#profileAt(row) : undefined;
      if (profile === undefined) continue;
      if (this.#count === PROFILES_MAX) return 0;
      this.#add(row, profile.level, this.#encoded(row, profile.name).length);
    }
    if (this.#count === 0) return 0;
    const length = profilesTableLength(this.#count, this.#nameBytes);
    return length > FRAME_NAME_BYTES_MAX || otherBytes + length > this.#lengthMax ? 0 : length;
  }

  /** Writes the table that was measured. */
  write(cell: number, at: number): void {
    this.#writer.beginTable(this.#lane.ring.bytes, at, { cell, count: this.#count });
    this.#writePeople();
  }

  #add(row: number, level: number, length: number): void {
    this.#rows[this.#count] = row;
    this.#levels[this.#count++] = level;
    this.#nameBytes += length;
  }

  #writePeople(): void {
    const { id } = this.#entities;
    for (let index = 0; index < this.#count; index++) {
      const row = this.#rows[index]!;
      this.#writer.add(id[row]!, this.#levels[index]!, this.#names[row]!.bytes);
    }
    this.#count = 0;
    this.#nameBytes = 0;
  }

  /** Tells the names of the people among the rows chosen, in messages of their own. False when the lane had no room for all. */
  tell(cell: number, cellFlags: number, isChosen: (row: number) => boolean): boolean {
    const { first, next } = this.#entities;
    this.#count = 0;
    this.#nameBytes = 0;
    for (let row = first[cell]!; row !== NO_ROW; row = next[row]!) {
      const profile = isChosen(row) ? this.#profileAt(row) : undefined;
      if (profile === undefined) continue;
      const { length } = this.#encoded(row, profile.name);
      const isFull = profilesLength(this.#count + 1, this.#nameBytes + length) > this.#lengthMax;
      if ((isFull || this.#count === PROFILES_MAX) && !this.#writeMessage(cell, cellFlags)) return false;
      this.#add(row, profile.level, length);
    }
    return this.#count === 0 || this.#writeMessage(cell, cellFlags);
  }

  /** Undefined for a ghost, which its owner names, and for a creature. */
  #profileAt(row: number): ReturnType<ProfileOf> {
    const { id, flags } = this.#entities;
    if ((flags[row]! & ROW_GHOST) !== 0 || isCreatureId(id[row]!)) return undefined;
    return this.#profileOf(id[row]!);
  }

  #encoded(row: number, name: string): Uint8Array {
    const known = this.#names[row];
    if (known?.name === name) return known.bytes;
    const bytes = encodeName(name);
    this.#names[row] = { name, bytes };
    return bytes;
  }

  #writeMessage(cell: number, cellFlags: number): boolean {
    const count = this.#count;
    const length = profilesLength(count, this.#nameBytes);
    const at = claimCellMessage(this.#lane, cell, length, cellFlags);
    if (at < 0) return false;
    this.#writer.begin(this.#lane.ring.bytes, at, { cell, count });
    this.#writePeople();
    this.#lane.commit();
    return true;
  }
}
