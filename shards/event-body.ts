/** What a game may say in one event. */
import { limits } from "../engine/limits.js";

/** @throws Error for a body past `limits.eventBytesMax`: the game's bug, found before it reaches a lane */
export function checkEventBody(body: Uint8Array): void {
  if (body.length > limits.eventBytesMax)
    throw new Error(`an event's body has ${body.length} bytes, want at most ${limits.eventBytesMax}`);
}
