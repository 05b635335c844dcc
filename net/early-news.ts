/**
 * What a room that is replayed tells before its shard has said who is in it. A client that knows of the room hears it as
 * it comes; one that died with the server before it was told is to hear first that it is in the room.
 */
import type { EventFields } from "./event-log.js";
import type { Session } from "./session.js";

/** Events of one session that wait; more of them come as they come. */
const HELD_MAX = 1024;

interface HeldEvent {
  readonly shard: number;
  readonly event: EventFields;
}

export class EarlyNews {
  readonly #held = new Map<Session, HeldEvent[]>();

  /** Keeps an event of a shard that is not restored, if its session knows nothing of the room. False: it may be told. */
  hold(session: Session, shard: number, event: EventFields): boolean {
    const { room, roomSeq = 0 } = event;
    if (roomSeq === 0 || session.rooms.has(room) || session.claims.has(room)) return false;
    // Of a room whose events it has heard it has been told, be it that it has left again.
    if (session.news.newest(room) > 0) return false;
    const held = this.#held.get(session) ?? [];
    if (held.length >= HELD_MAX) return false;
    held.push({ shard, event: { ...event, body: event.body.slice() } });
    this.#held.set(session, held);
    return true;
  }

  /** The session has been told that it is in the room: hands out what waited for that, in order. */
  release(session: Session, room: number, tell: (event: EventFields) => void): void {
    const held = this.#held.get(session);
    if (held === undefined) return;
    this.#keep(
      session,
      held.filter(({ event }) => event.room !== room),
    );
    for (const { event } of held) if (event.room === room) tell(event);
  }

  /** The shard has said who is in its rooms: what still waits is for who has left again, and is told all the same. */
  releaseAll(shard: number, tell: (session: Session, event: EventFields) => void): void {
    for (const [session, held] of this.#held) {
      this.#keep(
        session,
        held.filter((one) => one.shard !== shard),
      );
      for (const one of held) if (one.shard === shard) tell(session, one.event);
    }
  }

  #keep(session: Session, held: HeldEvent[]): void {
    if (held.length === 0) this.#held.delete(session);
    else this.#held.set(session, held);
  }
}
