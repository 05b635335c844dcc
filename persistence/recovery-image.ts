/**
 * What is to be restored after a death, of the process or of one thread: durable rooms, sessions, entities, grants. Fed
 * with every group in the order of the journal, at the start from it and later as they are appended, it is always what
 * a reading of the journal would give.
 */
import { assert } from "../engine/assert.js";
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import {
  nobody,
  readEntity,
  readGrant,
  readGranted,
  readRefused,
  readRoomCheckpoint,
  readRoomInputs,
  readSessionEvent,
  readSessionOpened,
  readSessionProgress,
  readSessionRoom,
  readSettled,
  toStore,
  writeEntity,
  writeGrant,
} from "../engine/lane/to-store.js";
import { forEachItem, groupType, readNetHead, readShardHead, type ShardHead } from "./group.js";
import { ImageEntities, ImageGrants } from "./image-entities.js";
import {
  imageItem,
  readMetaCopy,
  readRoomCopy,
  readSessionCopy,
  writeMetaCopy,
  writeRoomCopy,
  writeSessionCopy,
} from "./image-items.js";
import { ImageRooms } from "./image-rooms.js";
import { ImageSessions } from "./image-sessions.js";

/** Called for each row among a group's items. */
export type RowHandler = (type: number, at: number, length: number) => void;

const rowItems: ReadonlySet<number> = new Set([toStore.player, toStore.battleResult, toStore.ledger]);

/** An item of the image that is to be written again, at the position it then has. */
export interface StaleItem {
  readonly type: number;
  /** Valid until the next item is asked for. */
  readonly bytes: Uint8Array;
  moved(position: number): void;
}

export class RecoveryImage {
  readonly rooms = new ImageRooms();
  readonly sessions = new ImageSessions((roomId) => this.rooms.has(roomId));
  readonly entities = new ImageEntities();
  readonly grants = new ImageGrants();
  /** The greatest tick of any shard; -1: none. */
  lastTick = -1;
  /** The greatest incarnation of any shard. */
  incarnation = 0;
  /** The greatest number ever given to a session. */
  lastSession = 0;

  /** Bytes of memory, about. */
  get bytes(): number {
    return this.rooms.bytes + this.sessions.bytes + this.entities.bytes + this.grants.bytes;
  }

  /**
   * Takes a group in; its rows are the caller's. Throws RangeError when the group is none of ours or not whole; a part
   * of it may have been taken in by then.
   */
  take(position: number, payload: Uint8Array, onRow: RowHandler): void {
    switch (payload[0]) {
      case groupType.shardGroup: {
        const head = readShardHead(payload);
        forEachItem(payload, (type, at, length) => {
          if (rowItems.has(type)) onRow(type, at, length);
          else this.#takeShardItem(type, readerOf(payload, at, length), { position, head });
        });
        this.lastTick = Math.max(this.lastTick, head.tick);
        this.incarnation = Math.max(this.incarnation, head.incarnation);
        return;
      }
      case groupType.netGroup: {
        const { ticks } = readNetHead(payload);
        forEachItem(payload, (type, at, length) =>
          this.#takeNetItem(type, readerOf(payload, at, length), position),
        );
        for (const tick of ticks) this.lastTick = Math.max(this.lastTick, tick);
        this.rooms.promote(ticks);
        return;
      }
      case groupType.started:
        this.rooms.start();
        return;
      default:
        forEachItem(payload, (type, at, length) =>
          this.#takeCopy(type, readerOf(payload, at, length), position),
        );
    }
  }

  #takeShardItem(
    type: number,
    from: ByteReader,
    where: { readonly position: number; readonly head: ShardHead },
  ): void {
    const { position, head } = where;
    const { shard, tick, wallMs } = head;
    switch (type) {
      case toStore.grant:
        this.grants.add(readGrant(from), position);
        return;
      case toStore.granted:
        this.grants.take(readGranted(from).grantId);
        return;
      case toStore.roomInputs: {
        const { roomId, cell, inputs } = readRoomInputs(from);
        this.rooms.addInputs(roomId, cell, position, { tick, wallMs, inputs });
        return;
      }
      case toStore.roomCheckpoint: {
        const { roomId, cell, checkpoint } = readRoomCheckpoint(from);
        this.rooms.addCandidate({ roomId, cell, position }, { shard, tick, checkpoint });
        return;
      }
      case toStore.roomClosed:
        this.rooms.addCandidate(
          { roomId: from.u32(), cell: null, position },
          { shard, tick, checkpoint: null },
        );
        return;
      case toStore.entity: {
        const record = readEntity(from);
        // A person's is the session's number.
        if (record.playerId !== nobody) this.lastSession = Math.max(this.lastSession, record.entityId);
        this.entities.set(record, position);
        return;
      }
      case toStore.settled: {
        const record = readSettled(from);
        // Its shard may have been faster than net: the number has been given all the same, and never is again.
        this.lastSession = Math.max(this.lastSession, record.session);
        this.sessions.settle(record);
        return;
      }
      case toStore.refused: {
        const record = readRefused(from);
        this.lastSession = Math.max(this.lastSession, record.session);
        this.sessions.refuse(record);
        return;
      }
      default:
        throw new RangeError(`a shard's group has no item of type ${type}`);
    }
  }

  #takeNetItem(type: number, from: ByteReader, position: number): void {
    switch (type) {
      case toStore.sessionOpened: {
        const opened = readSessionOpened(from);
        this.lastSession = Math.max(this.lastSession, opened.session);
        this.sessions.open(opened, position);
        return;
      }
      case toStore.sessionProgress:
        this.sessions.progress(readSessionProgress(from));
        return;
      case toStore.sessionEvent:
        this.sessions.addEvent(readSessionEvent(from));
        return;
      case toStore.sessionRoom:
        this.sessions.seat(readSessionRoom(from));
        return;
      case toStore.sessionClosed:
        this.sessions.close(from.u32());
        return;
      default:
        throw new RangeError(`net's group has no item of type ${type}`);
    }
  }

  #takeCopy(type: number, from: ByteReader, position: number): void {
    switch (type) {
      case imageItem.metaCopy: {
        const { lastTick, incarnation, lastSession } = readMetaCopy(from);
        this.lastTick = Math.max(this.lastTick, lastTick);
        this.incarnation = Math.max(this.incarnation, incarnation);
        this.lastSession = Math.max(this.lastSession, lastSession);
        return;
      }
      case imageItem.roomCopy:
        this.rooms.replace(readRoomCopy(from), position);
        return;
      case imageItem.sessionCopy:
        this.sessions.replace(readSessionCopy(from), position);
        return;
      case imageItem.entityCopy:
        this.entities.set(readEntity(from), position);
        return;
      case imageItem.grantCopy:
        this.grants.add(readGrant(from), position);
        return;
      case imageItem.roomGone:
        this.rooms.drop(from.u32());
        return;
      default:
        throw new RangeError(`there are no copies of type ${type}`);
    }
  }

  /**
   * Everything whose journal record is older than `cutoff`, to be written again; the greatest numbers always. The image
   * may change between two items. When all are written and durable, nothing before `cutoff` is needed for the image.
   */
  *stale(cutoff: number): Generator<StaleItem, void, undefined> {
    const out = new ByteWriter();
    const item = (type: number, holder: { position: number } | null): StaleItem => ({
      type,
      bytes: out.bytes(),
      moved: (position) => {
        assert(position > 0, "what was written again has a position");
        if (holder !== null) holder.position = position;
      },
    });
    const { lastTick, incarnation, lastSession } = this;
    writeMetaCopy(out, { lastTick, incarnation, lastSession });
    yield item(imageItem.metaCopy, null);
    for (const room of this.rooms.values()) {
      if (room.position >= cutoff) continue;
      writeRoomCopy(out, room);
      yield item(imageItem.roomCopy, room);
    }
    for (const session of this.sessions.values()) {
      if (session.position >= cutoff) continue;
      writeSessionCopy(out, session.copy());
      yield item(imageItem.sessionCopy, session);
    }
    for (const entity of this.entities.values()) {
      if (entity.position >= cutoff) continue;
      writeEntity(out, entity.record);
      yield item(imageItem.entityCopy, entity);
    }
    for (const grant of this.grants.values()) {
      if (grant.position >= cutoff) continue;
      writeGrant(out.clear(), grant.record);
      yield item(imageItem.grantCopy, grant);
    }
  }
}

function readerOf(payload: Uint8Array, at: number, length: number): ByteReader {
  return new ByteReader(payload.subarray(at, at + length));
}
