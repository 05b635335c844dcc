/** Records to the persistence thread: rows from shards, loads from net. */
import type { ByteReader, ByteWriter } from "./bytes.js";

export const toStore = {
  /** From shards: an encoded PlayerRow (engine/player.ts). */
  player: 1,
  /** From shards: an encoded BattleResultRow. */
  battleResult: 2,
  /** From net: {@link LoadRecord}. Answered with what every row published before it says. */
  load: 3,
} as const;

export interface LoadRecord {
  /** Echoed in the answer: net's session and the joinEpoch it loads for. */
  readonly session: number;
  readonly joinEpoch: number;
  readonly playerId: string;
}

export function writeLoad(out: ByteWriter, record: LoadRecord): ByteWriter {
  return out.clear().u32(record.session).u32(record.joinEpoch).hex16(record.playerId);
}
export function readLoad(from: ByteReader): LoadRecord {
  return { session: from.u32(), joinEpoch: from.u32(), playerId: from.hex16() };
}
