/** One player's presence. It outlives its sockets; sight.ts, presence.ts and egress.ts say what happens to it. */
import type { GrantRecord } from "../engine/lane/to-store.js";
import type { PlayerRow } from "../engine/player.js";
import type { EventFields, EventLog } from "./event-log.js";
import type { HandshakeRefusal, Hello } from "./handshake.js";
import type { IntentWindow } from "./intent-window.js";
import type { IntentCatalogue } from "./intents.js";
import { Outbox } from "./outbox.js";
import type { Buckets } from "./rate-limit.js";
import { RoomNews } from "./room-news.js";
import { SeenCells } from "./seen-cells.js";
import type { Connection } from "./transport.js";
import { NO_SEAT } from "./views.js";

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
  /** Its shard was lost: other shards may have older copies, and are to let go of them before it is loaded. */
  | { readonly is: "evicting" }
  /** Loaded; the cell has no owner that could take it yet. */
  | { readonly is: "placing"; readonly player: PlayerRow; readonly grants: readonly GrantRecord[] }
  | { readonly is: "joining"; readonly shard: number }
  | { readonly is: "field"; shard: number; cell: number };

/** A room the session is a member of. */
export interface SessionRoom {
  readonly roomId: number;
  readonly roomType: string;
  readonly cell: number;
  shard: number;
  readonly staysWhenDropped: boolean;
  /** It survives the process, and so must the client's knowledge of being in it. */
  readonly isDurable: boolean;
  /** Its shard was lost, and the successor has not told of it yet. */
  isDoubtful: boolean;
  readonly intents: IntentCatalogue;
}

/**
 * What the journal knows of a session. `unkept`: something of it did not reach the journal, which does not know that
 * yet; `lost`: it knows. Neither can be recovered from there, so a resume after a crash is told `recovered = false`.
 */
export type Keeping = "unopened" | "kept" | "unkept" | "lost" | "closed";

export interface SessionParts {
  readonly number: number;
  readonly playerId: string;
  readonly name: string;
  readonly events: EventLog;
  readonly intents: IntentWindow;
  readonly buckets: Buckets;
  readonly state: SessionState;
  /** The epoch before the first attach. */
  readonly attachEpoch: number;
}

export class Session {
  /** 1 and up, never used again; also the id of the player's entity. */
  readonly number: number;
  readonly playerId: string;
  name: string;
  state: SessionState;
  place: Place = { is: "waiting" };
  /** Raised at every join: what a shard says of an older one is stale. */
  joinEpoch = 0;
  /** Raised at every attach: what was begun for an older connection is stale, and so is the token given to it. */
  attachEpoch: number;
  /** Nobody has attached since the process before this one: newer epochs may be in clients' hands. */
  isRestored = false;
  /** Somebody has been sent a Welcome. */
  wasWelcomed = false;
  keeping: Keeping = "unopened";
  /** The journal has taken note that there is such a session. */
  isInJournal = false;
  /** Up to which intent the journal has been told that all are settled. */
  durableSaid = 0;
  connection: Connection<Peer> | null = null;
  readonly rooms = new Map<number, SessionRoom>();
  /** Rooms the client of a restored session believes to be in, until their shards have told of them. */
  readonly claims = new Set<number>();
  readonly news = new RoomNews();
  readonly events: EventLog;
  readonly intents: IntentWindow;
  readonly buckets: Buckets;
  /** Number of the last move on this connection. */
  moveSeq = 0;
  /** When a refusal was last told, by kind of message. */
  readonly refusalsToldMs = new Map<number, number>();
  /** Cells in sight and how far each has come: {@link SightTable}. */
  readonly sight = new SeenCells();
  /** The cell in the middle of its sight; -1 when it sees nothing. */
  viewCenter = -1;
  /** Is among the loners of {@link SightTable}. */
  isLoner = false;
  /** Hears its view. */
  isSteady = false;
  /** Its place among those who stand anywhere, {@link Views}. */
  seat = NO_SEAT;
  readonly outbox = new Outbox();
  isQueued = false;
  /** Reads too slowly: gets no state until its connection has drained. */
  isSlow = false;
  needsAck = false;
  /** Group of net's own that the acknowledgement waits for. */
  ackGroup = 0;
  /** The last PlayerChanged, to be repeated when events were lost. */
  playerChanged: EventFields | null = null;
  /** A session of the same player that waits for this one to have left. */
  successor: Session | null = null;
  /** The session of the same player that this one waits for. */
  predecessor: Session | null = null;

  constructor(parts: SessionParts) {
    this.number = parts.number;
    this.playerId = parts.playerId;
    this.name = parts.name;
    this.events = parts.events;
    this.intents = parts.intents;
    this.buckets = parts.buckets;
    this.state = parts.state;
    this.attachEpoch = parts.attachEpoch;
  }

  /** The shard that simulates the player, or -1. */
  get shard(): number {
    return this.place.is === "field" || this.place.is === "joining" ? this.place.shard : -1;
  }
}
