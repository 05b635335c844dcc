/**
 * Limits that are not config: nobody running a server has a reason to move them, and code on several threads
 * relies on how they relate. How they relate is asserted here; how they relate to the config, in config-checks.ts.
 */
import { assert } from "./assert.js";
import { RECORD_LENGTH_DIVISOR } from "./memory/spsc-ring-layout.js";

export const limits = {
  /** Stacks of items a player carries. */
  inventorySlotsMax: 24,
  /** Characters of a player's name. */
  playerNameLengthMax: 24,
  /** Bytes of a stored player, everything at its greatest. */
  playerRowBytesMax: 1024,
  /** Bytes of a durable room's checkpoint. */
  roomCheckpointBytesMax: 7168,
  /** Grants that one join brings; what waits beyond them comes with the next. How many wait is bounded by the image. */
  grantsWaitingMax: 32,
  /** Bytes of one grant's body. */
  grantBytesMax: 128,
  /** Bytes of one shard's tick, or net's turn, in the journal. */
  groupBytesMax: 8 * 1024 * 1024,
  /** Bytes of one event's body. */
  eventBytesMax: 8000,
  /** Smallest ring that the config allows, in bytes. */
  ringBytesMin: 65_536,
  /** Bytes of a lane record around a client's message. */
  intentOverheadBytesMax: 64,
  /** A thread that has not beaten for this long is taken for spinning, and ended. */
  heartbeatAgeMsMax: 5000,
  /** A thread may take this long from its start to its first heartbeat: it loads the games. */
  threadStartMsMax: 30_000,
  /** How often control looks at heartbeats. */
  watchPeriodMs: 500,
  /** The longest a sleeping thread goes without a heartbeat. */
  sleepMsMax: 1000,
  /** What a step of a graceful stop may take beyond the deadline to say what it left undone. */
  stopReportMsMax: 500,
  /** Requests that the admin port serves at once. */
  adminConnectionsMax: 32,
  /** Bytes of the headers of one admin request. */
  adminHeaderBytesMax: 8192,
} as const;

const recordBytesMaxOfSmallestRing = limits.ringBytesMin / RECORD_LENGTH_DIVISOR;

assert(limits.eventBytesMax + 128 <= recordBytesMaxOfSmallestRing, "an event, numbered, fits any ring");
assert(
  limits.playerRowBytesMax * 2 <= recordBytesMaxOfSmallestRing,
  "a join, with its player, fits any ring",
);
assert(
  limits.roomCheckpointBytesMax + 64 <= recordBytesMaxOfSmallestRing,
  "a room's checkpoint fits any ring, on its way out and back",
);
assert(
  // With their ids and lengths.
  limits.playerRowBytesMax + limits.grantsWaitingMax * (limits.grantBytesMax + 48) + 64 <=
    recordBytesMaxOfSmallestRing,
  "a join, with everything that waits for its player, fits any ring",
);
assert(
  // Four bytes a character of UTF-8, four bytes a stack, and 64 for the numbers.
  64 + limits.playerNameLengthMax * 4 + limits.inventorySlotsMax * 4 <= limits.playerRowBytesMax,
  "the largest player fits its limit",
);
assert(limits.sleepMsMax * 2 <= limits.heartbeatAgeMsMax, "a thread that only sleeps is not taken for dead");
assert(limits.watchPeriodMs * 4 <= limits.heartbeatAgeMsMax, "a dead thread is noticed soon after its limit");
assert(limits.heartbeatAgeMsMax < limits.threadStartMsMax, "a thread that starts is given longer");
