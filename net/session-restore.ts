/** The sessions of the process before this one, as the journal knows them: built again before anything else happens. */
import type { RestoreEventRecord, SessionImage } from "../engine/lane/from-store.js";
import type { RefusedRecord } from "../engine/lane/to-store.js";
import { netMetric } from "../engine/metrics.js";
import { decodeEvent, encodeNoticeBody, encodeRefusedBody } from "../engine/wire/codec.js";
import { engineEvents, eventScopes } from "../engine/wire/message-types.js";
import { refusedIntent } from "../engine/wire/refused-event.js";
import type { Egress } from "./egress.js";
import { tellEngine } from "./engine-events.js";
import { EventLog } from "./event-log.js";
import { IntentWindow } from "./intent-window.js";
import type { IntentChecks } from "./intents.js";
import type { JournalWatch } from "./journal-watch.js";
import { eventLogLimits, limits } from "./limits.js";
import type { NetContext } from "./net-context.js";
import type { Presence } from "./presence.js";
import { Session } from "./session.js";
import { type SessionJournal, unpackEpoch } from "./session-journal.js";
import type { SessionTable } from "./session-table.js";

/** Tells a player of the restart, and by its acknowledgement us which events the client has. */
const restartedBody = encodeNoticeBody({ code: 0, text: "the server was restarted", seconds: 0 });

export interface SessionRestoreParts extends NetContext {
  readonly sessions: SessionTable;
  readonly checks: IntentChecks;
  readonly presence: Presence;
  readonly egress: Egress;
  readonly journal: SessionJournal;
  readonly watch: JournalWatch;
}

export class SessionRestore {
  readonly #parts: SessionRestoreParts;
  /** The session whose events follow. */
  #image: SessionImage | null = null;
  #messages: Uint8Array[] = [];
  #refusals: RefusedRecord[] = [];

  constructor(parts: SessionRestoreParts) {
    this.#parts = parts;
  }

  onSession(image: SessionImage): void {
    this.#build();
    this.#image = image;
  }

  onEvent(record: RestoreEventRecord): void {
    const image = this.#image;
    // Both are labels of one era. One out of its place makes the row incomplete, which is noticed when it is counted.
    const isNext =
      image?.session === record.session && record.seq === image.eventsAcked + 1 + this.#messages.length;
    if (isNext) this.#messages.push(record.message);
    else this.#parts.lanes.counters.add(netMetric.records_stale_total);
  }

  /** The session's client may not know of this: the process before this one ended before it had that in writing. */
  onRefused(record: RefusedRecord): void {
    if (this.#image?.session === record.session) this.#refusals.push(record);
    else this.#parts.lanes.counters.add(netMetric.records_stale_total);
  }

  /** Everybody is here. `lastNumber`: the newest session number ever given. */
  finish(lastNumber: number): void {
    this.#build();
    this.#parts.sessions.continueBehind(lastNumber);
  }

  #build(): void {
    const image = this.#image;
    if (image === null) return;
    const messages = this.#messages;
    this.#image = null;
    this.#messages = [];
    const refusals = this.#refusals;
    this.#refusals = [];
    const { config, clock, checks, sessions, presence, journal, lanes } = this.#parts;
    // Nobody was ever told of it, so nobody will come.
    if (image.attachEpoch === 0) {
      journal.closedNumber(image.session);
      return;
    }
    const { epoch, isLossy } = unpackEpoch(image.attachEpoch);
    const nowMs = clock.nowMs();
    const events = EventLog.restored(eventLogLimits(config), {
      acked: image.eventsAcked,
      last: image.eventsLast,
      messages,
    });
    if (isLossy) events.giveUp();
    if (events.isLossy) events.skipAhead();
    const session = new Session({
      number: image.session,
      playerId: image.playerId,
      name: image.name,
      events,
      intents: new IntentWindow(limits.intentsOutstandingMax),
      buckets: checks.limits.newBuckets(nowMs),
      state: { is: "suspended", untilMs: nowMs + config.session.graceMs },
      attachEpoch: epoch,
    });
    session.isRestored = true;
    session.wasWelcomed = true;
    // Who is told that events are missing takes nothing for settled that was not.
    const owed = events.isLossy ? [] : refusals;
    const untold = owed.map(({ intentSeq }) => intentSeq);
    if (!events.isLossy) untold.push(...refusedBehindQuestion(messages));
    session.intents.restore({ ...image, untold });
    lanes.counters.add(netMetric.sessions_restored_total);
    sessions.continueBehind(session.number);
    presence.bringBack(session);
    if (!events.isLossy) this.#askClient(session, messages);
    this.#tellRefusals(session, owed);
    for (const { roomId, isMember, roomSeq } of image.rooms) {
      if (roomSeq > 0) session.news.take(roomId, roomSeq);
      // Who is told that events are missing forgets rooms, and is told of them anew.
      if (isMember && !events.isLossy) session.claims.add(roomId);
    }
  }

  /** Behind the question what the client has. It may have this already: twice is better than never. */
  #tellRefusals(session: Session, refusals: readonly RefusedRecord[]): void {
    const { egress, watch } = this.#parts;
    for (const { intentSeq, code, reason } of refusals)
      tellEngine(egress, session, {
        kind: engineEvents.refused,
        body: encodeRefusedBody({ intentSeq, code, reason }),
      });
    if (session.intents.awaitsJournal) watch.onSettled(session);
  }

  /**
   * The client may have events that left without waiting, just before the end, and are not known here: numbers must not
   * be given twice. If the process before this one did not come to know either, its question stands.
   */
  #askClient(session: Session, messages: readonly Uint8Array[]): void {
    const { egress, watch } = this.#parts;
    const { events } = session;
    const asked = messages.findIndex(isRestartNotice);
    if (asked >= 0) events.awaitClient(events.acked + 1 + asked);
    else {
      tellEngine(egress, session, { kind: engineEvents.notice, body: restartedBody });
      if (!events.isLossy) events.awaitClient(events.last);
    }
    watch.onHolding(session);
  }
}

/** Refused by the process before this one, which had not heard what the client has: nothing behind its question left. */
function refusedBehindQuestion(messages: readonly Uint8Array[]): number[] {
  const asked = messages.findIndex(isRestartNotice);
  if (asked < 0) return [];
  return messages
    .slice(asked + 1)
    .map(refusedIntent)
    .filter((seq) => seq > 0);
}

function isRestartNotice(message: Uint8Array): boolean {
  const { scope, kind, body } = decodeEvent(message);
  if (scope !== eventScopes.engine || kind !== engineEvents.notice || body.length !== restartedBody.length)
    return false;
  return body.every((byte, at) => byte === restartedBody[at]);
}
