/** What rooms say: events, frames, refusals, messages, grants, rows. In a replay only the events are said again. */
import type { Counters } from "../engine/memory/counters.js";
import { shardMetric } from "../engine/metrics.js";
import type { BattleResultRow } from "../engine/player.js";
import type { GrantReceiver } from "../engine/room/game.js";
import { eventScopes } from "../engine/wire/message-types.js";
import type { ActRouter } from "./act-router.js";
import { checkEventBody } from "./event-body.js";
import { checkGrant } from "./grants.js";
import type { Outlet } from "./outlet.js";
import type { RoomHost } from "./room-host.js";

const NOT_NUMBERED = { roomSeq: 0, isDurable: false } as const;

export class RoomSpeech {
  readonly #outlet: Outlet;
  readonly #acts: ActRouter;
  readonly #counters: Counters;

  constructor(options: { readonly outlet: Outlet; readonly acts: ActRouter; readonly counters: Counters }) {
    this.#outlet = options.outlet;
    this.#acts = options.acts;
    this.#counters = options.counters;
  }

  /** Reliable event to some sessions. */
  event(room: RoomHost, sessions: readonly number[], kind: number, body: Uint8Array): void {
    checkEventBody(body);
    const { roomId } = room;
    this.#outlet.event({ sessions, scope: eventScopes.room, kind, roomId, ...this.#numbered(room), body });
  }

  /** Events of a durable room are counted, in a replay too: that is how what was told before is told apart. */
  #numbered(room: RoomHost): { readonly roomSeq: number; readonly isDurable: boolean } {
    if (!room.isDurable) return NOT_NUMBERED;
    room.hasOutput = true;
    return { roomSeq: ++room.roomSeq, isDurable: true };
  }

  /** Latest-wins state to all members. */
  frame(room: RoomHost, kind: number, body: Uint8Array): void {
    if (!room.isReplaying) this.#outlet.roomFrame(room.roomId, kind, body);
  }

  refused(
    room: RoomHost,
    session: number,
    refusal: { readonly intentSeq: number; readonly code: number; readonly reason: string },
  ): void {
    if (!room.isReplaying) this.#counters.add(shardMetric.intents_refused_total);
    if (!room.isDurable) this.#outlet.refused(session, refusal);
    else this.#outlet.refused(session, refusal, { roomId: room.roomId, ...this.#numbered(room) });
  }

  act(room: RoomHost, entityId: number, cell: number, kind: number, body: Uint8Array): void {
    this.#act(room, { toEntity: entityId, cell, kind, grantId: "", body });
  }

  #act(
    room: RoomHost,
    act: { toEntity: number; cell: number; kind: number; grantId: string; body: Uint8Array },
  ): void {
    room.hasOutput = true;
    if (room.isReplaying) return;
    const { roomId: fromRoom, cell: fromCell } = room;
    this.#acts.send({ ...act, toRoom: 0, fromEntity: 0, fromRoom, fromCell, hops: 0 });
  }

  grant(room: RoomHost, to: GrantReceiver, kind: number, body: Uint8Array): void {
    if (!room.isDurable) throw new Error(`only a durable room can grant, and "${room.type.name}" is not one`);
    checkGrant(to, body);
    // The dice are rolled in a replay too.
    const grantId = room.newRowId();
    const { playerId, entityId, cell } = to;
    if (!room.isReplaying) {
      this.#counters.add(shardMetric.grants_total);
      this.#outlet.grant({ grantId, playerId, kind, fromRoom: room.roomId, body });
    }
    this.#act(room, { toEntity: entityId, cell, kind, grantId, body });
  }

  appendResult(room: RoomHost, result: BattleResultRow): void {
    room.hasOutput = true;
    if (!room.isReplaying) this.#outlet.battleResult(result);
  }
}
