/**
 * The reliable intents of one session: which number comes next, which of those accepted have not been reported as
 * applied, and which of those applied are not safe yet. A session's intents go to several shards, whose reports overtake
 * one another; both acknowledgements are cumulative, so they stop at the oldest intent that is still out.
 */

interface Outstanding {
  readonly seq: number;
  readonly room: number;
  /** The shards it may be at: the one it was sent to, and those that its member was handed on to. */
  readonly path: number[];
  /** One of these, lost, whose successor has not said yet what it knows of it; -1: none. */
  doubtedShard: number;
}

/** Whether a shard is known to be gone though its successor has not said so yet. */
export type IsGone = (shard: number) => boolean;

/** The last tick of a shard that the journal has for good. */
export type DurableTick = (shard: number) => number;

/** What a session's client has been told: its EventLog. */
export interface EventsTold {
  readonly last: number;
  readonly released: number;
  readonly isAwaitingClient: boolean;
}

export interface IntentReport {
  readonly shard: number;
  /** 0: the field. */
  readonly room: number;
  readonly applied: number;
  readonly tick: number;
}

/** Intents up to a number are safe as soon as these shards' ticks are. */
interface Milestone {
  readonly applied: number;
  readonly ticks: ReadonlyMap<number, number>;
  /** The newest event told by then: what an intent led to, a refusal above all, is not overtaken by its being safe. */
  readonly event: number;
}

export class IntentWindow {
  readonly #outstandingMax: number;
  /** In ascending order of numbers. */
  #outstanding: Outstanding[] = [];
  /** The last number accepted, refused ones included. */
  received = 0;
  /** Everything up to here survives whatever happens. */
  durable = 0;
  /** Numbers beyond `received` that the process before this one settled. */
  #settled = new Set<number>();
  /** Numbers that the process before this one refused, in ascending order, while the client is not sure to know of it. */
  #untold: readonly number[] = [];
  /** The event by which all of them are told; 0: it has no number that stays. */
  #untoldUpTo = 0;
  /** The next number may skip: the client has forgotten intents that the crash took. */
  #maySkip = false;
  /** What is waited for; what was reported since is in `#ticks`, so that there is never more than this to remember. */
  #milestone: Milestone | null = null;
  /** By shard, the newest tick reported since the milestone was set. */
  #ticks = new Map<number, number>();

  constructor(outstandingMax: number) {
    this.#outstandingMax = outstandingMax;
  }

  /** The window of a session of the process before this one. */
  restore(image: {
    readonly intentsDurable: number;
    readonly settled: readonly number[];
    /** Those of `settled` of which the client is yet to be told that they were refused, ascending. */
    readonly refused?: readonly number[];
  }): void {
    this.#settled = new Set(image.settled);
    let upTo = image.intentsDurable;
    while (this.#settled.has(upTo + 1)) upTo++;
    this.received = upTo;
    this.#untold = image.refused ?? [];
    // The refusals first, as ever: then the word that the intents are settled for good.
    this.durable = Math.min(upTo, (this.#untold[0] ?? upTo + 1) - 1);
    this.#maySkip = true;
    this.#forgetSettled();
  }

  get isFull(): boolean {
    return this.#outstanding.length >= this.#outstandingMax;
  }

  /** Everything up to here took effect or was refused. */
  get applied(): number {
    const oldest = this.#outstanding[0];
    return oldest === undefined ? this.received : oldest.seq - 1;
  }

  /**
   * Takes the number of an intent: `next`, `repeated` when it was seen before, `settled` when the process before this
   * one has done with it, `skips` when it is none of these.
   */
  accept(seq: number): "next" | "repeated" | "settled" | "skips" {
    if (seq === 0) return "skips";
    if (seq <= this.received) return "repeated";
    if (seq !== this.received + 1 && !this.#maySkip) return "skips";
    this.#maySkip = false;
    this.received = seq;
    const isSettled = this.#settled.has(seq);
    if (this.#settled.size > 0) this.#forgetSettled();
    return isSettled ? "settled" : "next";
  }

  #forgetSettled(): void {
    for (const seq of this.#settled) if (seq <= this.received) this.#settled.delete(seq);
  }

  /** The client begins anew: it counts on from what it is told, and has forgotten nothing. */
  restart(): void {
    for (const seq of this.#settled) this.received = Math.max(this.received, seq);
    this.#settled.clear();
    this.#untold = [];
    this.#maySkip = false;
  }

  /** An intent was sent to a shard. `received` has been raised to its number. */
  add(seq: number, room: number, shard: number): void {
    this.#outstanding.push({ seq, room, path: [shard], doubtedShard: -1 });
  }

  /**
   * A shard has applied what it had for the field (room 0), or for one room. True when {@link applied} may have moved.
   * What came to it by way of a shard that is gone may not have come: that is left to {@link takeLost}.
   */
  complete(report: IntentReport, isGone: IsGone): boolean {
    const { shard, room, applied } = report;
    // Also when it is about nothing that is out: the room may have been left in the same tick.
    if (applied > this.durable) this.awaitTick(shard, report.tick);
    const before = this.#outstanding.length;
    this.#outstanding = this.#outstanding.filter(
      (intent) =>
        intent.seq > applied ||
        intent.room !== room ||
        !intent.path.includes(shard) ||
        (intent.doubtedShard >= 0 && intent.doubtedShard !== shard) ||
        intent.path.some((passed) => passed !== shard && isGone(passed)),
    );
    return this.#outstanding.length < before;
  }

  /** What has been settled by now is safe only when this tick of the shard is. */
  awaitTick(shard: number, tick: number): void {
    if (tick > (this.#ticks.get(shard) ?? -1)) this.#ticks.set(shard, tick);
  }

  /** Whether {@link durable} can still move without anything else happening. */
  get awaitsJournal(): boolean {
    return this.#milestone !== null || this.#untold.length > 0 || this.applied > this.durable;
  }

  /** Looks what has become safe. True when {@link durable} moved. `events`: the session's, by number. */
  settle(durableTick: DurableTick, events: EventsTold): boolean {
    if (this.#untold.length > 0 && !this.#areTold(events)) return false;
    const before = this.durable;
    for (;;) {
      if (this.#milestone === null) {
        const { applied } = this;
        if (applied <= this.durable) break;
        this.#milestone = { applied, ticks: this.#ticks, event: events.last };
        this.#ticks = new Map();
      }
      if (events.released < Math.min(this.#milestone.event, events.last)) break;
      if (!isSafe(this.#milestone, durableTick)) break;
      this.durable = this.#milestone.applied;
      this.#milestone = null;
    }
    return this.durable > before;
  }

  /** Whether all that the process before this one refused has been told. */
  #areTold(events: EventsTold): boolean {
    // They have numbers, but may get others.
    if (events.isAwaitingClient) return false;
    if (this.#untoldUpTo === 0) this.#untoldUpTo = events.last;
    if (events.released < Math.min(this.#untoldUpTo, events.last)) return false;
    this.#untold = [];
    return true;
  }

  /** The field's intents follow their member to another shard. */
  move(from: number, to: number): void {
    for (const { room, path } of this.#outstanding) if (room === 0 && path.at(-1) === from) path.push(to);
  }

  /** A shard is lost: what it had, or should have passed on, is in doubt until its successor has told what it knows. */
  doubt(shard: number): void {
    for (const intent of this.#outstanding) if (intent.path.includes(shard)) intent.doubtedShard = shard;
  }

  /**
   * A shard has given the member up, and with it all it held for it: takes out the field's intents that are there, or on the
   * way there, and returns the numbers. What a lost shard had is left to {@link takeLost}.
   */
  takeAdrift(shard: number): number[] {
    const isAdrift = ({ room, path, doubtedShard }: Outstanding) =>
      room === 0 && doubtedShard < 0 && path.includes(shard);
    const adrift = this.#outstanding.filter(isAdrift);
    if (adrift.length > 0) this.#outstanding = this.#outstanding.filter((intent) => !isAdrift(intent));
    return adrift.map((intent) => intent.seq);
  }

  /** The shard's successor has told everything: takes out what is in doubt still, and returns the numbers. */
  takeLost(shard: number): number[] {
    const lost = this.#outstanding.filter(({ doubtedShard }) => doubtedShard === shard);
    if (lost.length > 0) {
      this.#outstanding = this.#outstanding.filter(({ doubtedShard }) => doubtedShard !== shard);
    }
    return lost.map((intent) => intent.seq);
  }
}

function isSafe({ ticks }: Milestone, durableTick: DurableTick): boolean {
  for (const [shard, tick] of ticks) if (durableTick(shard) < tick) return false;
  return true;
}
