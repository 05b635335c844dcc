/**
 * Durable rooms as they are to be restored: a checkpoint and the inputs behind it. A newer checkpoint is only a candidate
 * until net is known to have every event before it: a room restored from it would not tell those again.
 */
import type { RoomCandidate, RoomCopy, RoomInputs } from "./image-items.js";

/** Bytes that an entry costs beside its contents, about. */
const ENTRY_BYTES = 200;
const INPUTS_BYTES = 80;
/** Not known yet. */
const UNKNOWN = -1;

export class ImageRoom {
  readonly roomId: number;
  /** Journal records before this one are not needed for it. */
  position: number;
  cell: number;
  checkpoint: Uint8Array | null = null;
  inputs: RoomInputs[] = [];
  /** At most two: the oldest, which is next, and the newest. */
  candidates: (RoomCandidate & { readonly position: number })[] = [];

  constructor(roomId: number, cell: number, position: number) {
    this.roomId = roomId;
    this.cell = cell;
    this.position = position;
  }

  get isEnding(): boolean {
    return this.candidates.at(-1)?.checkpoint === null;
  }

  get bytes(): number {
    let bytes = ENTRY_BYTES + (this.checkpoint?.length ?? 0);
    for (const { inputs } of this.inputs) bytes += INPUTS_BYTES + inputs.length;
    for (const { checkpoint } of this.candidates) bytes += checkpoint?.length ?? 0;
    return bytes;
  }
}

export class ImageRooms {
  readonly #rooms = new Map<number, ImageRoom>();
  /** Rooms with candidates. */
  readonly #waiting = new Set<ImageRoom>();
  /** Rooms that end behind a restore: the journal does not show when. */
  readonly #endingBehind = new Set<number>();
  readonly #gone: number[] = [];
  bytes = 0;

  get size(): number {
    return this.#rooms.size;
  }

  has(roomId: number): boolean {
    return this.#rooms.has(roomId);
  }

  get(roomId: number): ImageRoom | undefined {
    return this.#rooms.get(roomId);
  }

  values(): IterableIterator<ImageRoom> {
    return this.#rooms.values();
  }

  /** What a room took in during one tick. */
  addInputs(roomId: number, cell: number, position: number, taken: RoomInputs): void {
    const room = this.#roomOf(roomId, cell, position);
    room.inputs.push(taken);
    this.bytes += INPUTS_BYTES + taken.inputs.length;
  }

  /** A checkpoint, or with null the end, behind everything the room has taken in so far. */
  addCandidate(
    where: { readonly roomId: number; readonly cell: number | null; readonly position: number },
    candidate: Omit<RoomCandidate, "covered">,
  ): void {
    const { roomId, position } = where;
    const known = this.#rooms.get(roomId);
    if (known === undefined && where.cell === null) return;
    const room = this.#roomOf(roomId, where.cell ?? known!.cell, position);
    // Of a room nothing was known of, this is all there is.
    if (known === undefined && candidate.checkpoint !== null) {
      room.checkpoint = candidate.checkpoint;
      this.bytes += candidate.checkpoint.length;
      return;
    }
    if (room.candidates.length > 1) this.bytes -= room.candidates.pop()!.checkpoint?.length ?? 0;
    room.candidates.push({ ...candidate, position, covered: room.inputs.length });
    this.bytes += candidate.checkpoint?.length ?? 0;
    this.#waiting.add(room);
  }

  /** Net has put into effect everything up to these ticks of the shards. */
  promote(ticks: readonly number[]): void {
    for (const room of this.#waiting) {
      for (let next = room.candidates[0]; next !== undefined; next = room.candidates[0]) {
        if (next.tick === UNKNOWN || (ticks[next.shard] ?? -1) < next.tick) break;
        this.#settle(room, next);
      }
      if (room.candidates.length === 0) this.#waiting.delete(room);
    }
  }

  #settle(room: ImageRoom, to: ImageRoom["candidates"][number]): void {
    if (to.checkpoint === null) {
      if (this.#endingBehind.has(room.roomId)) this.#gone.push(room.roomId);
      this.drop(room.roomId);
      return;
    }
    this.bytes -= room.bytes;
    room.checkpoint = to.checkpoint;
    // Another array: an answer to a shard may be on its way through this one.
    room.inputs = room.inputs.slice(to.covered);
    room.position = to.position;
    room.candidates.shift();
    room.candidates = room.candidates.map((one) => ({ ...one, covered: one.covered - to.covered }));
    this.bytes += room.bytes;
  }

  /**
   * A process begins. What net had of the one before is all in the journal, so rooms are told again from their
   * checkpoints, and candidates mean nothing any more; of a room that ended only that it did.
   */
  start(): void {
    for (const room of this.#waiting) {
      this.bytes -= room.bytes;
      const { isEnding } = room;
      room.candidates = isEnding
        ? [
            {
              shard: 0,
              tick: UNKNOWN,
              covered: room.inputs.length,
              checkpoint: null,
              position: room.position,
            },
          ]
        : [];
      this.bytes += room.bytes;
      if (!isEnding) this.#waiting.delete(room);
    }
  }

  /** A room that had ended was restored by a shard, which from its tick on has told everything again. */
  endBehind(roomId: number, at: { readonly shard: number; readonly tick: number }): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined || !room.isEnding) return;
    room.candidates = [{ ...room.candidates.at(-1)!, ...at }];
    this.#endingBehind.add(roomId);
  }

  drop(roomId: number): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    this.bytes -= room.bytes;
    this.#rooms.delete(roomId);
    this.#waiting.delete(room);
    this.#endingBehind.delete(roomId);
    room.candidates = [];
  }

  /** Rooms dropped since the last call, of which the journal is to be told: see {@link endBehind}. */
  takeGone(): number[] {
    return this.#gone.splice(0);
  }

  replace(copy: RoomCopy, position: number): void {
    this.drop(copy.roomId);
    const room = this.#roomOf(copy.roomId, copy.cell, position);
    this.bytes -= room.bytes;
    room.checkpoint = copy.checkpoint;
    room.inputs = [...copy.inputs];
    room.candidates = copy.candidates.map((candidate) => ({ ...candidate, position }));
    this.bytes += room.bytes;
    if (room.candidates.length > 0) this.#waiting.add(room);
  }

  #roomOf(roomId: number, cell: number, position: number): ImageRoom {
    const known = this.#rooms.get(roomId);
    if (known !== undefined) {
      known.cell = cell;
      return known;
    }
    const room = new ImageRoom(roomId, cell, position);
    this.#rooms.set(roomId, room);
    this.bytes += ENTRY_BYTES;
    return room;
  }
}
