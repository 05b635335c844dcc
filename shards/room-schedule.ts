/** When rooms tick and when their timers are due: the rooms' side of the shard's one schedule. */
import { assert } from "../engine/assert.js";
import type { ByteReader } from "../engine/lane/bytes.js";
import type { Counters } from "../engine/memory/counters.js";
import { shardMetric } from "../engine/metrics.js";
import { ROOM_TIMERS_MAX, type RoomHost } from "./room-host.js";
import type { Schedule } from "./schedule.js";

/** Kinds of schedule entries that are rooms'; a timer's subject is index * ROOM_TIMERS_MAX + id. */
export const ENTRY_ROOM_TICK = 1;
export const ENTRY_ROOM_TIMER = 2;
/** In place of a schedule entry's number: it has been taken off, and its turn comes within this tick. */
export const ENTRY_TAKEN = -2;

export class RoomSchedule {
  readonly #schedule: Schedule;
  readonly #worldTickHz: number;
  readonly #counters: Counters;
  /** The table's, by index. */
  readonly #rooms: readonly (RoomHost | undefined)[];
  /** Rooms on the schedule for their next tick. */
  activeCount = 0;
  /** World tick being made. */
  tick = 0;

  constructor(options: {
    readonly schedule: Schedule;
    readonly worldTickHz: number;
    readonly counters: Counters;
    readonly rooms: readonly (RoomHost | undefined)[];
  }) {
    this.#schedule = options.schedule;
    this.#worldTickHz = options.worldTickHz;
    this.#counters = options.counters;
    this.#rooms = options.rooms;
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

  /** Puts a room's due tick off by one world tick, for want of time or of safety. */
  deferTick(subject: number, metric = shardMetric.rooms_deferred_total): void {
    const host = this.#rooms[subject];
    if (host?.tickEntry !== ENTRY_TAKEN) return;
    this.#counters.add(metric);
    host.tickEntry = this.#schedule.add(ENTRY_ROOM_TICK, subject, this.tick + 1);
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
    if (isActive) this.planTick(room);
    else this.cancelTick(room);
  }

  /** The next tick of the room's own phase, so that rooms of one rate share out the world ticks between them. */
  planTick(host: RoomHost): void {
    if (host.isReplaying || host.tickPeriodMs === 0 || !host.isActive || host.tickEntry !== -1) return;
    const period = Math.round((host.tickPeriodMs * this.#worldTickHz) / 1000);
    const next = this.tick + 1;
    const due = next + ((((host.index - next) % period) + period) % period);
    host.tickEntry = this.#schedule.add(ENTRY_ROOM_TICK, host.index, due);
    assert(host.tickEntry >= 0, "the schedule holds every room's tick");
    this.activeCount++;
  }

  cancelTick(host: RoomHost): void {
    if (host.tickEntry === -1) return;
    if (host.tickEntry !== ENTRY_TAKEN) this.#schedule.cancel(host.tickEntry);
    host.tickEntry = -1;
    this.activeCount--;
  }

  /** Takes off all that a room has on the schedule. */
  cancelAll(host: RoomHost): void {
    this.cancelTick(host);
    for (let id = 0; host.timerEntries !== undefined && id < ROOM_TIMERS_MAX; id++) this.clearTimer(host, id);
  }

  /** World ticks between two of a room that ticks so often. */
  periodTicks(tickHz: number): number {
    return Math.max(1, Math.round(this.#worldTickHz / tickHz));
  }

  /** Puts the entries of a checkpoint back. */
  restore(from: ByteReader): void {
    this.#schedule.restore(from, (kind, subject, entry) => this.#setEntry(kind, subject, entry));
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
}
