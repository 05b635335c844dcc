/**
 * Durable rooms brought back at a shard's start: each from its last checkpoint that everybody had heard of, or from its
 * beginning, and then everything it took in since, between as many ticks as it had made. What it then does for the
 * second time counts for nothing but its state and its events, which net tells apart by their numbers.
 *
 * A room that cannot be made is set aside: it stays in the journal as it is, for a server whose games can make it, or for
 * an operator who drops it. Net tells its members that it is gone, as it does of every room that does not come back.
 */
import { AssertionFailed } from "../engine/assert.js";
import { ByteReader } from "../engine/lane/bytes.js";
import type { RestoreInputsRecord, RestoreRoomRecord } from "../engine/lane/from-store.js";
import type { Log } from "../engine/log.js";
import type { Counters } from "../engine/memory/counters.js";
import { shardMetric } from "../engine/metrics.js";
import type { RoomType } from "../engine/room/game.js";
import type { GameTables, TableSet } from "../engine/room/game-tables.js";
import { roomStampOf, typeOfStamp } from "../engine/room/room-stamp.js";
import { refusals } from "../engine/wire/codes.js";
import type { Outlet } from "./outlet.js";
import { readRoomCheckpointHead } from "./room-checkpoint.js";
import type { RoomHost } from "./room-host.js";
import { type RoomInput, readRoomInput } from "./room-inputs.js";
import type { RoomTable } from "./room-table.js";

/** Numbers of rooms that a line of the log shows. */
const SHOWN_MAX = 5;

/** One room as far as it has been brought back. */
interface Replayed {
  readonly roomId: number;
  readonly cell: number;
  /** Not before its first input says what it is, and no more when that cannot be. */
  host: RoomHost | undefined;
  /** Why it is set aside; null while it is not. */
  aside: string | null;
  /** Everybody who was in it at any time of the replay. */
  readonly seen: Set<number>;
  /** Newest intent settled, by session, and the world tick in which. */
  readonly settled: Map<number, { readonly seq: number; readonly tick: number }>;
}

export class RoomReplay {
  readonly #rooms: RoomTable;
  readonly #roomsMax: number;
  readonly #types: ReadonlyMap<string, RoomType>;
  readonly #tables: GameTables;
  readonly #outlet: Outlet;
  readonly #counters: Counters;
  readonly #log: Log;
  readonly #replayed = new Map<number, Replayed>();

  constructor(options: {
    readonly rooms: RoomTable;
    readonly roomsMax: number;
    readonly types: ReadonlyMap<string, RoomType>;
    readonly tables: GameTables;
    readonly outlet: Outlet;
    readonly counters: Counters;
    readonly log: Log;
  }) {
    this.#rooms = options.rooms;
    this.#roomsMax = options.roomsMax;
    this.#types = options.types;
    this.#tables = options.tables;
    this.#outlet = options.outlet;
    this.#counters = options.counters;
    this.#log = options.log;
  }

  /** A room follows. One that an answer to a predecessor of this thread had begun with begins anew. */
  room(record: RestoreRoomRecord): void {
    const { roomId, cell, checkpoint } = record;
    this.#forget(roomId);
    const replayed: Replayed = {
      roomId,
      cell,
      host: undefined,
      aside: null,
      seen: new Set(),
      settled: new Map(),
    };
    this.#replayed.set(roomId, replayed);
    if (checkpoint === null) return;
    this.#guard(replayed, () => {
      const from = new ByteReader(checkpoint);
      const head = readRoomCheckpointHead(from);
      const host = this.#place(replayed, head.type, head.tableSet);
      if (host === undefined) return;
      for (const { id, due } of head.timers) host.timersDue!.set(id, due);
      host.restore(from);
      host.checkpointTick = host.tick;
      for (const session of host.members.keys()) replayed.seen.add(session);
    });
  }

  /** What a room took in during one world tick. */
  inputs(record: RestoreInputsRecord): void {
    const replayed = this.#replayed.get(record.roomId);
    if (replayed === undefined || replayed.aside !== null) return;
    this.#rooms.tick = record.tick;
    this.#rooms.wallMs = record.wallMs;
    this.#guard(replayed, () => {
      const from = new ByteReader(record.inputs);
      while (from.left() > 0) this.#input(replayed, readRoomInput(from), record.tick);
    });
  }

  #input(replayed: Replayed, input: RoomInput, tick: number): void {
    if (input.is === "create") this.#place(replayed, input.type, input.tableSet);
    const { host } = replayed;
    if (host === undefined) {
      replayed.aside ??= "what it was given begins without a beginning";
      return;
    }
    host.hasNews = true;
    while (host.tick < input.tick && this.#isOpen(host)) this.#rooms.tickOnce(host);
    if (input.is === "intent") replayed.settled.set(input.session, { seq: input.intent.seq, tick });
    if (!this.#isOpen(host)) return;
    if (input.is === "join") replayed.seen.add(input.session);
    this.#rooms.apply(host, input);
  }

  #isOpen(host: RoomHost): boolean {
    return this.#rooms.get(host.roomId) === host;
  }

  #place(replayed: Replayed, stamp: string, setId: string): RoomHost | undefined {
    const { roomId, cell } = replayed;
    const type = typeOfStamp(this.#types, stamp);
    if (typeof type === "string") replayed.aside = type;
    else if (this.#rooms.count >= this.#roomsMax) replayed.aside = "the shard has too many rooms";
    else {
      const tables = this.#tablesOf(replayed, setId);
      replayed.host = this.#rooms.place({ roomId, cell, type, tables, isReplaying: true });
    }
    return replayed.host;
  }

  #tablesOf({ roomId }: Replayed, setId: string): TableSet {
    const set = this.#tables.byId(setId);
    if (set === undefined) {
      this.#log.warn("a room was opened with tables that are gone; it goes on with those in force", {
        roomId,
        setId,
      });
    }
    return set ?? this.#tables.current;
  }

  /** A checkpoint or an input that cannot be read costs that room, and no other. */
  #guard(replayed: Replayed, replay: () => void): void {
    try {
      replay();
    } catch (error) {
      if (error instanceof AssertionFailed) throw error;
      const { host } = replayed;
      // It had ended: what follows matters no more.
      if (host !== undefined && !this.#isOpen(host)) return;
      const reason = error instanceof Error ? error.message : String(error);
      const of = host === undefined ? "" : ` of ${roomStampOf(host.type)}`;
      replayed.aside = `what is kept${of} cannot be read: ${reason}`;
      replayed.host = undefined;
      if (host === undefined) return;
      for (const session of host.members.keys()) replayed.seen.add(session);
      this.#rooms.discard(host);
    }
  }

  #forget(roomId: number): void {
    const host = this.#rooms.get(roomId);
    if (host !== undefined) this.#rooms.discard(host);
    this.#replayed.delete(roomId);
  }

  /** Everything so far was for a predecessor of this thread. */
  forgetAll(): void {
    for (const roomId of [...this.#replayed.keys()]) this.#forget(roomId);
  }

  /** All rooms are back: they live from here on, and net hears who is in them and how far they have come. */
  finish(): void {
    for (const replayed of this.#replayed.values()) {
      const { roomId, host } = replayed;
      for (const [session, { seq, tick }] of replayed.settled)
        this.#outlet.applied({ session, room: roomId, applied: seq, tick });
      if (host === undefined) {
        for (const session of replayed.seen)
          this.#outlet.roomLeft({ session, roomId, code: refusals.roomFailed.code });
        continue;
      }
      // Whoever left before, which net may have missed. It does not mind hearing it twice.
      for (const session of replayed.seen) {
        if (host.seat(session) !== undefined) continue;
        const code = host.end?.sessions.includes(session) === true ? host.end.code : 0;
        this.#outlet.roomLeft({ session, roomId, code });
      }
      if (!this.#isOpen(host)) continue;
      this.#counters.add(shardMetric.rooms_restored_total);
      this.#rooms.revive(host);
    }
    this.#sayAside();
    this.#replayed.clear();
  }

  /** One line for each reason: an upgrade may cost a type with thousands of rooms. */
  #sayAside(): void {
    const byWhy = new Map<string, number[]>();
    for (const { aside, roomId } of this.#replayed.values()) {
      if (aside === null) continue;
      const roomIds = byWhy.get(aside);
      if (roomIds === undefined) byWhy.set(aside, [roomId]);
      else roomIds.push(roomId);
    }
    let rooms = 0;
    for (const [why, roomIds] of byWhy) {
      rooms += roomIds.length;
      this.#log.error(
        "durable rooms are set aside: they stay in the journal, and their members are told that they are gone",
        {
          why,
          rooms: roomIds.length,
          first: roomIds.slice(0, SHOWN_MAX).join(" "),
          remedy: "gridshard journal rooms lists and drops them: docs/OPERATING.md, Rooms set aside",
        },
      );
    }
    this.#counters.set(shardMetric.rooms_aside, rooms);
  }
}
