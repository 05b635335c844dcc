/**
 * Everything that leaves. Cell frames are staged, and then sent as one message to each view; within one turn published messages and each session's own are gathered by the socket
 * layer into one system call per client; a session's own are sent at the turn's end: events, state, the
 * acknowledgement of its intents.
 */

import type { Counters } from "../engine/memory/counters.js";
import { netMetric } from "../engine/metrics.js";
import { readU16 } from "../engine/wire/bytes-le.js";
import { decodeRefusedBody, FRAMES_HEAD_BYTES, writeIntentAck } from "../engine/wire/codec.js";
import { CellFramesHeaderLayout, IntentAckLayout } from "../engine/wire/generated/frames-layout.js";
import { engineEvents, eventScopes } from "../engine/wire/message-types.js";
import type { EventFields } from "./event-log.js";
import { FrameStage } from "./frame-stage.js";
import type { JournalWatch } from "./journal-watch.js";
import type { Peer, Session } from "./session.js";
import type { SessionJournal } from "./session-journal.js";
import type { SightTable } from "./sight.js";
import { roomTopic, type Topic, type Transport } from "./transport.js";

/** What a full event log ends. */
export type OnTooSlow = (session: Session) => void;

export class Egress {
  readonly #transport: Transport<Peer>;
  readonly #sight: SightTable;
  readonly #counters: Counters;
  readonly #onTooSlow: OnTooSlow;
  readonly #journal: SessionJournal;
  readonly #watch: JournalWatch;
  #queue: Session[] = [];
  /** Sessions whose connection reported a drop or a drain since the last turn. */
  #pressed: Session[] = [];
  #tooSlow: Session[] = [];
  readonly #joiningRooms = new Map<number, Set<Session>>();
  /** Published bytes are copied here: the socket layer must not be given shared memory. */
  #scratch = new Uint8Array(65_536);
  readonly #ack = new Uint8Array(IntentAckLayout.size);
  readonly #stage: FrameStage;
  /** Cells that one session hears. */
  readonly #heard: Int32Array;

  constructor(parts: {
    readonly transport: Transport<Peer>;
    readonly sight: SightTable;
    readonly counters: Counters;
    readonly onTooSlow: OnTooSlow;
    readonly journal: SessionJournal;
    readonly watch: JournalWatch;
    readonly cellCount: number;
    /** Cells that a session sees at most. */
    readonly sightCells: number;
  }) {
    this.#transport = parts.transport;
    this.#sight = parts.sight;
    this.#counters = parts.counters;
    this.#onTooSlow = parts.onTooSlow;
    this.#journal = parts.journal;
    this.#watch = parts.watch;
    this.#stage = new FrameStage(parts.cellCount);
    this.#heard = new Int32Array(parts.sightCells);
  }

  get isDirty(): boolean {
    return this.#queue.length > 0 || this.#pressed.length > 0 || this.#tooSlow.length > 0;
  }

  /** Something of this session's own is to be sent at the end of the turn. */
  queue(session: Session): void {
    if (session.isQueued || session.connection === null) return;
    session.isQueued = true;
    this.#queue.push(session);
  }

  /** State for one session, skipped if it is slow. The bytes must stay as they are until the turn ends. */
  sendState(session: Session, message: Uint8Array): void {
    if (session.connection === null || session.isSlow) return;
    session.outbox.push(message);
    this.queue(session);
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

  /** Publishes `length` bytes at `at` of a lane to a topic of so many subscribers. */
  publish(topic: Topic, lane: Uint8Array, at: number, length: number, subscribers: number): void {
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(length * 2);
    const scratch = this.#scratch.subarray(0, length);
    scratch.set(lane.subarray(at, at + length));
    this.#transport.publish(topic, scratch);
    this.#counters.add(netMetric.publishes_total);
    this.#counters.add(netMetric.bytes_out_total, length * subscribers);
  }

  /**
   * A message with one frame, `length` bytes at `at` of a lane, for those who hear its cell. It leaves with the frames of
   * other cells of its tick.
   */
  stageFrame(cell: number, lane: Uint8Array, at: number, length: number): void {
    const tick = readU16(lane, at + CellFramesHeaderLayout.tick);
    // Behind a keyframe in this turn: whoever was given that one hears this one.
    if (!this.#stage.accepts(cell, tick) || this.#sight.hasPromoted(cell)) this.#sendFrames();
    this.#stage.add(cell, tick, lane, at + FRAMES_HEAD_BYTES, length - FRAMES_HEAD_BYTES);
  }

  /** One message to each view and each loner, of what they hear. */
  #sendFrames(): void {
    const stage = this.#stage;
    if (!stage.isEmpty) {
      this.#sendToViews(stage);
      for (const session of this.#sight.loners) {
        const length = stage.compose(this.#heard, this.#sight.heardBy(session, this.#heard));
        if (length > 0) this.sendState(session, stage.composed(length).slice());
      }
      stage.clear();
    }
    this.#sight.promote();
  }

  #sendToViews(stage: FrameStage): void {
    const { views } = this.#sight;
    let messages = 0;
    let bytes = 0;
    for (let index = 0; index < views.count; index++) {
      const center = views.at(index);
      const cells = views.cellsOf(center);
      const length = stage.compose(cells, cells.length);
      if (length === 0) continue;
      this.#transport.publish(center, stage.composed(length));
      messages++;
      bytes += length * views.subscribersOf(center);
    }
    this.#counters.add(netMetric.publishes_total, messages);
    this.#counters.add(netMetric.bytes_out_total, bytes);
  }

  /** A message that is no frame, for those who hear a cell. */
  publishToCell(cell: number, lane: Uint8Array, at: number, length: number): void {
    const { views } = this.#sight;
    views.eachShowing(cell, (center) => this.publish(center, lane, at, length, views.subscribersOf(center)));
    let message: Uint8Array | null = null;
    this.#sight.eachLonerHearing(cell, (session) => {
      message ??= lane.slice(at, at + length);
      this.sendState(session, message);
    });
  }

  /** The session hears the room from the turn's end on; until then through its own outbox. */
  joinRoom(session: Session, roomId: number): void {
    if (session.isSlow || session.connection === null) return;
    let joining = this.#joiningRooms.get(roomId);
    if (joining === undefined) {
      joining = new Set();
      this.#joiningRooms.set(roomId, joining);
    }
    joining.add(session);
    this.queue(session);
  }

  leaveRoom(session: Session, roomId: number): void {
    this.#joiningRooms.get(roomId)?.delete(session);
    session.connection?.unsubscribe(roomTopic(roomId));
  }

  /** Sessions that joined the room within this turn. */
  joiningRoom(roomId: number): ReadonlySet<Session> | undefined {
    return this.#joiningRooms.get(roomId);
  }

  /** A connection dropped a message or has drained. Called at any time, so it is only noted. */
  notePressure(session: Session, wasDropped: boolean): void {
    if (wasDropped) this.#slowDown(session);
    this.#pressed.push(session);
  }

  #slowDown(session: Session): void {
    session.events.isInterrupted = true;
    if (session.isSlow) return;
    session.isSlow = true;
    this.#counters.add(netMetric.state_skipped_total);
  }

  /** Begins a turn: slow sessions stop hearing state, those that have caught up begin anew. Returns how many. */
  settlePressure(onCaughtUp: (session: Session) => void): number {
    const pressed = this.#pressed;
    if (pressed.length === 0) return 0;
    this.#pressed = [];
    for (const session of pressed) {
      const { connection } = session;
      if (connection === null) continue;
      if (session.isSlow) {
        this.#sight.skipState(session);
        for (const roomId of session.rooms.keys()) this.leaveRoom(session, roomId);
        session.outbox.length = 0;
        if (connection.bufferedBytes === 0) {
          session.isSlow = false;
          // An event among what was dropped comes again; the client knows by its number which it has.
          if (session.events.isInterrupted) session.events.rewind();
          // So does the acknowledgement, which is told once.
          session.needsAck = session.intents.received > 0;
          this.#sight.resumeState(session);
          for (const roomId of session.rooms.keys()) this.joinRoom(session, roomId);
          onCaughtUp(session);
        }
      }
      this.queue(session);
    }
    return pressed.length;
  }

  /** Ends a turn. Returns to how many sessions something was sent. */
  flush(): number {
    this.#sendFrames();
    const queue = this.#queue;
    this.#queue = [];
    for (const session of queue) {
      session.isQueued = false;
      if (session.connection === null) continue;
      this.#sendQueued(session);
    }
    this.#sight.endTurn();
    for (const [roomId, sessions] of this.#joiningRooms) {
      for (const session of sessions) session.connection?.subscribe(roomTopic(roomId));
    }
    this.#joiningRooms.clear();
    const tooSlow = this.#tooSlow;
    this.#tooSlow = [];
    for (const session of tooSlow) this.#onTooSlow(session);
    return queue.length;
  }

  #sendQueued(session: Session): void {
    const { events, outbox } = session;
    // The Welcome comes first; what is owed by then follows it.
    if (session.state.is === "connecting") return;
    // Nothing is tried until it has drained: what is owed by then is sent then.
    if (session.isSlow) {
      outbox.length = 0;
      return;
    }
    while (!events.isInterrupted && events.sent < events.released) {
      if (!this.#send(session, events.message(events.sent + 1))) break;
      events.sent++;
    }
    for (const message of outbox) {
      // A drop makes it slow; the rest of this turn's state would be dropped as well.
      if (session.isSlow || !this.#send(session, message)) break;
    }
    outbox.length = 0;
    if (!session.needsAck || session.isSlow || !this.#watch.mayAck(session)) return;
    writeIntentAck(this.#ack, 0, { applied: session.intents.applied, durable: session.intents.durable });
    if (this.#send(session, this.#ack)) session.needsAck = false;
  }

  #send(session: Session, message: Uint8Array): boolean {
    if (session.connection!.post(message) === "dropped") {
      this.notePressure(session, true);
      return false;
    }
    this.#counters.add(netMetric.messages_out_total);
    this.#counters.add(netMetric.bytes_out_total, message.length);
    return true;
  }
}
