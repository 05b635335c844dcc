/** The engine's own reliable events, decoded. */
import {
  decodeNoticeBody,
  decodePlayerChangedBody,
  decodeRefusedBody,
  decodeRelocatedBody,
  decodeRoomJoinedBody,
  decodeRoomLeftBody,
  type EventHeaderFields,
  type NoticeFields,
  type PlayerChangedFields,
  type RefusedFields,
  type RelocatedFields,
  type RoomJoinedFields,
  type RoomLeftFields,
} from "../engine/wire/codec.js";
import { engineEvents, eventScopes } from "../engine/wire/message-types.js";

export interface EngineEvents {
  /** The player's own persistent state. */
  playerChanged: PlayerChangedFields;
  roomJoined: RoomJoinedFields;
  roomLeft: RoomLeftFields;
  /** A reliable intent changed nothing; `code` says why. */
  refused: RefusedFields;
  /** A thread was restarted and the player put back where the store last knew them. */
  relocated: RelocatedFields;
  /** For a person to read: a shutdown, a maintenance. */
  notice: NoticeFields;
}

interface Teller {
  tell<Name extends keyof EngineEvents>(name: Name, payload: EngineEvents[Name]): void;
}

/** The refusal of an intent that an event is, if it is one. */
export function refusedBy(
  event: EventHeaderFields & { readonly body: Uint8Array },
): RefusedFields | undefined {
  const isRefusal = event.scope === eventScopes.engine && event.kind === engineEvents.refused;
  return isRefusal ? decodeRefusedBody(event.body) : undefined;
}

/** Tells listeners of an engine event; false when it is none, or one this version does not know. */
export function tellEngineEvent(
  listeners: Teller,
  event: EventHeaderFields & { readonly body: Uint8Array },
): boolean {
  if (event.scope !== eventScopes.engine) return false;
  const { body } = event;
  switch (event.kind) {
    case engineEvents.playerChanged:
      listeners.tell("playerChanged", decodePlayerChangedBody(body));
      return true;
    case engineEvents.roomJoined:
      listeners.tell("roomJoined", decodeRoomJoinedBody(body));
      return true;
    case engineEvents.roomLeft:
      listeners.tell("roomLeft", decodeRoomLeftBody(body));
      return true;
    case engineEvents.refused:
      listeners.tell("refused", decodeRefusedBody(body));
      return true;
    case engineEvents.relocated:
      listeners.tell("relocated", decodeRelocatedBody(body));
      return true;
    case engineEvents.notice:
      listeners.tell("notice", decodeNoticeBody(body));
      return true;
    default:
      return false;
  }
}
