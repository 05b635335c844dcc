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
import type { Act, Intent, RoomPlayer, RoomType } from "../engine/room/game.js";
import type { GameTables, TableSet } from "../engine/room/game-tables.js";
import { roomStampOf } from "../engine/room/room-stamp.js";
import type { Clock } from "../engine/time.js";
import { type CodeEntry, refusals } from "../engine/wire/codes.js";
import type { ActRouter } from "./act-router.js";
import type { Outlet } from "./outlet.js";
import { ROOM_TIMERS_MAX, RoomHost, type RoomSurroundings } from "./room-host.js";
import type { RoomInput } from "./room-inputs.js";
import { RoomJournal } from "./room-journal.js";
import { RoomNumbers } from "./room-numbers.js";
import { ENTRY_ROOM_TICK, ENTRY_TAKEN, RoomSchedule } from "./room-schedule.js";
import { RoomSpeech } from "./room-speech.js";
import type { Schedule } from "./schedule.js";

export class RoomTable implements RoomSurroundings {
  readonly #numbers: RoomNumbers;
  readonly #types: ReadonlyMap<string, RoomType>;
  readonly #overrides: Readonly<
    Record<string, { tickHz?: number | undefined; membersMax?: number | undefined }>
  >;
  readonly #roomsMax: number;
  readonly #seed: number;
  readonly #outlet: Outlet;
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
  /** Whose tick is being made and not written down. */
  #ticking: RoomHost | undefined;
  /** Rooms that survive the process. */
  durableCount = 0;
  /** When rooms tick. */
  readonly schedule: RoomSchedule;
  /** What rooms say. */
  readonly speech: RoomSpeech;
  readonly #entries: Schedule;
  readonly #worldTickMs: number;
  /** Its wall time. */
  wallMs = 0;
  /** What durable rooms take in can be kept safe: otherwise they stand still, and no more of them are opened. */
  isAccepting = true;
  /** Checkpoints are taken, also by a journal that is full: they are what lets it forget inputs. */
  takesCheckpoints = true;

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
    this.#numbers = new RoomNumbers(options);
    this.#types = options.types;
    this.#overrides = options.overrides;
    this.#roomsMax = options.roomsMax;
    this.#seed = options.seed;
    this.schedule = new RoomSchedule({ ...options, rooms: this.#rooms });
    this.speech = new RoomSpeech(options);
    this.#entries = options.schedule;
    this.#worldTickMs = 1000 / options.worldTickHz;
    this.#outlet = options.outlet;
    this.#counters = options.counters;
    this.#histograms = options.histograms;
    this.#typeHistograms = options.typeHistograms;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#tables = options.tables;
    this.#journal = new RoomJournal({ ...options, periodTicks: options.checkpointTicks });
  }

  /** World tick being made. */
  get tick(): number {
    return this.schedule.tick;
  }

  set tick(tick: number) {
    this.schedule.tick = tick;
  }

  /** Rooms on the schedule for their next tick. */
  get activeCount(): number {
    return this.schedule.activeCount;
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
    const input = { is: "create", tick: 0, type: roomStampOf(type), tableSet: tables.id, options } as const;
    if (type.isDurable === true && !this.#journal.takes(input))
      throw new Error(`openRoom: ${options.length} bytes of options are more than a durable room can have`);
    const host = this.place({
      roomId: this.#numbers.next((roomId) => this.#byId.has(roomId)),
      cell,
      type,
      tables,
      isReplaying: false,
    });
    this.#take(host, input);
    if (this.#byId.has(host.roomId)) this.schedule.planTick(host);
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
      tickPeriodMs: tickHz === 0 ? 0 : this.#worldTickMs * this.schedule.periodTicks(tickHz),
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
        // In a replay: it has fired. The room may set it again.
        host.timersDue?.delete(input.id);
        this.#guard(host, "onTimer", () => room.onTimer?.(input.id));
        return;
      case "ticked":
        // Nothing is to be done: the replay has made the tick.
        return;
      default:
        unreachable(input);
    }
  }

  /** A schedule entry of a room is due. */
  due(kind: number, subject: number): void {
    if (kind === ENTRY_ROOM_TICK) this.#tickRoom(subject);
    else this.#fireTimer(subject);
  }

  /** Every room with its place in the table and what it has on the schedule. */
  checkpoint(out: ByteWriter): void {
    out.u32(this.#numbers.count).u32(this.#rooms.length).u32(this.#free.length);
    for (const index of this.#free) out.u32(index);
    out.u32(this.#byId.size);
    for (const host of this.#byId.values()) {
      out.u32(host.roomId).u32(host.cell).u32(host.index).text(host.type.name);
      host.checkpoint(out);
    }
    this.#entries.checkpoint(out);
  }

  /** Puts {@link checkpoint}'s rooms into this table, which must have none. */
  restore(from: ByteReader, tick: number): void {
    assert(this.#byId.size === 0, "rooms are restored into an empty table");
    this.tick = tick;
    this.#numbers.count = from.u32();
    this.#rooms.length = from.u32();
    this.#free.splice(0, this.#free.length, ...Array.from({ length: from.u32() }, () => from.u32()));
    for (let left = from.u32(); left > 0; left--) {
      const [roomId, cell, index] = [from.u32(), from.u32(), from.u32()];
      const type = this.#types.get(from.text());
      assert(type !== undefined, "a checkpointed room's type is known");
      const tables = this.#tables.current;
      this.#host({ roomId, cell, index, type, tables, isReplaying: false }).restore(from);
    }
    this.schedule.restore(from);
  }

  /** The end of a world tick: durable rooms hand over what they took in, and some of them themselves. */
  endTick(): void {
    if (this.takesCheckpoints && this.durableCount > 0)
      this.#journal.checkpoint(this.tick, this.#rooms, (host, error) =>
        this.#fail(host, "checkpoint", error),
      );
    this.#journal.endTick();
  }

  // ---- RoomSurroundings ------------------------------------------------------------------------------------

  unseat(room: RoomHost, session: number): void {
    if (room.seat(session) !== undefined) this.#unseat(room, session, 0);
  }

  // ---- ticking ---------------------------------------------------------------------------------------------

  #tickRoom(index: number): void {
    const host = this.#rooms[index];
    if (host?.tickEntry !== ENTRY_TAKEN) return;
    if (host.isDurable && !this.isAccepting) {
      this.schedule.deferTick(index, shardMetric.rooms_stood_total);
      return;
    }
    host.tickEntry = -1;
    this.schedule.activeCount--;
    const before = this.#clock.nowMs();
    if (!this.tickOnce(host)) return;
    this.#measure(host, (this.#clock.nowMs() - before) * 1000);
    this.schedule.planTick(host);
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
      this.schedule.armTimer(host, id, this.tick + 1);
      return;
    }
    host.timerEntries[id] = -1;
    this.#take(host, { is: "timer", tick: host.tick, id });
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
    for (const [id, tick] of due) this.schedule.armTimer(host, id, Math.max(tick, this.tick + 1));
    this.schedule.planTick(host);
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
    this.schedule.cancelAll(host);
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
    this.schedule.cancelAll(host);
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
}
