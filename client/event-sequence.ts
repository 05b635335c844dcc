/** Which reliable events of a session have come, and which of them the server knows to have come. */
import { WireError } from "../engine/wire/codec.js";
import { messageTypes } from "../engine/wire/message-types.js";

export class EventSequence {
  delivered = 0;
  repeated = 0;
  #last = 0;
  #acked = 0;

  /** Events not acknowledged yet. */
  get unacked(): number {
    return this.#last - this.#acked;
  }

  /** A connection begins on which the server counts on from `acked`; `isSame` session: what came since stays known. */
  restart(acked: number, isSame: boolean): void {
    this.#last = isSame ? Math.max(this.#last, acked) : acked;
    this.#acked = acked;
  }

  /** Whether an event is the next one, to be delivered. Throws WireError when one is missing before it. */
  accept(seq: number): boolean {
    if (seq <= this.#last) {
      this.repeated++;
      return false;
    }
    if (seq !== this.#last + 1) throw new WireError(messageTypes.event, `event ${seq} after ${this.#last}`);
    this.#last = seq;
    this.delivered++;
    return true;
  }

  /** Number to acknowledge up to. */
  ack(): number {
    this.#acked = this.#last;
    return this.#last;
  }
}
