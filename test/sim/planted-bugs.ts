/** Bugs that are planted on purpose, to see that the simulation finds them: each with the trouble it needs to show. */
import { fromStore } from "../../engine/lane/from-store.js";
import { toShard } from "../../engine/lane/to-shard.js";
import { toStore } from "../../engine/lane/to-store.js";
import { FRAMES_HEAD_BYTES } from "../../engine/wire/codec.js";
import { FrameHeaderLayout } from "../../engine/wire/generated/frames-layout.js";
import { FRAME_KEYFRAME, messageTypes } from "../../engine/wire/message-types.js";
import type { FaultFamily } from "./faults.js";

/** What becomes of a record or a message. */
export type Tampering = "pass" | "drop" | "twice";

export interface PlantedBug {
  readonly family: FaultFamily;
  /** Where to begin to look: some bugs need a rare coincidence. Default 1. */
  readonly firstSeed?: number;
  /** Records from net to shards, by type. */
  readonly record?: (type: number) => Tampering;
  /** Messages to clients. */
  readonly message?: (bytes: Uint8Array) => Tampering;
  /** Records from shards and net to persistence, by type. */
  readonly toStore?: (type: number) => Tampering;
  /** Whole groups of a shard. */
  readonly group?: () => Tampering;
  /** Records from persistence to shards and net, by type. */
  readonly fromStore?: (type: number) => Tampering;
  /** Everything is durable as soon as it is asked for. */
  readonly isDurableEarly?: boolean;
  /** Syncs that the disk says it has made. */
  readonly sync?: () => Tampering;
  /** Batches that the store says it has applied. */
  readonly batch?: () => Tampering;
}

/** Tampers with every so manieth of those chosen. */
function every<Of>(nth: number, tampering: Tampering, isChosen: (of: Of) => boolean): (of: Of) => Tampering {
  let count = 0;
  return (of) => (isChosen(of) && ++count % nth === 0 ? tampering : "pass");
}

/** The kind of a message's first frame. */
const KIND_AT = FRAMES_HEAD_BYTES + FrameHeaderLayout.kind;
const isKeyframe = (bytes: Uint8Array) =>
  bytes[0] === messageTypes.cellFrames && (bytes[KIND_AT]! & FRAME_KEYFRAME) !== 0;
const isDelta = (bytes: Uint8Array) =>
  bytes[0] === messageTypes.cellFrames && (bytes[KIND_AT]! & FRAME_KEYFRAME) === 0;

/** Made anew for each run, because they count. */
export const plantedBugs: Readonly<Record<string, () => PlantedBug>> = {
  "the marker of a handoff is never sent": () => ({
    family: "calm",
    record: every(1, "drop", (type) => type === toShard.routeMarker),
  }),
  "older copies are not evicted when a shard is lost": () => ({
    family: "failover",
    firstSeed: 60,
    record: every(1, "drop", (type) => type === toShard.evict),
  }),
  "a leave gets lost": () => ({
    family: "network",
    record: every(2, "drop", (type) => type === toShard.leave),
  }),
  "a shard is not told that nobody sees a cell": () => ({
    family: "calm",
    record: every(3, "drop", (type) => type === toShard.sight),
  }),
  "a keyframe is not asked for": () => ({
    family: "calm",
    record: every(9, "drop", (type) => type === toShard.keyframeWanted),
  }),
  "a room is not told that a member is gone": () => ({
    family: "network",
    record: every(2, "drop", (type) => type === toShard.roomLeave),
  }),
  "an intent reaches its shard twice": () => ({
    family: "calm",
    record: every(50, "twice", (type) => type === toShard.intent),
  }),
  "an intent vanishes on its lane": () => ({
    family: "calm",
    record: every(50, "drop", (type) => type === toShard.intent),
  }),
  "an event is delivered twice": () => ({
    family: "calm",
    message: every(20, "twice", (bytes) => bytes[0] === messageTypes.event),
  }),
  "an event is left out": () => ({
    family: "calm",
    message: every(20, "drop", (bytes) => bytes[0] === messageTypes.event),
  }),
  "a keyframe is left out": () => ({ family: "calm", message: every(20, "drop", isKeyframe) }),
  "a delta is left out": () => ({ family: "calm", message: every(500, "drop", isDelta) }),
  "the list of cells in sight is left out": () => ({
    family: "calm",
    message: every(5, "drop", (bytes) => bytes[0] === messageTypes.sight),
  }),
  "the store forgets a batch it has applied": () => ({
    family: "store",
    batch: every<void>(4, "drop", () => true),
  }),
  "what a durable room took in is not written down": () => ({
    family: "kill",
    toStore: every(20, "drop", (type) => type === toStore.roomInputs),
  }),
  "what a durable room took in is written down twice": () => ({
    family: "kill",
    toStore: every(20, "twice", (type) => type === toStore.roomInputs),
  }),
  "a room's end is not written down": () => ({
    family: "kill",
    toStore: every(2, "drop", (type) => type === toStore.roomClosed),
  }),
  "a grant is not written down": () => ({
    family: "kill",
    toStore: every(2, "drop", (type) => type === toStore.grant),
  }),
  "that a grant was taken is not written down": () => ({
    family: "kill",
    toStore: every(2, "drop", (type) => type === toStore.granted),
  }),
  "a line of the ledger is left out": () => ({
    family: "calm",
    toStore: every(10, "drop", (type) => type === toStore.ledger),
  }),
  "settled intents are not written down": () => ({
    family: "kill",
    toStore: every(3, "drop", (type) => type === toStore.settled),
  }),
  "an event is not written down": () => ({
    family: "kill",
    toStore: every(10, "drop", (type) => type === toStore.sessionEvent),
  }),
  "that a session was opened is not written down": () => ({
    family: "kill",
    toStore: every(2, "drop", (type) => type === toStore.sessionOpened),
  }),
  "that a session is closed is not written down": () => ({
    family: "kill",
    toStore: every(2, "drop", (type) => type === toStore.sessionClosed),
  }),
  "the journal forgets a group": () => ({ family: "kill", group: every<void>(30, "drop", () => true) }),
  "a room's inputs are left out of what is restored": () => ({
    family: "kill",
    fromStore: every(5, "drop", (type) => type === fromStore.restoreInputs),
  }),
  "a room's inputs are restored twice": () => ({
    family: "kill",
    fromStore: every(5, "twice", (type) => type === fromStore.restoreInputs),
  }),
  "a room is left out of what is restored": () => ({
    family: "kill",
    fromStore: every(2, "drop", (type) => type === fromStore.restoreRoom),
  }),
  "an event is left out of what is restored": () => ({
    family: "kill",
    fromStore: every(5, "drop", (type) => type === fromStore.restoreEvent),
  }),
  "everything is called durable before it is": () => ({ family: "power", isDurableEarly: true }),
  "the disk says that it has synced and has not": () => ({
    family: "power",
    sync: every<void>(2, "drop", () => true),
  }),
};
