/** A room and its context without an engine: what it says is kept, so that tests can read it. */
import {
  type Act,
  type BattleResultRow,
  type ByteReader,
  type ByteWriter,
  type GrantReceiver,
  Prng,
  type Room,
  type RoomContext,
  type RoomMember,
  type RoomPlayer,
  type RoomType,
  type TableSpec,
} from "../../engine/room/game.js";
import type { TableSet } from "../../engine/room/game-tables.js";
import { testTables } from "./test-tables.js";

export interface Said {
  readonly to: readonly number[];
  readonly kind: number;
  readonly body: Uint8Array;
}
export interface SentAct {
  readonly toEntity: number;
  readonly toRoom: number;
  readonly toCell: number;
  readonly act: Act;
  /** The act is the short way of this grant. */
  readonly grantId?: string;
}

export interface SentGrant {
  readonly to: GrantReceiver;
  readonly kind: number;
  readonly fromRoom: number;
  readonly body: Uint8Array;
}

type Seat = { -readonly [Key in keyof RoomMember]: RoomMember[Key] };

export class TestRoom implements RoomContext {
  readonly roomId: number;
  readonly cell: number;
  readonly tickPeriodMs: number;
  readonly type: RoomType;
  readonly room: Room;
  readonly members = new Map<number, Seat>();
  tick = 0;
  isOpen = true;
  events: Said[] = [];
  frames: Said[] = [];
  acts: SentAct[] = [];
  refused: { readonly session: number; readonly seq: number; readonly code: number }[] = [];
  results: BattleResultRow[] = [];
  grants: SentGrant[] = [];
  left: number[] = [];
  /** Bench runs keep nothing. */
  isRecording = true;
  readonly tables: TableSet;
  readonly #dice: Prng;

  constructor(
    type: RoomType,
    at: { readonly roomId: number; readonly cell: number; readonly seed: number; readonly tables?: TableSet },
  ) {
    this.type = type;
    this.roomId = at.roomId;
    this.cell = at.cell;
    this.tickPeriodMs = 1000 / type.tickHz;
    this.#dice = new Prng(at.seed);
    this.tables = at.tables ?? testTables;
    this.room = type.create(this);
  }

  get wallMs(): number {
    return 1_700_000_000_000 + this.tick * this.tickPeriodMs;
  }
  table<Row>(spec: TableSpec<Row>): readonly Row[] {
    return this.tables.rows(spec);
  }
  grant({ playerId, entityId, cell }: GrantReceiver, kind: number, body: Uint8Array): void {
    if (!this.isRecording) return;
    const to = { playerId, entityId, cell };
    this.grants.push({ to, kind, fromRoom: this.roomId, body: body.slice() });
  }
  chance(): number {
    return this.#dice.unit();
  }
  chanceBelow(count: number): number {
    return this.#dice.below(count);
  }
  newRowId(): string {
    return [this.roomId, 0, 0, this.#dice.next()].map((word) => word.toString(16).padStart(8, "0")).join("");
  }
  tell(member: RoomMember, kind: number, body: Uint8Array): void {
    if (this.isRecording) this.events.push({ to: [member.session], kind, body: body.slice() });
  }
  tellAll(kind: number, body: Uint8Array): void {
    if (this.isRecording) this.events.push({ to: [...this.members.keys()], kind, body: body.slice() });
  }
  broadcast(kind: number, body: Uint8Array): void {
    if (this.isRecording) this.frames.push({ to: [...this.members.keys()], kind, body: body.slice() });
  }
  refuse(member: RoomMember, seq: number, code: number): void {
    this.refused.push({ session: member.session, seq, code });
  }
  act(entityId: number, cell: number, kind: number, body: Uint8Array): void {
    if (!this.isRecording) return;
    const act = { kind, fromEntity: 0, fromRoom: this.roomId, fromCell: this.cell, body: body.slice() };
    this.acts.push({ toEntity: entityId, toRoom: 0, toCell: cell, act });
  }
  // The battle sets no timers and never rests; a test that needs them belongs to the engine.
  setTimer(): void {
    throw new Error("no timers here");
  }
  clearTimer(): void {
    throw new Error("no timers here");
  }
  setActive(): void {
    throw new Error("always active here");
  }
  appendResult(result: BattleResultRow): void {
    this.results.push(result);
  }
  remove(member: RoomMember): void {
    this.leave(member.session);
  }
  close(): void {
    this.isOpen = false;
  }

  // ---- for tests -------------------------------------------------------------------------------------------

  join(session: number, player: RoomPlayer): number {
    if (!this.isOpen) return 3;
    if (this.members.has(session)) return 0;
    if (this.members.size >= this.type.membersMax) return 2;
    const seat = { session, player, isSuspended: false };
    this.members.set(session, seat);
    this.room.onJoin?.(seat);
    return 0;
  }

  leave(session: number): void {
    const seat = this.members.get(session);
    if (seat === undefined) return;
    this.members.delete(session);
    this.left.push(session);
    this.room.onLeave?.(seat);
  }

  setSuspended(session: number, isSuspended: boolean): void {
    const seat = this.members.get(session);
    if (seat === undefined || seat.isSuspended === isSuspended) return;
    seat.isSuspended = isSuspended;
    if (isSuspended) this.room.onDrop?.(seat);
    else this.room.onReconnect?.(seat);
  }

  /** One tick, unless the room has closed. */
  step(): void {
    if (!this.isOpen) return;
    this.tick++;
    this.room.onTick?.();
  }

  checkpoint(out: ByteWriter): void {
    out
      .u32(this.tick)
      .i32(this.#dice.state)
      .u8(this.isOpen ? 1 : 0)
      .u16(this.members.size);
    for (const { session, isSuspended, player } of this.members.values()) {
      out
        .u32(session)
        .u8(isSuspended ? 1 : 0)
        .text(player.playerId)
        .text(player.name);
      out.u16(player.level).u32(player.entityId).u32(player.cell);
    }
    this.room.checkpoint?.(out);
  }

  restore(from: ByteReader): void {
    this.tick = from.u32();
    this.#dice.state = from.i32();
    this.isOpen = from.u8() === 1;
    for (let left = from.u16(); left > 0; left--) {
      const session = from.u32();
      const isSuspended = from.u8() === 1;
      const [playerId, name] = [from.text(), from.text()];
      const player = { playerId, name, level: from.u16(), entityId: from.u32(), cell: from.u32() };
      this.members.set(session, { session, isSuspended, player });
    }
    this.room.restore?.(from);
  }
}
