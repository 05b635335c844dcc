/** One room and the context its game is given. Knows its shard only through {@link RoomSurroundings}. */
import type { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import type { BattleResultRow } from "../engine/player.js";
import { mix32, Prng } from "../engine/prng.js";
import type {
  GrantReceiver,
  Room,
  RoomContext,
  RoomMember,
  RoomPlayer,
  RoomType,
  TableSpec,
} from "../engine/room/game.js";
import type { TableSet } from "../engine/room/game-tables.js";
import { readRoomPlayer, writeRoomPlayer } from "./room-inputs.js";
import type { RoomSchedule } from "./room-schedule.js";
import type { RoomSpeech } from "./room-speech.js";

/** Timers a room may have at once, by id. */
export const ROOM_TIMERS_MAX = 16;

const noMembers: ReadonlyMap<number, RoomMember> = new Map();

export interface RoomSeat {
  readonly session: number;
  readonly player: RoomPlayer;
  isSuspended: boolean;
}

/** What a room asks of its shard, beside its voice and its clock. */
export interface RoomSurroundings {
  /** Wall time of the tick being made. */
  readonly wallMs: number;
  readonly speech: RoomSpeech;
  readonly schedule: RoomSchedule;
  unseat(room: RoomHost, session: number): void;
}

export class RoomHost implements RoomContext {
  readonly roomId: number;
  readonly cell: number;
  readonly type: RoomType;
  readonly tickPeriodMs: number;
  readonly membersMax: number;
  /** Survives the process. */
  readonly isDurable: boolean;
  /** What the room goes by, for good. */
  readonly tables: TableSet;
  /** Index in the shard's room table. */
  readonly index: number;
  tick = 0;
  /** Wants to be ticked. */
  isActive = true;
  /** Asked to be closed: done behind the hook that asked. */
  isClosing = false;
  /** Schedule entry of the next tick, or -1. */
  tickEntry = -1;
  /** Schedule entry per timer id, made with the first timer. */
  timerEntries: Int32Array | undefined;
  /** Number of the newest event of a durable room. */
  roomSeq = 0;
  /** In this tick of the room somebody outside could notice that it was made. */
  hasOutput = false;
  /** While it is replayed: the world tick at which each of its timers is due. */
  timersDue: Map<number, number> | undefined;
  /** It has ended while it was replayed: why, and who was in it. */
  end: { readonly code: number; readonly sessions: readonly number[] } | undefined;
  /** What a durable room took in during this world tick, not handed over yet. */
  inputs: ByteWriter | undefined;
  /** A checkpoint would say something new: it has taken something in since the last. */
  hasNews = false;
  /** Ticks made when the last checkpoint was written. */
  checkpointTick = 0;
  /** Up to which tick the room's inputs lead a replay. */
  notedTick = 0;
  readonly room: Room;
  readonly #dice: Prng;
  readonly #surroundings: RoomSurroundings;
  #seats: Map<number, RoomSeat> | undefined;
  /** Wall time at which it was opened: keeps its rows' ids apart from those of other runs. */
  #openedMs: number;
  #rowsMade = 0;

  constructor(options: {
    readonly roomId: number;
    readonly cell: number;
    readonly type: RoomType;
    readonly tickPeriodMs: number;
    readonly membersMax: number;
    readonly index: number;
    readonly tables: TableSet;
    readonly isReplaying: boolean;
    readonly seed: number;
    readonly surroundings: RoomSurroundings;
  }) {
    this.roomId = options.roomId;
    this.cell = options.cell;
    this.type = options.type;
    this.tickPeriodMs = options.tickPeriodMs;
    this.membersMax = options.membersMax;
    this.index = options.index;
    this.isDurable = options.type.isDurable === true;
    this.tables = options.tables;
    if (options.isReplaying) this.timersDue = new Map();
    this.#openedMs = options.surroundings.wallMs;
    this.#dice = new Prng(mix32(options.seed ^ mix32(options.roomId)));
    this.#surroundings = options.surroundings;
    this.room = options.type.create(this);
  }

  /**
   * It is given again what it was given before its thread died: nothing it does counts but its own state and its
   * events.
   */
  get isReplaying(): boolean {
    return this.timersDue !== undefined;
  }

  get members(): ReadonlyMap<number, RoomMember> {
    return this.#seats ?? noMembers;
  }

  get wallMs(): number {
    return this.#surroundings.wallMs;
  }

  table<Row>(spec: TableSpec<Row>): readonly Row[] {
    return this.tables.rows(spec);
  }

  chance(): number {
    return this.#dice.unit();
  }

  chanceBelow(count: number): number {
    return this.#dice.below(count);
  }

  newRowId(): string {
    // When the room was opened, not the time now: a room that is replayed gives the same row the same id.
    this.#rowsMade = (this.#rowsMade + 1) & 0xffff;
    return (
      hexOf(this.#openedMs, 12) +
      hexOf(this.roomId, 8) +
      hexOf(this.#dice.next(), 8) +
      hexOf(this.#rowsMade, 4)
    );
  }

  tell(member: RoomMember, kind: number, body: Uint8Array): void {
    this.#surroundings.speech.event(this, [member.session], kind, body);
  }

  tellAll(kind: number, body: Uint8Array): void {
    if (this.#seats !== undefined && this.#seats.size > 0) {
      this.#surroundings.speech.event(this, [...this.#seats.keys()], kind, body);
    }
  }

  broadcast(kind: number, body: Uint8Array): void {
    if (this.#seats !== undefined && this.#seats.size > 0) this.#surroundings.speech.frame(this, kind, body);
  }

  refuse(member: RoomMember, intentSeq: number, code: number, reason = ""): void {
    this.#surroundings.speech.refused(this, member.session, { intentSeq, code, reason });
  }

  act(entityId: number, cell: number, kind: number, body: Uint8Array): void {
    this.#surroundings.speech.act(this, entityId, cell, kind, body);
  }

  setTimer(id: number, ticks: number): void {
    this.#surroundings.schedule.setTimer(this, id, ticks);
  }

  clearTimer(id: number): void {
    this.#surroundings.schedule.clearTimer(this, id);
  }

  appendResult(result: BattleResultRow): void {
    this.#surroundings.speech.appendResult(this, result);
  }

  grant(to: GrantReceiver, kind: number, body: Uint8Array): void {
    this.#surroundings.speech.grant(this, to, kind, body);
  }

  remove(member: RoomMember): void {
    this.#surroundings.unseat(this, member.session);
  }

  setActive(isActive: boolean): void {
    if (this.isActive === isActive) return;
    this.isActive = isActive;
    this.#surroundings.schedule.setActive(this, isActive);
  }

  close(): void {
    this.isClosing = true;
  }

  // ---- for the shard ---------------------------------------------------------------------------------------

  seat(session: number): RoomSeat | undefined {
    return this.#seats?.get(session);
  }

  addSeat(seat: RoomSeat): void {
    this.#seats ??= new Map();
    this.#seats.set(seat.session, seat);
  }

  removeSeat(session: number): void {
    this.#seats?.delete(session);
  }

  /** All of the room's state but its timers, which are the schedule's. */
  checkpoint(out: ByteWriter): void {
    out
      .u32(this.tick)
      .u32(this.#dice.state >>> 0)
      .u8(this.isActive ? 1 : 0);
    out.u32(this.roomSeq).f64(this.#openedMs).u16(this.#rowsMade).u16(this.members.size);
    for (const seat of this.#seats?.values() ?? [])
      writeRoomPlayer(out.u32(seat.session).u8(seat.isSuspended ? 1 : 0), seat.player);
    this.room.checkpoint?.(out);
  }

  restore(from: ByteReader): void {
    this.tick = from.u32();
    this.#dice.state = from.u32() | 0;
    this.isActive = from.u8() === 1;
    this.roomSeq = from.u32();
    this.#openedMs = from.f64();
    this.#rowsMade = from.u16();
    this.#seats = undefined;
    for (let left = from.u16(); left > 0; left--) {
      const session = from.u32();
      const isSuspended = from.u8() === 1;
      this.addSeat({ session, isSuspended, player: readRoomPlayer(from) });
    }
    this.room.restore?.(from);
  }
}

function hexOf(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
