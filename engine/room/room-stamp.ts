/**
 * What the journal calls a durable room's type: its name, and behind a `#` the version of its state, when the type says
 * one. A checkpoint begins with it, and so does what a room was opened with (shards/room-inputs.ts).
 */
import { ByteReader } from "../lane/bytes.js";
import type { RoomType } from "./game.js";

/** Kind and tick, which stand before the stamp in what a room was opened with. */
const CREATION_HEAD_BYTES = 5;

export function roomStampOf({ name, stateVersion }: Pick<RoomType, "name" | "stateVersion">): string {
  return stateVersion === undefined ? name : `${name}#${stateVersion}`;
}

/** The type that takes a room with this stamp, or why none does. */
export function typeOfStamp(types: ReadonlyMap<string, RoomType>, stamp: string): RoomType | string {
  const name = nameOfStamp(stamp);
  const type = types.get(name) ?? types.get(stamp);
  if (type?.isDurable !== true) return `no game has a durable room type of the name ${name}`;
  const now = roomStampOf(type);
  return now === stamp ? type : `its state is of ${stamp}, and the game has ${now}`;
}

function nameOfStamp(stamp: string): string {
  return stamp.replace(/#\d+$/, "");
}

/** The stamp of a room as it is kept; "" when that cannot be read. */
export function stampOfKept(checkpoint: Uint8Array | null, firstInputs: Uint8Array | undefined): string {
  const from = checkpoint ?? firstInputs?.subarray(CREATION_HEAD_BYTES);
  if (from === undefined) return "";
  try {
    return new ByteReader(from).text();
  } catch (error) {
    // It ends early, or is no text.
    if (error instanceof RangeError || error instanceof TypeError) return "";
    throw error;
  }
}
