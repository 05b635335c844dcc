const NOTHING = new Uint8Array(0);

/** What one session is to be sent at the end of the turn, in order. It is filled and emptied every tick, so it keeps its room. */
export class Outbox {
  /** The first {@link count} of them wait; what stands behind is old. */
  readonly messages: Uint8Array[] = [];
  count = 0;
  /** The number of the first event that has been told in this turn, when there are {@link marks}. */
  firstEvent = 0;
  /** Places among the messages where events have been told. */
  marks = 0;
  /** By mark: so many messages go before it. */
  readonly spots: number[] = [];
  /** By mark: the number of the last event that goes there. */
  readonly lastEvents: number[] = [];

  /** The bytes must stay as they are until the turn ends. */
  add(message: Uint8Array): void {
    this.messages[this.count++] = message;
  }

  /** The event of this number has been told: it keeps its place among what is added before and after. */
  markEvent(number: number): void {
    if (this.marks === 0) this.firstEvent = number;
    if (this.marks === 0 || this.spots[this.marks - 1] !== this.count) this.spots[this.marks++] = this.count;
    this.lastEvents[this.marks - 1] = number;
  }

  clear(): void {
    // What is not held any more is garbage while it is young, which is much cheaper.
    for (let at = 0; at < this.count; at++) this.messages[at] = NOTHING;
    this.count = 0;
    this.marks = 0;
  }
}
