/**
 * The reliable intents of one session: which number comes next, and which of those accepted have not been reported
 * as applied. A session's intents go to several shards, whose reports overtake one another; the acknowledgement is
 * cumulative, so it stops at the oldest intent that is still out.
 */

interface Outstanding {
  readonly seq: number;
  readonly room: number;
  /** The shards it may be at: the one it was sent to, and those that its member was handed on to. */
  readonly path: number[];
}

/** Whether a shard is known to be gone though its successor has not said so yet. */
export type IsGone = (shard: number) => boolean;

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
    this.#outstanding.push({ seq, room, path: [shard] });
  }

  /**
   * A shard has applied what it had for the field (room 0), or for one room. True when {@link applied} may have moved.
   * What came to it by way of a shard that is gone may not have come: that is left to {@link takeLost}.
   */
  complete(
    report: { readonly shard: number; readonly room: number; readonly applied: number },
    isGone: IsGone,
  ): boolean {
    const { shard, room, applied } = report;
    const before = this.#outstanding.length;
    this.#outstanding = this.#outstanding.filter(
      (intent) =>
        intent.seq > applied ||
        intent.room !== room ||
        !intent.path.includes(shard) ||
        intent.path.some((passed) => passed !== shard && isGone(passed)),
    );
    return this.#outstanding.length < before;
  }

  /** The field's intents follow their member to another shard. */
  move(from: number, to: number): void {
    for (const { room, path } of this.#outstanding) if (room === 0 && path.at(-1) === from) path.push(to);
  }

  /** A shard is lost: takes out what it had, or should have passed on, and returns the numbers. */
  takeLost(shard: number): number[] {
    const lost = this.#outstanding.filter(({ path }) => path.includes(shard));
    if (lost.length > 0) this.#outstanding = this.#outstanding.filter(({ path }) => !path.includes(shard));
    return lost.map((intent) => intent.seq);
  }

  /** The room is gone, and what was on its way to it. */
  forgetRoom(room: number): boolean {
    const before = this.#outstanding.length;
    this.#outstanding = this.#outstanding.filter((intent) => intent.room !== room);
    return this.#outstanding.length < before;
  }
}
