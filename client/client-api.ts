/** What a client is given, is in, and tells: the shapes of its public interface. */
import type { IntentAckFields, WelcomeFields } from "../engine/wire/codec.js";
import type { Ending } from "./endings.js";
import type { EngineEvents } from "./engine-events.js";
import type { Schedule, SocketSource } from "./environment.js";

export interface ConnectOptions {
  /** Of the WebSocket, for example `wss://game.example/ws`. */
  readonly url: string;
  readonly ticket: string;
  /** Who is asking, `<name>-<semver>`: servers refuse clients that are too old. */
  readonly clientName: string;
  /** The class of `ws`, or a function that opens a socket; default: the global WebSocket. */
  readonly webSocket?: SocketSource;
  readonly schedule?: Schedule;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /** In [0, 1); for the jitter of reconnects. */
  readonly random?: () => number;
}

/** What the client is doing. */
export type ClientState =
  | { readonly kind: "idle" }
  /** A socket is opening; attempt 0 is the first. */
  | { readonly kind: "connecting"; readonly attempt: number }
  | { readonly kind: "live" }
  /** The connection was lost; the next attempt begins at `retryAtMs` of the client's clock. */
  | ({ readonly kind: "reconnecting"; readonly attempt: number; readonly retryAtMs: number } & Ending)
  /** Over; only `connect` begins anew. */
  | ({ readonly kind: "closed" } & Ending);

/** A reliable event of the field (scope 1) or of a room (scope 2). Delivered once and in order. */
export interface ReliableEvent {
  readonly scope: number;
  readonly kind: number;
  readonly seq: number;
  readonly room: number;
  /** The table, empty if the kind has none. Its memory is the receiver's. */
  readonly body: Uint8Array;
}

/** What can be listened to with {@link GridshardClient.on}. */
export interface ClientEvents extends EngineEvents {
  state: ClientState;
  /** A connection is live. `recovered` false: what happened in between is not known. */
  welcome: WelcomeFields;
  event: ReliableEvent;
  /** State of a room: latest wins, some may be skipped. */
  roomFrame: { readonly room: number; readonly kind: number; readonly body: Uint8Array };
  /** Intents up to `applied` took effect or were refused; up to `durable` they survive whatever happens to the server. */
  intentAck: IntentAckFields;
  /**
   * These intents are not known to have taken effect, and are not sent again: their session was lost, or the server was
   * and they were no longer kept.
   */
  intentsLost: readonly number[];
  /** Once per answered ping. */
  stats: ClientStats;
}

export interface ClientStats {
  /** Round trip of the last answered ping; NaN before the first. */
  readonly pingMs: number;
  readonly receivedKilobytesPerSecond: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Newest tick heard of. */
  readonly tick: number;
  /** Shard that simulates the player. */
  readonly shard: number;
  readonly framesApplied: number;
  /** Frames of cells out of sight or without keyframe: ignored. */
  readonly framesStray: number;
  readonly eventsDelivered: number;
  /** Events that came again after a resume and were dropped. */
  readonly eventsRepeated: number;
  readonly reconnects: number;
  /** Number up to which intents took effect or were refused. */
  readonly intentsApplied: number;
  /** Number up to which intents survive whatever happens to the server. */
  readonly intentsDurable: number;
  /** Not known to have taken effect. */
  readonly intentsWaiting: number;
  /** Not known to be safe: sent again if the server loses them. At most 256. */
  readonly intentsKept: number;
  /** Took effect and were let go of before they were known to be safe, because more than 256 would have been kept. */
  readonly intentsGaveWay: number;
}
