/** What a shard says to net and to the store: records on its lanes, made visible together at the end of a tick. */
import { AssertionFailed } from "../engine/assert.js";
import { ByteWriter } from "../engine/lane/bytes.js";
import type { LaneWriter } from "../engine/lane/lane.js";
import {
  type AppliedRecord,
  type EventRecord,
  type MemberRecord,
  ROOM_MESSAGE_BODY,
  ROOM_MESSAGE_ROOM,
  type RoomJoinedRecord,
  type RoomLeftRecord,
  toNet,
  writeApplied,
  writeEvent,
  writeMember,
  writeRoomJoined,
  writeRoomLeft,
} from "../engine/lane/to-net.js";
import { toStore } from "../engine/lane/to-store.js";
import { type BattleResultRow, encodeBattleResult, encodePlayer, type PlayerRow } from "../engine/player.js";
import { encodeRefusedBody } from "../engine/wire/codec.js";
import {
  engineEvents,
  eventScopes,
  messageTypes,
  ROOM_FRAME_HEAD_BYTES,
} from "../engine/wire/message-types.js";

/** Sessions in one event record; more are sent as several records. */
const EVENT_SESSIONS_MAX = 1000;

export class Outlet {
  readonly net: LaneWriter;
  readonly store: LaneWriter;
  readonly #out = new ByteWriter(1024);
  /** Farewells held back until the rows they promise have left the outbox. */
  #farewells: MemberRecord[] = [];

  constructor(net: LaneWriter, store: LaneWriter) {
    this.net = net;
    this.store = store;
  }

  hello(incarnation: number): void {
    this.#sendNet(toNet.hello, this.#out.clear().u32(incarnation));
  }

  member(type: number, record: MemberRecord): void {
    this.#sendNet(type, writeMember(this.#out, record));
  }

  /** The member is gone and its row is on its way: said only once that is true. */
  left(record: MemberRecord): void {
    this.#farewells.push(record);
  }

  event(record: EventRecord): void {
    for (let at = 0; at < record.sessions.length; at += EVENT_SESSIONS_MAX) {
      const sessions = record.sessions.slice(at, at + EVENT_SESSIONS_MAX);
      this.#sendNet(toNet.event, writeEvent(this.#out, { ...record, sessions }));
    }
  }

  engineEvent(session: number, kind: number, body: Uint8Array, roomId = 0): void {
    this.event({ sessions: [session], scope: eventScopes.engine, kind, roomId, body });
  }

  refused(session: number, intentSeq: number, code: number, reason: string): void {
    this.engineEvent(session, engineEvents.refused, encodeRefusedBody({ intentSeq, code, reason }));
  }

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
    const length = ROOM_MESSAGE_BODY + ROOM_FRAME_HEAD_BYTES + body.length;
    if (length > this.net.ring.recordLengthMax) throw new AssertionFailed("a room frame fits a record");
    const at = this.net.tryClaim(toNet.roomMessage, length);
    if (at < 0) return;
    const { view, bytes } = this.net.ring;
    view.setUint32(at + ROOM_MESSAGE_ROOM, roomId, true);
    view.setUint32(at + 4, 0, true);
    const head = at + ROOM_MESSAGE_BODY;
    view.setUint8(head, messageTypes.roomFrame);
    view.setUint8(head + 1, 0);
    view.setUint16(head + 2, kind, true);
    view.setUint32(head + 4, roomId, true);
    bytes.set(body, head + ROOM_FRAME_HEAD_BYTES);
    this.net.commit();
  }

  player(row: PlayerRow): void {
    this.#sendStore(toStore.player, encodePlayer(row, this.#out.clear()));
  }

  battleResult(row: BattleResultRow): void {
    this.#sendStore(toStore.battleResult, encodeBattleResult(row, this.#out.clear()));
  }

  /** Whether anything waits to be made visible by a tick. */
  get hasFarewells(): boolean {
    return this.#farewells.length > 0;
  }

  /** Rows first: `left` promises that the row can be loaded by whoever hears it. Then everything of the tick. */
  finishTick(tick: number): void {
    this.store.flush();
    if (this.store.outboxBytes === 0) {
      for (const record of this.#farewells) this.member(toNet.left, record);
      this.#farewells.length = 0;
    }
    this.#sendNet(toNet.tickDone, this.#out.clear().u32(tick));
    this.net.publish();
  }

  #sendNet(type: number, out: ByteWriter): void {
    if (!this.net.sendWriter(type, out))
      throw new AssertionFailed("net drains its lanes: the outbox to it is full");
  }

  #sendStore(type: number, out: ByteWriter): void {
    if (!this.store.sendWriter(type, out)) {
      throw new AssertionFailed("persistence drains its lanes: the outbox to it is full");
    }
  }
}
