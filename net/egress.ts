/**
 * Everything that leaves. What a session is to be sent waits in its outbox until the turn ends, and then leaves in one
 * system call: state, events in their place among it, and the acknowledgement of its intents. Cell frames are staged, and
 * become one message for all who hear the same view.
 */

import type { Counters } from "../engine/memory/counters.js";
import { netMetric } from "../engine/metrics.js";
import { readU16 } from "../engine/wire/bytes-le.js";
import { decodeRefusedBody, FRAMES_HEAD_BYTES, writeIntentAck } from "../engine/wire/codec.js";
import { CellFramesHeaderLayout, IntentAckLayout } from "../engine/wire/generated/frames-layout.js";
import { engineEvents, eventScopes } from "../engine/wire/message-types.js";
import type { EventFields, EventLog } from "./event-log.js";
import { FrameStage } from "./frame-stage.js";
import type { JournalWatch } from "./journal-watch.js";
import type { Session } from "./session.js";
import type { SessionJournal } from "./session-journal.js";
import type { SightTable } from "./sight.js";
import { NO_SEAT, NO_VIEW } from "./views.js";

const GAUGES_MS = 100;

/** What a full event log ends. */
export type OnTooSlow = (session: Session) => void;

export class Egress {
  readonly #sight: SightTable;
  readonly #counters: Counters;
  readonly #onTooSlow: OnTooSlow;
  readonly #journal: SessionJournal;
  readonly #watch: JournalWatch;
  #queue: Session[] = [];
  /** Sessions whose connection dropped something or has drained since the last turn. */
  #pressed: Session[] = [];
  #tooSlow: Session[] = [];
  /** Those who read too slowly, and some who did. */
  readonly #slow = new Set<Session>();
  #gaugesDueMs = Number.NEGATIVE_INFINITY;
  /** Messages of the session that is being sent to, where there are others than those in its outbox. */
  readonly #gathered: Uint8Array[] = [];
  /** Of each of these the number of its event, 0 where it is none. */
  readonly #numbers: number[] = [];
  readonly #ack = new Uint8Array(IntentAckLayout.size);
  readonly #stage: FrameStage;
  /** By center, the message of the staged frames for those who hear a view; null: there is none. */
  readonly #viewMessages: (Uint8Array | null)[];
  /** Centers that there is a message for. */
  readonly #composed: Int32Array;
  #composedCount = 0;
  /** Cells that one session hears. */
  readonly #heard: Int32Array;

  constructor(parts: {
    readonly sight: SightTable;
    readonly counters: Counters;
    readonly onTooSlow: OnTooSlow;
    readonly journal: SessionJournal;
    readonly watch: JournalWatch;
    readonly cellCount: number;
    /** Cells that a session sees at most. */
    readonly sightCells: number;
  }) {
    this.#sight = parts.sight;
    this.#counters = parts.counters;
    this.#onTooSlow = parts.onTooSlow;
    this.#journal = parts.journal;
    this.#watch = parts.watch;
    this.#stage = new FrameStage(parts.cellCount);
    this.#viewMessages = new Array<Uint8Array | null>(parts.cellCount).fill(null);
    this.#composed = new Int32Array(parts.cellCount);
    this.#heard = new Int32Array(parts.sightCells);
  }

  get isDirty(): boolean {
    return this.#queue.length > 0 || this.#pressed.length > 0 || this.#tooSlow.length > 0;
  }

  /** Something of this session's own is to be sent at the end of the turn. */
  queue(session: Session): void {
    if (session.isQueued || session.connection === null) return;
    session.isQueued = true;
    if (session.seat !== NO_SEAT) this.#sight.views.waiting[session.seat] = 1;
    this.#queue.push(session);
  }

  /** State for one session, skipped if it is slow. The bytes must stay as they are until the turn ends. */
  sendState(session: Session, message: Uint8Array): void {
    if (session.connection === null || session.isSlow) return;
    session.outbox.add(message);
    this.queue(session);
  }

  /** A copy of `length` bytes at `at` of a lane, which stays until the turn ends. */
  keep(lane: Uint8Array, at: number, length: number): Uint8Array {
    return this.#stage.copy(lane, at, length);
  }

  /** A reliable event for one session. One of a durable room that it has had is not told again. */
  tell(session: Session, event: EventFields): void {
    const { events } = session;
    const { roomSeq = 0, isDurable = false } = event;
    if (roomSeq > 0 && !session.news.take(event.room, roomSeq)) {
      this.#counters.add(netMetric.events_repeated_total);
      return;
    }
    this.#counters.add(netMetric.events_total);
    const wasLossy = events.isLossy;
    if (!events.append(event)) {
      // What the journal has of its events is not whole any more either.
      if (!wasLossy) this.#journal.stands(session);
      if (session.connection !== null) this.#tooSlow.push(session);
      this.queue(session);
      return;
    }
    const group = this.#journal.event(session, { roomId: roomSeq > 0 ? event.room : 0, roomSeq });
    if (isDurable) events.holdLast(group);
    if (event.scope === eventScopes.engine && event.kind === engineEvents.refused)
      session.intents.refused(decodeRefusedBody(event.body).intentSeq, group);
    this.#watch.onAppended(session);
    session.outbox.markEvent(events.last);
    this.queue(session);
  }

  /** What a client says it has. False when it cannot have it. */
  acknowledge(session: Session, upTo: number): boolean {
    const verdict = session.events.acknowledge(upTo);
    if (verdict === "refused") return false;
    if (verdict === "taken") this.#journal.changed(session);
    else {
      this.#journal.resynced(session);
      this.#watch.onHolding(session);
    }
    return true;
  }

  /** State for several, `length` bytes at `at` of a lane. */
  sendToEach(sessions: Iterable<Session>, lane: Uint8Array, at: number, length: number): void {
    const message = this.keep(lane, at, length);
    for (const session of sessions) this.sendState(session, message);
  }

  /**
   * A message with one frame, `length` bytes at `at` of a lane, for those who hear its cell. It leaves with the frames of
   * other cells of its tick.
   */
  stageFrame(cell: number, lane: Uint8Array, at: number, length: number): void {
    const tick = readU16(lane, at + CellFramesHeaderLayout.tick);
    // Behind a keyframe in this turn: whoever was given that one hears this one.
    if (!this.#stage.accepts(cell, tick) || this.#sight.hasPromoted(cell)) this.#passFrames();
    this.#stage.add(cell, tick, lane, at + FRAMES_HEAD_BYTES, length - FRAMES_HEAD_BYTES);
  }

  /** Makes one message for each view and each loner, of what they hear. Returns how many views there is one for. */
  #composeFrames(): number {
    const stage = this.#stage;
    const { views, loners } = this.#sight;
    if (stage.isEmpty) return 0;
    let composed = 0;
    for (let index = 0; index < views.count; index++) {
      const center = views.at(index);
      const cells = views.cellsOf(center);
      const message = stage.compose(cells, cells.length);
      if (message === null) continue;
      this.#viewMessages[center] = message;
      this.#composed[composed++] = center;
    }
    this.#composedCount = composed;
    for (const session of loners) {
      const message = stage.compose(this.#heard, this.#sight.heardBy(session, this.#heard));
      if (message !== null) this.sendState(session, message);
    }
    stage.clear();
    this.#counters.add(netMetric.composed_total, composed);
    return composed;
  }

  #forgetFrames(): void {
    for (let index = 0; index < this.#composedCount; index++)
      this.#viewMessages[this.#composed[index]!] = null;
    this.#composedCount = 0;
  }

  /** What is staged goes into everybody's outbox, because there is more to come in this turn. */
  #passFrames(): void {
    if (this.#composeFrames() > 0) {
      const { seats, centers, sessions } = this.#sight.views;
      for (let seat = 0; seat < seats; seat++) {
        const center = centers[seat]!;
        const message = center === NO_VIEW ? null : this.#viewMessages[center]!;
        if (message !== null) this.sendState(sessions[seat]!, message);
      }
      this.#forgetFrames();
    }
    this.#sight.promote();
  }

  /** The message of their view to all of whom nothing else waits, and so nothing need be looked at. */
  #sendToViews(): void {
    const { seats, centers, waiting, connections, sessions } = this.#sight.views;
    const messages = this.#viewMessages;
    let sent = 0;
    let bytes = 0;
    for (let seat = 0; seat < seats; seat++) {
      const center = centers[seat]!;
      if (center === NO_VIEW || waiting[seat] !== 0) continue;
      const message = messages[center]!;
      if (message === null) continue;
      if (connections[seat]!.send(message) === "dropped") {
        this.onDropped(sessions[seat]!);
        continue;
      }
      sent++;
      bytes += message.length;
    }
    this.#counters.add(netMetric.messages_out_total, sent);
    this.#counters.add(netMetric.bytes_out_total, bytes);
  }

  /** A message that is no frame, for those who hear a cell. */
  sendToCell(cell: number, lane: Uint8Array, at: number, length: number): void {
    const message = this.keep(lane, at, length);
    this.#sight.eachHearing(cell, (session) => this.sendState(session, message));
  }

  /** A connection has drained. Called at any time, so it is only noted. */
  onDrained(session: Session): void {
    this.#pressed.push(session);
  }

  /** A message was dropped: state is skipped from here on, events come again. */
  onDropped(session: Session): void {
    session.events.isInterrupted = true;
    this.#pressed.push(session);
    if (session.isSlow) return;
    session.isSlow = true;
    this.#slow.add(session);
    this.#counters.add(netMetric.state_skipped_total);
  }

  /** A few times a second, and when somebody has become slow or caught up: it asks each slow connection. */
  setGauges(nowMs: number): void {
    if (nowMs < this.#gaugesDueMs) return;
    this.#gaugesDueMs = nowMs + GAUGES_MS;
    let bytes = 0;
    for (const session of this.#slow) {
      if (session.isSlow && session.connection !== null) bytes += session.connection.bufferedBytes;
      else this.#slow.delete(session);
    }
    this.#counters.set(netMetric.sessions_slow, this.#slow.size);
    this.#counters.set(netMetric.buffered_bytes, bytes);
  }

  /** Begins a turn: slow sessions stop hearing state, those that have caught up begin anew. Returns how many. */
  settlePressure(onCaughtUp: (session: Session) => void): number {
    const pressed = this.#pressed;
    if (pressed.length === 0) return 0;
    this.#pressed = [];
    this.#gaugesDueMs = Number.NEGATIVE_INFINITY;
    for (const session of pressed) {
      const { connection } = session;
      if (connection === null) continue;
      if (session.isSlow) {
        this.#sight.skipState(session);
        session.outbox.clear();
        if (connection.bufferedBytes === 0) {
          session.isSlow = false;
          // An event among what was dropped comes again; the client knows by its number which it has.
          if (session.events.isInterrupted) session.events.rewind();
          // So does the acknowledgement, which is told once.
          session.needsAck = session.intents.received > 0;
          this.#sight.resumeState(session);
          onCaughtUp(session);
        }
      }
      this.queue(session);
    }
    return pressed.length;
  }

  /** Ends a turn. Returns to how many sessions something was sent. */
  flush(): number {
    const composed = this.#composeFrames();
    if (composed > 0) this.#sendToViews();
    const queue = this.#queue;
    this.#queue = [];
    for (const session of queue) {
      session.isQueued = false;
      if (session.seat !== NO_SEAT) this.#sight.views.waiting[session.seat] = 0;
      if (session.connection === null) continue;
      const message = session.isSteady ? this.#viewMessages[session.viewCenter]! : null;
      if (message !== null) session.outbox.add(message);
      this.#sendQueued(session);
    }
    if (composed > 0) this.#forgetFrames();
    this.#sight.promote();
    this.#stage.endTurn();
    this.#sight.endTurn();
    const tooSlow = this.#tooSlow;
    this.#tooSlow = [];
    for (const session of tooSlow) this.#onTooSlow(session);
    return queue.length;
  }

  #sendQueued(session: Session): void {
    const { outbox, events } = session;
    // The Welcome comes first, and nothing is tried until a slow one has drained: what is owed by then is sent then.
    if (session.state.is === "connecting" || session.isSlow) {
      outbox.clear();
      return;
    }
    const owesEvents = !events.isInterrupted && events.sent < events.released;
    if (owesEvents || session.needsAck) this.#sendGathered(session, owesEvents);
    else if (outbox.count > 0) this.#sendAll(session, outbox.messages, outbox.count);
    outbox.clear();
  }

  /** What is in its outbox, with events among it and the acknowledgement behind it. */
  #sendGathered(session: Session, owesEvents: boolean): void {
    const { outbox, events } = session;
    const gathered = this.#gathered;
    const numbers = this.#numbers;
    const last = owesEvents ? events.released : events.sent;
    // What was told in earlier turns goes before all of this one.
    let told = this.#gatherEvents(events, events.sent, outbox.marks > 0 ? outbox.firstEvent - 1 : last, last);
    let taken = 0;
    for (let mark = 0; mark < outbox.marks; mark++) {
      for (const spot = outbox.spots[mark]!; taken < spot; taken++) this.#gather(outbox.messages[taken]!, 0);
      told = this.#gatherEvents(events, told, outbox.lastEvents[mark]!, last);
    }
    for (; taken < outbox.count; taken++) this.#gather(outbox.messages[taken]!, 0);
    const isAcked = session.needsAck && this.#watch.mayAck(session);
    if (isAcked) {
      writeIntentAck(this.#ack, 0, { applied: session.intents.applied, durable: session.intents.durable });
      this.#gather(this.#ack, 0);
    }
    const sent = this.#sendAll(session, gathered, gathered.length);
    for (let at = 0; at < sent; at++) events.sent = Math.max(events.sent, numbers[at]!);
    if (isAcked && sent === gathered.length) session.needsAck = false;
    gathered.length = 0;
    numbers.length = 0;
  }

  /** The events behind `told`, up to `upTo` and at most `last`. Returns the number of the last of them. */
  #gatherEvents(events: EventLog, told: number, upTo: number, last: number): number {
    let number = told;
    while (number < upTo && number < last) this.#gather(events.message(++number), number);
    return number;
  }

  #gather(message: Uint8Array, number: number): void {
    this.#gathered.push(message);
    this.#numbers.push(number);
  }

  /** Returns how many were taken. */
  #sendAll(session: Session, messages: readonly Uint8Array[], count: number): number {
    const sent = session.connection!.sendAll(messages, count);
    let bytes = 0;
    for (let at = 0; at < sent; at++) bytes += messages[at]!.length;
    this.#counters.add(netMetric.messages_out_total, sent);
    this.#counters.add(netMetric.bytes_out_total, bytes);
    if (sent < count) this.onDropped(session);
    return sent;
  }
}
