/** Lives of the persistence thread that follow one another, and what they are told of the ones before, for tests. */
import assert from "node:assert/strict";
import { ByteWriter } from "../engine/lane/bytes.js";
import { fromStore, readRestoreInputs, readRestoreRoom } from "../engine/lane/from-store.js";
import {
  nobody,
  readEntity,
  toStore,
  writeEntity,
  writeRoomCheckpoint,
  writeRoomInputs,
} from "../engine/lane/to-store.js";
import { LossyStore, PersistenceRig, type RigOptions, type Told, turn } from "./persistence-rig.js";
import { sqlitePlace } from "./sqlite-place.js";

type Use = (rig: PersistenceRig, again: () => Promise<PersistenceRig>) => Promise<void>;

/** `again` ends the process where it stands and starts another on the same disk and store. */
export async function withRig(options: Partial<RigOptions>, use: Use): Promise<void> {
  const place = await sqlitePlace();
  const store = new LossyStore(place.store());
  const lives: PersistenceRig[] = [await PersistenceRig.start({ ...options, store })];
  try {
    await lives[0]!.settle();
    await use(lives[0]!, async () => {
      await turn();
      await store.close();
      const rig = await PersistenceRig.start({ ...options, store, disk: lives.at(-1)!.disk.restart() });
      lives.push(rig);
      return rig;
    });
  } finally {
    await turn();
    await store.close();
    await place.release();
  }
}

export const out = new ByteWriter();
export const bytes = (...values: number[]) => Uint8Array.from(values);

export function inputs(rig: PersistenceRig, room: number, ...values: number[]): void {
  const record = { roomId: room, cell: room, inputs: bytes(...values) };
  rig.say(room % 2, toStore.roomInputs, writeRoomInputs(out, record));
}

export function checkpoint(rig: PersistenceRig, room: number, ...values: number[]): void {
  const record = { roomId: room, cell: room, checkpoint: bytes(...values) };
  rig.say(room % 2, toStore.roomCheckpoint, writeRoomCheckpoint(out, record));
}

export function entity(
  rig: PersistenceRig,
  entityId: number,
  at: { x: number; playerId?: string; row?: number },
): void {
  const row = bytes(...(at.row === undefined ? [] : [at.row]));
  const record = { entityId, playerId: at.playerId ?? nobody, x: at.x, y: 5, row };
  rig.say(0, toStore.entity, writeEntity(out, record));
}

/** What a shard was told, as text: `room 4 cp 1,2`, `inputs 4 t3 7`, `entity 9 1`, `end 2`. */
export function shown(told: readonly Told[]): string[] {
  return told.map(({ type, from }) => {
    switch (type) {
      case fromStore.restoreRoom: {
        const room = readRestoreRoom(from);
        return `room ${room.roomId} ${room.checkpoint === null ? "from its inputs" : `cp ${room.checkpoint}`}`;
      }
      case fromStore.restoreInputs: {
        const taken = readRestoreInputs(from);
        assert.equal(taken.wallMs, 1_700_000_000_000 + taken.tick);
        return `inputs ${taken.roomId} t${taken.tick} ${taken.inputs}`;
      }
      case fromStore.restoreEntity: {
        const { entityId, row } = readEntity(from);
        return `entity ${entityId} ${row}`;
      }
      case fromStore.restoreEnd:
        return `end ${from.u32()}`;
      default:
        return `type ${type}`;
    }
  });
}
