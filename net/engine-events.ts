/** Events of the engine itself, to one session. */
import { encodeRefusedBody } from "../engine/wire/codec.js";
import type { CodeEntry } from "../engine/wire/codes.js";
import { engineEvents, eventScopes } from "../engine/wire/message-types.js";
import type { Egress } from "./egress.js";
import type { Session } from "./session.js";

export interface EngineEvent {
  readonly kind: number;
  readonly body: Uint8Array;
  readonly room?: number;
  readonly isDurable?: boolean;
}

export function tellEngine(egress: Egress, session: Session, event: EngineEvent): void {
  egress.tell(session, { scope: eventScopes.engine, room: 0, ...event });
}

/** Says no to one intent. */
export function tellRefused(egress: Egress, session: Session, intentSeq: number, entry: CodeEntry): void {
  const body = encodeRefusedBody({ intentSeq, code: entry.code, reason: entry.reason });
  tellEngine(egress, session, { kind: engineEvents.refused, body });
}
