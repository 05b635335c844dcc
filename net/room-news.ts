/**
 * Of each durable room, the newest event that a session has: a room that is replayed tells everything again, and
 * everybody hears it once.
 */

/** More rooms than a session is in at once: one that was left a moment ago may still be replayed. */
export const ROOMS_REMEMBERED_MAX = 256;

export class RoomNews {
  /** The room heard of last is last. */
  readonly #newest = new Map<number, number>();

  get roomCount(): number {
    return this.#newest.size;
  }

  newest(roomId: number): number {
    return this.#newest.get(roomId) ?? 0;
  }

  /** Whether the session has not had this event of the room; it has it from now on. */
  take(roomId: number, roomSeq: number): boolean {
    if (roomSeq <= this.newest(roomId)) return false;
    this.#newest.delete(roomId);
    this.#newest.set(roomId, roomSeq);
    if (this.#newest.size > ROOMS_REMEMBERED_MAX) {
      const [oldest] = this.#newest.keys();
      this.#newest.delete(oldest!);
    }
    return true;
  }
}
