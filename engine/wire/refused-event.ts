/** Which intent an event of the engine refuses: its own thread and the journal's both look at messages they keep. */
import { decodeEvent, decodeRefusedBody } from "./codec.js";
import { EventHeaderLayout } from "./generated/frames-layout.js";
import { engineEvents, eventScopes, messageTypes } from "./message-types.js";

/** The number of the intent that a message refuses; 0 when it is another event, or none. */
export function refusedIntent(message: Uint8Array): number {
  if (message[0] !== messageTypes.event || message.length < EventHeaderLayout.size) return 0;
  const { scope, kind, body } = decodeEvent(message);
  if (scope !== eventScopes.engine || kind !== engineEvents.refused) return 0;
  return decodeRefusedBody(body).intentSeq;
}
