/** One player's presence. It outlives its sockets; sight.ts, presence.ts and egress.ts say what happens to it. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { PlayerRow } from "../engine/player.js";
import type { EventLog } from "./event-log.js";
import type { HandshakeRefusal, Hello } from "./handshake.js";
import type { IntentWindow } from "./intent-window.js";
import type { IntentCatalogue } from "./intents.js";
import type { Buckets } from "./rate-limit.js";
import type { Connection } from "./transport.js";

/** What a connection carries from its upgrade on. */
export interface Peer {
  readonly hello: Hello | null;
  /** Why it is closed as soon as it is open. */
  readonly refusal: HandshakeRefusal | null;
  /** The session it is attached to; null before, and again when another connection took its place. */
  session: Session | null;
}

/**
 * connecting → live ⇄ suspended → leaving → closed; a session that never came into the world skips the middle.
 * The grace time is constant, so sessions become due in the order in which they were suspended.
 */
export type SessionState =
  | { readonly is: "connecting"; readonly untilMs: number }
  | { readonly is: "live" }
  | { readonly is: "suspended"; readonly untilMs: number }
  | { readonly is: "leaving"; isTold: boolean }
  | { readonly is: "closed" };

/** Where the session's entity is, as far as this thread knows. */
export type Place =
  /** Waits until an older session of the same player has left. */
  | { readonly is: "waiting" }
  | { readonly is: "loading" }
  /** Loaded; the cell has no owner that could take it yet. */
  | { readonly is: "placing"; readonly player: PlayerRow }
  | { readonly is: "joining"; readonly shard: number }
  | { readonly is: "field"; shard: number; cell: number };

/** A room the session is a member of. */
export interface SessionRoom {
  readonly roomId: number;
  readonly roomType: string;
  readonly cell: number;
  shard: number;
  readonly staysWhenDropped: boolean;
  readonly intents: IntentCatalogue;
}

export interface SessionParts {
  readonly number: number;
  readonly playerId: string;
  readonly name: string;
  readonly events: EventLog;
  readonly intents: IntentWindow;
  readonly buckets: Buckets;
  readonly state: SessionState;
}

export class Session {
  /** 1 and up, never used again in this process; also the id of the player's entity. */
  readonly number: number;
  readonly playerId: string;
  name: string;
  state: SessionState;
  place: Place = { is: "waiting" };
  /** Raised at every join: what a shard says of an older one is stale. */
  joinEpoch = 0;
  /** Raised at every attach: what was begun for an older connection is stale. */
  attachEpoch = 0;
  connection: Connection<Peer> | null = null;
  readonly rooms = new Map<number, SessionRoom>();
  readonly events: EventLog;
  readonly intents: IntentWindow;
  readonly buckets: Buckets;
  /** Number of the last move on this connection. */
  moveSeq = 0;
  /** When a refusal was last told, by kind of message. */
  readonly refusalsToldMs = new Map<number, number>();
  /** Cells in sight and how far each has come: {@link SightTable}. */
  readonly sight = new Map<number, number>();
  /** State to be sent at the end of the turn, in order. */
  readonly outbox: Uint8Array[] = [];
  isQueued = false;
  /** Reads too slowly: gets no state until its connection has drained. */
  isSlow = false;
  needsAck = false;
  /** The last PlayerChanged body, to be repeated when events were lost. */
  playerChanged: Uint8Array | null = null;
  /** A session of the same player that waits for this one to have left. */
  successor: Session | null = null;
  /** The session of the same player that this one waits for. */
  predecessor: Session | null = null;
  #tokenHash: Buffer | null = null;

  constructor(parts: SessionParts) {
    this.number = parts.number;
    this.playerId = parts.playerId;
    this.name = parts.name;
    this.events = parts.events;
    this.intents = parts.intents;
    this.buckets = parts.buckets;
    this.state = parts.state;
  }

  /** The shard that simulates the player, or -1. */
  get shard(): number {
    return this.place.is === "field" || this.place.is === "joining" ? this.place.shard : -1;
  }

  /** Takes a new secret and returns the token to give out; the older one is worth nothing from here on. */
  rotateToken(secret: Uint8Array): string {
    const token = Buffer.from(secret).toString("base64url");
    this.#tokenHash = sha256(token);
    return token;
  }

  /** Compares in constant time. */
  isToken(token: string): boolean {
    return this.#tokenHash !== null && timingSafeEqual(this.#tokenHash, sha256(token));
  }
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
