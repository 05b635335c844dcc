/**
 * All rooms of one shard: opening, seating, ticking what is due, stopping what throws. A room with nothing due is an
 * object in an array and nothing else.
 */
import { AssertionFailed, assert } from "../engine/assert.js";
import type { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import type { Log } from "../engine/log.js";
import type { Counters } from "../engine/memory/counters.js";
import type { Histogram, HistogramPool } from "../engine/memory/histogram.js";
import { shardMetric } from "../engine/metrics.js";
import type { Act, Intent, RoomPlayer, RoomType } from "../engine/room/game.js";
import type { Clock } from "../engine/time.js";
import { refusals } from "../engine/wire/codes.js";
import { eventScopes } from "../engine/wire/message-types.js";
import type { ActRouter } from "./act-router.js";
import type { Outlet } from "./outlet.js";
import { ROOM_TIMERS_MAX, RoomHost, type RoomSurroundings } from "./room-host.js";
import type { Schedule } from "./schedule.js";

/** Kinds of schedule entries that are rooms'; a timer's subject is index * ROOM_TIMERS_MAX + id. */
export const ENTRY_ROOM_TICK = 1;
export const ENTRY_ROOM_TIMER = 2;

const COUNTER_BITS = 20;
const INCARNATION_BITS = 6;

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
  /** Tick times: per room, by its index; and per room type. */
  readonly #histograms: HistogramPool;
  readonly #typeHistograms: ReadonlyMap<string, Histogram>;
  readonly #rooms: (RoomHost | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #byId = new Map<number, RoomHost>();
  #opened = 0;
  /** Rooms on the schedule for their next tick. */
  activeCount = 0;
  /** World tick being made. */
  tick = 0;

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

  /** Opens a room; 0 when there are too many. An unknown type is the game's bug and throws. */
  open(typeName: string, cell: number, options: Uint8Array): number {
    const type = this.#types.get(typeName);
    if (type === undefined) throw new Error(`openRoom: there is no room type "${typeName}"`);
    if (this.#byId.size >= this.#roomsMax) return 0;
    const index = this.#free.pop() ?? this.#rooms.length;
    const host = this.#host({ roomId: this.#newRoomId(), cell, index, type });
    this.#histograms.clear(host.index, host.roomId);
    this.#guard(host, "onCreate", () => host.room.onCreate?.(options.slice()));
    if (this.#byId.has(host.roomId)) this.#scheduleTick(host, this.tick);
    return host.roomId;
  }

  #host(room: { roomId: number; cell: number; index: number; type: RoomType }): RoomHost {
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
    return host;
  }

  /** Seats a session; 0, or the code of a refusal. */
  join(roomId: number, session: number, player: RoomPlayer): number {
    const host = this.#byId.get(roomId);
    if (host === undefined || host.isClosing) return refusals.roomClosed.code;
    if (host.seat(session) !== undefined) return 0;
    if (host.members.size >= host.membersMax) return refusals.roomFull.code;
    const seat = { session, player, isSuspended: false };
    host.addSeat(seat);
    this.#outlet.roomJoined({
      session,
      roomId,
      cell: host.cell,
      roomType: host.type.name,
      staysWhenDropped: host.type.onSocketLost === "stay",
    });
    this.#guard(host, "onJoin", () => host.room.onJoin?.(seat));
    return 0;
  }

  /** The session is gone, or net put it out. */
  leave(roomId: number, session: number): void {
    const host = this.#byId.get(roomId);
    if (host?.seat(session) !== undefined) this.#unseat(host, session, 0);
  }

  setSuspended(roomId: number, session: number, isSuspended: boolean): void {
    const host = this.#byId.get(roomId);
    const seat = host?.seat(session);
    if (host === undefined || seat === undefined || seat.isSuspended === isSuspended) return;
    seat.isSuspended = isSuspended;
    if (isSuspended) this.#guard(host, "onDrop", () => host.room.onDrop?.(seat));
    else this.#guard(host, "onReconnect", () => host.room.onReconnect?.(seat));
  }

  intent(roomId: number, session: number, intent: Intent): void {
    const host = this.#byId.get(roomId);
    const seat = host?.seat(session);
    if (host === undefined || seat === undefined) {
      this.#counters.add(shardMetric.intents_refused_total);
      this.#outlet.refused(session, intent.seq, refusals.notInRoom.code, refusals.notInRoom.reason);
      return;
    }
    this.#guard(host, "onIntent", () => host.room.onIntent?.(seat, intent));
  }

  /** Delivers an act; false when there is no such room. */
  receiveAct(roomId: number, act: Act): boolean {
    const host = this.#byId.get(roomId);
    if (host === undefined) return false;
    this.#guard(host, "onAct", () => host.room.onAct?.(act));
    return true;
  }

  /** A schedule entry of a room is due. */
  due(kind: number, subject: number): void {
    if (kind === ENTRY_ROOM_TICK) this.#tickRoom(subject);
    else this.#fireTimer(subject);
  }

  /** Puts a room's due tick off by one world tick, for want of time. */
  deferTick(subject: number): void {
    this.#counters.add(shardMetric.rooms_deferred_total);
    this.#rooms[subject]!.tickEntry = this.#schedule.add(ENTRY_ROOM_TICK, subject, this.tick + 1);
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
      this.#host({ roomId, cell, index, type }).restore(from);
    }
    this.#schedule.restore(from, (kind, subject, entry) => this.#setEntry(kind, subject, entry));
  }

  // ---- RoomSurroundings ------------------------------------------------------------------------------------

  wallMs(): number {
    return this.#clock.wallMs();
  }

  event(room: RoomHost, sessions: readonly number[], kind: number, body: Uint8Array): void {
    this.#outlet.event({ sessions, scope: eventScopes.room, kind, roomId: room.roomId, body });
  }

  frame(room: RoomHost, kind: number, body: Uint8Array): void {
    this.#outlet.roomFrame(room.roomId, kind, body);
  }

  refused(session: number, intentSeq: number, code: number, reason: string): void {
    this.#counters.add(shardMetric.intents_refused_total);
    this.#outlet.refused(session, intentSeq, code, reason);
  }

  sendAct(room: RoomHost, entityId: number, cell: number, kind: number, body: Uint8Array): void {
    const { roomId: fromRoom, cell: fromCell } = room;
    this.#acts.send({
      toEntity: entityId,
      toRoom: 0,
      cell,
      fromEntity: 0,
      fromRoom,
      fromCell,
      kind,
      hops: 0,
      body,
    });
  }

  setTimer(room: RoomHost, id: number, ticks: number): void {
    assert(id >= 0 && id < ROOM_TIMERS_MAX, "a timer's id is 0..15");
    this.clearTimer(room, id);
    room.timerEntries ??= new Int32Array(ROOM_TIMERS_MAX).fill(-1);
    const due = this.tick + Math.max(1, Math.round(ticks));
    const entry = this.#schedule.add(ENTRY_ROOM_TIMER, room.index * ROOM_TIMERS_MAX + id, due);
    assert(entry >= 0, "the schedule holds every room's tick and timers");
    room.timerEntries[id] = entry;
  }

  clearTimer(room: RoomHost, id: number): void {
    const entry = room.timerEntries?.[id] ?? -1;
    if (entry < 0) return;
    this.#schedule.cancel(entry);
    room.timerEntries![id] = -1;
  }

  setActive(room: RoomHost, isActive: boolean): void {
    if (isActive) this.#scheduleTick(room, this.tick);
    else this.#unscheduleTick(room);
  }

  appendResult(result: Parameters<RoomSurroundings["appendResult"]>[0]): void {
    this.#outlet.battleResult(result);
  }

  unseat(room: RoomHost, session: number): void {
    if (room.seat(session) !== undefined) this.#unseat(room, session, 0);
  }

  // ---- ticking ---------------------------------------------------------------------------------------------

  #tickRoom(index: number): void {
    const host = this.#rooms[index];
    assert(host !== undefined, "a scheduled room exists");
    host.tickEntry = -1;
    this.activeCount--;
    host.tick++;
    const before = this.#clock.nowMs();
    try {
      host.room.onTick?.();
    } catch (error) {
      if (error instanceof AssertionFailed) throw error;
      this.#fail(host, "onTick", error);
      return;
    }
    this.#measure(host, (this.#clock.nowMs() - before) * 1000);
    if (host.isClosing) this.#close(host, 0);
    else this.#scheduleTick(host, this.tick);
  }

  #measure(host: RoomHost, us: number): void {
    this.#histograms.record(host.index, us);
    this.#typeHistograms.get(host.type.name)!.record(us);
  }

  #fireTimer(subject: number): void {
    const id = subject % ROOM_TIMERS_MAX;
    const host = this.#rooms[(subject - id) / ROOM_TIMERS_MAX];
    assert(host?.timerEntries !== undefined, "a scheduled timer's room exists");
    host.timerEntries[id] = -1;
    this.#guard(host, "onTimer", () => host.room.onTimer?.(id));
  }

  /** The next tick of the room's own phase, so that rooms of one rate share out the world ticks between them. */
  #scheduleTick(host: RoomHost, tick: number): void {
    if (host.tickPeriodMs === 0 || !host.isActive || host.tickEntry >= 0) return;
    const period = Math.round((host.tickPeriodMs * this.#worldTickHz) / 1000);
    const next = tick + 1;
    const due = next + ((((host.index - next) % period) + period) % period);
    host.tickEntry = this.#schedule.add(ENTRY_ROOM_TICK, host.index, due);
    assert(host.tickEntry >= 0, "the schedule holds every room's tick");
    this.activeCount++;
  }

  #unscheduleTick(host: RoomHost): void {
    if (host.tickEntry < 0) return;
    this.#schedule.cancel(host.tickEntry);
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
    this.#log.warn("a room threw and was stopped; mend the game", {
      roomType: host.type.name,
      roomId: host.roomId,
      hook,
      members: host.members.size,
      error: String((error as Error).stack ?? error),
    });
    this.#close(host, refusals.roomFailed.code);
  }

  #close(host: RoomHost, code: number): void {
    if (!this.#byId.delete(host.roomId)) return;
    host.isClosing = true;
    this.#unscheduleTick(host);
    for (let id = 0; id < ROOM_TIMERS_MAX && host.timerEntries !== undefined; id++) this.clearTimer(host, id);
    for (const session of [...host.members.keys()]) {
      host.removeSeat(session);
      this.#outlet.roomLeft({ session, roomId: host.roomId, code });
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
    this.#outlet.roomLeft({ session, roomId: host.roomId, code });
    this.#guard(host, "onLeave", () => host.room.onLeave?.(seat));
  }

  #newRoomId(): number {
    const prefix =
      (this.#shard << (COUNTER_BITS + INCARNATION_BITS)) |
      ((this.#incarnation & ((1 << INCARNATION_BITS) - 1)) << COUNTER_BITS);
    let roomId: number;
    do {
      this.#opened = (this.#opened % ((1 << COUNTER_BITS) - 1)) + 1;
      roomId = (prefix | this.#opened) >>> 0;
    } while (this.#byId.has(roomId));
    return roomId;
  }
}
