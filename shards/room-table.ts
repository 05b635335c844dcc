/**
 * All rooms of one shard: opening, seating, ticking what is due, stopping what throws. A room with nothing due is an
 * object in an array and nothing else.
 */
import { AssertionFailed, assert, unreachable } from "../engine/assert.js";
import type { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import type { Log } from "../engine/log.js";
import type { Counters } from "../engine/memory/counters.js";
import type { Histogram, HistogramPool } from "../engine/memory/histogram.js";
import { shardMetric } from "../engine/metrics.js";
import type { BattleResultRow } from "../engine/player.js";
import { hash32 } from "../engine/prng.js";
import type { Act, GrantReceiver, Intent, RoomPlayer, RoomType } from "../engine/room/game.js";
import type { GameTables, TableSet } from "../engine/room/game-tables.js";
import type { Clock } from "../engine/time.js";
import { type CodeEntry, refusals } from "../engine/wire/codes.js";
import { eventScopes } from "../engine/wire/message-types.js";
import type { ActRouter } from "./act-router.js";
import { checkEventBody } from "./event-body.js";
import { checkGrant } from "./grants.js";
import type { Outlet } from "./outlet.js";
import { ROOM_TIMERS_MAX, RoomHost, type RoomSurroundings } from "./room-host.js";
import type { RoomInput } from "./room-inputs.js";
import { RoomJournal } from "./room-journal.js";
import type { Schedule } from "./schedule.js";

/** Kinds of schedule entries that are rooms'; a timer's subject is index * ROOM_TIMERS_MAX + id. */
export const ENTRY_ROOM_TICK = 1;
export const ENTRY_ROOM_TIMER = 2;
/** In place of a schedule entry's number: it has been taken off, and its turn comes within this tick. */
const ENTRY_TAKEN = -2;

/** Of a room's number: the shard that opened it, which of its incarnations, and a count. */
const COUNTER_BITS = 20;
const INCARNATION_BITS = 6;
const COUNTER_MASK = (1 << COUNTER_BITS) - 1;

export class RoomTable implements RoomSurroundings {
  readonly #shard: number;
  readonly #incarnation: number;
  readonly #types: ReadonlyMap<string, RoomType>;
  readonly #overrides: Readonly<
    Record<string, { tickHz?: number | undefined; membersMax?: number | undefined }>
  >;
  readonly #worldTickHz: number;
  readonly #roomsMax: number;
  readonly #seed: number;
  readonly #schedule: Schedule;
  readonly #outlet: Outlet;
  readonly #acts: ActRouter;
  readonly #counters: Counters;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tables: GameTables;
  readonly #journal: RoomJournal;
  /** Tick times: per room, by its index; and per room type. */
  readonly #histograms: HistogramPool;
  readonly #typeHistograms: ReadonlyMap<string, Histogram>;
  readonly #rooms: (RoomHost | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #byId = new Map<number, RoomHost>();
  #opened: number;
  /** Whose tick is being made and not written down. */
  #ticking: RoomHost | undefined;
  /** Rooms that survive the process. */
  durableCount = 0;
  /** Rooms on the schedule for their next tick. */
  activeCount = 0;
  /** World tick being made. */
  tick = 0;
  /** Its wall time. */
  wallMs = 0;
  /** What durable rooms take in can be kept safe: otherwise they stand still, and no more of them are opened. */
  isAccepting = true;

  constructor(options: {
    readonly shard: number;
    readonly incarnation: number;
    readonly types: ReadonlyMap<string, RoomType>;
    readonly overrides: Readonly<
      Record<string, { tickHz?: number | undefined; membersMax?: number | undefined }>
    >;
    readonly worldTickHz: number;
    readonly roomsMax: number;
    readonly seed: number;
    readonly schedule: Schedule;
    readonly outlet: Outlet;
    readonly acts: ActRouter;
    readonly counters: Counters;
    readonly histograms: HistogramPool;
    readonly typeHistograms: ReadonlyMap<string, Histogram>;
    readonly clock: Clock;
    readonly log: Log;
    readonly tables: GameTables;
    /** World ticks within which every durable room that changes is checkpointed. */
    readonly checkpointTicks: number;
  }) {
    this.#shard = options.shard;
    this.#incarnation = options.incarnation;
    this.#types = options.types;
    this.#overrides = options.overrides;
    this.#worldTickHz = options.worldTickHz;
    this.#roomsMax = options.roomsMax;
    this.#seed = options.seed;
    this.#schedule = options.schedule;
    this.#outlet = options.outlet;
    this.#acts = options.acts;
    this.#counters = options.counters;
    this.#histograms = options.histograms;
    this.#typeHistograms = options.typeHistograms;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#tables = options.tables;
    this.#journal = new RoomJournal({ ...options, periodTicks: options.checkpointTicks });
    // Anywhere, and elsewhere in every incarnation: rooms of long ago, restored here or on another shard, keep theirs.
    this.#opened = hash32(options.incarnation, options.shard) & COUNTER_MASK;
  }

  /** Rooms that exist. */
  get count(): number {
    return this.#byId.size;
  }

  get(roomId: number): RoomHost | undefined {
    return this.#byId.get(roomId);
  }

  values(): Iterable<RoomHost> {
    return this.#byId.values();
  }

  /** Opens a room; 0 when there can be no more. An unknown type, or options past all bounds, is the game's bug and throws. */
  open(typeName: string, cell: number, options: Uint8Array): number {
    const type = this.#types.get(typeName);
    if (type === undefined) throw new Error(`openRoom: there is no room type "${typeName}"`);
    if (this.#byId.size >= this.#roomsMax || (type.isDurable === true && !this.isAccepting)) return 0;
    const tables = this.#tables.current;
    const input = { is: "create", tick: 0, type: typeName, tableSet: tables.id, options } as const;
    if (type.isDurable === true && !this.#journal.takes(input))
      throw new Error(`openRoom: ${options.length} bytes of options are more than a durable room can have`);
    const host = this.place({ roomId: this.#newRoomId(), cell, type, tables, isReplaying: false });
    this.#take(host, input);
    if (this.#byId.has(host.roomId)) this.#scheduleTick(host, this.tick);
    return host.roomId;
  }

  /** Makes a room's host and lists it, under the first index that is free. */
  place(room: {
    readonly roomId: number;
    readonly cell: number;
    readonly type: RoomType;
    readonly tables: TableSet;
    readonly isReplaying: boolean;
  }): RoomHost {
    const host = this.#host({ ...room, index: this.#free.pop() ?? this.#rooms.length });
    this.#histograms.clear(host.index, host.roomId);
    return host;
  }

  #host(room: {
    roomId: number;
    cell: number;
    index: number;
    type: RoomType;
    tables: TableSet;
    isReplaying: boolean;
  }): RoomHost {
    const override = this.#overrides[room.type.name];
    const tickHz = override?.tickHz ?? room.type.tickHz;
    const host = new RoomHost({
      ...room,
      tickPeriodMs: tickHz === 0 ? 0 : (1000 / this.#worldTickHz) * this.#periodTicks(tickHz),
      membersMax: override?.membersMax ?? room.type.membersMax,
      seed: this.#seed,
      surroundings: this,
    });
    this.#rooms[host.index] = host;
    this.#byId.set(host.roomId, host);
    if (host.isDurable) this.durableCount++;
    return host;
  }

  /** Seats a session; 0, or the code of a refusal. */
  join(roomId: number, session: number, player: RoomPlayer): number {
    const host = this.#byId.get(roomId);
    if (host === undefined || host.isClosing) return refusals.roomClosed.code;
    if (host.seat(session) !== undefined) return 0;
    if (host.members.size >= host.membersMax) return refusals.roomFull.code;
    if (host.isDurable && !this.isAccepting) return refusals.notDurable.code;
    this.tellJoined(host, session);
    this.#take(host, { is: "join", tick: host.tick, session, player: { ...player } });
    return 0;
  }

  tellJoined(host: RoomHost, session: number): void {
    this.#outlet.roomJoined({
      session,
      roomId: host.roomId,
      cell: host.cell,
      roomType: host.type.name,
      staysWhenDropped: host.type.onSocketLost === "stay",
      isDurable: host.isDurable,
    });
  }

  /** The session is gone, or net put it out. */
  leave(roomId: number, session: number): void {
    const host = this.#byId.get(roomId);
    if (host?.seat(session) !== undefined) this.#take(host, { is: "leave", tick: host.tick, session });
  }

  setSuspended(roomId: number, session: number, isSuspended: boolean): void {
    const host = this.#byId.get(roomId);
    const seat = host?.seat(session);
    if (host === undefined || seat === undefined || seat.isSuspended === isSuspended) return;
    this.#take(host, { is: isSuspended ? "drop" : "reconnect", tick: host.tick, session });
  }

  intent(roomId: number, session: number, intent: Intent): void {
    const host = this.#byId.get(roomId);
    if (host?.seat(session) === undefined) {
      this.#refuseIntent(session, intent, refusals.notInRoom);
      return;
    }
    if (host.isDurable && !this.isAccepting) {
      this.#counters.add(shardMetric.intents_not_durable_total);
      this.#refuseIntent(session, intent, refusals.notDurable);
      return;
    }
    this.#take(host, { is: "intent", tick: host.tick, session, intent });
  }

  #refuseIntent(session: number, intent: Intent, { code, reason }: CodeEntry): void {
    this.#counters.add(shardMetric.intents_refused_total);
    this.#outlet.refused(session, { intentSeq: intent.seq, code, reason });
  }

  /** Delivers an act; false when there is no such room. */
  receiveAct(roomId: number, act: Act): boolean {
    const host = this.#byId.get(roomId);
    if (host === undefined) return false;
    this.#take(host, { is: "act", tick: host.tick, act });
    return true;
  }

  /** Gives a room what comes from outside; that of a durable one is written down first. */
  #take(host: RoomHost, input: RoomInput): void {
    if (host.isDurable) {
      if (!this.#journal.takes(input)) {
        this.#fail(host, input.is, new Error("what it was given is longer than a durable room can take in"));
        return;
      }
      this.#journal.input(host, input);
    }
    this.apply(host, input);
  }

  /** Gives a room an input, live or in a replay. */
  apply(host: RoomHost, input: RoomInput): void {
    const { room } = host;
    switch (input.is) {
      case "create":
        this.#guard(host, "onCreate", () => room.onCreate?.(input.options.slice()));
        return;
      case "join": {
        const seat = { session: input.session, player: input.player, isSuspended: false };
        host.addSeat(seat);
        this.#guard(host, "onJoin", () => room.onJoin?.(seat));
        return;
      }
      case "leave":
        if (host.seat(input.session) !== undefined) this.#unseat(host, input.session, 0);
        return;
      case "drop":
      case "reconnect": {
        const seat = host.seat(input.session);
        if (seat === undefined) return;
        seat.isSuspended = input.is === "drop";
        if (seat.isSuspended) this.#guard(host, "onDrop", () => room.onDrop?.(seat));
        else this.#guard(host, "onReconnect", () => room.onReconnect?.(seat));
        return;
      }
      case "intent": {
        const seat = host.seat(input.session);
        if (seat !== undefined) this.#guard(host, "onIntent", () => room.onIntent?.(seat, input.intent));
        return;
      }
      case "act":
        this.#guard(host, "onAct", () => room.onAct?.(input.act));
        return;
      case "timer":
        this.#guard(host, "onTimer", () => room.onTimer?.(input.id));
        return;
      case "ticked":
        // Nothing is to be done: the replay has made the tick.
        return;
      default:
        unreachable(input);
    }
  }

  /**
   * A schedule entry of a room has been taken off the schedule, to be {@link due} in its turn. Until then the room may
   * still think better of it, or end.
   */
  taken(kind: number, subject: number): void {
    if (kind === ENTRY_ROOM_TICK) {
      this.#rooms[subject]!.tickEntry = ENTRY_TAKEN;
      return;
    }
    const id = subject % ROOM_TIMERS_MAX;
    this.#rooms[(subject - id) / ROOM_TIMERS_MAX]!.timerEntries![id] = ENTRY_TAKEN;
  }

  /** A schedule entry of a room is due. */
  due(kind: number, subject: number): void {
    if (kind === ENTRY_ROOM_TICK) this.#tickRoom(subject);
    else this.#fireTimer(subject);
  }

  /** Puts a room's due tick off by one world tick, for want of time or of safety. */
  deferTick(subject: number, metric = shardMetric.rooms_deferred_total): void {
    const host = this.#rooms[subject];
    if (host?.tickEntry !== ENTRY_TAKEN) return;
    this.#counters.add(metric);
    host.tickEntry = this.#schedule.add(ENTRY_ROOM_TICK, subject, this.tick + 1);
  }

  #setEntry(kind: number, subject: number, entry: number): void {
    assert(entry >= 0, "the schedule holds every room's tick and timers");
    if (kind === ENTRY_ROOM_TICK) {
      this.#rooms[subject]!.tickEntry = entry;
      this.activeCount++;
      return;
    }
    const host = this.#rooms[Math.floor(subject / ROOM_TIMERS_MAX)]!;
    host.timerEntries ??= new Int32Array(ROOM_TIMERS_MAX).fill(-1);
    host.timerEntries[subject % ROOM_TIMERS_MAX] = entry;
  }

  /** Every room with its place in the table and what it has on the schedule. */
  checkpoint(out: ByteWriter): void {
    out.u32(this.#opened).u32(this.#rooms.length).u32(this.#free.length);
    for (const index of this.#free) out.u32(index);
    out.u32(this.#byId.size);
    for (const host of this.#byId.values()) {
      out.u32(host.roomId).u32(host.cell).u32(host.index).text(host.type.name);
      host.checkpoint(out);
    }
    this.#schedule.checkpoint(out);
  }

  /** Puts {@link checkpoint}'s rooms into this table, which must have none. */
  restore(from: ByteReader, tick: number): void {
    assert(this.#byId.size === 0, "rooms are restored into an empty table");
    this.tick = tick;
    this.#opened = from.u32();
    this.#rooms.length = from.u32();
    this.#free.splice(0, this.#free.length, ...Array.from({ length: from.u32() }, () => from.u32()));
    for (let left = from.u32(); left > 0; left--) {
      const [roomId, cell, index] = [from.u32(), from.u32(), from.u32()];
      const type = this.#types.get(from.text());
      assert(type !== undefined, "a checkpointed room's type is known");
      const tables = this.#tables.current;
      this.#host({ roomId, cell, index, type, tables, isReplaying: false }).restore(from);
    }
    this.#schedule.restore(from, (kind, subject, entry) => this.#setEntry(kind, subject, entry));
  }

  /** The end of a world tick: durable rooms hand over what they took in, and some of them themselves. */
  endTick(): void {
    this.#journal.endTick();
    if (!this.isAccepting || this.durableCount === 0) return;
    this.#journal.checkpoint(this.tick, this.#rooms, (host, error) => this.#fail(host, "checkpoint", error));
  }

  // ---- RoomSurroundings ------------------------------------------------------------------------------------

  event(room: RoomHost, sessions: readonly number[], kind: number, body: Uint8Array): void {
    checkEventBody(body);
    const { roomId } = room;
    this.#outlet.event({ sessions, scope: eventScopes.room, kind, roomId, ...this.#numbered(room), body });
  }

  /** Events of a durable room are counted, in a replay too: that is how what was told before is told apart. */
  #numbered(room: RoomHost): { readonly roomSeq: number; readonly isDurable: boolean } {
    if (!room.isDurable) return NOT_NUMBERED;
    room.hasOutput = true;
    return { roomSeq: ++room.roomSeq, isDurable: true };
  }

  frame(room: RoomHost, kind: number, body: Uint8Array): void {
    if (!room.isReplaying) this.#outlet.roomFrame(room.roomId, kind, body);
  }

  refused(
    room: RoomHost,
    session: number,
    refusal: { readonly intentSeq: number; readonly code: number; readonly reason: string },
  ): void {
    if (!room.isReplaying) this.#counters.add(shardMetric.intents_refused_total);
    if (!room.isDurable) this.#outlet.refused(session, refusal);
    else this.#outlet.refused(session, refusal, { roomId: room.roomId, ...this.#numbered(room) });
  }

  sendAct(room: RoomHost, entityId: number, cell: number, kind: number, body: Uint8Array): void {
    this.#sendAct(room, { toEntity: entityId, cell, kind, grantId: "", body });
  }

  #sendAct(
    room: RoomHost,
    act: { toEntity: number; cell: number; kind: number; grantId: string; body: Uint8Array },
  ): void {
    room.hasOutput = true;
    if (room.isReplaying) return;
    const { roomId: fromRoom, cell: fromCell } = room;
    this.#acts.send({ ...act, toRoom: 0, fromEntity: 0, fromRoom, fromCell, hops: 0 });
  }

  grant(room: RoomHost, to: GrantReceiver, kind: number, body: Uint8Array): void {
    if (!room.isDurable) throw new Error(`only a durable room can grant, and "${room.type.name}" is not one`);
    checkGrant(to, body);
    // The dice are rolled in a replay too.
    const grantId = room.newRowId();
    const { playerId, entityId, cell } = to;
    if (!room.isReplaying) {
      this.#counters.add(shardMetric.grants_total);
      this.#outlet.grant({ grantId, playerId, kind, fromRoom: room.roomId, body });
    }
    this.#sendAct(room, { toEntity: entityId, cell, kind, grantId, body });
  }

  setTimer(room: RoomHost, id: number, ticks: number): void {
    assert(id >= 0 && id < ROOM_TIMERS_MAX, "a timer's id is 0..15");
    this.clearTimer(room, id);
    const due = this.tick + Math.max(1, Math.round(ticks));
    if (room.timersDue !== undefined) room.timersDue.set(id, due);
    else this.armTimer(room, id, due);
  }

  /** Puts a timer on the schedule. */
  armTimer(room: RoomHost, id: number, due: number): void {
    room.timerEntries ??= new Int32Array(ROOM_TIMERS_MAX).fill(-1);
    const entry = this.#schedule.add(ENTRY_ROOM_TIMER, room.index * ROOM_TIMERS_MAX + id, due);
    assert(entry >= 0, "the schedule holds every room's tick and timers");
    room.timerEntries[id] = entry;
  }

  clearTimer(room: RoomHost, id: number): void {
    // Which world tick it was matters to a timer: a replay must know it.
    room.hasOutput = true;
    room.timersDue?.delete(id);
    const entry = room.timerEntries?.[id] ?? -1;
    if (entry === -1) return;
    if (entry !== ENTRY_TAKEN) this.#schedule.cancel(entry);
    room.timerEntries![id] = -1;
  }

  setActive(room: RoomHost, isActive: boolean): void {
    room.hasOutput = true;
    if (isActive) this.#scheduleTick(room, this.tick);
    else this.#unscheduleTick(room);
  }

  appendResult(room: RoomHost, result: BattleResultRow): void {
    room.hasOutput = true;
    if (!room.isReplaying) this.#outlet.battleResult(result);
  }

  unseat(room: RoomHost, session: number): void {
    if (room.seat(session) !== undefined) this.#unseat(room, session, 0);
  }

  // ---- ticking ---------------------------------------------------------------------------------------------

  #tickRoom(index: number): void {
    const host = this.#rooms[index];
    if (host?.tickEntry !== ENTRY_TAKEN) return;
    if (host.isDurable && !this.isAccepting) {
      this.deferTick(index, shardMetric.rooms_stood_total);
      return;
    }
    host.tickEntry = -1;
    this.activeCount--;
    const before = this.#clock.nowMs();
    if (!this.tickOnce(host)) return;
    this.#measure(host, (this.#clock.nowMs() - before) * 1000);
    this.#scheduleTick(host, this.tick);
  }

  /** One tick of a room, live or in a replay; false when it was the last. */
  tickOnce(host: RoomHost): boolean {
    host.tick++;
    host.hasOutput = false;
    this.#ticking = host;
    let failure: { readonly error: unknown } | undefined;
    try {
      host.room.onTick?.();
    } catch (error) {
      if (error instanceof AssertionFailed) throw error;
      failure = { error };
    }
    const isNoticed = host.hasOutput || host.isClosing || failure !== undefined;
    if (isNoticed) this.#noteTick(host);
    this.#ticking = undefined;
    if (failure !== undefined) this.#fail(host, "onTick", failure.error);
    else if (host.isClosing) this.#close(host, 0);
    return this.#byId.has(host.roomId);
  }

  /** A tick of a durable room that somebody could notice is written down, once. */
  #noteTick(host: RoomHost): void {
    if (this.#ticking !== host || !host.isDurable || host.isReplaying) return;
    this.#ticking = undefined;
    this.#journal.ticked(host);
  }

  #measure(host: RoomHost, us: number): void {
    this.#histograms.record(host.index, us);
    this.#typeHistograms.get(host.type.name)!.record(us);
  }

  #fireTimer(subject: number): void {
    const id = subject % ROOM_TIMERS_MAX;
    const host = this.#rooms[(subject - id) / ROOM_TIMERS_MAX];
    if (host?.timerEntries?.[id] !== ENTRY_TAKEN) return;
    if (host.isDurable && !this.isAccepting) {
      this.armTimer(host, id, this.tick + 1);
      return;
    }
    host.timerEntries[id] = -1;
    this.#take(host, { is: "timer", tick: host.tick, id });
  }

  /** The next tick of the room's own phase, so that rooms of one rate share out the world ticks between them. */
  #scheduleTick(host: RoomHost, tick: number): void {
    if (host.isReplaying || host.tickPeriodMs === 0 || !host.isActive || host.tickEntry !== -1) return;
    const period = Math.round((host.tickPeriodMs * this.#worldTickHz) / 1000);
    const next = tick + 1;
    const due = next + ((((host.index - next) % period) + period) % period);
    host.tickEntry = this.#schedule.add(ENTRY_ROOM_TICK, host.index, due);
    assert(host.tickEntry >= 0, "the schedule holds every room's tick");
    this.activeCount++;
  }

  #unscheduleTick(host: RoomHost): void {
    if (host.tickEntry === -1) return;
    if (host.tickEntry !== ENTRY_TAKEN) this.#schedule.cancel(host.tickEntry);
    host.tickEntry = -1;
    this.activeCount--;
  }

  #periodTicks(tickHz: number): number {
    return Math.max(1, Math.round(this.#worldTickHz / tickHz));
  }

  // ---- ending ----------------------------------------------------------------------------------------------

  /** Runs a hook: a room that throws is stopped alone; one that asked to be closed is closed behind the hook. */
  #guard(host: RoomHost, hook: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      if (error instanceof AssertionFailed) throw error;
      this.#fail(host, hook, error);
      return;
    }
    if (host.isClosing) this.#close(host, 0);
  }

  #fail(host: RoomHost, hook: string, error: unknown): void {
    this.#counters.add(shardMetric.rooms_failed_total);
    if (host.isReplaying) this.#counters.add(shardMetric.rooms_quarantined_total);
    const what = host.isReplaying
      ? "a room threw again when it was restored and is in quarantine; mend the game"
      : "a room threw and was stopped; mend the game";
    this.#log.warn(what, {
      roomType: host.type.name,
      roomId: host.roomId,
      hook,
      members: host.members.size,
      error: String((error as Error).stack ?? error),
    });
    this.#close(host, refusals.roomFailed.code);
  }

  /** The room has been given all it had been given before: from here on it lives. Timers that were due are due now. */
  revive(host: RoomHost): void {
    const due = [...host.timersDue!].sort(([a, dueA], [b, dueB]) => dueA - dueB || a - b);
    host.timersDue = undefined;
    host.notedTick = host.tick;
    for (const [id, tick] of due) this.armTimer(host, id, Math.max(tick, this.tick + 1));
    this.#scheduleTick(host, this.tick);
    for (const session of host.members.keys()) this.tellJoined(host, session);
  }

  /** Takes out a room that is being replayed, as if it had never been there: it begins anew. */
  discard(host: RoomHost): void {
    this.#byId.delete(host.roomId);
    this.durableCount--;
    this.#rooms[host.index] = undefined;
    this.#free.push(host.index);
  }

  /** Ends a room that cannot go on, from outside it. */
  fail(host: RoomHost, hook: string, error: unknown): void {
    this.#fail(host, hook, error);
  }

  #close(host: RoomHost, code: number): void {
    if (!this.#byId.delete(host.roomId)) return;
    host.isClosing = true;
    if (host.isDurable) {
      this.durableCount--;
      this.#noteTick(host);
      this.#journal.closed(host);
    }
    this.#unscheduleTick(host);
    for (let id = 0; id < ROOM_TIMERS_MAX && host.timerEntries !== undefined; id++) this.clearTimer(host, id);
    const sessions = [...host.members.keys()];
    if (host.isReplaying) host.end = { code, sessions };
    for (const session of sessions) {
      host.removeSeat(session);
      if (!host.isReplaying) this.#outlet.roomLeft({ session, roomId: host.roomId, code });
    }
    try {
      host.room.onDispose?.();
    } catch (error) {
      if (error instanceof AssertionFailed) throw error;
      this.#log.warn("a room threw while it was disposed; mend the game", { error: String(error) });
    }
    // What a disposed room scheduled is taken back, so its index can be used again.
    this.#unscheduleTick(host);
    for (let id = 0; id < ROOM_TIMERS_MAX && host.timerEntries !== undefined; id++) this.clearTimer(host, id);
    this.#histograms.clear(host.index);
    this.#rooms[host.index] = undefined;
    this.#free.push(host.index);
  }

  #unseat(host: RoomHost, session: number, code: number): void {
    const seat = host.seat(session)!;
    host.removeSeat(session);
    host.hasOutput = true;
    if (!host.isReplaying) this.#outlet.roomLeft({ session, roomId: host.roomId, code });
    this.#guard(host, "onLeave", () => host.room.onLeave?.(seat));
  }

  #newRoomId(): number {
    const prefix =
      (this.#shard << (COUNTER_BITS + INCARNATION_BITS)) |
      ((this.#incarnation & ((1 << INCARNATION_BITS) - 1)) << COUNTER_BITS);
    let roomId: number;
    do {
      this.#opened = (this.#opened % COUNTER_MASK) + 1;
      roomId = (prefix | this.#opened) >>> 0;
    } while (this.#byId.has(roomId));
    return roomId;
  }
}

const NOT_NUMBERED = { roomSeq: 0, isDurable: false } as const;
