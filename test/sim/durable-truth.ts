/**
 * What was promised to last, by any process, and what there is of it: clients say what they were told is durable, durable
 * rooms say what they know, the ledger says what was earned and given. Compared whenever a server has come back,
 * and at the end.
 */
import type { LedgerRow } from "../../engine/player.js";
import type { Fail } from "./game-record.js";
import { GRANT_GOLD, type LastingRoom } from "./lasting-room.js";
import { fieldIntents } from "./sim-intents.js";
import type { SimServer } from "./sim-server.js";

/** An intent that a client has sent. */
interface Sent {
  /** 0: the field. */
  readonly room: number;
  readonly kind: number;
  readonly playerId: string;
}

/** Why a line is in the ledger. */
export const reasons = {
  earned: (session: number, seq: number) => `earned ${session}:${seq}`,
  granted: (room: number, session: number, seq: number) => `granted ${room}:${session}:${seq}`,
};

export class DurableTruth {
  readonly fail: Fail;
  readonly mayDie: () => void;
  /** Each durable room as it was made last. */
  readonly rooms = new Map<number, LastingRoom>();
  /** As they were in processes that are no more, and have come back since. */
  readonly #former: LastingRoom[] = [];
  /** Rooms of a process that is no more which have not come back: over, or never safe. */
  readonly #missing = new Set<number>();
  /** By session, the last intent that was sent before the last process died. */
  readonly #sentBefore = new Map<number, number>();
  /** By session and number. */
  readonly #sent = new Map<number, Map<number, Sent>>();
  /** Up to which number a session's intents were acknowledged as durable. */
  readonly #acknowledged = new Map<number, number>();
  /** Whose a session is. */
  readonly #players = new Map<number, string>();
  /** Sessions of processes that are no more. */
  readonly #mayBeGone = new Set<number>();
  readonly #lossy = new Set<number>();
  readonly #limited = new Set<number>();
  readonly #refused: Map<number, Set<number>>;
  /** The newest event of a durable room that a session has heard, by room and session. */
  readonly #heard = new Map<string, { readonly room: number; readonly session: number; number: number }>();
  /** What events of durable rooms said, by room, session and number. */
  readonly #digests = new Map<string, number>();
  /** Intents that have earned something in any process, by session. */
  readonly #earned = new Map<number, Set<number>>();

  constructor(parts: {
    readonly fail: Fail;
    readonly mayDie: () => void;
    readonly refused: Map<number, Set<number>>;
  }) {
    this.fail = parts.fail;
    this.mayDie = parts.mayDie;
    this.#refused = parts.refused;
  }

  // ---- what happens ----------------------------------------------------------------------------------------

  roomMade(room: LastingRoom): void {
    const before = this.rooms.get(room.roomId);
    if (before !== undefined) this.#former.push(before);
    this.rooms.set(room.roomId, room);
    this.#missing.delete(room.roomId);
  }

  processDied(): void {
    for (const roomId of this.rooms.keys()) this.#missing.add(roomId);
    for (const session of this.#players.keys()) this.#mayBeGone.add(session);
    for (const [session, sent] of this.#sent) this.#sentBefore.set(session, Math.max(...sent.keys()));
  }

  /** A client is welcomed. */
  welcomed(session: number, playerId: string): void {
    this.#players.set(session, playerId);
  }

  /**
   * A session begins. Its number may have been given before, by a process that died before it was safe; then nothing that
   * was done under it is.
   */
  began(session: number): void {
    // Another client of a session that nothing has happened in yet.
    if (!this.#mayBeGone.delete(session)) return;
    for (const heard of this.#heard.values())
      if (heard.session === session)
        this.fail(`session ${session} heard of room ${heard.room} and is forgotten`);
    const last = this.acknowledgedOf(session);
    const done = [...(this.#earned.get(session) ?? [])];
    for (const room of [...this.rooms.values(), ...this.#former])
      done.push(...(room.deeds.get(session)?.seqs ?? []));
    const lost = done.find((seq) => seq <= last && !this.#isRefused(session, seq));
    if (lost !== undefined) this.fail(`intent ${lost} was durable, and session ${session} is forgotten`);
    this.#acknowledged.delete(session);
    this.#earned.delete(session);
    this.#sent.delete(session);
    this.#sentBefore.delete(session);
    this.#lossy.delete(session);
    this.#limited.delete(session);
    this.#refused.delete(session);
  }

  earned(session: number, seq: number): void {
    const seqs = this.#earned.get(session);
    if (seqs === undefined) this.#earned.set(session, new Set([seq]));
    else seqs.add(seq);
  }

  sent(session: number, seq: number, sent: Sent): void {
    // A client that has not heard yet that its session is gone, and somebody else's.
    if (this.#players.get(session) !== sent.playerId) return;
    let known = this.#sent.get(session);
    if (known === undefined) {
      known = new Map();
      this.#sent.set(session, known);
    }
    known.set(seq, sent);
  }

  /** A client was told that its intents up to `seq` are durable. */
  acknowledged(session: number, seq: number): void {
    if (seq > this.acknowledgedOf(session)) this.#acknowledged.set(session, seq);
  }

  acknowledgedOf(session: number): number {
    return this.#acknowledged.get(session) ?? 0;
  }

  /** A client has heard event `number` of a durable room, which says what the room was then. */
  heard(session: number, room: number, number: number, digest: number): void {
    const event = `${room} ${session} ${number}`;
    const told = this.#digests.get(event) ?? digest;
    if (told !== digest)
      this.fail(`event ${number} of room ${room} to session ${session} was another before`);
    this.#digests.set(event, told);
    const key = `${room} ${session}`;
    const known = this.#heard.get(key);
    if (known === undefined) this.#heard.set(key, { room, session, number });
    else known.number = Math.max(known.number, number);
  }

  /** Whether the intent may have been refused, and settled so, by a process that died before it could say so. */
  mayBeRefused(session: number, seq: number): boolean {
    const isForRoom = (this.#sent.get(session)?.get(seq)?.room ?? 0) > 0;
    return seq <= (this.#sentBefore.get(session) ?? 0) || (isForRoom && this.#limited.has(session));
  }

  /** What the session sends to rooms it is not in was too much, and is not answered one by one. */
  limited(session: number): void {
    this.#limited.add(session);
  }

  /** Whether the intent took effect in a durable room. */
  knows(session: number, seq: number): boolean {
    const sent = this.#sent.get(session)?.get(seq);
    return sent !== undefined && this.rooms.get(sent.room)?.deeds.get(session)?.seqs.includes(seq) === true;
  }

  // ---- what must hold --------------------------------------------------------------------------------------

  /** What durable rooms have told a session and it has not heard, or null. */
  untold(session: number, heard: ReadonlyMap<number, { readonly number: number }>): string | null {
    for (const { roomId, deeds } of this.rooms.values()) {
      if (this.#missing.has(roomId)) continue;
      const told = deeds.get(session)?.told ?? 0;
      const number = heard.get(roomId)?.number ?? 0;
      if (number !== told) return `session ${session} heard ${number} of ${told} events of room ${roomId}`;
    }
    return null;
  }

  /** None of the durable rooms has forgotten what it promised. Asked when a process has restored them, and at the end. */
  checkRooms(): void {
    for (const { room, session, number } of this.#heard.values()) {
      const told = this.rooms.get(room)?.deeds.get(session)?.told ?? 0;
      if (number > told)
        this.fail(`session ${session} heard event ${number} of room ${room}, which told ${told}`);
      if (!this.#missing.has(room) || this.rooms.get(room)!.isClosed) continue;
      this.fail(`room ${room}, of which session ${session} has heard, has not come back`);
    }
    for (const before of this.#former) this.#checkReplayed(before, this.rooms.get(before.roomId)!);
    for (const roomId of this.#missing) {
      const room = this.rooms.get(roomId)!;
      if (!room.isClosed) this.#checkReplayed(room, null);
    }
  }

  /** What was durable in a room is there after it has come back. */
  #checkReplayed(before: LastingRoom, after: LastingRoom | null): void {
    for (const [session, { seqs }] of before.deeds) {
      const last = this.acknowledgedOf(session);
      const now = after?.deeds.get(session)?.seqs ?? [];
      const lost = seqs.find((seq) => seq <= last && !now.includes(seq) && !this.#isRefused(session, seq));
      if (lost === undefined) continue;
      this.fail(`intent ${lost} of session ${session} was durable, and room ${before.roomId} has lost it`);
    }
  }

  /** At the end: what is in the store is what was promised, and everything in it is there once. */
  checkLedger(server: SimServer): void {
    const gold = new Map<string, number>();
    const lines = new Map<string, LedgerRow>();
    for (const row of server.rows.ledger.values()) {
      gold.set(row.playerId, (gold.get(row.playerId) ?? 0) + row.gold);
      const other = lines.get(row.reason);
      if (other !== undefined)
        this.fail(`"${row.reason}" is in the ledger of ${other.playerId} and ${row.playerId}`);
      lines.set(row.reason, row);
    }
    for (const row of server.rows.players.values()) {
      const booked = gold.get(row.playerId) ?? 0;
      if (row.gold !== booked) this.fail(`${row.name} has ${row.gold} gold, by the ledger ${booked}`);
    }
    this.#checkEarned(lines);
    this.#checkGranted(lines);
  }

  #checkEarned(lines: ReadonlyMap<string, LedgerRow>): void {
    for (const [session, seqs] of this.#earned) {
      const last = this.acknowledgedOf(session);
      for (const seq of seqs) {
        const line = lines.get(reasons.earned(session, seq));
        if (line !== undefined && line.playerId !== this.#players.get(session))
          this.fail(`"${line.reason}" is another's`);
        if (line === undefined && seq <= last && !this.#isRefused(session, seq))
          this.fail(`intent ${seq} of session ${session} was durable, and what it earned is lost`);
      }
    }
    for (const [session, sent] of this.#sent) {
      for (const [seq, { room, kind }] of sent) {
        const isEarning = room === 0 && kind === fieldIntents.earn;
        if (!isEarning && lines.has(reasons.earned(session, seq)))
          this.fail(`intent ${seq} of session ${session} earned what it was not for`);
      }
    }
  }

  #checkGranted(lines: ReadonlyMap<string, LedgerRow>): void {
    const granted = new Map<string, string>();
    for (const { roomId, deeds } of this.rooms.values()) {
      for (const [session, { grants }] of deeds) {
        for (const { seq, playerId } of grants) {
          const reason = reasons.granted(roomId, session, seq);
          granted.set(reason, playerId);
          const isOwed = !this.#missing.has(roomId) || seq <= this.acknowledgedOf(session);
          if (isOwed && !lines.has(reason)) this.fail(`"${reason}" has not reached ${playerId}`);
        }
      }
    }
    for (const [reason, { playerId, gold }] of lines) {
      if (!reason.startsWith("granted")) continue;
      if (gold !== GRANT_GOLD) this.fail(`"${reason}" is worth ${gold}`);
      if (granted.get(reason) !== playerId)
        this.fail(`"${reason}" was not granted to ${playerId}, who has it`);
    }
  }

  /** Events of the session were given up and said to be: its client does not know of all that was refused. */
  gaveUp(session: number): void {
    this.#lossy.add(session);
  }

  #isRefused(session: number, seq: number): boolean {
    return this.#lossy.has(session) || this.#refused.get(session)?.has(seq) === true;
  }
}
