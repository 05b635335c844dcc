import type { PlayerRow } from "../engine/player.js";
import type { FieldMember } from "../engine/room/game.js";

/** A record of net for a session, held until it may be applied. */
export interface HeldRecord {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** A player in this shard's part of the field. */
export class Member implements FieldMember {
  readonly session: number;
  readonly joinEpoch: number;
  readonly entityId: number;
  readonly player: PlayerRow;
  row: number;
  isSuspended: boolean;
  /** Number of the last reliable intent applied, for net to acknowledge. */
  applied: number;
  /** Where the store last knew the player, to save only what changed. */
  savedX: number;
  savedY: number;
  /**
   * After a handoff: the shard whose marker must come before net's own records may be applied, or -1. Until then
   * they wait in `held`, so that what the old shard forwards comes first.
   */
  awaitsMarkerOf = -1;
  readonly held: HeldRecord[] = [];

  constructor(member: {
    readonly session: number;
    readonly joinEpoch: number;
    readonly player: PlayerRow;
    readonly row: number;
    readonly isSuspended: boolean;
    readonly applied: number;
  }) {
    this.session = member.session;
    this.joinEpoch = member.joinEpoch;
    this.entityId = member.session;
    this.player = member.player;
    this.row = member.row;
    this.isSuspended = member.isSuspended;
    this.applied = member.applied;
    this.savedX = member.player.x;
    this.savedY = member.player.y;
  }
}
