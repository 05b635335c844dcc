/**
 * A durable room whose whole truth is its own checkpointed state, so that it may be rolled back and replayed: who did
 * what in it, in order, and how much each member was told. Nothing else decides what it does, and what it tells says
 * what it was when it told it.
 */
import {
  ByteReader,
  ByteWriter,
  type Intent,
  type Room,
  type RoomContext,
  type RoomMember,
  type RoomPlayer,
  type RoomType,
} from "../../engine/room/game.js";
import type { DurableTruth } from "./durable-truth.js";
import { lastingIntents, specs } from "./sim-intents.js";

/** Kind of its events. */
export const LASTING_TOLD = 2;
/** Kind of its grants, and what each is worth. */
export const GRANT_KIND = 3;
export const GRANT_GOLD = 7;
/** What its refusals say. */
const REFUSED = 1234;

/** It ticks for so long when it is woken, and says so this often. */
const WAKE_TICKS = 12;
const TELL_EVERY_TICKS = 4;
const TIMER_TICKS = 9;
/** So that its checkpoint stays within the limit. */
const DEEDS_MAX = 120;

/** A grant as it travels. */
export interface LastingGrant {
  readonly room: number;
  readonly session: number;
  readonly seq: number;
}

export function writeLastingGrant(grant: LastingGrant): Uint8Array {
  return new ByteWriter(12).u32(grant.room).u32(grant.session).u32(grant.seq).bytes();
}
export function readLastingGrant(body: Uint8Array): LastingGrant {
  const from = new ByteReader(body);
  return { room: from.u32(), session: from.u32(), seq: from.u32() };
}

/** What one session did in it. */
export interface Deeds {
  /** Numbers of its intents, in the order in which they took effect. */
  readonly seqs: number[];
  /** Those of them that granted something, and to whom. */
  readonly grants: { readonly seq: number; readonly playerId: string }[];
  /** Events told to it. */
  told: number;
}

export class LastingRoom implements Room {
  readonly roomId: number;
  readonly deeds = new Map<number, Deeds>();
  isClosed = false;
  readonly #context: RoomContext;
  readonly #truth: DurableTruth;
  /** Everybody who was ever in it. */
  readonly #met: RoomPlayer[] = [];
  #deedCount = 0;
  #wakeTicks = 0;
  /** Of everything that happened in it. */
  #digest = 1;

  constructor(context: RoomContext, truth: DurableTruth) {
    this.#context = context;
    this.roomId = context.roomId;
    this.#truth = truth;
    truth.roomMade(this);
  }

  onCreate(): void {
    this.#context.setActive(false);
  }

  onJoin(member: RoomMember): void {
    const { player, session } = member;
    this.#mix(session);
    if (!this.#met.some(({ playerId }) => playerId === player.playerId)) this.#met.push(player);
    this.#tellAll();
  }

  onDrop(member: RoomMember): void {
    this.#mix(member.session + 1);
  }

  onReconnect(member: RoomMember): void {
    this.#mix(member.session + 2);
    this.#tell(member);
  }

  onLeave(member: RoomMember): void {
    this.#mix(member.session + 3);
    if (this.#context.members.size === 0) this.#close();
    else this.#tellAll();
  }

  onTick(): void {
    this.#mix(this.#context.tick);
    if (this.#context.tick % TELL_EVERY_TICKS === 0) this.#tellAll();
    this.#context.broadcast(1, new ByteWriter(4).u32(this.#digest).bytes());
    if (--this.#wakeTicks <= 0) this.#context.setActive(false);
  }

  onTimer(id: number): void {
    this.#mix(id);
    this.#tellAll();
  }

  onIntent(member: RoomMember, intent: Intent): void {
    const { session } = member;
    const { kind, seq } = intent;
    this.#truth.mayDie();
    // Before anything is noted: what is refused leaves no trace.
    const isFull = this.#deedCount >= DEEDS_MAX && kind !== lastingIntents.leave;
    if (kind === lastingIntents.refuse || isFull) {
      this.#context.refuse(member, seq, REFUSED);
      return;
    }
    const deeds = this.#of(session);
    const before = deeds.seqs.at(-1) ?? 0;
    if (seq <= before)
      this.#truth.fail(`room ${this.roomId} takes intent ${seq} of ${session} after ${before}`);
    deeds.seqs.push(seq);
    this.#deedCount++;
    this.#mix(session * 31 + seq);
    switch (kind) {
      case lastingIntents.noteToAll:
        this.#tellAll();
        return;
      case lastingIntents.wake:
        this.#wakeTicks = WAKE_TICKS;
        this.#context.setActive(true);
        return;
      case lastingIntents.timer:
        this.#context.setTimer(this.#context.chanceBelow(3), TIMER_TICKS);
        return;
      case lastingIntents.grant:
        this.#grant(session, seq, deeds);
        return;
      case lastingIntents.leave:
        this.#context.remove(member);
        return;
      case lastingIntents.close:
        this.#close();
        return;
      case lastingIntents.fail:
        this.isClosed = true;
        throw new Error("asked to fail");
      default:
        this.#tell(member);
    }
  }

  onDispose(): void {
    this.isClosed = true;
  }

  #close(): void {
    this.isClosed = true;
    this.#context.close();
  }

  #grant(session: number, seq: number, deeds: Deeds): void {
    const to = this.#met[this.#context.chanceBelow(this.#met.length)]!;
    deeds.grants.push({ seq, playerId: to.playerId });
    this.#context.grant(to, GRANT_KIND, writeLastingGrant({ room: this.roomId, session, seq }));
  }

  #tellAll(): void {
    for (const member of this.#context.members.values()) this.#tell(member);
  }

  #tell(member: RoomMember): void {
    const deeds = this.#of(member.session);
    deeds.told++;
    const body = new ByteWriter(12).u32(this.roomId).u32(deeds.told).u32(this.#digest);
    this.#context.tell(member, LASTING_TOLD, body.bytes());
  }

  #of(session: number): Deeds {
    let deeds = this.deeds.get(session);
    if (deeds === undefined) {
      deeds = { seqs: [], grants: [], told: 0 };
      this.deeds.set(session, deeds);
    }
    return deeds;
  }

  #mix(value: number): void {
    this.#digest = (Math.imul(this.#digest ^ value, 0x01000193) + this.#context.chanceBelow(1000)) >>> 0;
  }

  checkpoint(out: ByteWriter): void {
    out.u32(this.#digest).u32(this.#deedCount).u16(this.#wakeTicks).u16(this.#met.length);
    for (const { playerId, name, level, entityId, cell } of this.#met)
      out.hex16(playerId).text(name).u16(level).u32(entityId).u32(cell);
    out.u16(this.deeds.size);
    for (const [session, { seqs, grants, told }] of this.deeds) {
      out.u32(session).u32(told).u16(seqs.length).u16(grants.length);
      for (const seq of seqs) out.u32(seq);
      for (const { seq, playerId } of grants) out.u32(seq).hex16(playerId);
    }
  }

  restore(from: ByteReader): void {
    this.#digest = from.u32();
    this.#deedCount = from.u32();
    this.#wakeTicks = from.u16();
    for (let left = from.u16(); left > 0; left--) {
      this.#met.push({
        playerId: from.hex16(),
        name: from.text(),
        level: from.u16(),
        entityId: from.u32(),
        cell: from.u32(),
      });
    }
    for (let left = from.u16(); left > 0; left--) {
      const session = from.u32();
      const told = from.u32();
      const seqCount = from.u16();
      const grantCount = from.u16();
      const seqs = Array.from({ length: seqCount }, () => from.u32());
      const grants = Array.from({ length: grantCount }, () => ({ seq: from.u32(), playerId: from.hex16() }));
      this.deeds.set(session, { seqs, grants, told });
    }
  }
}

export function lastingRoom(truth: DurableTruth): RoomType {
  return {
    name: "lasting",
    tickHz: 10,
    membersMax: 4,
    intents: specs(lastingIntents),
    isDurable: true,
    onSocketLost: "stay",
    create: (context) => new LastingRoom(context, truth),
  };
}
