/**
 * Reliable intents, numbered 1, 2, 3 … and kept until the server says that they are safe: one that took effect may be
 * undone by the death of the server, whose successor is then sent it again.
 */

/** What became of an intent. */
export type IntentFate =
  /** It took effect or, if nothing was heard of a refusal before, was refused. */
  | { readonly kind: "settled" }
  /** It changed nothing. `name` is that of the catalogue; "game" for a code of the game's own. */
  | {
      readonly kind: "refused";
      readonly code: number;
      readonly name: string;
      readonly reason: string;
    }
  /** Nobody will know: its session was lost, or it was not waited for any longer, or it never was kept. */
  | { readonly kind: "unknown" };

export type Refusal = Extract<IntentFate, { kind: "refused" }>;

/** A promise somebody asked for. */
interface Asked {
  readonly promise: Promise<IntentFate>;
  readonly resolve: (fate: IntentFate) => void;
}

export interface KeptIntent {
  readonly seq: number;
  /** The whole message. */
  readonly message: Uint8Array<ArrayBuffer>;
  refusal?: Refusal;
  applied?: Asked;
  durable?: Asked;
}

/** Kept at most: a server that acknowledges nothing must not fill the memory. */
export const INTENTS_KEPT_MAX = 256;

const settled: IntentFate = { kind: "settled" };
const unknown: IntentFate = { kind: "unknown" };

export class IntentQueue {
  /** In ascending order of numbers: those behind `durable`, and behind the last that gave way. */
  #kept: KeptIntent[] = [];
  #lastSeq = 0;
  #applied = 0;
  #durable = 0;
  /** Number of the last intent that was let go of before it was known to be safe. */
  #gaveWay = 0;
  /** Intents let go of before they were known to be safe. */
  gaveWayCount = 0;

  /** Number up to which intents took effect or were refused. */
  get applied(): number {
    return this.#applied;
  }

  /** Number up to which intents survive whatever happens to the server. */
  get durable(): number {
    return this.#durable;
  }

  /** Intents not known to be safe, oldest first. */
  get kept(): readonly KeptIntent[] {
    return this.#kept;
  }

  /** How many are not known to have taken effect. */
  get waitingCount(): number {
    return this.#kept.length - this.#countUpTo(this.#applied);
  }

  /**
   * Numbers and keeps an intent. When all places are taken the oldest gives way, if it took effect: a server that says
   * nothing of what is safe, because it cannot at the moment or never does, must not keep anybody from playing.
   * Undefined when none has: the caller tells the player.
   */
  offer(encode: (seq: number) => Uint8Array<ArrayBuffer>): KeptIntent | undefined {
    if (this.#kept.length >= INTENTS_KEPT_MAX) {
      const oldest = this.#kept[0]!;
      if (oldest.seq > this.#applied) return undefined;
      this.#kept.shift();
      this.#gaveWay = oldest.seq;
      this.gaveWayCount++;
      forget(oldest);
    }
    const seq = ++this.#lastSeq;
    const intent: KeptIntent = { seq, message: encode(seq) };
    this.#kept.push(intent);
    return intent;
  }

  /** The server says how far intents took effect, and how far they are safe. Neither goes back. */
  settle(ack: { readonly applied: number; readonly durable: number }): void {
    const durable = Math.max(this.#durable, ack.durable);
    const applied = Math.max(this.#applied, ack.applied, durable);
    for (let index = this.#countUpTo(this.#applied); index < this.#kept.length; index++) {
      const intent = this.#kept[index]!;
      if (intent.seq > applied) break;
      intent.applied?.resolve(intent.refusal ?? settled);
    }
    const safe = this.#kept.splice(0, this.#countUpTo(durable));
    for (const intent of safe) intent.durable?.resolve(intent.refusal ?? settled);
    this.#applied = applied;
    this.#durable = durable;
    this.#lastSeq = Math.max(this.#lastSeq, applied);
  }

  /** The server refused an intent: to be known when it is settled. */
  refuse(seq: number, refusal: Refusal): void {
    const intent = this.#find(seq);
    if (intent !== undefined) intent.refusal = refusal;
  }

  /** Settles when the intent took effect or was refused. */
  whenApplied(seq: number): Promise<IntentFate> {
    const intent = this.#find(seq);
    if (intent === undefined || seq <= this.#applied) {
      const isSettled = seq > 0 && seq <= this.#applied;
      return Promise.resolve(intent?.refusal ?? (isSettled ? settled : unknown));
    }
    intent.applied ??= asked();
    return intent.applied.promise;
  }

  /** Settles when that survives whatever happens to the server. */
  whenDurable(seq: number): Promise<IntentFate> {
    const intent = this.#find(seq);
    if (intent === undefined) return Promise.resolve(seq > 0 && seq <= this.#durable ? settled : unknown);
    intent.durable ??= asked();
    return intent.durable.promise;
  }

  /**
   * The session goes on over a new connection; the server has everything up to `received`, which is less than it had
   * applied if it has been started again. Calls `send` with those it has not, in order, and returns the numbers of those
   * it has not and nobody has any more.
   */
  resume(received: number, send: (intent: KeptIntent) => void): number[] {
    this.#lastSeq = Math.max(this.#lastSeq, received);
    this.#applied = Math.max(this.#durable, Math.min(this.#applied, received));
    const firstLost = Math.max(this.#durable, received, this.#gaveWay - INTENTS_KEPT_MAX) + 1;
    const lost = range(firstLost, this.#gaveWay);
    this.#gaveWay = Math.min(this.#gaveWay, received);
    // Who was refused stays so, as far as anybody can tell: a server that remembers the refusal does not repeat it.
    for (const intent of this.#kept) if (intent.seq > received) send(intent);
    return lost;
  }

  /**
   * Another session counts from `received`, or none does. Returns the numbers of those that are not known to have
   * taken effect.
   */
  restart(received: number): number[] {
    const old = this.#kept;
    const lost = old.slice(this.#countUpTo(this.#applied)).map((intent) => intent.seq);
    this.#kept = [];
    this.#applied = received;
    // What a session of the past has promised is nothing to this one.
    this.#durable = 0;
    this.#gaveWay = 0;
    this.#lastSeq = received;
    for (const intent of old) forget(intent);
    return lost;
  }

  #find(seq: number): KeptIntent | undefined {
    return this.#kept.find((intent) => intent.seq === seq);
  }

  /** How many of those kept have a number up to this one. */
  #countUpTo(seq: number): number {
    let count = 0;
    while (count < this.#kept.length && this.#kept[count]!.seq <= seq) count++;
    return count;
  }
}

function asked(): Asked {
  let resolve: (fate: IntentFate) => void = () => {};
  const promise = new Promise<IntentFate>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function forget(intent: KeptIntent): void {
  intent.applied?.resolve(unknown);
  intent.durable?.resolve(unknown);
}

/** The whole numbers from `first` to `last`; none when they are in the wrong order. */
function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}
