/**
 * What a durable room takes in, as the journal keeps it: everything that can move it but its own ticks. An input says
 * after how many of those it was taken, so a replay makes as many and then gives the room the same input. Ticks that
 * nobody outside could notice are not written down.
 *
 * ```
 *   u8 kind, u32 tick (the room's ticks made by then), and:
 *   create     text stamp of the type, text table set, blob options
 *   join       u32 session, the player
 *   leave, drop, reconnect    u32 session
 *   intent     u32 session, u32 seq, u16 kind, blob body
 *   act        u16 kind, u32 fromEntity, u32 fromRoom, u32 fromCell, blob body
 *   timer      u8 id
 *   ticked     nothing: tick number `tick` was noticed outside, so its wall time must be known
 * ```
 */
import { unreachable } from "../engine/assert.js";
import type { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import type { Act, Intent, RoomPlayer } from "../engine/room/game.js";

const kinds = {
  create: 1,
  join: 2,
  leave: 3,
  drop: 4,
  reconnect: 5,
  intent: 6,
  act: 7,
  timer: 8,
  ticked: 9,
} as const;

/** Bytes of the input that is written most. */
export const TICKED_BYTES = 5;
/** Bytes of an intent or an act around its body. */
const BODY_HEAD_BYTES = 24;
/** Bytes of a player, or of the names of a type and a set of tables, at their longest. */
const NAMES_BYTES_MAX = 320;

/** How a room began. */
export interface RoomCreation {
  /** The stamp of its type: engine/room/room-stamp.ts. */
  readonly type: string;
  /** Id of the set of tables it goes by, for good. */
  readonly tableSet: string;
  readonly options: Uint8Array;
}

export type RoomInput = { readonly tick: number } & (
  | ({ readonly is: "create" } & RoomCreation)
  | { readonly is: "join"; readonly session: number; readonly player: RoomPlayer }
  | { readonly is: "leave" | "drop" | "reconnect"; readonly session: number }
  | { readonly is: "intent"; readonly session: number; readonly intent: Intent }
  | { readonly is: "act"; readonly act: Act }
  | { readonly is: "timer"; readonly id: number }
  | { readonly is: "ticked" }
);

/** Appends. */
export function writeRoomInput(out: ByteWriter, input: RoomInput): ByteWriter {
  out.u8(kinds[input.is]).u32(input.tick);
  switch (input.is) {
    case "create":
      return out.text(input.type).text(input.tableSet).blob(input.options);
    case "join":
      return writeRoomPlayer(out.u32(input.session), input.player);
    case "leave":
    case "drop":
    case "reconnect":
      return out.u32(input.session);
    case "intent": {
      const { seq, kind, body } = input.intent;
      return out.u32(input.session).u32(seq).u16(kind).blob(body);
    }
    case "act": {
      const { kind, fromEntity, fromRoom, fromCell, body } = input.act;
      return out.u16(kind).u32(fromEntity).u32(fromRoom).u32(fromCell).blob(body);
    }
    case "timer":
      return out.u8(input.id);
    case "ticked":
      return out;
    default:
      return unreachable(input);
  }
}

/** As {@link writeRoomInput}, of the one that is written most. */
export function writeTicked(out: ByteWriter, tick: number): void {
  out.u8(kinds.ticked).u32(tick);
}

/** Bytes that {@link writeRoomInput} writes, at most. */
export function inputBytesMax(input: RoomInput): number {
  if (input.is === "intent") return BODY_HEAD_BYTES + input.intent.body.length;
  if (input.is === "act") return BODY_HEAD_BYTES + input.act.body.length;
  return NAMES_BYTES_MAX + (input.is === "create" ? input.options.length : 0);
}

/** @throws RangeError when what was written ends early, Error when it is not what any of the above wrote */
export function readRoomInput(from: ByteReader): RoomInput {
  const kind = from.u8();
  const tick = from.u32();
  switch (kind) {
    case kinds.create:
      return { is: "create", tick, type: from.text(), tableSet: from.text(), options: from.blob() };
    case kinds.join:
      return { is: "join", tick, session: from.u32(), player: readRoomPlayer(from) };
    case kinds.leave:
      return { is: "leave", tick, session: from.u32() };
    case kinds.drop:
      return { is: "drop", tick, session: from.u32() };
    case kinds.reconnect:
      return { is: "reconnect", tick, session: from.u32() };
    case kinds.intent: {
      const session = from.u32();
      const seq = from.u32();
      return { is: "intent", tick, session, intent: { seq, kind: from.u16(), body: from.blob() } };
    }
    case kinds.act: {
      const act = {
        kind: from.u16(),
        fromEntity: from.u32(),
        fromRoom: from.u32(),
        fromCell: from.u32(),
        body: from.blob(),
      };
      return { is: "act", tick, act };
    }
    case kinds.timer:
      return { is: "timer", tick, id: from.u8() };
    case kinds.ticked:
      return { is: "ticked", tick };
    default:
      throw new Error(`a room's input has a kind that does not exist: ${kind}`);
  }
}

export function writeRoomPlayer(out: ByteWriter, player: RoomPlayer): ByteWriter {
  out.text(player.playerId).text(player.name);
  return out.u16(player.level).u32(player.entityId).u32(player.cell);
}

export function readRoomPlayer(from: ByteReader): RoomPlayer {
  return {
    playerId: from.text(),
    name: from.text(),
    level: from.u16(),
    entityId: from.u32(),
    cell: from.u32(),
  };
}
