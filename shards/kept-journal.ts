/**
 * What the store's thread keeps of what shards write, at its plainest: whole groups in memory, durable at once, and the
 * answer to a shard that begins. For tests and benches that are about shards.
 */
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { fromStore, writeRestoreInputs, writeRestoreRoom } from "../engine/lane/from-store.js";
import type { LaneWriter } from "../engine/lane/lane.js";
import { partsOf } from "../engine/lane/parts.js";
import {
  type EntityRecord,
  type GrantRecord,
  readEntity,
  readGrant,
  readGranted,
  readRoomCheckpoint,
  readRoomInputs,
  readTickEnd,
  toStore,
  writeEntity,
} from "../engine/lane/to-store.js";
import { decodePlayer, type PlayerRow } from "../engine/player.js";

/** A record of a group that is kept. */
export interface KeptRecord {
  readonly shard: number;
  readonly tick: number;
  readonly type: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

interface KeptInputs {
  readonly tick: number;
  readonly wallMs: number;
  readonly inputs: Uint8Array;
}

/** A checkpoint, or the room's end, that becomes its beginning once net has told what came before. */
interface Candidate {
  readonly shard: number;
  readonly tick: number;
  /** null: the room has ended. */
  readonly checkpoint: Uint8Array | null;
  /** Inputs before it. */
  readonly inputs: number;
}

interface KeptRoom {
  readonly cell: number;
  checkpoint: Uint8Array | null;
  inputs: KeptInputs[];
  candidates: Candidate[];
}

export class KeptJournal {
  /** Every record of every whole group, in order. */
  readonly records: KeptRecord[] = [];
  readonly rooms = new Map<number, KeptRoom>();
  readonly entities = new Map<number, EntityRecord>();
  /** Granted and not taken yet, by id. */
  readonly grants = new Map<string, GrantRecord>();
  readonly #open = new Map<number, { readonly type: number; readonly payload: Uint8Array<ArrayBuffer> }[]>();

  /** A record of a shard's lane. Returns the incarnation of a shard that says hello, to be answered. */
  take(shard: number, type: number, payload: Uint8Array<ArrayBuffer>): number | undefined {
    if (type === toStore.hello) {
      this.#open.delete(shard);
      return new ByteReader(payload).u32();
    }
    const group = this.#open.get(shard) ?? [];
    this.#open.set(shard, group);
    if (type !== toStore.tickEnd) {
      group.push({ type, payload });
      return undefined;
    }
    this.#open.delete(shard);
    const { tick, wallMs } = readTickEnd(new ByteReader(payload));
    for (const record of group) this.#keep({ shard, tick, ...record }, wallMs);
    return undefined;
  }

  /** The process has ended: what no end was written of never happened. */
  voidOpenGroups(): void {
    this.#open.clear();
  }

  #keep(record: KeptRecord, wallMs: number): void {
    this.records.push(record);
    const { shard, tick, payload } = record;
    const from = new ByteReader(payload);
    switch (record.type) {
      case toStore.roomInputs: {
        const { roomId, cell, inputs } = readRoomInputs(from);
        this.#room(roomId, cell).inputs.push({ tick, wallMs, inputs });
        return;
      }
      case toStore.roomCheckpoint: {
        const { roomId, cell, checkpoint } = readRoomCheckpoint(from);
        const room = this.#room(roomId, cell);
        room.candidates.push({ shard, tick, checkpoint, inputs: room.inputs.length });
        return;
      }
      case toStore.roomClosed: {
        const room = this.rooms.get(from.u32());
        room?.candidates.push({ shard, tick, checkpoint: null, inputs: room.inputs.length });
        return;
      }
      case toStore.entity: {
        const entity = readEntity(from);
        if (entity.row.length === 0) this.entities.delete(entity.entityId);
        else this.entities.set(entity.entityId, entity);
        return;
      }
      case toStore.grant: {
        const grant = readGrant(from);
        this.grants.set(grant.grantId, grant);
        return;
      }
      case toStore.granted:
        this.grants.delete(readGranted(from).grantId);
        return;
    }
  }

  #room(roomId: number, cell: number): KeptRoom {
    const known = this.rooms.get(roomId);
    if (known !== undefined) return known;
    const room: KeptRoom = { cell, checkpoint: null, inputs: [], candidates: [] };
    this.rooms.set(roomId, room);
    return room;
  }

  /** Net has put into effect what a shard said up to a tick: nothing before needs to be told again. */
  netHas(shard: number, tick: number): void {
    for (const [roomId, room] of this.rooms) {
      const at = room.candidates.findLastIndex((entry) => entry.shard === shard && entry.tick <= tick);
      const candidate = room.candidates[at];
      if (candidate === undefined) continue;
      if (candidate.checkpoint === null) {
        this.rooms.delete(roomId);
        continue;
      }
      room.checkpoint = candidate.checkpoint;
      room.inputs = room.inputs.slice(candidate.inputs);
      room.candidates = room.candidates
        .slice(at + 1)
        .map((entry) => ({ ...entry, inputs: entry.inputs - candidate.inputs }));
    }
  }

  /** Tells a shard what survived in the cells it owns; entities only to a process that begins. */
  answer(
    lane: LaneWriter,
    to: {
      readonly incarnation: number;
      readonly owns: (cell: number) => boolean;
      readonly cellOf: (entity: EntityRecord) => number;
      readonly withEntities: boolean;
    },
  ): void {
    const out = new ByteWriter();
    for (const [roomId, { cell, checkpoint, inputs }] of this.rooms) {
      if (!to.owns(cell)) continue;
      lane.sendWriter(fromStore.restoreRoom, writeRestoreRoom(out, { roomId, cell, checkpoint }));
      for (const input of inputs)
        sendWhole(lane, fromStore.restoreInputs, writeRestoreInputs(out, { roomId, ...input }));
    }
    for (const entity of to.withEntities ? this.entities.values() : []) {
      if (to.owns(to.cellOf(entity))) lane.sendWriter(fromStore.restoreEntity, writeEntity(out, entity));
    }
    lane.sendWriter(fromStore.restoreEnd, out.clear().u32(to.incarnation));
    lane.flush();
  }

  /** The newest row of a player, as a load would tell: of two with one version the later. */
  playerOf(playerId: string): PlayerRow | undefined {
    let newest: PlayerRow | undefined;
    for (const { type, payload } of this.records) {
      if (type !== toStore.player) continue;
      const row = decodePlayer(new ByteReader(payload));
      if (row.playerId === playerId && row.version >= (newest?.version ?? 0)) newest = row;
    }
    return newest;
  }

  /** What a player is still to be given, as a load would tell. */
  grantsOf(playerId: string): GrantRecord[] {
    return [...this.grants.values()].filter((grant) => grant.playerId === playerId);
  }
}

function sendWhole(lane: LaneWriter, type: number, out: ByteWriter): void {
  const { recordLengthMax } = lane.ring;
  if (out.length <= recordLengthMax) lane.sendWriter(type, out);
  else
    for (const part of partsOf(type, out.bytes(), recordLengthMax))
      lane.sendWriter(fromStore.restorePart, part);
}
