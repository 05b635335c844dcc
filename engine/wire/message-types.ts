/** First byte of every message. Below 128 from clients, above from the server. */
export const PROTOCOL_VERSION = 1;

export const messageTypes = {
  moveIntent: 1,
  fieldIntent: 2,
  roomIntent: 3,
  eventAck: 4,
  ping: 5,
  goodbye: 6,
  welcome: 128,
  cellFrames: 129,
  profiles: 130,
  roomFrame: 131,
  event: 132,
  pong: 133,
  intentAck: 134,
  sight: 135,
} as const;

/** Who an event comes from: `EventHeader.scope`. */
export const eventScopes = { engine: 0, field: 1, room: 2 } as const;

/** `EventHeader.kind` of the engine's own events. */
export const engineEvents = {
  playerChanged: 1,
  roomJoined: 2,
  roomLeft: 3,
  refused: 4,
  relocated: 5,
  notice: 6,
} as const;

/** Bits of `FrameHeader.kind`. */
export const FRAME_KEYFRAME = 1;
export const FRAME_EXTENDED = 2;
export const FRAME_WIDE = 4;
export const FRAME_PARTIAL = 8;
export const FRAME_NAMED = 16;
/** `EntityLeave.to_cell` of an entity that is gone. */
export const CELL_NONE = 0xffff;
/**
 * Fixed-point positions: this many units a cell, with this offset so that what is outside is still positive. Coarse enough
 * that who waits for their turn in a crowd is still told of by one move of ±127, fine enough for the eye: 1.2 cm of 24 m.
 */
export const POSITION_UNITS = 2048;
export const POSITION_OFFSET = 2048;
/** Bytes of the struct before the body of a message or event. */
export const TABLE_HEAD_BYTES = 8;
export const EVENT_HEAD_BYTES = 16;
export const FIELD_INTENT_HEAD_BYTES = 8;
export const ROOM_INTENT_HEAD_BYTES = 16;
export const ROOM_FRAME_HEAD_BYTES = 8;
