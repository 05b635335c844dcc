/** Bounds of the network thread that no config names, and how they relate. */
import { assert } from "../engine/assert.js";
import type { Config } from "../engine/config-schema.js";
import { limits as engineLimits } from "../engine/limits.js";
import type { EventLogLimits } from "./event-log.js";
import type { Rate } from "./rate-limit.js";

export const limits = {
  /** A session that is not in the world after this long is let go. */
  connectingMsMax: 10_000,
  /** Reliable intents of one session on their way to shards. */
  intentsOutstandingMax: 64,
  /** Rooms one session is in at once. */
  roomsPerSessionMax: 64,
  /** Bytes that wait outside of a full lane before records are refused. */
  laneOutboxBytesMax: 4_194_304,
  /** Records taken from lanes in one duty cycle. */
  recordsPerDutyMax: 65_536,
  /** A POST body: a name and a ticket. */
  httpBodyBytesMax: 2048,
  /** Addresses whose requests are counted. */
  addressesMax: 16_384,
  /** The longest a duty cycle waits when nothing is due: often enough for a heartbeat. */
  sleepMsMax: 250,
  /** One Refused event per kind of intent within this time. */
  refusalPeriodMs: 1000,
  /** How often the journal is told where sessions stand, and how far the shards' ticks have been taken. */
  journalPeriodMs: 1000,
  /** Bytes of records in one group, of which a turn makes several if it must. */
  journalGroupBytesMax: 1_048_576,
  /** Bytes of events that can be given other numbers in one group: see EventLog.awaitClient. */
  resyncBytesMax: 2_097_152,
  /** How long the news that intents are durable waits for a tick to leave with. */
  ackWaitMsMax: 50,
  /** How often a player of a suspended session is loaded again after the store could not answer. */
  loadRetryMs: 1000,
  /** How often a player that could not be placed is tried again. */
  retryMs: 50,
} as const;

/** Rates of what the engine itself understands; games name their own. */
export const engineRates = {
  move: { perSecond: 60, burst: 120 },
  eventAck: { perSecond: 120, burst: 240 },
  ping: { perSecond: 5, burst: 10 },
  /** Intents for rooms the sender is not in: of no kind that could be looked up. */
  strayRoomIntent: { perSecond: 20, burst: 40 },
  /** What a resume sends again: as a rule no more than may be outstanding. */
  repeatedIntent: { perSecond: 64, burst: 1024 },
} as const satisfies Record<string, Rate>;

/**
 * The longest message a transport completes. Longer than is allowed, so that what is a little too long is told so
 * by a close code; what is far too long ends the socket before it fills memory.
 */
export function messageBytesMax(config: Config): number {
  return Math.max(16_384, config.net.payloadBytesMax * 2);
}

/** What a session keeps of events that were not acknowledged. */
export function eventLogLimits(config: Config): EventLogLimits {
  return { eventsMax: config.session.eventsKeptMax, bytesMax: config.session.eventBytesKeptMax };
}

/** Sessions in all: those with sockets, and as many again in their grace time. */
export function sessionsMax(config: Config): number {
  return config.net.connectionsMax * 2;
}

/** @throws AssertionFailed */
export function assertLimits(config: Config): void {
  assert(
    limits.journalGroupBytesMax + limits.resyncBytesMax <= engineLimits.groupBytesMax / 2,
    "the journal takes a group, with what must not be divided",
  );
  assert(limits.journalGroupBytesMax * 2 <= engineLimits.groupBytesMax, "the journal takes a turn's group");
  assert(messageBytesMax(config) > config.net.payloadBytesMax, "what is a little too long can be refused");
  assert(
    (config.net.payloadBytesMax + 64) * 8 <= config.shards.ringBytes,
    "a lane holds eight of the longest messages",
  );
}
