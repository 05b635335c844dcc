/** A durable room as the journal keeps it: what it is, what it goes by, when its timers are due, and its state. */
import type { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { roomStampOf } from "../engine/room/room-stamp.js";
import { ROOM_TIMERS_MAX, type RoomHost } from "./room-host.js";
import type { Schedule } from "./schedule.js";

/** What must be known before the room can be made; its state follows: {@link RoomHost.restore}. */
export interface RoomCheckpointHead {
  /** The stamp of its type. */
  readonly type: string;
  /** Id of the set of tables it was opened with. */
  readonly tableSet: string;
  readonly timers: readonly { readonly id: number; readonly due: number }[];
}

export function writeRoomCheckpoint(out: ByteWriter, host: RoomHost, schedule: Schedule): void {
  out.text(roomStampOf(host.type)).text(host.tables.id);
  const { timerEntries } = host;
  let count = 0;
  for (let id = 0; timerEntries !== undefined && id < ROOM_TIMERS_MAX; id++)
    if (timerEntries[id]! >= 0) count++;
  out.u8(count);
  for (let id = 0; count > 0 && id < ROOM_TIMERS_MAX; id++) {
    const entry = timerEntries![id]!;
    if (entry >= 0) out.u8(id).u32(schedule.dueOf(entry));
  }
  host.checkpoint(out);
}

/** @throws RangeError when the checkpoint ends early */
export function readRoomCheckpointHead(from: ByteReader): RoomCheckpointHead {
  return {
    type: from.text(),
    tableSet: from.text(),
    timers: Array.from({ length: from.u8() }, () => ({ id: from.u8(), due: from.u32() })),
  };
}
