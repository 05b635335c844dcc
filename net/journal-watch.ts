/**
 * What waits for the journal's word: held events of sessions, and the acknowledgement that intents are durable. Only
 * sessions of which something waits cost anything.
 */
import type { ControlBlock } from "../engine/memory/control-block.js";
import type { Counters } from "../engine/memory/counters.js";
import { netMetric } from "../engine/metrics.js";
import type { Kept } from "./intent-window.js";
import { limits } from "./limits.js";
import type { Session } from "./session.js";
import type { SessionJournal } from "./session-journal.js";

export interface JournalWatchParts {
  readonly control: ControlBlock;
  readonly counters: Counters;
  readonly shardCount: number;
  readonly journal: SessionJournal;
  /** Something of the session's is to be sent within this turn. */
  readonly queue: (session: Session) => void;
}

export class JournalWatch {
  readonly #parts: JournalWatchParts;
  /** As last looked at, by shard. */
  readonly #ticks: Int32Array;
  readonly #holding = new Set<Session>();
  readonly #unsettled = new Set<Session>();
  /** Whose acknowledgement waits for a group. */
  readonly #unacked = new Set<Session>();
  /** Whose acknowledgement has moved since something was last sent; it takes what leaves next for company. */
  #owed: Session[] = [];
  #owedDueMs = Number.POSITIVE_INFINITY;
  readonly #kept = { group: 0, tick: (shard: number) => this.#ticks[shard]! } satisfies Kept;

  constructor(parts: JournalWatchParts) {
    this.#parts = parts;
    this.#ticks = new Int32Array(parts.shardCount).fill(-1);
  }

  /** When acknowledgements wait no longer for company; infinite when none do. */
  get dueMs(): number {
    return this.#owedDueMs;
  }

  /** An event was appended: whether it must wait is known here. */
  onAppended(session: Session): void {
    session.events.release(this.#kept.group);
    if (!session.events.isHolding) return;
    this.#holding.add(session);
    this.#parts.counters.add(netMetric.events_held_total);
  }

  /** What a session's events wait for has changed. */
  onHolding(session: Session): void {
    if (session.events.release(this.#kept.group)) this.#parts.queue(session);
    if (session.events.isHolding) this.#holding.add(session);
  }

  /** The session is no more. */
  forget(session: Session): void {
    this.#holding.delete(session);
    this.#unsettled.delete(session);
    this.#unacked.delete(session);
  }

  /** Nothing is acknowledged before what is written of the session now is safe. */
  holdAck(session: Session): void {
    session.ackGroup = this.#parts.journal.group;
    this.#unacked.add(session);
  }

  /** Whether the session's acknowledgement may leave. */
  mayAck(session: Session): boolean {
    return session.ackGroup <= this.#kept.group;
  }

  /** Intents were settled. What is safe already is so at once. */
  onSettled(session: Session): void {
    const { intents } = session;
    intents.settle(this.#kept, session.events);
    if (intents.awaitsJournal) this.#unsettled.add(session);
    this.#parts.journal.changed(session);
  }

  /** Begins a turn: looks how far the journal is and lets go of what waited for it. Returns for how many sessions. */
  look(nowMs: number): number {
    const { control, shardCount } = this.#parts;
    let work = 0;
    let hasMoved = false;
    const group = control.durable(control.netThread);
    if (group > this.#kept.group) {
      this.#kept.group = group;
      work += this.#release();
      // An acknowledgement may have waited for events let go of, or for a refusal to be written down.
      hasMoved = true;
    }
    for (let shard = 0; shard < shardCount; shard++) {
      const tick = control.durable(shard);
      if (tick <= this.#ticks[shard]!) continue;
      this.#ticks[shard] = tick;
      hasMoved = true;
    }
    if (hasMoved) work += this.#settle(nowMs);
    return work;
  }

  #release(): number {
    let work = 0;
    for (const session of this.#holding) {
      const { events } = session;
      if (events.release(this.#kept.group)) {
        work++;
        this.#parts.queue(session);
      }
      if (!events.isHolding) this.#holding.delete(session);
    }
    for (const session of this.#unacked) {
      if (!this.mayAck(session)) continue;
      this.#unacked.delete(session);
      this.#parts.queue(session);
    }
    return work;
  }

  #settle(nowMs: number): number {
    let work = 0;
    for (const session of this.#unsettled) {
      if (session.intents.settle(this.#kept, session.events)) {
        work++;
        this.#parts.journal.changed(session);
        if (this.#owed.length === 0) this.#owedDueMs = nowMs + limits.ackWaitMsMax;
        this.#owed.push(session);
      }
      if (!session.intents.awaitsJournal) this.#unsettled.delete(session);
    }
    return work;
  }

  /**
   * The acknowledgements that are owed leave with what this turn sends; without a tick to send they wait a little, so
   * that they rarely cost a system call of their own.
   */
  tellOwed(nowMs: number, hasTick: boolean): void {
    if (this.#owed.length === 0 || (!hasTick && nowMs < this.#owedDueMs)) return;
    for (const session of this.#owed) {
      session.needsAck = true;
      this.#parts.queue(session);
    }
    this.#owed = [];
    this.#owedDueMs = Number.POSITIVE_INFINITY;
  }
}
