/** One room and the context its game is given. Knows its shard only through {@link RoomSurroundings}. */
import type { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import type { BattleResultRow } from "../engine/player.js";
import { mix32, Prng } from "../engine/prng.js";
import type { Room, RoomContext, RoomMember, RoomPlayer, RoomType } from "../engine/room/game.js";

/** Timers a room may have at once, by id. */
export const ROOM_TIMERS_MAX = 16;

const noMembers: ReadonlyMap<number, RoomMember> = new Map();

export interface RoomSeat {
  readonly session: number;
  readonly player: RoomPlayer;
  isSuspended: boolean;
}

/** What a room asks of its shard. */
export interface RoomSurroundings {
  wallMs(): number;
  /** Reliable event to some sessions. */
  event(room: RoomHost, sessions: readonly number[], kind: number, body: Uint8Array): void;
  frame(room: RoomHost, kind: number, body: Uint8Array): void;
  refused(session: number, intentSeq: number, code: number, reason: string): void;
  sendAct(room: RoomHost, entityId: number, cell: number, kind: number, body: Uint8Array): void;
  setTimer(room: RoomHost, id: number, ticks: number): void;
  clearTimer(room: RoomHost, id: number): void;
  setActive(room: RoomHost, isActive: boolean): void;
  appendResult(result: BattleResultRow): void;
  unseat(room: RoomHost, session: number): void;
}

export class RoomHost implements RoomContext {
  readonly roomId: number;
  readonly cell: number;
  readonly type: RoomType;
  readonly tickPeriodMs: number;
  readonly membersMax: number;
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
  readonly room: Room;
  readonly #dice: Prng;
  readonly #surroundings: RoomSurroundings;
  #seats: Map<number, RoomSeat> | undefined;

  constructor(options: {
    readonly roomId: number;
    readonly cell: number;
    readonly type: RoomType;
    readonly tickPeriodMs: number;
    readonly membersMax: number;
    readonly index: number;
    readonly seed: number;
    readonly surroundings: RoomSurroundings;
  }) {
    this.roomId = options.roomId;
    this.cell = options.cell;
    this.type = options.type;
    this.tickPeriodMs = options.tickPeriodMs;
    this.membersMax = options.membersMax;
    this.index = options.index;
    this.#dice = new Prng(mix32(options.seed ^ mix32(options.roomId)));
    this.#surroundings = options.surroundings;
    this.room = options.type.create(this);
  }

  get members(): ReadonlyMap<number, RoomMember> {
    return this.#seats ?? noMembers;
  }

  get wallMs(): number {
    return this.#surroundings.wallMs();
  }

  chance(): number {
    return this.#dice.unit();
  }

  chanceBelow(count: number): number {
    return this.#dice.below(count);
  }

  newRowId(): string {
    // Wall time keeps ids of different runs apart; the dice keep those of one instant apart.
    const hex = (value: number) => (value >>> 0).toString(16).padStart(8, "0");
    const wallMs = this.wallMs;
    return hex(wallMs / 0x1_0000_0000) + hex(wallMs) + hex(this.roomId) + hex(this.#dice.next());
  }

  tell(member: RoomMember, kind: number, body: Uint8Array): void {
    this.#surroundings.event(this, [member.session], kind, body);
  }

  tellAll(kind: number, body: Uint8Array): void {
    if (this.#seats !== undefined && this.#seats.size > 0) {
      this.#surroundings.event(this, [...this.#seats.keys()], kind, body);
    }
  }

  broadcast(kind: number, body: Uint8Array): void {
    if (this.#seats !== undefined && this.#seats.size > 0) this.#surroundings.frame(this, kind, body);
  }

  refuse(member: RoomMember, intentSeq: number, code: number, reason = ""): void {
    this.#surroundings.refused(member.session, intentSeq, code, reason);
  }

  act(entityId: number, cell: number, kind: number, body: Uint8Array): void {
    this.#surroundings.sendAct(this, entityId, cell, kind, body);
  }

  setTimer(id: number, ticks: number): void {
    this.#surroundings.setTimer(this, id, ticks);
  }

  clearTimer(id: number): void {
    this.#surroundings.clearTimer(this, id);
  }

  appendResult(result: BattleResultRow): void {
    this.#surroundings.appendResult(result);
  }

  remove(member: RoomMember): void {
    this.#surroundings.unseat(this, member.session);
  }

  setActive(isActive: boolean): void {
    if (this.isActive === isActive) return;
    this.isActive = isActive;
    this.#surroundings.setActive(this, isActive);
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
    out.u16(this.members.size);
    for (const seat of this.#seats?.values() ?? []) {
      const { player } = seat;
      out.u32(seat.session).u8(seat.isSuspended ? 1 : 0);
      out.text(player.playerId).text(player.name).u16(player.level).u32(player.entityId).u32(player.cell);
    }
    this.room.checkpoint?.(out);
  }

  restore(from: ByteReader): void {
    this.tick = from.u32();
    this.#dice.state = from.u32() | 0;
    this.isActive = from.u8() === 1;
    this.#seats = undefined;
    for (let left = from.u16(); left > 0; left--) {
      const session = from.u32();
      const isSuspended = from.u8() === 1;
      const player = {
        playerId: from.text(),
        name: from.text(),
        level: from.u16(),
        entityId: from.u32(),
        cell: from.u32(),
      };
      this.addSeat({ session, isSuspended, player });
    }
    this.room.restore?.(from);
  }
}
