/** Records from the persistence thread: answers to net; later, durable positions to shards. */
import { decodePlayer, encodePlayer, type PlayerRow } from "../player.js";
import type { ByteReader, ByteWriter } from "./bytes.js";

export const fromStore = {
  /** {@link LoadedRecord} */
  loaded: 1,
  /** {@link LoadFailedRecord}: the store could not answer within its bounds. */
  loadFailed: 2,
  /** u8: 1 the store answers, 0 it does not. Sent at every change. */
  storeState: 3,
} as const;

export interface LoadedRecord {
  readonly session: number;
  readonly joinEpoch: number;
  /** null: nobody by that id. */
  readonly player: PlayerRow | null;
}

export interface LoadFailedRecord {
  readonly session: number;
  readonly joinEpoch: number;
}

export function writeLoaded(out: ByteWriter, record: LoadedRecord): ByteWriter {
  out.clear().u32(record.session).u32(record.joinEpoch);
  if (record.player === null) return out.u8(0);
  out.u8(1);
  return encodePlayer(record.player, out);
}
export function readLoaded(from: ByteReader): LoadedRecord {
  const session = from.u32();
  const joinEpoch = from.u32();
  return { session, joinEpoch, player: from.u8() === 1 ? decodePlayer(from) : null };
}

export function writeLoadFailed(out: ByteWriter, record: LoadFailedRecord): ByteWriter {
  return out.clear().u32(record.session).u32(record.joinEpoch);
}
export function readLoadFailed(from: ByteReader): LoadFailedRecord {
  return { session: from.u32(), joinEpoch: from.u32() };
}
