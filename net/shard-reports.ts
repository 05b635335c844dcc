/** What shards write, read record by record and put into effect. */
import { recordReader } from "../engine/lane/lane.js";
import {
  CELL_MESSAGE_BODY,
  CELL_MESSAGE_CELL,
  CELL_MESSAGE_FLAGS,
  CELL_PROMOTES,
  CELL_TO_PENDING,
  ROOM_MESSAGE_BODY,
  ROOM_MESSAGE_ROOM,
  type RoomJoinedRecord,
  readAdrift,
  readApplied,
  readEvent,
  readMember,
  readRoomJoined,
  readRoomLeft,
  toNet,
} from "../engine/lane/to-net.js";
import type { RingReader } from "../engine/memory/spsc-ring.js";
import { netMetric } from "../engine/metrics.js";
import { engineEvents, eventScopes, messageTypes } from "../engine/wire/message-types.js";
import { EarlyNews } from "./early-news.js";
import type { Egress } from "./egress.js";
import type { EventFields } from "./event-log.js";
import type { JournalWatch } from "./journal-watch.js";
import type { NetLanes } from "./net-lanes.js";
import type { Presence } from "./presence.js";
import type { RoomSeats } from "./room-seats.js";
import type { Session } from "./session.js";
import type { SessionTable } from "./session-table.js";
import type { SightTable } from "./sight.js";
import type { NetRecordHandler } from "./tick-gate.js";

export interface ShardReportParts {
  readonly lanes: NetLanes;
  readonly sessions: SessionTable;
  readonly sight: SightTable;
  readonly egress: Egress;
  readonly presence: Presence;
  readonly seats: RoomSeats;
  readonly watch: JournalWatch;
}

export class ShardReports {
  readonly #parts: ShardReportParts;
  /** The message being handed to several sessions. */
  #message: Uint8Array = new Uint8Array(0);
  readonly #early = new EarlyNews();

  constructor(parts: ShardReportParts) {
    this.#parts = parts;
  }

  readonly onRecord: NetRecordHandler = (shard, type, at, length, ring) => {
    const { presence, seats } = this.#parts;
    switch (type) {
      case toNet.cellMessage:
        return this.#onCellMessage(ring, at, length);
      case toNet.roomMessage:
        return this.#onRoomMessage(ring, at, length);
      case toNet.tickDone:
        return;
      case toNet.hello:
        return presence.onHello(shard, ring.words[at >> 2]! >>> 0);
      case toNet.joined:
        return presence.onJoined(shard, readMember(recordReader(ring, at, length)));
      case toNet.left:
        return presence.onLeft(readMember(recordReader(ring, at, length)));
      case toNet.memberCell:
        return presence.onMemberCell(shard, readMember(recordReader(ring, at, length)));
      case toNet.memberMoved:
        return presence.onMemberMoved(shard, readMember(recordReader(ring, at, length)));
      case toNet.memberAdrift:
        return presence.onMemberAdrift(shard, readAdrift(recordReader(ring, at, length)));
      case toNet.evicted:
        return presence.onEvicted(shard, readMember(recordReader(ring, at, length)));
      case toNet.event:
        return this.#onEvent(shard, ring, at, length);
      case toNet.applied:
        return this.#onApplied(shard, ring, at, length);
      case toNet.roomJoined:
        return this.#onRoomJoined(shard, readRoomJoined(recordReader(ring, at, length)));
      case toNet.roomLeft:
        return seats.onLeft(readRoomLeft(recordReader(ring, at, length)));
      case toNet.restored:
        this.#early.releaseAll(shard, (session, event) => this.#parts.egress.tell(session, event));
        return presence.onRestored(shard, ring.words[at >> 2]! >>> 0);
      default:
        // A record of a type that does not exist is our own bug, in the shard that wrote it.
        this.#parts.lanes.counters.add(netMetric.records_stale_total);
    }
  };

  #onCellMessage(ring: RingReader, at: number, length: number): void {
    const { sight, egress } = this.#parts;
    const cell = ring.words[(at + CELL_MESSAGE_CELL) >> 2]!;
    const flags = ring.words[(at + CELL_MESSAGE_FLAGS) >> 2]!;
    const bodyAt = at + CELL_MESSAGE_BODY;
    const bodyLength = length - CELL_MESSAGE_BODY;
    if ((flags & CELL_TO_PENDING) !== 0) {
      this.#message = egress.keep(ring.bytes, bodyAt, bodyLength);
      sight.serve(cell, (flags & CELL_PROMOTES) !== 0, this.#deliver);
      return;
    }
    if (ring.bytes[bodyAt] === messageTypes.cellFrames)
      egress.stageFrame(cell, ring.bytes, bodyAt, bodyLength);
    else egress.sendToCell(cell, ring.bytes, bodyAt, bodyLength);
  }

  #onRoomMessage(ring: RingReader, at: number, length: number): void {
    const { egress, seats } = this.#parts;
    const roomId = ring.words[(at + ROOM_MESSAGE_ROOM) >> 2]! >>> 0;
    const bodyAt = at + ROOM_MESSAGE_BODY;
    const bodyLength = length - ROOM_MESSAGE_BODY;
    const members = seats.membersOf(roomId);
    if (members !== undefined) egress.sendToEach(members, ring.bytes, bodyAt, bodyLength);
  }

  /** Started again, which its successor's hello is still to say. */
  readonly #isGone = (shard: number): boolean => {
    const { control, toShards } = this.#parts.lanes;
    return control.incarnation(shard) > toShards[shard]!.incarnation;
  };

  readonly #deliver = (session: Session): void => this.#parts.egress.sendState(session, this.#message);

  #onRoomJoined(shard: number, record: RoomJoinedRecord): void {
    const { seats, sessions, egress } = this.#parts;
    seats.onJoined(shard, record);
    const session = sessions.get(record.session);
    if (session === undefined) return;
    this.#early.release(session, record.roomId, (event) => egress.tell(session, event));
  }

  #onEvent(shard: number, ring: RingReader, at: number, length: number): void {
    const { sessions, roomId: room, ...rest } = readEvent(recordReader(ring, at, length));
    const event: EventFields = { ...rest, room };
    const isPlayerChanged = event.scope === eventScopes.engine && event.kind === engineEvents.playerChanged;
    for (const number of sessions) {
      const session = this.#parts.sessions.get(number);
      if (session === undefined) continue;
      if (isPlayerChanged) session.playerChanged = event;
      const isRestored = this.#parts.lanes.toShards[shard]!.isRestored;
      if (isRestored || !this.#early.hold(session, shard, event)) this.#parts.egress.tell(session, event);
    }
  }

  #onApplied(shard: number, ring: RingReader, at: number, length: number): void {
    const { session: number, room, applied, tick } = readApplied(recordReader(ring, at, length));
    const session = this.#parts.sessions.get(number);
    if (session === undefined) return;
    if (!session.intents.complete({ shard, room, applied, tick }, this.#isGone)) return;
    this.#parts.watch.onSettled(session);
    session.needsAck = true;
    this.#parts.egress.queue(session);
  }
}
