/**
 * What net tells a shard: members come and go, cells are seen, intents are made. Each record is for this incarnation or
 * refused; what is for a member who is on the way to another shard goes to the handoff.
 */
import { ByteReader } from "../engine/lane/bytes.js";
import { toNet } from "../engine/lane/to-net.js";
import {
  INTENT_INCARNATION,
  INTENT_MESSAGE,
  INTENT_ROOM,
  INTENT_SESSION,
  readJoin,
  readRoomSession,
  readSession,
  SIGHT_CELL,
  SIGHT_SUBSCRIBERS,
  toShard,
} from "../engine/lane/to-shard.js";
import type { Counters } from "../engine/memory/counters.js";
import type { RingReader } from "../engine/memory/spsc-ring.js";
import { shardMetric } from "../engine/metrics.js";
import { refusals } from "../engine/wire/codes.js";
import { messageTypes } from "../engine/wire/message-types.js";
import type { FieldHost } from "./field-host.js";
import type { Handoff } from "./handoff.js";
import { fieldIntentSeq, type HeldRecord, holdRefused, type Member, SETTLED } from "./member.js";
import type { Outlet } from "./outlet.js";
import type { RoomTable } from "./room-table.js";

const DRAIN_RECORDS_MAX = 16_384;

export class NetIntake {
  readonly #ring: RingReader;
  readonly #incarnation: number;
  readonly #intentsMax: number;
  readonly #field: FieldHost;
  readonly #rooms: RoomTable;
  readonly #handoff: Handoff;
  readonly #outlet: Outlet;
  readonly #counters: Counters;
  readonly #onDrained = (type: number, at: number, length: number) => this.#onRecord(type, at, length);
  readonly #durableKinds: ReadonlySet<number>;
  /** Numbers of the reliable intents settled since they were last told, by room (0: the field) and session. */
  readonly #settledNow = new Map<number, Map<number, number[]>>();

  constructor(options: {
    readonly ring: RingReader;
    readonly incarnation: number;
    /** Intents held for one member between two shards. */
    readonly intentsMax: number;
    readonly field: FieldHost;
    readonly rooms: RoomTable;
    readonly handoff: Handoff;
    readonly outlet: Outlet;
    readonly counters: Counters;
    /** Kinds of field intents that are refused while nothing can be kept safe. */
    readonly durableKinds: ReadonlySet<number>;
  }) {
    this.#durableKinds = options.durableKinds;
    this.#ring = options.ring;
    this.#incarnation = options.incarnation;
    this.#intentsMax = options.intentsMax;
    this.#field = options.field;
    this.#rooms = options.rooms;
    this.#handoff = options.handoff;
    this.#outlet = options.outlet;
    this.#counters = options.counters;
  }

  get isPending(): boolean {
    return !this.#ring.isEmpty();
  }

  /** Reads what net wrote; returns how many records. */
  drain(): number {
    return this.#ring.drain(this.#onDrained, DRAIN_RECORDS_MAX);
  }

  /** Tells the store, and then net, which reliable intents took effect, or were refused, since the last time. */
  tellApplied(tick: number): void {
    if (this.#settledNow.size === 0) return;
    for (const [room, sessions] of this.#settledNow) {
      for (const [session, seqs] of sessions) {
        this.#outlet.settled({ session, room, seqs });
        this.#outlet.applied({ session, room, applied: seqs.at(-1)!, tick });
      }
    }
    this.#settledNow.clear();
  }

  #onRecord(type: number, at: number, length: number): void {
    const { view, bytes } = this.#ring;
    if (view.getUint32(at + INTENT_INCARNATION, true) !== this.#incarnation) {
      this.#counters.add(shardMetric.records_stale_total);
      return;
    }
    if (type === toShard.intent && view.getUint32(at + INTENT_ROOM, true) === 0) {
      const member = this.#field.members.get(view.getUint32(at + INTENT_SESSION, true));
      if (
        member !== undefined &&
        member.awaitsMarkerOf < 0 &&
        bytes[at + INTENT_MESSAGE] === messageTypes.moveIntent
      ) {
        this.#counters.add(shardMetric.intents_total);
        this.#field.move(
          member,
          view.getInt8(at + INTENT_MESSAGE + 2),
          view.getInt8(at + INTENT_MESSAGE + 3),
        );
        return;
      }
    }
    if (type === toShard.sight || type === toShard.keyframeWanted)
      this.#onSight(
        type,
        view.getUint32(at + SIGHT_CELL, true),
        view.getUint32(at + SIGHT_SUBSCRIBERS, true),
      );
    else this.#onColdRecord({ type, payload: bytes.slice(at, at + length) });
  }

  #onSight(type: number, cell: number, subscribers: number): void {
    if (!this.#field.owns(cell)) {
      this.#counters.add(shardMetric.records_stale_total);
      return;
    }
    this.#field.setAwake(cell, type === toShard.keyframeWanted || subscribers > 0);
    if (type === toShard.keyframeWanted) this.#field.publisher.wantKeyframe(cell);
  }

  /** Everything but a walking member's move and who sees what: copied out of the ring and read field by field. */
  #onColdRecord(record: HeldRecord): void {
    const from = new ByteReader(record.payload);
    switch (record.type) {
      case toShard.join: {
        const join = readJoin(from);
        this.#join(join);
        return;
      }
      case toShard.evict: {
        const { session, joinEpoch } = readSession(from);
        this.#handoff.evict(session, joinEpoch);
        // At the end of the tick, behind the group with the last that was written of it.
        this.#outlet.member(toNet.evicted, { session, joinEpoch, entityId: session, cell: 0 });
        return;
      }
      case toShard.roomLeave: {
        const { session, roomId } = readRoomSession(from);
        this.#rooms.leave(roomId, session);
        return;
      }
      case toShard.roomDrop:
      case toShard.roomReconnect: {
        const { session, roomId } = readRoomSession(from);
        this.#rooms.setSuspended(roomId, session, record.type === toShard.roomDrop);
        return;
      }
      case toShard.intent: {
        const view = new DataView(record.payload.buffer);
        const roomId = view.getUint32(INTENT_ROOM, true);
        if (roomId === 0) this.#forMember(view.getUint32(INTENT_SESSION, true), record);
        else this.#roomIntent(view.getUint32(INTENT_SESSION, true), roomId, record.payload);
        return;
      }
      default:
        this.#forMember(readSession(from).session, record);
    }
  }

  #join(join: ReturnType<typeof readJoin>): void {
    this.#handoff.evict(join.session, join.joinEpoch);
    const member = this.#field.join(join);
    if (member !== undefined) return;
    const { session, joinEpoch } = join;
    this.#outlet.left({ session, joinEpoch, entityId: session, cell: 0 });
  }

  /** A record for one session's member: apply it, hold it, or pass it on to where the member went. */
  #forMember(session: number, record: HeldRecord): void {
    const member = this.#field.members.get(session);
    if (member === undefined) {
      if (!this.#handoff.takeRecord(session, record)) this.#onUnknownSession(session, record);
    } else if (member.awaitsMarkerOf < 0) {
      this.apply(member, record);
    } else if (member.held.length < this.#intentsMax || record.type !== toShard.intent) {
      member.held.push({ type: record.type, payload: record.payload.slice() });
    } else {
      this.refuse(session, record);
      holdRefused(member.held, record);
    }
  }

  /** Applies a record to the member it is for. */
  apply(member: Member, record: HeldRecord): void {
    switch (record.type) {
      case toShard.intent:
        this.#fieldIntent(member, record.payload);
        return;
      case toShard.leave:
        this.#field.leave(member);
        return;
      case toShard.drop:
        this.#field.setSuspended(member, true);
        return;
      case toShard.reconnect:
        this.#field.setSuspended(member, false);
        return;
      case SETTLED: {
        const from = new ByteReader(record.payload);
        while (from.left() > 0) {
          member.applied = from.u32();
          this.#settled(0, member.session, member.applied);
        }
        return;
      }
      case toShard.routeMarker:
        // Net asks to pass a marker on for a member that came back meanwhile: nothing was sent elsewhere.
        return;
      default:
        this.#counters.add(shardMetric.records_stale_total);
    }
  }

  #fieldIntent(member: Member, payload: Uint8Array): void {
    this.#counters.add(shardMetric.intents_total);
    const view = new DataView(payload.buffer, payload.byteOffset + INTENT_MESSAGE);
    if (view.getUint8(0) === messageTypes.moveIntent) {
      this.#field.move(member, view.getInt8(2), view.getInt8(3));
      return;
    }
    const seq = view.getUint32(4, true);
    const kind = view.getUint16(2, true);
    if (this.#durableKinds.has(kind) && !this.#rooms.isAccepting) {
      this.#counters.add(shardMetric.intents_not_durable_total);
      const { code, reason } = refusals.notDurable;
      this.#field.refuse(member, seq, code, reason);
    } else {
      this.#field.intent(member, { kind, seq, body: payload.slice(INTENT_MESSAGE + 8) });
    }
    member.applied = seq;
    this.#settled(0, member.session, seq);
  }

  #roomIntent(session: number, roomId: number, payload: Uint8Array): void {
    this.#counters.add(shardMetric.intents_total);
    const view = new DataView(payload.buffer, payload.byteOffset + INTENT_MESSAGE);
    const seq = view.getUint32(4, true);
    const body = payload.slice(INTENT_MESSAGE + 16);
    this.#rooms.intent(roomId, session, { kind: view.getUint16(2, true), seq, body });
    this.#settled(roomId, session, seq);
  }

  #settled(room: number, session: number, seq: number): void {
    let sessions = this.#settledNow.get(room);
    if (sessions === undefined) {
      sessions = new Map();
      this.#settledNow.set(room, sessions);
    }
    const seqs = sessions.get(session);
    if (seqs === undefined) sessions.set(session, [seq]);
    else seqs.push(seq);
  }

  /** Refuses an intent because too many are held for its session. */
  refuse(session: number, intent: HeldRecord): void {
    this.#counters.add(shardMetric.intents_refused_total);
    const seq = fieldIntentSeq(intent);
    const { code, reason } = refusals.handoffFull;
    if (seq > 0) this.#outlet.refused(session, { intentSeq: seq, code, reason });
  }

  #onUnknownSession(session: number, record: HeldRecord): void {
    this.#counters.add(shardMetric.records_stale_total);
    if (record.type !== toShard.leave) return;
    // Whoever waits for the farewell of somebody who is not here must not wait for ever.
    const { joinEpoch } = readSession(new ByteReader(record.payload));
    this.#outlet.left({ session, joinEpoch, entityId: session, cell: 0 });
  }
}
