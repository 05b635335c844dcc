/**
 * What clients send. Every message passes, in this order: length, type, token bucket, number, verifier; only then
 * is it copied, unread, to the shard it is for. Nothing is allocated for a message that goes through.
 */
import { netMetric } from "../engine/metrics.js";
import {
  eventAckEvents,
  intentKind,
  intentRoom,
  intentSeq,
  pingSentMs,
  writePong,
} from "../engine/wire/codec.js";
import { type CodeEntry, closeCodes, refusals } from "../engine/wire/codes.js";
import { PongLayout } from "../engine/wire/generated/frames-layout.js";
import { verifyInbound } from "../engine/wire/inbound.js";
import {
  FIELD_INTENT_HEAD_BYTES,
  messageTypes,
  ROOM_INTENT_HEAD_BYTES,
} from "../engine/wire/message-types.js";
import { verdicts } from "../engine/wire/verifier.js";
import type { Egress } from "./egress.js";
import { tellRefused } from "./engine-events.js";
import { buckets, type IntentCheck, type IntentChecks } from "./intents.js";
import type { JournalWatch } from "./journal-watch.js";
import { limits } from "./limits.js";
import type { NetContext } from "./net-context.js";
import type { Presence } from "./presence.js";
import type { Permission } from "./rate-limit.js";
import type { Session } from "./session.js";
import type { ShardLane } from "./shard-lane.js";
import { tickNow } from "./welcome.js";

export class Intake {
  readonly #context: NetContext;
  readonly #checks: IntentChecks;
  readonly #presence: Presence;
  readonly #egress: Egress;
  readonly #watch: JournalWatch;
  readonly #shards: readonly ShardLane[];
  readonly #payloadBytesMax: number;
  readonly #pong = new Uint8Array(PongLayout.size);

  constructor(
    context: NetContext,
    parts: {
      readonly checks: IntentChecks;
      readonly presence: Presence;
      readonly egress: Egress;
      readonly watch: JournalWatch;
    },
  ) {
    this.#context = context;
    this.#checks = parts.checks;
    this.#presence = parts.presence;
    this.#egress = parts.egress;
    this.#watch = parts.watch;
    this.#shards = context.lanes.toShards;
    this.#payloadBytesMax = context.config.net.payloadBytesMax;
  }

  /**
   * One message of a session. `bytes` are valid during the call. What is wrong with it ends the session. True when it
   * was a move and went no further than into a lane, as nearly all do.
   */
  take(session: Session, bytes: Uint8Array, isBinary: boolean): boolean {
    const { counters } = this.#context.lanes;
    counters.add(netMetric.messages_in_total);
    counters.add(netMetric.bytes_in_total, bytes.length);
    const fault = isBinary ? this.#takeBinary(session, bytes) : closeCodes.textMessage;
    if (fault === null) return bytes[0] === messageTypes.moveIntent;
    if (fault !== closeCodes.goodbye) counters.add(netMetric.protocol_errors_total);
    this.#presence.end(session, fault);
    return false;
  }

  /** Why the session is to end, or null: so for all below. */
  #takeBinary(session: Session, bytes: Uint8Array): CodeEntry | null {
    if (bytes.length > this.#payloadBytesMax) return closeCodes.tooLarge;
    const verdict = verifyInbound(bytes);
    if (verdict !== 0)
      return verdict === closeCodes.malformed.code ? closeCodes.malformed : closeCodes.unknownType;
    switch (bytes[0]) {
      case messageTypes.moveIntent:
        return this.#takeMove(session, bytes);
      case messageTypes.fieldIntent:
        return this.#takeFieldIntent(session, bytes);
      case messageTypes.roomIntent:
        return this.#takeRoomIntent(session, bytes);
      case messageTypes.eventAck:
        return this.#takeEventAck(session, bytes);
      case messageTypes.ping:
        return this.#takePing(session, bytes);
      case messageTypes.goodbye:
        return closeCodes.goodbye;
      default:
        return closeCodes.unknownType;
    }
  }

  #takeMove(session: Session, bytes: Uint8Array): CodeEntry | null {
    const permission = this.#ask(session, buckets.move);
    if (permission !== "granted") return floodOrNothing(permission);
    const seq = intentSeq(bytes);
    if (seq < session.moveSeq) return closeCodes.outOfOrder;
    session.moveSeq = seq;
    const { place } = session;
    if (place.is !== "field") return null;
    // A move is latest-wins: one that finds the lane full is made good by the next.
    if (!this.#shards[place.shard]!.offerIntent(session.number, session.joinEpoch, 0, bytes)) {
      this.#context.lanes.counters.add(netMetric.intents_refused_total);
    }
    return null;
  }

  #takeFieldIntent(session: Session, bytes: Uint8Array): CodeEntry | null {
    const order = this.#order(session, intentSeq(bytes));
    if (order !== NEXT) return order;
    const check = this.#checks.field.get(intentKind(bytes));
    if (check === undefined) return closeCodes.unknownType;
    const permission = this.#ask(session, check.bucket);
    if (permission !== "granted") return this.#limit(session, check.bucket, permission);
    if (!isShaped(check, bytes, FIELD_INTENT_HEAD_BYTES)) return closeCodes.malformed;
    if (session.place.is === "field") this.#route(session, session.place.shard, 0, bytes);
    else this.#refuse(session, refusals.notAlive);
    return null;
  }

  #takeRoomIntent(session: Session, bytes: Uint8Array): CodeEntry | null {
    const order = this.#order(session, intentSeq(bytes));
    if (order !== NEXT) return order;
    const room = session.rooms.get(intentRoom(bytes));
    // It may have left a moment ago, so the sender is not to blame; the kind cannot be looked up any more.
    const check = room === undefined ? undefined : room.intents.get(intentKind(bytes));
    if (room !== undefined && check === undefined) return closeCodes.unknownType;
    const bucket = check?.bucket ?? buckets.strayRoomIntent;
    const permission = this.#ask(session, bucket);
    if (permission !== "granted") return this.#limit(session, bucket, permission);
    if (room === undefined || check === undefined) this.#refuse(session, refusals.notInRoom);
    else if (!isShaped(check, bytes, ROOM_INTENT_HEAD_BYTES)) return closeCodes.malformed;
    else this.#route(session, room.shard, room.roomId, bytes);
    return null;
  }

  /**
   * Whether a reliable intent is the next. One seen before is ignored: it was sent again after a resume; and so is one
   * that the process before this one has settled.
   */
  #order(session: Session, seq: number): typeof NEXT | CodeEntry | null {
    const order = session.intents.accept(seq);
    if (order === "next") return NEXT;
    if (order === "skips") return closeCodes.outOfOrder;
    const permission = this.#ask(session, buckets.repeatedIntent);
    if (permission === "granted") this.#settled(session);
    return floodOrNothing(permission);
  }

  #route(session: Session, shard: number, room: number, bytes: Uint8Array): void {
    const { intents } = session;
    const isSent =
      !intents.isFull && this.#shards[shard]!.offerIntent(session.number, session.joinEpoch, room, bytes);
    if (isSent) intents.add(intents.received, room, shard);
    else {
      this.#context.lanes.counters.add(netMetric.intents_refused_total);
      this.#refuse(session, refusals.backPressure);
    }
  }

  #takeEventAck(session: Session, bytes: Uint8Array): CodeEntry | null {
    const permission = this.#ask(session, buckets.eventAck);
    if (permission !== "granted") return floodOrNothing(permission);
    return this.#egress.acknowledge(session, eventAckEvents(bytes)) ? null : closeCodes.outOfOrder;
  }

  #takePing(session: Session, bytes: Uint8Array): CodeEntry | null {
    const permission = this.#ask(session, buckets.ping);
    if (permission !== "granted") return floodOrNothing(permission);
    // Nothing comes before the Welcome.
    if (session.isSlow || session.state.is === "connecting") return null;
    const shard = Math.max(0, session.shard);
    writePong(this.#pong, 0, { sentMs: pingSentMs(bytes), tick: tickNow(this.#context), shard });
    if (session.connection!.send(this.#pong) === "dropped") this.#egress.onDropped(session);
    return null;
  }

  #ask(session: Session, bucket: number): Permission {
    const permission = this.#checks.limits.take(session.buckets, bucket, this.#context.clock.nowMs());
    if (permission !== "granted") this.#context.lanes.counters.add(netMetric.intents_limited_total);
    return permission;
  }

  /** A reliable intent over its rate: told, but not more often than a person can read. */
  #limit(session: Session, bucket: number, permission: Permission): CodeEntry | null {
    const nowMs = this.#context.clock.nowMs();
    const toldMs = session.refusalsToldMs.get(bucket) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - toldMs < limits.refusalPeriodMs) this.#settled(session);
    else {
      session.refusalsToldMs.set(bucket, nowMs);
      this.#refuse(session, refusals.tooFrequent);
    }
    return floodOrNothing(permission);
  }

  /** The newest reliable intent is refused. */
  #refuse(session: Session, entry: CodeEntry): void {
    tellRefused(this.#egress, session, session.intents.received, entry);
    this.#settled(session);
  }

  /** The acknowledgement of intents may have moved without a shard's report. */
  #settled(session: Session): void {
    session.needsAck = true;
    this.#watch.onSettled(session);
    this.#egress.queue(session);
  }
}

const NEXT = "next";

function isShaped(check: IntentCheck, bytes: Uint8Array, bodyAt: number): boolean {
  if (check.verify === null) return bytes.length === bodyAt;
  return check.verify(bytes, bodyAt, bytes.length) === verdicts.good;
}

function floodOrNothing(permission: Permission): CodeEntry | null {
  return permission === "flood" ? closeCodes.tooFrequent : null;
}
