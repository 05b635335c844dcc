/**
 * How sessions come, stay and go: connecting → live ⇄ suspended → leaving → closed, and where their entities are.
 * Everything that waits for another thread is keyed by the session's join epoch, so that an answer to an older
 * question changes nothing.
 */
import { ByteReader } from "../engine/lane/bytes.js";
import type { AdriftRecord, MemberRecord } from "../engine/lane/to-net.js";
import { toShard } from "../engine/lane/to-shard.js";
import { netMetric } from "../engine/metrics.js";
import { encodeSight } from "../engine/wire/codec.js";
import { type CodeEntry, closeCodes, refusals } from "../engine/wire/codes.js";
import type { Arrivals } from "./arrivals.js";
import { EarlyReturns } from "./early-returns.js";
import type { Egress } from "./egress.js";
import { tellEngine, tellRefused } from "./engine-events.js";
import { EventLog } from "./event-log.js";
import type { Evictions } from "./evictions.js";
import type { Hello } from "./handshake.js";
import { closeReasonBytesMax } from "./handshake.js";
import { IntentWindow, type LostIntent } from "./intent-window.js";
import type { IntentChecks } from "./intents.js";
import type { JournalWatch } from "./journal-watch.js";
import { eventLogLimits, limits, sessionsMax } from "./limits.js";
import type { NetContext } from "./net-context.js";
import type { ResumeTokens } from "./resume-token.js";
import type { RoomSeats } from "./room-seats.js";
import { type Peer, Session } from "./session.js";
import type { SessionJournal } from "./session-journal.js";
import type { SessionTable } from "./session-table.js";
import type { ShardLane } from "./shard-lane.js";
import type { SightTable } from "./sight.js";
import type { Connection } from "./transport.js";
import { Welcomes } from "./welcome.js";

/**
 * How far an attach is ahead of what the journal knew when the process began: tokens given out since, which it did not
 * come to know, are never given out again.
 */
const EPOCHS_UNKNOWN_MAX = 1 << 16;
/** Sessions begin with an epoch below this, at random: a number that was given out twice makes no token twice. */
const FIRST_EPOCH_MAX = 1 << 30;

export interface PresenceParts extends NetContext {
  readonly checks: IntentChecks;
  readonly sessions: SessionTable;
  readonly sight: SightTable;
  readonly egress: Egress;
  readonly seats: RoomSeats;
  readonly journal: SessionJournal;
  readonly watch: JournalWatch;
  readonly tokens: ResumeTokens;
  readonly arrivals: Arrivals;
  readonly evictions: Evictions;
}

export class Presence {
  readonly #parts: PresenceParts;
  readonly #sessions: SessionTable;
  readonly #sight: SightTable;
  readonly #egress: Egress;
  readonly #seats: RoomSeats;
  readonly #journal: SessionJournal;
  readonly #watch: JournalWatch;
  readonly #shards: readonly ShardLane[];
  readonly #arrivals: Arrivals;
  readonly #evictions: Evictions;
  readonly #early = new EarlyReturns();
  readonly #welcomes: Welcomes;
  readonly #onReturned = (connection: Connection<Peer>, hello: Hello) => this.attach(connection, hello);
  #retryAtMs = 0;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    this.#sessions = parts.sessions;
    this.#sight = parts.sight;
    this.#egress = parts.egress;
    this.#seats = parts.seats;
    this.#journal = parts.journal;
    this.#watch = parts.watch;
    this.#shards = parts.lanes.toShards;
    this.#arrivals = parts.arrivals;
    this.#evictions = parts.evictions;
    this.#welcomes = new Welcomes(parts);
  }

  // ---- connections ----------------------------------------------------------------------------------------

  /** A connection whose handshake was good. */
  attach(connection: Connection<Peer>, hello: Hello): void {
    const { playerId } = hello.ticket;
    if (hello.resume !== null) {
      const session = this.#sessions.get(hello.resume.session);
      if (session === undefined || session.playerId !== playerId) {
        this.#refuse(connection, closeCodes.resumeInvalid);
        return;
      }
      const epoch = this.#parts.tokens.judge(hello.resume.token, session);
      // The newest Welcome of the process before this one may have left before the journal knew of it.
      const isNewest = session.isRestored ? epoch >= session.attachEpoch : epoch === session.attachEpoch;
      if (epoch < 0 || !isNewest) {
        this.#refuse(connection, closeCodes.resumeInvalid);
        return;
      }
      if (session.state.is !== "live" && session.state.is !== "suspended") {
        this.#refuse(connection, closeCodes.resumeInvalid);
        return;
      }
      if (this.#early.isEarly(session)) {
        this.#early.wait(session, connection, hello);
        return;
      }
      this.#count("resumes_total");
      session.attachEpoch = epoch;
      this.#attachTo(session, connection, { knowsThePast: true });
      return;
    }
    const present = this.#sessions.ofPlayer(playerId);
    if (present === undefined) this.#begin(connection, hello, null);
    else if (present.state.is === "leaving") this.#begin(connection, hello, present);
    else if (this.#early.isEarly(present)) this.#early.wait(present, connection, hello);
    else {
      this.#count("takeovers_total");
      if (present.state.is === "connecting") this.#replaceConnection(present, connection);
      else this.#attachTo(present, connection, { knowsThePast: false });
    }
  }

  #refuse(connection: Connection<Peer>, code: CodeEntry): void {
    this.#count("handshakes_refused_total");
    connection.close(code.code, code.reason);
  }

  #begin(connection: Connection<Peer>, hello: Hello, predecessor: Session | null): void {
    const { config, clock, checks, secretBytes } = this.#parts;
    if (this.#sessions.count >= sessionsMax(config)) {
      this.#refuse(connection, closeCodes.serverFull);
      return;
    }
    const nowMs = clock.nowMs();
    const session = new Session({
      number: this.#sessions.nextNumber(),
      playerId: hello.ticket.playerId,
      name: hello.ticket.name,
      events: new EventLog(eventLogLimits(config)),
      intents: new IntentWindow(limits.intentsOutstandingMax),
      buckets: checks.limits.newBuckets(nowMs),
      state: { is: "connecting", untilMs: nowMs + limits.connectingMsMax },
      attachEpoch: new ByteReader(secretBytes(4)).u32() % FIRST_EPOCH_MAX,
    });
    this.#sessions.add(session);
    this.#journal.opened(session);
    session.connection = connection;
    connection.peer.session = session;
    if (predecessor === null) this.#arrivals.load(session);
    else {
      session.predecessor = predecessor;
      predecessor.successor = session;
    }
  }

  /** The newest connection is the session's; an older one is told and closed. */
  #replaceConnection(session: Session, connection: Connection<Peer>): void {
    const older = session.connection;
    session.connection = connection;
    session.attachEpoch += session.isRestored ? EPOCHS_UNKNOWN_MAX : 1;
    session.isRestored = false;
    session.isSlow = false;
    session.outbox.clear();
    session.moveSeq = 0;
    connection.peer.session = session;
    if (older === null) return;
    older.peer.session = null;
    older.close(closeCodes.takenOver.code, closeCodes.takenOver.reason);
  }

  #attachTo(
    session: Session,
    connection: Connection<Peer>,
    options: { readonly knowsThePast: boolean },
  ): void {
    this.#sight.leaveAll(session);
    this.#replaceConnection(session, connection);
    const wasSuspended = session.state.is === "suspended";
    this.#sessions.setState(session, { is: "live" });
    const recovered = options.knowsThePast && !session.events.isLossy;
    this.#welcome(session, recovered);
    // A client that takes over knows nothing of what goes on: games say it again to whoever comes back.
    const isReplaced = !wasSuspended && !recovered;
    if (isReplaced) {
      if (session.shard >= 0) this.#shards[session.shard]!.sendSession(toShard.drop, session);
      this.#seats.replaceClient(session);
    }
    if (wasSuspended || isReplaced) {
      if (session.shard >= 0) this.#shards[session.shard]!.sendSession(toShard.reconnect, session);
      this.#seats.reconnect(session);
    }
    if (session.place.is === "field") this.#see(session, session.place.cell);
    session.needsAck = session.intents.received > 0;
    this.#egress.queue(session);
  }

  #welcome(session: Session, recovered: boolean): void {
    const token = this.#parts.tokens.issue(session, session.attachEpoch);
    let isAckHeld = false;
    if (recovered) {
      const again = session.events.rewind();
      this.#parts.lanes.counters.add(netMetric.events_replayed_total, again);
    } else if (session.wasWelcomed) {
      session.events.restart();
      isAckHeld = session.intents.restart();
      session.claims.clear();
      this.#watch.onSettled(session);
    }
    session.wasWelcomed = true;
    this.#journal.stands(session);
    if (isAckHeld) this.#watch.holdAck(session);
    session.connection!.send(this.#welcomes.write(session, { token, recovered }));
    if (!recovered) this.#repeatState(session);
  }

  /** What the engine knows of the player, for a client that cannot know it. */
  #repeatState(session: Session): void {
    if (session.playerChanged !== null) this.#egress.tell(session, session.playerChanged);
    this.#seats.repeat(session);
  }

  /** The socket is gone. Nothing happens unless it is still the session's own. */
  detach(connection: Connection<Peer>): void {
    const { session } = connection.peer;
    if (session === null || session.connection !== connection) return;
    connection.peer.session = null;
    this.#sight.leaveAll(session);
    session.connection = null;
    session.outbox.clear();
    const { graceMs } = this.#parts.config.session;
    if (session.state.is === "live" && graceMs > 0) this.#suspend(session, graceMs);
    else if (session.state.is === "live" || session.state.is === "connecting") this.#leave(session);
  }

  #suspend(session: Session, graceMs: number): void {
    const untilMs = this.#parts.clock.nowMs() + graceMs;
    this.#sessions.setState(session, { is: "suspended", untilMs });
    if (session.shard >= 0) this.#shards[session.shard]!.sendSession(toShard.drop, session);
    this.#seats.suspend(session);
  }

  /** Ends a session for good: the client is told why, the shards are told to let go. */
  end(session: Session, code: CodeEntry, reason: string = code.reason): void {
    if (session.state.is === "leaving" || session.state.is === "closed") return;
    this.#sight.leaveAll(session);
    const { connection } = session;
    session.connection = null;
    session.outbox.clear();
    if (connection !== null) {
      connection.peer.session = null;
      connection.close(code.code, reason.slice(0, closeReasonBytesMax));
    }
    this.#leave(session);
  }

  /** Closes the connection alone; the session may be resumed. */
  disconnect(session: Session, code: CodeEntry): void {
    session.connection?.close(code.code, code.reason);
  }

  #leave(session: Session): void {
    this.#journal.closed(session);
    this.#seats.leaveAll(session);
    // While somebody may have an older copy, whoever comes next is not to be loaded either.
    const isEvicting = session.place.is === "evicting";
    if (session.shard < 0 && !isEvicting) {
      this.#close(session);
      return;
    }
    const isTold = isEvicting || this.#shards[session.shard]!.sendSession(toShard.leave, session);
    this.#sessions.setState(session, { is: "leaving", isTold });
  }

  #close(session: Session): void {
    this.#sessions.setState(session, { is: "closed" });
    this.#seats.forget(session);
    this.#watch.forget(session);
    const { successor } = session;
    session.successor = null;
    session.predecessor = null;
    if (successor === null) return;
    successor.predecessor = null;
    if (successor.state.is === "connecting") this.#arrivals.load(successor);
  }

  /** A session of the process before this one comes into the world again, its client being away. */
  bringBack(session: Session): void {
    this.#sessions.add(session);
    this.#journal.adopted(session);
    this.#arrivals.load(session);
  }

  // ---- the shards' reports --------------------------------------------------------------------------------

  onJoined(shard: number, record: MemberRecord): void {
    const session = this.#ofEpoch(record);
    if (session === undefined) return;
    // A member that has already been handed on is where its new shard said.
    if (session.place.is === "joining") this.#arrive(session, shard, record.cell);
  }

  #arrive(session: Session, shard: number, cell: number): void {
    this.#sessions.setPlace(session, { is: "field", shard, cell });
    if (session.state.is === "connecting") {
      this.#sessions.setState(session, { is: "live" });
      session.attachEpoch++;
      this.#welcome(session, false);
    }
    if (session.state.is === "live") this.#see(session, cell);
  }

  onMemberCell(shard: number, record: MemberRecord): void {
    const session = this.#ofEpoch(record);
    if (session?.place.is !== "field" || session.place.shard !== shard) return;
    session.place.cell = record.cell;
    if (session.connection !== null) this.#see(session, record.cell);
  }

  /** Another shard has the member now: the old one is sent a marker, behind the last it was sent about it. */
  onMemberMoved(shard: number, record: MemberRecord): void {
    const session = this.#ofEpoch(record);
    if (session === undefined) {
      this.#evictions.evictStray(shard, record);
      return;
    }
    if (session.shard < 0) return;
    const from = session.shard;
    if (from !== shard) {
      this.#shards[from]!.sendMarker(session, shard);
      session.intents.move(from, shard);
    }
    if (session.place.is === "joining") this.#arrive(session, shard, record.cell);
    else if (session.place.is === "field") {
      session.place.shard = shard;
      session.place.cell = record.cell;
      if (session.connection !== null) this.#see(session, record.cell);
    }
    // The old shard may have let the member go before it heard; saying it twice does no harm.
    if (session.state.is === "leaving" && from !== shard)
      this.#shards[shard]!.sendSession(toShard.leave, session);
  }

  onLeft(record: MemberRecord): void {
    const session = this.#ofEpoch(record);
    if (session === undefined) return;
    if (session.state.is === "leaving") {
      this.#close(session);
      return;
    }
    // Nobody asked for it: the shard could not keep the member.
    this.#sessions.setPlace(session, { is: "waiting" });
    this.end(session, closeCodes.overloaded);
  }

  #ofEpoch(record: MemberRecord): Session | undefined {
    const session = this.#sessions.get(record.session);
    if (session?.joinEpoch === record.joinEpoch) return session;
    this.#count("records_stale_total");
    return undefined;
  }

  /**
   * A shard began anew. The entities of its members are gone: they are put back to where the store last knew them, as
   * soon as it has {@link onRestored}. Others may hold copies from an unfinished handoff; they let go of them first.
   */
  onHello(shard: number, incarnation: number): void {
    const lane = this.#shards[shard]!;
    const isFirst = !lane.isUp;
    lane.incarnation = incarnation;
    lane.isRestored = false;
    this.#sight.restart(this.#sessions.all(), (cell) => this.#parts.lanes.ownership.owner(cell) === shard);
    this.#evictions.onHello(lane);
    if (isFirst) return;
    for (const session of [...this.#sessions.all()]) this.#recover(session, shard);
  }

  #recover(session: Session, shard: number): void {
    session.intents.doubt(shard);
    this.#seats.doubt(session, shard);
    if (session.shard !== shard) return;
    // Nobody is left to be told, but an older copy may be about all the same.
    if (session.state.is === "leaving") session.state.isTold = true;
    this.#sight.leaveAll(session);
    this.#evictions.begin(session);
  }

  /** A shard has no copy of the member any more, nor will it take one. */
  onEvicted(shard: number, record: MemberRecord): void {
    const session = this.#evictions.onEvicted(shard, record);
    if (session !== undefined) this.#joinAnew(session);
  }

  /** Nobody has the member. */
  #joinAnew(session: Session): void {
    if (session.state.is === "leaving") this.#close(session);
    else this.#arrivals.load(session);
  }

  /**
   * A member was on its way to a shard that died, and the shard it comes from has let go of it. What the dead one made of it
   * the journal has: a load is answered behind everything that both have written, and neither can write any more. There is
   * no third, so nobody is to be evicted.
   */
  onMemberAdrift(shard: number, record: AdriftRecord): void {
    const session = this.#ofEpoch(record);
    if (session === undefined || session.shard < 0) return;
    this.#refuseLost(session, session.intents.takeAdrift(shard), record.refused);
    this.#sight.leaveAll(session);
    this.#joinAnew(session);
  }

  /** `refused`: those that a shard has refused itself, without saying that they are settled. */
  #refuseLost(session: Session, lost: readonly LostIntent[], refused: readonly number[] = []): void {
    if (lost.length === 0) return;
    for (const { seq, isRefused } of lost)
      if (!isRefused && !refused.includes(seq)) tellRefused(this.#egress, session, seq, refusals.notAlive);
    session.needsAck = true;
    this.#watch.onSettled(session);
  }

  /**
   * A shard has told again all that survived in it: the rooms of which nothing was heard are gone, and so are the intents
   * it does not know of. Its members can join.
   */
  onRestored(shard: number, incarnation: number): void {
    const lane = this.#shards[shard]!;
    if (lane.incarnation !== incarnation) {
      this.#count("records_stale_total");
      return;
    }
    lane.isRestored = true;
    const areAll = this.#shards.every(({ isRestored }) => isRestored);
    for (const session of [...this.#sessions.all()]) {
      this.#refuseLost(session, session.intents.takeLost(shard));
      this.#seats.removeDoubtful(session, shard);
      if (areAll && session.claims.size > 0) this.#seats.removeClaims(session);
    }
    this.#arrivals.retryPlaces();
  }

  // ---- what falls due -------------------------------------------------------------------------------------

  /** Ends what has waited long enough and tries again what could not be done. Returns how much that was. */
  settle(nowMs: number): number {
    let work = this.#early.release(this.#onReturned);
    for (;;) {
      const due = this.#sessions.firstDue(nowMs);
      if (due === undefined) break;
      work++;
      this.end(due, due.state.is === "suspended" ? closeCodes.idle : closeCodes.overloaded);
    }
    if (nowMs < this.#retryAtMs) return work;
    this.#retryAtMs = nowMs + limits.retryMs;
    this.#arrivals.retry(nowMs);
    this.#evictions.retry();
    for (const session of this.#sessions.leaving()) {
      if (session.state.is !== "leaving" || session.state.isTold) continue;
      session.state.isTold = this.#shards[session.shard]!.sendSession(toShard.leave, session);
    }
    return work;
  }

  /** Whether {@link settle} has something to try again. */
  get isRetrying(): boolean {
    return this.#arrivals.isRetrying || this.#sessions.isRetrying || this.#evictions.isRetrying;
  }

  /** Ends every session for good. */
  endAll(code: CodeEntry): void {
    this.#early.closeAll(code);
    for (const session of [...this.#sessions.all()]) this.end(session, code);
  }

  // ---- telling --------------------------------------------------------------------------------------------

  #see(session: Session, cell: number): void {
    const cells = this.#sight.move(session, cell);
    this.#egress.sendState(session, encodeSight({ center: cell, shard: session.shard, cells }));
  }

  /** A session that has caught up: its list of cells may have been skipped. */
  seeAgain(session: Session): void {
    if (session.place.is === "field") this.#see(session, session.place.cell);
  }

  /** The same event to everybody. */
  tellAll(kind: number, body: Uint8Array): void {
    for (const session of this.#sessions.all()) tellEngine(this.#egress, session, { kind, body });
  }

  #count(name: keyof typeof netMetric): void {
    this.#parts.lanes.counters.add(netMetric[name]);
  }
}
