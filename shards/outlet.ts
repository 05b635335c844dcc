/**
 * What a shard says to net and to the store: records on its lanes, made visible together at the end of a tick. First the
 * store's, closed as one group; net's only once all of that is on the lane, so that nobody ever hears of what the
 * journal has never been told.
 */
import { AssertionFailed } from "../engine/assert.js";
import { ByteWriter } from "../engine/lane/bytes.js";
import type { LaneWriter } from "../engine/lane/lane.js";
import {
  type AdriftRecord,
  type AppliedRecord,
  type EventRecord,
  type MemberRecord,
  type RoomJoinedRecord,
  type RoomLeftRecord,
  toNet,
  writeAdrift,
  writeApplied,
  writeEvent,
  writeMember,
  writeRoomJoined,
  writeRoomLeft,
} from "../engine/lane/to-net.js";
import {
  type EntityRecord,
  type GrantedRecord,
  type GrantRecord,
  type RoomCheckpointRecord,
  type RoomInputsRecord,
  type SettledRecord,
  type TickEndRecord,
  toStore,
  writeEntity,
  writeGrant,
  writeGranted,
  writeRefused,
  writeRoomCheckpoint,
  writeRoomInputs,
  writeSettled,
  writeTickEnd,
} from "../engine/lane/to-store.js";
import { limits } from "../engine/limits.js";
import type { Log } from "../engine/log.js";
import type { Counters } from "../engine/memory/counters.js";
import { shardMetric } from "../engine/metrics.js";
import {
  type BattleResultRow,
  encodeBattleResult,
  encodeLedger,
  encodePlayer,
  type LedgerRow,
  type PlayerRow,
} from "../engine/player.js";
import { encodeRefusedBody } from "../engine/wire/codec.js";
import { engineEvents, eventScopes, messageTypes } from "../engine/wire/message-types.js";
import { HeldRecords } from "./held-records.js";

/** Sessions in one event record; more are sent as several records. */
const EVENT_SESSIONS_MAX = 1000;
/** Intents in one settled record; more are sent as several. */
const SETTLED_MAX = 1000;
/** Characters of a refusal's reason that are kept for a client that has to be told again. */
const REASON_KEPT_MAX = 120;
/** Bytes of news that may wait for the store's lane. */
const HELD_BYTES_MAX = 64 * 1024 * 1024;
/** A group this large takes no more of what can wait for another tick. */
const GROUP_BYTES_FULL = limits.groupBytesMax / 2;
/** Bytes that may wait for room on a lane. */
export const OUTBOX_BYTES_MAX = 64 * 1024 * 1024;
/** Past this no group is begun that might not find room for all of itself. */
const GROUP_REFUSED_BYTES = OUTBOX_BYTES_MAX - limits.groupBytesMax;
/** So much waiting for room on the store's lane: nothing more that can be refused is taken on. */
const BEHIND_BYTES = 16 * 1024 * 1024;

/** An event that nothing durable depends on, as {@link Outlet.event} takes it. */
export type Event = Omit<EventRecord, "roomSeq" | "isDurable"> & Partial<EventRecord>;

export class Outlet {
  readonly net: LaneWriter;
  readonly store: LaneWriter;
  readonly #counters: Counters;
  readonly #log: Log;
  readonly #out = new ByteWriter(1024);
  /** News of this tick, and of those before it whose group is not on the lane yet. */
  readonly #news = new HeldRecords();
  /** Farewells held back until the rows they promise have left the outbox. */
  #farewells: MemberRecord[] = [];
  #groupRecords = 0;
  #groupBytes = 0;
  #isHolding = false;
  /** The group being made is refused, all of it. */
  #isRefused = false;
  /** There is a gap in what the store was told. */
  #hasRefused = false;

  constructor(
    lanes: { readonly net: LaneWriter; readonly store: LaneWriter },
    parts: { readonly counters: Counters; readonly log: Log },
  ) {
    this.net = lanes.net;
    this.store = lanes.store;
    this.#counters = parts.counters;
    this.#log = parts.log;
  }

  /** Before anything else. The store hears of it at once: it has things to restore. */
  hello(incarnation: number): void {
    this.store.send(toStore.hello, this.#out.clear().u32(incarnation).bytes());
    this.store.flush();
    this.#sendNet(toNet.hello, this.#out.clear().u32(incarnation));
  }

  /** All that survived has been told again. */
  restored(incarnation: number): void {
    this.#sendNet(toNet.restored, this.#out.clear().u32(incarnation));
  }

  // ---- to net ----------------------------------------------------------------------------------------------

  member(type: number, record: MemberRecord): void {
    this.#sendNet(type, writeMember(this.#out, record));
  }

  adrift(record: AdriftRecord): void {
    this.#sendNet(toNet.memberAdrift, writeAdrift(this.#out, record));
  }

  /** The member is gone and its row is on its way: said only once that is true. */
  left(record: MemberRecord): void {
    this.#farewells.push(record);
  }

  event(record: Event): void {
    const { sessions } = record;
    if (sessions.length <= EVENT_SESSIONS_MAX) {
      this.#event(record, sessions);
      return;
    }
    for (let at = 0; at < sessions.length; at += EVENT_SESSIONS_MAX)
      this.#event(record, sessions.slice(at, at + EVENT_SESSIONS_MAX));
  }

  #event(record: Event, sessions: readonly number[]): void {
    const { scope, kind, roomId, roomSeq = 0, isDurable = false, body } = record;
    this.#sendNet(
      toNet.event,
      writeEvent(this.#out, { sessions, scope, kind, roomId, roomSeq, isDurable, body }),
    );
  }

  engineEvent(session: number, kind: number, body: Uint8Array, isDurable = false): void {
    this.event({ sessions: [session], scope: eventScopes.engine, kind, roomId: 0, isDurable, body });
  }

  /**
   * `of`: the durable room that refuses, and its number for that: replayed, it says so again. Any other refusal is written
   * down beside the word that the intent is settled.
   */
  refused(
    session: number,
    refusal: { readonly intentSeq: number; readonly code: number; readonly reason: string },
    of: { readonly roomId: number; readonly roomSeq: number; readonly isDurable: boolean } = ofNoRoom,
  ): void {
    const { intentSeq, code, reason } = refusal;
    if (of.roomSeq === 0 && intentSeq > 0) {
      const kept = reason.slice(0, REASON_KEPT_MAX);
      this.#sendStore(toStore.refused, writeRefused(this.#out, { session, intentSeq, code, reason: kept }));
    }
    const body = encodeRefusedBody(refusal);
    this.event({ sessions: [session], scope: eventScopes.engine, kind: engineEvents.refused, ...of, body });
  }

  /** Writes a group too: an intent is durable when the tick is in which it was settled. */
  applied(record: AppliedRecord): void {
    this.#sendNet(toNet.applied, writeApplied(this.#out, record));
  }

  roomJoined(record: RoomJoinedRecord): void {
    this.#sendNet(toNet.roomJoined, writeRoomJoined(this.#out, record));
  }

  roomLeft(record: RoomLeftRecord): void {
    this.#sendNet(toNet.roomLeft, writeRoomLeft(this.#out, record));
  }

  /** Latest-wins state of a room: skipped, counted by the lane, when there is no room for it. */
  roomFrame(roomId: number, kind: number, body: Uint8Array): void {
    if (this.#isHolding || this.net.outboxBytes > 0) {
      this.net.refusals++;
      return;
    }
    const out = this.#out.clear().u32(roomId).u32(0);
    out.u8(messageTypes.roomFrame).u8(0).u16(kind).u32(roomId).raw(body);
    if (out.length > this.net.ring.recordLengthMax) throw new AssertionFailed("a room frame fits a record");
    this.#sendNet(toNet.roomMessage, out);
  }

  // ---- to the store ----------------------------------------------------------------------------------------

  /** Whether what can wait for another tick should: periodic saves, checkpoints. */
  get takesVolatile(): boolean {
    return this.store.outboxBytes === 0 && this.#groupBytes < GROUP_BYTES_FULL;
  }

  /** The store's thread does not keep up at all: nothing more that can be refused is to be taken on. */
  get isBehind(): boolean {
    return this.store.outboxBytes > BEHIND_BYTES;
  }

  player(row: PlayerRow): void {
    this.#sendStore(toStore.player, encodePlayer(row, this.#out.clear()));
  }

  battleResult(row: BattleResultRow): void {
    this.#sendStore(toStore.battleResult, encodeBattleResult(row, this.#out.clear()));
  }

  ledger(row: LedgerRow): void {
    this.#sendStore(toStore.ledger, encodeLedger(row, this.#out.clear()));
  }

  grant(record: GrantRecord): void {
    this.#sendStore(toStore.grant, writeGrant(this.#out.clear(), record));
  }

  granted(record: GrantedRecord): void {
    this.#sendStore(toStore.granted, writeGranted(this.#out, record));
  }

  roomInputs(record: RoomInputsRecord): void {
    this.#sendStore(toStore.roomInputs, writeRoomInputs(this.#out, record));
  }

  roomCheckpoint(record: RoomCheckpointRecord): void {
    this.#sendStore(toStore.roomCheckpoint, writeRoomCheckpoint(this.#out, record));
  }

  roomClosed(roomId: number): void {
    this.#sendStore(toStore.roomClosed, this.#out.clear().u32(roomId));
  }

  entity(record: EntityRecord): void {
    this.#sendStore(toStore.entity, writeEntity(this.#out, record));
  }

  settled(record: SettledRecord): void {
    const { session, room, seqs } = record;
    for (let at = 0; at < seqs.length; at += SETTLED_MAX) {
      const part = seqs.length <= SETTLED_MAX ? seqs : seqs.slice(at, at + SETTLED_MAX);
      this.#sendStore(toStore.settled, writeSettled(this.#out, { session, room, seqs: part }));
    }
  }

  // ---- the end of a tick -----------------------------------------------------------------------------------

  /** Whether anything waits for the store's lane to be said. */
  get isHolding(): boolean {
    return this.#isHolding || this.#farewells.length > 0;
  }

  /**
   * Closes the group of this tick, if there is one, and makes it visible; then, unless some of it found no room on the
   * lane, everything that was said of the tick. Frames may follow; then {@link finishTick}.
   */
  endGroup(end: TickEndRecord): void {
    if (this.#groupRecords > 0) this.#sendStore(toStore.tickEnd, writeTickEnd(this.#out, end));
    this.#groupRecords = 0;
    this.#groupBytes = 0;
    this.store.flush();
    this.#isHolding = this.store.outboxBytes > 0;
    if (this.#isHolding) {
      this.#counters.add(shardMetric.held_ticks_total);
      return;
    }
    // What follows a gap in the journal would be taken for safe with it: nobody hears of anything behind it.
    if (this.#hasRefused)
      throw new AssertionFailed(
        "the store's thread reads its lane: what it was not told is lost, so this shard begins anew",
      );
    for (const record of this.#farewells) this.#sendNet(toNet.left, writeMember(this.#out, record));
    this.#farewells.length = 0;
    this.#news.release(this.#release);
  }

  readonly #release = (type: number, bytes: Uint8Array, at: number, length: number): void => {
    if (!this.net.sendPart(type, bytes, at, length))
      throw new AssertionFailed("net drains its lanes: the outbox to it is full");
  };

  /** Behind the last tick: makes visible what found no room for the store; true when that was all of it. */
  handOver(): boolean {
    this.store.flush();
    return this.store.outboxBytes === 0;
  }

  /** Closes the tick for net and makes all of it visible. */
  finishTick(tick: number): void {
    const out = this.#out.clear().u32(tick);
    if (this.#isHolding) this.#sendNet(toNet.tickDone, out);
    else this.#release(toNet.tickDone, out.bytes(), 0, out.length);
    this.net.publish();
  }

  #sendNet(type: number, out: ByteWriter): void {
    this.#news.add(type, out);
    if (this.#news.length > HELD_BYTES_MAX) {
      throw new AssertionFailed("the store's thread drains its lanes: what waits for it is past all bounds");
    }
  }

  /** A group is kept whole or not at all: whether there is room for it is decided at its first record. */
  #sendStore(type: number, out: ByteWriter): void {
    if (this.#groupRecords === 0) this.#isRefused = this.store.outboxBytes > GROUP_REFUSED_BYTES;
    this.#groupRecords++;
    this.#groupBytes += out.length;
    this.#counters.add(shardMetric.store_records_total);
    if (!this.#isRefused && this.store.sendWriter(type, out)) return;
    this.#counters.add(shardMetric.store_records_refused_total);
    if (this.#hasRefused) return;
    this.#hasRefused = true;
    this.#log.error("the store's thread does not read its lane: what should be kept is lost from here on", {
      outboxBytes: this.store.outboxBytes,
    });
  }
}

const ofNoRoom = { roomId: 0, roomSeq: 0, isDurable: false } as const;
