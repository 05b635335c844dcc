/**
 * The network thread's logic: what the socket layer hears goes in, what shards write goes out. It has no timer, no
 * clock and no chance of its own, so it runs as well on one thread under a hand-cranked clock.
 *
 * Someone calls {@link Gateway.duty} after a doorbell, after {@link Gateway.sleepMs} and after {@link GatewayParts.wake}.
 */
import type { Config } from "../engine/config-schema.js";
import {
  fromStore,
  readLoaded,
  readLoadFailed,
  readRestoreEvent,
  readSessionImage,
} from "../engine/lane/from-store.js";
import { recordReader } from "../engine/lane/lane.js";
import { toShard } from "../engine/lane/to-shard.js";
import { readRefused } from "../engine/lane/to-store.js";
import type { Log } from "../engine/log.js";
import { netMetric } from "../engine/metrics.js";
import type { GameCatalogue } from "../engine/room/load-games.js";
import { createGrid } from "../engine/space/grid.js";
import type { Clock } from "../engine/time.js";
import { encodeNoticeBody } from "../engine/wire/codec.js";
import { closeCodes } from "../engine/wire/codes.js";
import { engineEvents } from "../engine/wire/message-types.js";
import { Arrivals } from "./arrivals.js";
import { Door } from "./door.js";
import { Egress } from "./egress.js";
import { Evictions } from "./evictions.js";
import { Intake } from "./intake.js";
import { compileIntents } from "./intents.js";
import { JournalWatch } from "./journal-watch.js";
import { assertLimits, limits } from "./limits.js";
import type { NetContext } from "./net-context.js";
import type { NetLanes } from "./net-lanes.js";
import { Presence } from "./presence.js";
import { ResumeTokens } from "./resume-token.js";
import { RoomSeats } from "./room-seats.js";
import type { Peer, Session } from "./session.js";
import { SessionJournal } from "./session-journal.js";
import { SessionRestore } from "./session-restore.js";
import { SessionTable } from "./session-table.js";
import { ShardReports } from "./shard-reports.js";
import { SightTable } from "./sight.js";
import type { StaticFiles } from "./static-files.js";
import { type GateRound, TickGate } from "./tick-gate.js";
import type { Connection, Transport } from "./transport.js";

export interface GatewayParts {
  readonly config: Config;
  readonly games: GameCatalogue;
  readonly lanes: NetLanes;
  readonly clock: Clock;
  readonly log: Log;
  readonly transport: Transport<Peer>;
  /** Signs tickets, and by a key derived from it resume tokens. */
  readonly ticketKey: Uint8Array;
  /** Bytes nobody can guess. */
  readonly secretBytes: (length: number) => Uint8Array;
  readonly serverVersion: string;
  /** What plain GET requests are answered with; null: nothing. */
  readonly files: StaticFiles | null;
  /** Something waits for the next duty cycle. Called within socket callbacks, at most once between two cycles. */
  readonly wake: () => void;
}

/** Stores are answered within a turn in bounded portions. */
const STORE_RECORDS_PER_DUTY = 1024;
const NO_ROUND: GateRound = { records: 0, isLate: false };

export class Gateway {
  readonly #context: NetContext;
  readonly #lanes: NetLanes;
  readonly #transport: Transport<Peer>;
  readonly #wake: () => void;
  readonly #sessions = new SessionTable();
  readonly #evictions: Evictions;
  readonly #sight: SightTable;
  readonly #egress: Egress;
  readonly #arrivals: Arrivals;
  readonly #presence: Presence;
  readonly #intake: Intake;
  readonly #door: Door;
  readonly #gate: TickGate;
  readonly #journal: SessionJournal;
  readonly #watch: JournalWatch;
  readonly #restore: SessionRestore;
  #isAwake = false;
  #ownershipVersion: number;
  #owners: Uint8Array;
  #connections = 0;
  /** The last cycle took records, so the lanes may hold the next tick already. */
  #mayHaveMore = false;

  constructor(parts: GatewayParts) {
    const { config, games, lanes, transport } = parts;
    assertLimits(config);
    const grid = createGrid(config.world.widthCells, config.world.heightCells, config.world.cellSizeMeters);
    this.#context = parts;
    this.#lanes = lanes;
    this.#transport = transport;
    this.#wake = parts.wake;
    this.#ownershipVersion = lanes.ownership.version();
    this.#owners = this.#readOwners();
    const sight = new SightTable(grid, config.world.sightRadiusCells, {
      ownerOf: (cell) => this.#arrivals.ownerOf(cell),
      tellSight: (shard, cell, count) => lanes.toShards[shard]!.sendSight(toShard.sight, cell, count),
      askKeyframe: (shard, cell) => {
        lanes.counters.add(netMetric.keyframes_requested_total);
        return lanes.toShards[shard]!.sendSight(toShard.keyframeWanted, cell, 0);
      },
    });
    this.#sight = sight;
    const journal = new SessionJournal({
      lane: lanes.toStore,
      counters: lanes.counters,
      log: parts.log,
      ticksTaken: () => this.#gate.taken,
    });
    this.#journal = journal;
    const watch = new JournalWatch({
      control: lanes.control,
      counters: lanes.counters,
      shardCount: lanes.toShards.length,
      journal,
      queue: (session) => this.#egress.queue(session),
    });
    this.#watch = watch;
    const egress = new Egress({
      journal,
      watch,
      sight,
      counters: lanes.counters,
      cellCount: grid.cellCount,
      sightCells: (2 * config.world.sightRadiusCells + 1) ** 2,
      onTooSlow: (session) => this.#presence.disconnect(session, closeCodes.tooSlow),
    });
    this.#egress = egress;
    const checks = compileIntents(games);
    const sessions = this.#sessions;
    this.#evictions = new Evictions({ sessions, shards: lanes.toShards, control: lanes.control });
    const context = this.#context;
    const seats = new RoomSeats({ sessions, egress, checks, shards: lanes.toShards, journal });
    const tokens = new ResumeTokens(parts.ticketKey);
    const arrivals = new Arrivals({
      ...context,
      games,
      grid,
      sessions,
      journal,
      end: (session, code) => this.#presence.end(session, code),
    });
    this.#arrivals = arrivals;
    this.#presence = new Presence({
      ...context,
      checks,
      sessions,
      sight,
      egress,
      seats,
      journal,
      watch,
      tokens,
      arrivals,
      evictions: this.#evictions,
    });
    const presence = this.#presence;
    this.#restore = new SessionRestore({ ...context, sessions, checks, presence, egress, journal, watch });
    this.#intake = new Intake(context, { checks, presence, egress, watch });
    this.#door = new Door(context, {
      ticketKey: parts.ticketKey,
      files: parts.files,
      connections: () => this.#connections,
    });
    const reports = new ShardReports({ lanes, sessions, sight, egress, presence, seats, watch });
    this.#gate = new TickGate(lanes, config.net.frameWaitMsMax, reports.onRecord);
  }

  /** Sessions that exist, whatever their state: 0 when everybody has left. */
  get sessionCount(): number {
    return this.#sessions.count;
  }

  /** Begins to take connections. @throws CannotListen */
  start(): Promise<{ readonly port: number }> {
    return this.#transport.listen({
      upgrade: (request) => this.#door.judge(request),
      http: (request) => this.#door.answer(request),
      open: (connection) => this.#onOpen(connection),
      message: (connection, bytes, isBinary) => {
        const { session } = connection.peer;
        if (session === null) return;
        if (!this.#intake.take(session, bytes, isBinary)) this.#rouse();
        else if (!this.#isAwake) this.#showMove(session);
      },
      drained: (connection) => this.#onDrained(connection),
      closed: (connection) => {
        this.#connections--;
        this.#presence.detach(connection);
        this.#rouse();
      },
    });
  }

  #onOpen(connection: Connection<Peer>): void {
    this.#connections++;
    this.#lanes.counters.add(netMetric.connections_total);
    const { hello, refusal } = connection.peer;
    if (hello !== null) this.#presence.attach(connection, hello);
    else if (refusal !== null) {
      this.#lanes.counters.add(netMetric.handshakes_refused_total);
      connection.close(refusal.code.code, refusal.reason);
    }
    this.#rouse();
  }

  #onDrained(connection: Connection<Peer>): void {
    const { session } = connection.peer;
    if (session === null) return;
    this.#egress.onDrained(session);
    this.#rouse();
  }

  #rouse(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    this.#wake();
  }

  /**
   * A move is made visible at once: a turn of the event loop behind it costs more than the store, and nearly every turn of
   * the sockets brings one. With a duty cycle to come it waits for that, for then the lane may hold what must wait too.
   */
  #showMove(session: Session): void {
    const { place } = session;
    if (place.is === "field") this.#lanes.toShards[place.shard]!.flush();
  }

  /** One pass: takes what is there, sends what is due, flushes the lanes. Returns how much it did. */
  duty(nowMs: number): number {
    this.#isAwake = false;
    const { control, toShards, toStore } = this.#lanes;
    control.beat(control.netThread, nowMs);
    const answers = this.#takeStore();
    let work = answers;
    this.#noticeOwners();
    work += this.#watch.look(nowMs);
    work += this.#egress.settlePressure(this.#onCaughtUp);
    // Whom shards speak of must be known first.
    const round = this.#door.isRestoring ? NO_ROUND : this.#gate.take(nowMs, limits.recordsPerDutyMax);
    this.#watch.tellOwed(nowMs, round.records > 0);
    work += round.records;
    this.#mayHaveMore = round.records > 0 || answers === STORE_RECORDS_PER_DUTY;
    if (round.records > 0) this.#lanes.counters.add(netMetric.flushes_total);
    if (round.isLate) this.#lanes.counters.add(netMetric.flush_late_total);
    work += this.#presence.settle(nowMs);
    work += this.#egress.flush();
    this.#arrivals.endTurn(nowMs);
    this.#sight.settle();
    for (const lane of toShards) lane.flush();
    toStore.flush();
    this.#setGauges(nowMs);
    return work;
  }

  readonly #onCaughtUp = (session: Parameters<Presence["seeAgain"]>[0]): void =>
    this.#presence.seeAgain(session);

  /** How long nothing needs to be done unless somebody rings. */
  sleepMs(nowMs: number): number {
    if (this.#egress.isDirty || this.#mayHaveMore) return 0;
    const isRetrying =
      this.#sight.isDirty ||
      this.#presence.isRetrying ||
      this.#lanes.toShards.some((lane) => lane.isDirty) ||
      this.#journal.isBehind;
    const due = Math.min(
      this.#gate.dueMs,
      this.#sessions.nextDueMs(),
      this.#journal.dueMs,
      this.#watch.dueMs,
    );
    return Math.max(0, Math.min(due - nowMs, isRetrying ? limits.retryMs : limits.sleepMsMax));
  }

  #takeStore(): number {
    const { fromStore: lane } = this.#lanes;
    return lane.drain((type, at, length) => {
      const reader = recordReader(lane, at, length);
      if (type === fromStore.loaded) this.#arrivals.onLoaded(readLoaded(reader));
      else if (type === fromStore.loadFailed) this.#arrivals.onLoadFailed(readLoadFailed(reader));
      else if (type === fromStore.restoreSession) this.#restore.onSession(readSessionImage(reader));
      else if (type === fromStore.restoreEvent) this.#restore.onEvent(readRestoreEvent(reader));
      else if (type === fromStore.restoreRefused) this.#restore.onRefused(readRefused(reader));
      else if (type === fromStore.sessionsRestored) this.#onRestored(reader.u32());
    }, STORE_RECORDS_PER_DUTY);
  }

  #onRestored(lastNumber: number): void {
    this.#restore.finish(lastNumber);
    this.#door.isRestoring = false;
    // They were not here yet when everybody was told.
    if (this.#door.isDraining) this.#presence.endAll(closeCodes.shuttingDown);
  }

  /** Cells that changed hands are seen anew through their new owners. */
  #noticeOwners(): void {
    const version = this.#lanes.ownership.version();
    if (version === this.#ownershipVersion) return;
    this.#ownershipVersion = version;
    const before = this.#owners;
    this.#owners = this.#readOwners();
    this.#sight.restart(this.#sessions.all(), (cell) => before[cell] !== this.#owners[cell]);
  }

  #readOwners(): Uint8Array {
    const { ownership } = this.#lanes;
    return Uint8Array.from({ length: ownership.cellCount }, (_, cell) => ownership.owner(cell));
  }

  #setGauges(nowMs: number): void {
    const { counters } = this.#lanes;
    counters.set(netMetric.connections, this.#connections);
    counters.set(netMetric.sessions_live, this.#sessions.liveCount);
    counters.set(netMetric.sessions_suspended, this.#sessions.suspendedCount);
    counters.set(netMetric.sessions_evicting, this.#evictions.count);
    this.#egress.setGauges(nowMs);
  }

  /**
   * Maintenance: everybody is told and leaves, and is saved; who comes now is refused with the reason. It is done
   * when {@link sessionCount} is 0.
   */
  beginDrain(): void {
    if (this.#door.isDraining) return;
    this.#door.isDraining = true;
    const { code, reason } = closeCodes.shuttingDown;
    this.#presence.tellAll(engineEvents.notice, encodeNoticeBody({ code, text: reason, seconds: 0 }));
    this.#egress.flush();
    this.#presence.endAll(closeCodes.shuttingDown);
    this.#rouse();
  }

  /** Closes every socket, told or not. Nothing is open when it resolves. */
  async stop(): Promise<void> {
    this.beginDrain();
    // Who leaves is told to the shards before the thread that knows of it is gone.
    this.duty(this.#context.clock.nowMs());
    await this.#transport.closeAll();
  }
}
