/** Client of bench/peers/servers/ws-loop.js: a number first, then everybody in sight in every message. */
import { CLIENT_FRAME_HEAD_BYTES, clientFrame } from "../bots/websocket.js";
import type { PersonKey, PersonPlace } from "../sight-check.js";
import { isSampled, WalkingClient } from "./peer-client.js";
import { findPerson, HELLO_BYTES, read16, readPeople, TICK_BYTES } from "./plain-frames.js";

export class WsClient extends WalkingClient {
  readonly #seen = new Map<PersonKey, PersonPlace>();
  #person = -1;

  async connect(): Promise<void> {
    this.open("/");
  }

  seen(): ReadonlyMap<PersonKey, PersonPlace> | undefined {
    return isSampled(this.options) ? this.#seen : undefined;
  }

  protected onMessage(bytes: Uint8Array): void {
    if (bytes.length === HELLO_BYTES) {
      this.#person = read16(bytes, 0);
      this.key = this.#person;
      return;
    }
    this.frameOfTick(read16(bytes, 0));
    const own = findPerson(bytes, TICK_BYTES, this.#person);
    if (own !== undefined) {
      this.x = own.x;
      this.y = own.y;
    }
    if (!isSampled(this.options)) return;
    this.#seen.clear();
    readPeople(bytes, TICK_BYTES, this.#seen);
  }

  protected directionFrame(dx: number, dy: number): Buffer {
    const frame = clientFrame(2);
    frame[CLIENT_FRAME_HEAD_BYTES] = dx;
    frame[CLIENT_FRAME_HEAD_BYTES + 1] = dy;
    return frame;
  }
}
