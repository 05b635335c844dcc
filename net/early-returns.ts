/**
 * Connections of restored sessions that are not back where their clients left them. They wait, unattached: a session that
 * is not in the world, or not in its rooms, would have to refuse what its client sends again.
 */
import type { CodeEntry } from "../engine/wire/codes.js";
import { closeCodes } from "../engine/wire/codes.js";
import type { Hello } from "./handshake.js";
import type { Peer, Session } from "./session.js";
import type { Connection } from "./transport.js";

interface Return {
  readonly connection: Connection<Peer>;
  readonly hello: Hello;
}

export class EarlyReturns {
  /** One for each session. */
  readonly #waiting = new Map<Session, Return>();

  /** Whether whoever attaches to the session has to wait. */
  isEarly(session: Session): boolean {
    return session.isRestored && (session.place.is !== "field" || session.claims.size > 0);
  }

  /** The newest connection waits; an older one is told. */
  wait(session: Session, connection: Connection<Peer>, hello: Hello): void {
    const older = this.#waiting.get(session);
    this.#waiting.set(session, { connection, hello });
    older?.connection.close(closeCodes.takenOver.code, closeCodes.takenOver.reason);
  }

  /** Hands out those who waited long enough: their session is back, or gone. Returns how many. */
  release(attach: (connection: Connection<Peer>, hello: Hello) => void): number {
    let released = 0;
    for (const [session, { connection, hello }] of this.#waiting) {
      if (connection.isOpen && session.state.is === "suspended" && this.isEarly(session)) continue;
      released++;
      this.#waiting.delete(session);
      if (connection.isOpen) attach(connection, hello);
    }
    return released;
  }

  closeAll({ code, reason }: CodeEntry): void {
    for (const { connection } of this.#waiting.values()) connection.close(code, reason);
    this.#waiting.clear();
  }
}
