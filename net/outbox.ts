const NOTHING = new Uint8Array(0);

/** What one session is to be sent at the end of the turn, in order. It is filled and emptied every tick, so it keeps its room. */
export class Outbox {
  /** The first {@link count} of them wait; what stands behind is old. */
  readonly messages: Uint8Array[] = [];
  count = 0;
  /** How many of the messages go before the events that have been told in this turn; -1: no event has. */
  beforeEvents = -1;

  /** The bytes must stay as they are until the turn ends. */
  add(message: Uint8Array): void {
    this.messages[this.count++] = message;
  }

  /** Events have been told: they keep their place among what is added before and after. */
  markEvents(): void {
    if (this.beforeEvents < 0) this.beforeEvents = this.count;
  }

  clear(): void {
    // What is not held any more is garbage while it is young, which is much cheaper.
    for (let at = 0; at < this.count; at++) this.messages[at] = NOTHING;
    this.count = 0;
    this.beforeEvents = -1;
  }
}
