/** Sessions as net is to restore them: what their clients are still owed, and what they need not send again. */
import type { RefusedRecord, SessionEventRecord, SessionProgressRecord } from "../engine/lane/to-store.js";
import { refusedIntent } from "../engine/wire/refused-event.js";
import type { OwedEvent, OwedRefusal, SessionCopy } from "./image-items.js";

const ENTRY_BYTES = 400;
const EVENT_BYTES = 80;
const REFUSAL_BYTES = 100;
/** Sessions nobody has opened yet, whose intents are settled already: their shard was faster than net. */
const UNOPENED_MAX = 1024;
/** Numbers beyond intentsDurable that are kept: the restored session must fit a record. */
const SETTLED_MAX = 1024;
/** Refusals that may be owed to one session: more pile up only while net's groups are far behind those of shards. */
const REFUSALS_MAX = 1024;
const ROOMS_MAX = 256;

/** What shards have said of a session's intents. */
interface Settled {
  intentsDurable: number;
  settled: Set<number>;
  /** Those settled of which no event tells yet that they were refused, by number, oldest first. */
  refusals: Map<number, OwedRefusal>;
}

interface SeenRoom {
  isMember: boolean;
  roomSeq: number;
}

export class ImageSession implements Settled {
  readonly session: number;
  readonly playerId: string;
  readonly name: string;
  /** Journal records before this one are not needed for it. */
  position: number;
  attachEpoch = 0;
  eventsAcked = 0;
  eventsLast = 0;
  /** All up to here are settled: as net has said, or as shards have and there was no room for each. */
  intentsDurable = 0;
  /** Reliable intents settled beyond intentsDurable. */
  settled = new Set<number>();
  refusals = new Map<number, OwedRefusal>();
  readonly rooms = new Map<number, SeenRoom>();
  events: OwedEvent[] = [];
  bytes = ENTRY_BYTES;

  constructor(opened: Pick<SessionCopy, "session" | "playerId" | "name">, position: number) {
    this.session = opened.session;
    this.playerId = opened.playerId;
    this.name = opened.name;
    this.position = position;
  }

  copy(): SessionCopy {
    const { session, playerId, name, attachEpoch, eventsAcked, eventsLast, intentsDurable, events } = this;
    return {
      session,
      playerId,
      name,
      attachEpoch,
      eventsAcked,
      eventsLast,
      intentsDurable,
      settled: [...this.settled].sort((a, b) => a - b),
      rooms: [...this.rooms].map(([roomId, seen]) => ({ roomId, ...seen })),
      events,
      refusals: [...this.refusals.values()].sort((a, b) => a.intentSeq - b.intentSeq),
    };
  }
}

export class ImageSessions {
  readonly #sessions = new Map<number, ImageSession>();
  readonly #unopened = new Map<number, Settled>();
  readonly #isRoomKnown: (roomId: number) => boolean;
  bytes = 0;
  /** Events kept. */
  events = 0;

  /** `isRoomKnown`: whether a room may tell its events again. */
  constructor(isRoomKnown: (roomId: number) => boolean) {
    this.#isRoomKnown = isRoomKnown;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get(session: number): ImageSession | undefined {
    return this.#sessions.get(session);
  }

  values(): IterableIterator<ImageSession> {
    return this.#sessions.values();
  }

  open(opened: Pick<SessionCopy, "session" | "playerId" | "name">, position: number): void {
    if (this.#sessions.has(opened.session)) return;
    const session = new ImageSession(opened, position);
    this.#sessions.set(opened.session, session);
    this.bytes += session.bytes;
    const known = this.#unopened.get(opened.session);
    this.#unopened.delete(opened.session);
    if (known === undefined) return;
    session.intentsDurable = known.intentsDurable;
    session.settled = known.settled;
    session.refusals = known.refusals;
    for (const refusal of known.refusals.values()) this.#weigh(session, bytesOf(refusal));
  }

  progress(record: SessionProgressRecord): void {
    const session = this.#sessions.get(record.session);
    if (session === undefined) return;
    session.attachEpoch = Math.max(session.attachEpoch, record.attachEpoch);
    session.eventsAcked = Math.max(session.eventsAcked, record.eventsAcked);
    session.eventsLast = Math.max(session.eventsLast, session.eventsAcked);
    session.intentsDurable = Math.max(session.intentsDurable, record.intentsDurable);
    for (const seq of session.settled) if (seq <= session.intentsDurable) session.settled.delete(seq);
    for (const seq of session.refusals.keys()) if (seq <= record.intentsDurable) this.#told(session, seq);
    let acked = 0;
    while (acked < session.events.length && session.events[acked]!.seq <= session.eventsAcked)
      this.#weigh(session, -EVENT_BYTES - session.events[acked++]!.message.length);
    session.events.splice(0, acked);
    this.events -= acked;
  }

  addEvent(record: SessionEventRecord): void {
    const session = this.#sessions.get(record.session);
    if (session === undefined || record.seq <= session.eventsLast) return;
    session.eventsLast = record.seq;
    session.events.push({ seq: record.seq, message: record.message });
    this.events++;
    this.#weigh(session, EVENT_BYTES + record.message.length);
    if (record.roomId !== 0) {
      const seen = this.#seen(session, record.roomId);
      seen.roomSeq = Math.max(seen.roomSeq, record.roomSeq);
    }
    // What net itself refuses no shard has settled. Whoever is told of a refusal must not see the intent take effect.
    const refused = refusedIntent(record.message);
    if (refused === 0) return;
    this.settle({ session: record.session, seqs: [refused] });
    this.#told(session, refused);
  }

  seat(record: { readonly session: number; readonly roomId: number; readonly isMember: boolean }): void {
    const session = this.#sessions.get(record.session);
    if (session !== undefined) this.#seen(session, record.roomId).isMember = record.isMember;
  }

  settle(record: { readonly session: number; readonly seqs: readonly number[] }): void {
    const known = this.#sessions.get(record.session) ?? this.#unopenedOf(record.session);
    const { settled } = known;
    for (const seq of record.seqs) {
      if (settled.size >= SETTLED_MAX) fold(known);
      if (seq > known.intentsDurable && settled.size < SETTLED_MAX) settled.add(seq);
    }
  }

  /** A shard has refused an intent. Whoever may have been told so must not see it take effect: it is settled. */
  refuse(record: RefusedRecord): void {
    const { session: number, ...refusal } = record;
    this.settle({ session: number, seqs: [refusal.intentSeq] });
    const session = this.#sessions.get(number);
    const { settled, refusals } = session ?? this.#unopenedOf(number);
    if (!settled.has(refusal.intentSeq) || refusals.has(refusal.intentSeq)) return;
    for (const oldest of refusals.keys()) {
      if (refusals.size < REFUSALS_MAX) break;
      if (session === undefined) refusals.delete(oldest);
      else this.#told(session, oldest);
    }
    refusals.set(refusal.intentSeq, refusal);
    if (session !== undefined) this.#weigh(session, bytesOf(refusal));
  }

  /** An event tells of the refusal, or its client has been told. */
  #told(session: ImageSession, intentSeq: number): void {
    const refusal = session.refusals.get(intentSeq);
    if (refusal === undefined) return;
    session.refusals.delete(intentSeq);
    this.#weigh(session, -bytesOf(refusal));
  }

  close(session: number): void {
    this.#unopened.delete(session);
    const known = this.#sessions.get(session);
    if (known === undefined) return;
    this.bytes -= known.bytes;
    this.events -= known.events.length;
    this.#sessions.delete(session);
  }

  replace(copy: SessionCopy, position: number): void {
    this.close(copy.session);
    this.open(copy, position);
    const session = this.#sessions.get(copy.session)!;
    session.attachEpoch = copy.attachEpoch;
    session.eventsAcked = copy.eventsAcked;
    session.eventsLast = copy.eventsLast;
    session.intentsDurable = copy.intentsDurable;
    session.settled = new Set(copy.settled);
    session.events = [...copy.events];
    this.events += copy.events.length;
    for (const refusal of copy.refusals) {
      session.refusals.set(refusal.intentSeq, refusal);
      this.#weigh(session, bytesOf(refusal));
    }
    for (const { roomId, isMember, roomSeq } of copy.rooms) session.rooms.set(roomId, { isMember, roomSeq });
    for (const { message } of copy.events) this.#weigh(session, EVENT_BYTES + message.length);
  }

  #seen(session: ImageSession, roomId: number): SeenRoom {
    const known = session.rooms.get(roomId);
    if (known !== undefined) return known;
    if (session.rooms.size >= ROOMS_MAX) this.#tidy(session);
    const seen = { isMember: false, roomSeq: 0 };
    session.rooms.set(roomId, seen);
    return seen;
  }

  /** Rooms that a client has left and that will not tell anything again need not be remembered; then the oldest. */
  #tidy(session: ImageSession): void {
    for (const [roomId, { isMember }] of session.rooms)
      if (!isMember && !this.#isRoomKnown(roomId)) session.rooms.delete(roomId);
    for (const roomId of session.rooms.keys()) {
      if (session.rooms.size < ROOMS_MAX) return;
      session.rooms.delete(roomId);
    }
  }

  #unopenedOf(session: number): Settled {
    const known = this.#unopened.get(session);
    if (known !== undefined) return known;
    for (const oldest of this.#unopened.keys()) {
      if (this.#unopened.size < UNOPENED_MAX) break;
      this.#unopened.delete(oldest);
    }
    const settled = {
      intentsDurable: 0,
      settled: new Set<number>(),
      refusals: new Map<number, OwedRefusal>(),
    };
    this.#unopened.set(session, settled);
    return settled;
  }

  #weigh(session: ImageSession, bytes: number): void {
    session.bytes += bytes;
    this.bytes += bytes;
  }
}

/** Makes room: what is settled without a gap need not be kept one by one. While the disk was away net could not say so. */
function fold(known: Settled): void {
  while (known.settled.delete(known.intentsDurable + 1)) known.intentsDurable++;
}

function bytesOf({ reason }: OwedRefusal): number {
  return REFUSAL_BYTES + reason.length;
}
