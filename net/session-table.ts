/** Every session, by number and by player, and who becomes due when. */
import { assert } from "../engine/assert.js";
import type { Session } from "./session.js";

export class SessionTable {
  readonly #byNumber = new Map<number, Session>();
  /** The newest session of each player. */
  readonly #byPlayer = new Map<string, Session>();
  /** In the order in which they become due: every wait within one of these is equally long. */
  readonly #connecting = new Set<Session>();
  readonly #suspended = new Set<Session>();
  readonly #leaving = new Set<Session>();
  readonly #placing = new Set<Session>();
  #lastNumber = 0;

  get count(): number {
    return this.#byNumber.size;
  }

  get suspendedCount(): number {
    return this.#suspended.size;
  }

  get liveCount(): number {
    return this.#byNumber.size - this.#suspended.size - this.#connecting.size - this.#leaving.size;
  }

  nextNumber(): number {
    return ++this.#lastNumber;
  }

  /** Numbers go on behind those of the process before this one. */
  continueBehind(number: number): void {
    this.#lastNumber = Math.max(this.#lastNumber, number);
  }

  add(session: Session): void {
    assert(!this.#byNumber.has(session.number), "a session's number is its own");
    this.#byNumber.set(session.number, session);
    this.#byPlayer.set(session.playerId, session);
    this.#index(session);
  }

  get(number: number): Session | undefined {
    return this.#byNumber.get(number);
  }

  ofPlayer(playerId: string): Session | undefined {
    return this.#byPlayer.get(playerId);
  }

  /** Whether a session waits for an owner of its cell, or for room on a lane to say that it leaves. */
  get isRetrying(): boolean {
    if (this.#placing.size > 0) return true;
    for (const { state } of this.#leaving) if (state.is === "leaving" && !state.isTold) return true;
    return false;
  }

  all(): IterableIterator<Session> {
    return this.#byNumber.values();
  }

  leaving(): IterableIterator<Session> {
    return this.#leaving.values();
  }

  placing(): IterableIterator<Session> {
    return this.#placing.values();
  }

  /** Changes a session's state: the only way. */
  setState(session: Session, state: Session["state"]): void {
    session.state = state;
    this.#connecting.delete(session);
    this.#suspended.delete(session);
    this.#leaving.delete(session);
    this.#index(session);
    if (state.is !== "closed") return;
    this.#placing.delete(session);
    this.#byNumber.delete(session.number);
    if (this.#byPlayer.get(session.playerId) !== session) return;
    // Who comes next must wait for whom this one waited for: that row may not be in the store yet.
    const { predecessor } = session;
    if (predecessor?.state.is === "leaving") this.#byPlayer.set(session.playerId, predecessor);
    else this.#byPlayer.delete(session.playerId);
  }

  #index(session: Session): void {
    if (session.state.is === "connecting") this.#connecting.add(session);
    if (session.state.is === "suspended") this.#suspended.add(session);
    if (session.state.is === "leaving") this.#leaving.add(session);
  }

  setPlace(session: Session, place: Session["place"]): void {
    session.place = place;
    if (place.is === "placing") this.#placing.add(session);
    else this.#placing.delete(session);
  }

  /** The first session whose time is over, or undefined. */
  firstDue(nowMs: number): Session | undefined {
    for (const waiting of [this.#connecting, this.#suspended]) {
      const first: Session | undefined = waiting.values().next().value;
      if (first !== undefined && dueMs(first) <= nowMs) return first;
    }
    return undefined;
  }

  /** When the next session becomes due; infinite when none will. */
  nextDueMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const waiting of [this.#connecting, this.#suspended]) {
      const first: Session | undefined = waiting.values().next().value;
      if (first !== undefined) next = Math.min(next, dueMs(first));
    }
    return next;
  }
}

function dueMs(session: Session): number {
  const { state } = session;
  return state.is === "connecting" || state.is === "suspended" ? state.untilMs : Number.POSITIVE_INFINITY;
}
