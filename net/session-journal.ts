/**
 * What the journal is told of sessions, so that they survive the process: opened, closed, where they stand, their events
 * by number, the rooms they know themselves to be in. A turn's records are one group, closed by its end.
 *
 * Loads travel on the same lane, always behind the end of a group: who is loaded is known to the journal before any shard
 * hears of him. Records that find lane and outbox full cost their session its recovery, never its life.
 */
import { ByteWriter } from "../engine/lane/bytes.js";
import type { LaneWriter } from "../engine/lane/lane.js";
import {
  type LoadRecord,
  toStore,
  writeLoad,
  writeNetEnd,
  writeSessionEvent,
  writeSessionOpened,
  writeSessionProgress,
  writeSessionRoom,
} from "../engine/lane/to-store.js";
import type { Log } from "../engine/log.js";
import type { Counters } from "../engine/memory/counters.js";
import { netMetric } from "../engine/metrics.js";
import { limits } from "./limits.js";
import type { Session } from "./session.js";

/**
 * What the journal knows as a session's attachEpoch: the epoch, and in the lowest bit that events are missing, so that a
 * resume after a crash is not complete. Only an attach ends that, and so the number only ever grows.
 */
export function packEpoch(epoch: number, isLossy: boolean): number {
  return epoch * 2 + (isLossy ? 1 : 0);
}
export function unpackEpoch(packed: number): { readonly epoch: number; readonly isLossy: boolean } {
  return { epoch: packed >>> 1, isLossy: (packed & 1) !== 0 };
}

export interface SessionJournalParts {
  readonly lane: LaneWriter;
  readonly counters: Counters;
  readonly log: Log;
  /** By shard, the last tick whose records have been put into effect. */
  readonly ticksTaken: () => ArrayLike<number>;
}

export class SessionJournal {
  readonly #parts: SessionJournalParts;
  readonly #lane: LaneWriter;
  readonly #out = new ByteWriter(4096);
  /** Number of the group that is being written. */
  #group = 1;
  #groupBytes = 0;
  /** What is being written must not be divided into two groups. */
  #isWhole = false;
  /** Somebody waits for this group, though nothing may be written in it. */
  #owesEnd = false;
  #nextEndMs = 0;
  /** By shard, the tick that the last end said. */
  #ticksSaid: number[] = [];
  #nextProgressMs = 0;
  /** Sessions whose progress has changed since it was last written. */
  #changed = new Set<Session>();
  /** Sessions whose loss the journal is still to be told of. */
  readonly #unkept = new Set<Session>();
  /** Sessions that ended while the lane was full. */
  #closed: number[] = [];
  #loads: LoadRecord[] = [];
  #wasFull = false;

  constructor(parts: SessionJournalParts) {
    this.#parts = parts;
    this.#lane = parts.lane;
  }

  /** What is written now is safe when the journal has this group for good. */
  get group(): number {
    return this.#group;
  }

  /** Whether something waits for room on the lane. */
  get isBehind(): boolean {
    return this.#lane.outboxBytes > 0 || this.#unkept.size > 0 || this.#closed.length > 0;
  }

  /** When the next progress or the next end is due; infinite when nothing has changed. */
  get dueMs(): number {
    const progressMs = this.#changed.size > 0 ? this.#nextProgressMs : Number.POSITIVE_INFINITY;
    return this.#hasTicked() ? Math.min(progressMs, this.#nextEndMs) : progressMs;
  }

  /** Whether shards have ticked since the last end: rooms that ended with their last ticks wait for another. */
  #hasTicked(): boolean {
    const ticks = this.#parts.ticksTaken();
    for (let shard = 0; shard < ticks.length; shard++)
      if (ticks[shard] !== (this.#ticksSaid[shard] ?? -1)) return true;
    return false;
  }

  // ---- what happens to sessions -------------------------------------------------------------------------------

  opened(session: Session): void {
    const { number, playerId, name } = session;
    const record = writeSessionOpened(this.#out, { session: number, playerId, name });
    session.keeping = "kept";
    session.isInJournal = this.#write(toStore.sessionOpened, record);
    if (!session.isInJournal) this.#lose(session);
  }

  /** A session of the process before this one: the journal has it already. */
  adopted(session: Session): void {
    session.keeping = "kept";
    session.isInJournal = true;
  }

  closed(session: Session): void {
    session.keeping = "closed";
    this.#unkept.delete(session);
    this.#changed.delete(session);
    if (!session.isInJournal) return;
    session.isInJournal = false;
    this.closedNumber(session.number);
  }

  /** As {@link closed}, of one that was not even built. */
  closedNumber(session: number): void {
    if (!this.#write(toStore.sessionClosed, this.#out.clear().u32(session))) this.#closed.push(session);
  }

  /** Where it stands has changed: to be written within a second, or now when it has come far. */
  changed(session: Session): void {
    if (session.keeping !== "kept") return;
    if (session.intents.durable - session.durableSaid >= INTENTS_UNSAID_MAX) this.stands(session);
    else this.#changed.add(session);
  }

  /** Where it stands is written now: at every attach, and when events were given up. */
  stands(session: Session): void {
    if (session.keeping === "kept") {
      this.#changed.delete(session);
      if (!this.#writeProgress(session)) this.#lose(session);
    } else if (session.keeping === "lost" && !this.#writeProgress(session)) this.#lose(session);
  }

  /** The newest event of a session. Returns the group that it, and what led to it, is safe with. */
  event(session: Session, room: { readonly roomId: number; readonly roomSeq: number }): number {
    const { events } = session;
    if (session.keeping === "kept" && !events.isLossy) {
      const { roomId, roomSeq } = room;
      const seq = events.label(events.last);
      const message = events.message(events.last);
      const record = { session: session.number, seq, roomId, roomSeq, message };
      if (!events.hasLabels || !this.#write(toStore.sessionEvent, writeSessionEvent(this.#out, record)))
        this.#lose(session);
    }
    return this.#promise();
  }

  /** The group that what is told now is safe with: it will be closed, also if nothing more is written into it. */
  #promise(): number {
    this.#owesEnd = true;
    return this.#group;
  }

  /** The client's first word after a crash: numbers go on from there, and what was kept for it has got others. */
  resynced(session: Session): void {
    const { events, number } = session;
    // All or nothing: half of it would be a gap.
    if (this.#groupBytes > 0 && this.#groupBytes + events.keptBytes > limits.journalGroupBytesMax)
      this.#end();
    const fits = events.hasLabels && events.keptBytes <= limits.resyncBytesMax;
    if (session.keeping === "kept" && !fits) this.#lose(session);
    this.#isWhole = true;
    this.stands(session);
    for (let seq = events.acked + 1; seq <= events.last && session.keeping === "kept"; seq++) {
      const message = events.message(seq);
      // Of which rooms they are has been written with their first numbers.
      const record = { session: number, seq: events.label(seq), roomId: 0, roomSeq: 0, message };
      if (!this.#write(toStore.sessionEvent, writeSessionEvent(this.#out, record))) this.#lose(session);
    }
    this.#isWhole = false;
    events.holdAll(this.#promise());
  }

  /** The client is told that it is in a room, or no more. */
  room(session: Session, roomId: number, isMember: boolean): void {
    if (session.keeping !== "kept") return;
    const record = { session: session.number, roomId, isMember };
    if (!this.#write(toStore.sessionRoom, writeSessionRoom(this.#out, record))) this.#lose(session);
  }

  /** Asks for a player, behind everything that this turn writes. Never refused here: {@link endTurn} does that. */
  load(record: LoadRecord): void {
    this.#loads.push(record);
  }

  // ---- writing ------------------------------------------------------------------------------------------------

  #write(type: number, out: ByteWriter): boolean {
    const { length } = out;
    // A group is kept as a whole, so it must not grow beyond all bounds within one turn.
    if (!this.#isWhole && this.#groupBytes + length > limits.journalGroupBytesMax) this.#end();
    if (!this.#lane.sendWriter(type, out)) return false;
    this.#groupBytes += length;
    return true;
  }

  #writeProgress(session: Session): boolean {
    const { events, intents, number } = session;
    session.durableSaid = intents.durable;
    const isLossy = events.isLossy || session.keeping !== "kept";
    return this.#write(
      toStore.sessionProgress,
      writeSessionProgress(this.#out, {
        session: number,
        attachEpoch: packEpoch(session.attachEpoch, isLossy),
        // Of a session that is not complete in the journal nothing is to be kept there.
        eventsAcked: events.hasLabels ? events.label(isLossy ? events.last : events.acked) : LABEL_MAX,
        intentsDurable: intents.durable,
      }),
    );
  }

  /** Something of the session did not fit: it cannot be recovered any more, which the journal is told when it can be. */
  #lose(session: Session): void {
    const { counters, log } = this.#parts;
    if (session.keeping === "kept") counters.add(netMetric.sessions_unkept_total);
    session.keeping = "unkept";
    this.#unkept.add(session);
    this.#changed.delete(session);
    if (this.#wasFull) return;
    this.#wasFull = true;
    log.warn("the way to the journal is full: sessions would not be recovered after a crash", {
      session: session.number,
    });
  }

  /** Ends a turn: what is due is written, the group closed, and loads sent. Returns those that found no room. */
  endTurn(nowMs: number, options: { readonly isTicking: boolean }): readonly LoadRecord[] {
    if (this.#unkept.size > 0 || this.#closed.length > 0) this.#makeGood();
    if (nowMs >= this.#nextProgressMs && this.#changed.size > 0) {
      this.#nextProgressMs = nowMs + limits.journalPeriodMs;
      const changed = this.#changed;
      this.#changed = new Set();
      for (const session of changed) if (session.keeping === "kept") this.stands(session);
    }
    const mayEnd = nowMs >= this.#nextEndMs && (options.isTicking || this.#hasTicked());
    if (this.#groupBytes > 0 || this.#owesEnd || mayEnd) {
      if (this.#end()) this.#nextEndMs = nowMs + limits.journalPeriodMs;
    }
    if (this.#loads.length === 0) return NO_LOADS;
    const loads = this.#loads;
    this.#loads = [];
    return loads.filter((load) => !this.#lane.sendWriter(toStore.load, writeLoad(this.#out, load)));
  }

  #end(): boolean {
    // Whatever a group lacks is said in it: nothing is promised on the strength of one that does not say so.
    if (this.#unkept.size > 0) return false;
    const ticks = Array.from(this.#parts.ticksTaken());
    // Refused: the group goes on until there is room for its end.
    if (!this.#lane.sendWriter(toStore.netEnd, writeNetEnd(this.#out, { group: this.#group, ticks })))
      return false;
    this.#ticksSaid = ticks;
    this.#group++;
    this.#groupBytes = 0;
    this.#owesEnd = false;
    return true;
  }

  /** Tells what could not be told, as far as there is room now. */
  #makeGood(): void {
    const closed = this.#closed;
    this.#closed = [];
    for (const session of closed) this.closedNumber(session);
    for (const session of this.#unkept) {
      const { number, playerId, name } = session;
      if (!session.isInJournal) {
        const opened = writeSessionOpened(this.#out, { session: number, playerId, name });
        session.isInJournal = this.#write(toStore.sessionOpened, opened);
      }
      if (!session.isInJournal || !this.#writeProgress(session)) return;
      session.keeping = "lost";
      this.#unkept.delete(session);
    }
    if (this.#closed.length === 0) this.#wasFull = false;
  }
}

/** Until the journal is told where a session stands it keeps each of its settled intents: a quarter of what it can. */
const INTENTS_UNSAID_MAX = 256;
/** Of sessions that are beyond all labels, and so not kept. */
const LABEL_MAX = 0xffff_ffff;
const NO_LOADS: readonly LoadRecord[] = [];
