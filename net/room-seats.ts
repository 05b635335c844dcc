/** Which session is in which room, as shards reported it, and what rooms are told of their members' sockets. */
import { unreachable } from "../engine/assert.js";
import type { RoomJoinedRecord, RoomLeftRecord } from "../engine/lane/to-net.js";
import { toShard } from "../engine/lane/to-shard.js";
import { encodeRoomJoinedBody, encodeRoomLeftBody } from "../engine/wire/codec.js";
import { refusals } from "../engine/wire/codes.js";
import { engineEvents } from "../engine/wire/message-types.js";
import type { Egress } from "./egress.js";
import { tellEngine } from "./engine-events.js";
import type { IntentCatalogue, IntentChecks } from "./intents.js";
import { limits } from "./limits.js";
import type { Session, SessionRoom } from "./session.js";
import type { SessionJournal } from "./session-journal.js";
import type { SessionTable } from "./session-table.js";
import type { ShardLane } from "./shard-lane.js";

const NO_INTENTS: IntentCatalogue = new Map();

export interface RoomSeatsParts {
  readonly sessions: SessionTable;
  readonly egress: Egress;
  readonly checks: IntentChecks;
  readonly shards: readonly ShardLane[];
  readonly journal: SessionJournal;
}

export class RoomSeats {
  readonly #sessions: SessionTable;
  readonly #egress: Egress;
  readonly #checks: IntentChecks;
  readonly #shards: readonly ShardLane[];
  readonly #journal: SessionJournal;
  readonly #members = new Map<number, Set<Session>>();

  constructor(parts: RoomSeatsParts) {
    this.#sessions = parts.sessions;
    this.#egress = parts.egress;
    this.#checks = parts.checks;
    this.#shards = parts.shards;
    this.#journal = parts.journal;
  }

  /** Undefined when the room has none. */
  membersOf(roomId: number): ReadonlySet<Session> | undefined {
    return this.#members.get(roomId);
  }

  onJoined(shard: number, record: RoomJoinedRecord): void {
    const session = this.#sessions.get(record.session);
    const { roomId, roomType, cell, staysWhenDropped, isDurable } = record;
    const known = session?.rooms.get(roomId);
    if (known !== undefined) {
      known.shard = shard;
      known.isDoubtful = false;
      this.#tellAgain(session!, known);
      return;
    }
    const isFull = (session?.rooms.size ?? 0) >= limits.roomsPerSessionMax;
    if (session === undefined || session.state.is === "leaving" || isFull) {
      // It left while the room let it in, or is in more rooms than anybody may be.
      this.#shards[shard]!.sendRoom(toShard.roomLeave, record.session, roomId);
      return;
    }
    const intents = this.#checks.rooms.get(roomType) ?? NO_INTENTS;
    const room: SessionRoom = {
      roomId,
      roomType,
      cell,
      shard,
      staysWhenDropped,
      isDurable,
      isDoubtful: false,
      intents,
    };
    session.rooms.set(roomId, room);
    let members = this.#members.get(roomId);
    if (members === undefined) {
      members = new Set();
      this.#members.set(roomId, members);
    }
    members.add(session);
    // The client of a restored session may know.
    if (!session.claims.delete(roomId)) {
      this.#tellJoined(session, room);
      this.#journal.room(session, roomId, true);
    }
    if (session.state.is === "suspended") this.#tellDropped(session, room);
  }

  /** The room is back with a new shard, which has not heard what became of the session meanwhile. */
  #tellAgain(session: Session, room: SessionRoom): void {
    const lane = this.#shards[room.shard]!;
    switch (session.state.is) {
      case "leaving":
      case "closed":
        lane.sendRoom(toShard.roomLeave, session.number, room.roomId);
        return;
      case "suspended":
        this.#tellDropped(session, room);
        return;
      case "live":
        if (room.staysWhenDropped) lane.sendRoom(toShard.roomReconnect, session.number, room.roomId);
        return;
      case "connecting":
        return;
      default:
        unreachable(session.state);
    }
  }

  onLeft(record: RoomLeftRecord): void {
    const session = this.#sessions.get(record.session);
    if (session === undefined) return;
    const { roomId, code } = record;
    // Its client was never told, because the process before this one died of a sudden.
    if (session.claims.delete(roomId)) this.#tellLeft(session, { roomId, code, isDurable: true });
    else this.#remove(session, roomId, code);
  }

  #remove(session: Session, roomId: number, code: number): void {
    const room = session.rooms.get(roomId);
    if (room === undefined) return;
    session.rooms.delete(roomId);
    this.#forgetMember(session, roomId);
    // Intents for it that are out stay so: the shard reports every one, and in which tick, or its successor is asked.
    this.#tellLeft(session, { roomId, code, isDurable: room.isDurable });
  }

  #tellLeft(
    session: Session,
    left: { readonly roomId: number; readonly code: number; readonly isDurable: boolean },
  ): void {
    const { roomId, code, isDurable } = left;
    const reason = Object.values(refusals).find((entry) => entry.code === code)?.reason ?? "";
    const body = encodeRoomLeftBody({ room: roomId, code, reason });
    tellEngine(this.#egress, session, { kind: engineEvents.roomLeft, body, room: roomId, isDurable });
    this.#journal.room(session, roomId, false);
  }

  /** The shard is lost. Which of its rooms survive it, its successor tells. */
  doubt(session: Session, shard: number): void {
    for (const room of session.rooms.values()) if (room.shard === shard) room.isDoubtful = true;
  }

  /** The successor has told of all that survived: the other rooms are gone. */
  removeDoubtful(session: Session, shard: number): void {
    for (const room of [...session.rooms.values()]) {
      if (room.isDoubtful && room.shard === shard)
        this.#remove(session, room.roomId, refusals.roomFailed.code);
    }
  }

  /** Every shard has told of all that survived: what a restored session's client believes to be in beyond is gone. */
  removeClaims(session: Session): void {
    for (const roomId of session.claims) {
      this.#tellLeft(session, { roomId, code: refusals.roomFailed.code, isDurable: true });
    }
    session.claims.clear();
  }

  /** The session, whose rooms were told that it was gone, has a new connection. */
  reconnect(session: Session): void {
    for (const room of session.rooms.values()) {
      if (room.staysWhenDropped)
        this.#shards[room.shard]!.sendRoom(toShard.roomReconnect, session.number, room.roomId);
    }
  }

  suspend(session: Session): void {
    for (const room of session.rooms.values()) this.#tellDropped(session, room);
  }

  /** The session's client is replaced by one that knows nothing: rooms that keep a member without a socket hear of it. */
  replaceClient(session: Session): void {
    for (const room of session.rooms.values()) if (room.staysWhenDropped) this.#tellDropped(session, room);
  }

  #tellDropped(session: Session, room: SessionRoom): void {
    const type = room.staysWhenDropped ? toShard.roomDrop : toShard.roomLeave;
    this.#shards[room.shard]!.sendRoom(type, session.number, room.roomId);
  }

  /** The session ends. */
  leaveAll(session: Session): void {
    for (const room of session.rooms.values()) {
      this.#shards[room.shard]!.sendRoom(toShard.roomLeave, session.number, room.roomId);
    }
  }

  /** The session is no more. */
  forget(session: Session): void {
    for (const roomId of session.rooms.keys()) this.#forgetMember(session, roomId);
  }

  #forgetMember(session: Session, roomId: number): void {
    const members = this.#members.get(roomId);
    members?.delete(session);
    if (members?.size === 0) this.#members.delete(roomId);
  }

  /** Tells again which rooms the session is in, to a client that cannot know. */
  repeat(session: Session): void {
    for (const room of session.rooms.values()) this.#tellJoined(session, room);
  }

  #tellJoined(session: Session, { roomId, roomType, cell, isDurable }: SessionRoom): void {
    const body = encodeRoomJoinedBody({ room: roomId, roomType, cell });
    tellEngine(this.#egress, session, { kind: engineEvents.roomJoined, body, room: roomId, isDurable });
  }
}
