/**
 * The reliable intents of one session: which number comes next, and which of those accepted have not been reported
 * as applied. A session's intents go to several shards, whose reports overtake one another; the acknowledgement is
 * cumulative, so it stops at the oldest intent that is still out.
 */

interface Outstanding {
  readonly seq: number;
  readonly room: number;
  /** The shard it was sent to, and the one that has it now, after a handoff. */
  readonly sentTo: number;
  heldBy: number;
}

export class IntentWindow {
  readonly #outstandingMax: number;
  /** In ascending order of numbers. */
  #outstanding: Outstanding[] = [];
  /** The last number accepted, refused ones included. */
  received = 0;

  constructor(outstandingMax: number) {
    this.#outstandingMax = outstandingMax;
  }

  get isFull(): boolean {
    return this.#outstanding.length >= this.#outstandingMax;
  }

  /** Everything up to here took effect or was refused. */
  get applied(): number {
    const oldest = this.#outstanding[0];
    return oldest === undefined ? this.received : oldest.seq - 1;
  }

  /** An intent was sent to a shard. `received` has been raised to its number. */
  add(seq: number, room: number, shard: number): void {
    this.#outstanding.push({ seq, room, sentTo: shard, heldBy: shard });
  }

  /** A shard has applied what it had up to `seq`. True when {@link applied} may have moved. */
  complete(shard: number, seq: number): boolean {
    const before = this.#outstanding.length;
    this.#outstanding = this.#outstanding.filter(
      (intent) => intent.seq > seq || (intent.sentTo !== shard && intent.heldBy !== shard),
    );
    return this.#outstanding.length < before;
  }

  /** The field's intents follow their member to another shard. */
  move(from: number, to: number): void {
    for (const intent of this.#outstanding) {
      if (intent.room === 0 && intent.heldBy === from) intent.heldBy = to;
    }
  }

  /** A shard is lost: takes out what it had and returns the numbers. */
  takeLost(shard: number): number[] {
    const lost = this.#outstanding.filter((intent) => intent.heldBy === shard);
    if (lost.length > 0) this.#outstanding = this.#outstanding.filter((intent) => intent.heldBy !== shard);
    return lost.map((intent) => intent.seq);
  }

  /** The room is gone, and what was on its way to it. */
  forgetRoom(room: number): boolean {
    const before = this.#outstanding.length;
    this.#outstanding = this.#outstanding.filter((intent) => intent.room !== room);
    return this.#outstanding.length < before;
  }
}
