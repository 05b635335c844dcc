/** Reliable intents, numbered 1, 2, 3 … and kept until the server says they took effect. */
export interface KeptIntent {
  readonly seq: number;
  /** The whole message. */
  readonly message: Uint8Array<ArrayBuffer>;
}

/** Kept at most: a server that acknowledges nothing must not fill the memory. */
export const INTENTS_KEPT_MAX = 256;

export class IntentQueue {
  #kept: KeptIntent[] = [];
  #lastSeq = 0;
  #applied = 0;

  /** Number of the last intent that took effect or was refused. */
  get applied(): number {
    return this.#applied;
  }

  /** Intents not known to have taken effect, oldest first. */
  get kept(): readonly KeptIntent[] {
    return this.#kept;
  }

  /** Numbers and keeps an intent. Undefined when no more can be kept: the caller tells the player. */
  offer(encode: (seq: number) => Uint8Array<ArrayBuffer>): KeptIntent | undefined {
    if (this.#kept.length >= INTENTS_KEPT_MAX) return undefined;
    const seq = ++this.#lastSeq;
    const intent = { seq, message: encode(seq) };
    this.#kept.push(intent);
    return intent;
  }

  /** The server applied everything up to `applied`. */
  settle(applied: number): void {
    if (applied <= this.#applied) return;
    this.#applied = applied;
    this.#kept = this.#kept.filter((intent) => intent.seq > applied);
    this.#lastSeq = Math.max(this.#lastSeq, applied);
  }

  /** Another session counts from `applied`. Returns the numbers of those whose fate nobody knows. */
  restart(applied: number): number[] {
    const lost = this.#kept.map((intent) => intent.seq);
    this.#kept = [];
    this.#applied = applied;
    this.#lastSeq = applied;
    return lost;
  }
}
