/** The columns the open world adds to an entity, and the states an entity is in. */
import type { ColumnKind, EntityTable, FieldContext } from "../../engine/room/game.js";

/** Values of the `state` column: one bit each, never two, so that a client can test them either way. */
export const FREE = 0;
/** Has challenged `partner` and waits for an answer until `until`. */
export const ENGAGING = 1;
/** Fights in `room`; heard of it last in time for `until`. */
export const BATTLE = 2;
/** Cannot be challenged until `until`. */
export const IMMUNE = 4;
/** A creature that lost: away until `until`. */
export const DEAD = 8;
/** A free creature after `partner`. */
export const CHASING = 16;

export const columns = {
  until: "u32",
  partner: "u32",
  room: "u32",
  roomCell: "u32",
  roomHost: "u32",
  intentSeq: "u32",
  leftRoom: "u32",
  leftUntil: "u32",
  unsureUntil: "u32",
  giftSeq: "u32",
  giftUntil: "u32",
  homeX: "f64",
  homeY: "f64",
} as const satisfies Record<string, ColumnKind>;

export interface Rows {
  readonly entities: EntityTable;
  /** World tick at which the state ends by itself. */
  readonly until: Uint32Array;
  /** Entity that is challenged or chased. */
  readonly partner: Uint32Array;
  readonly room: Uint32Array;
  readonly roomCell: Uint32Array;
  /** Entity whose owner seats further members in the room. */
  readonly roomHost: Uint32Array;
  /** The intent to refuse when the challenge fails. */
  readonly intentSeq: Uint32Array;
  /** Room whose last word was heard, and until when a late call of it is taken for late. */
  readonly leftRoom: Uint32Array;
  readonly leftUntil: Uint32Array;
  /** Until this tick rooms know better than the row: it is new here, or back from a checkpoint. */
  readonly unsureUntil: Uint32Array;
  /** The intent of a gift that waits to know whom it is for, until `giftUntil`; 0: none. */
  readonly giftSeq: Uint32Array;
  readonly giftUntil: Uint32Array;
  readonly homeX: Float64Array;
  readonly homeY: Float64Array;
}

export function openRows(context: FieldContext): Rows {
  const { entities } = context;
  return {
    entities,
    until: entities.column("until", "u32"),
    partner: entities.column("partner", "u32"),
    room: entities.column("room", "u32"),
    roomCell: entities.column("roomCell", "u32"),
    roomHost: entities.column("roomHost", "u32"),
    intentSeq: entities.column("intentSeq", "u32"),
    leftRoom: entities.column("leftRoom", "u32"),
    leftUntil: entities.column("leftUntil", "u32"),
    unsureUntil: entities.column("unsureUntil", "u32"),
    giftSeq: entities.column("giftSeq", "u32"),
    giftUntil: entities.column("giftUntil", "u32"),
    homeX: entities.column("homeX", "f64"),
    homeY: entities.column("homeY", "f64"),
  };
}

/** Puts a row into a state that ends by itself after some seconds; FREE and CHASING do not end. */
export function setState(context: FieldContext, rows: Rows, row: number, state: number, seconds = 0): void {
  rows.entities.state[row] = state;
  rows.until[row] = context.tick + ticksOf(context, seconds);
}

export function ticksOf(context: FieldContext, seconds: number): number {
  return Math.ceil((seconds * 1000) / context.tickPeriodMs);
}
