/** Things given to players, as games give them. */
import { limits } from "../engine/limits.js";
import type { GrantReceiver } from "../engine/room/game.js";

/** Grants remembered per member: more than can be under way to one at once. */
export const GRANTS_TAKEN_MAX = limits.grantsWaitingMax * 4;

const PLAYER_ID = /^[0-9a-f]{32}$/;

/** @throws Error for what no player could be given: the game's bug */
export function checkGrant(to: GrantReceiver, body: Uint8Array): void {
  if (!PLAYER_ID.test(to.playerId))
    throw new Error(`grant: got the player id "${to.playerId}", want 32 hex digits`);
  if (body.length > limits.grantBytesMax)
    throw new Error(`grant: got ${body.length} bytes, want at most ${limits.grantBytesMax}`);
}
