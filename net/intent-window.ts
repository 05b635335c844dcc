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
  /** The client has been told so. It is out still: others, which are held, were sent before it. */
  isRefused: boolean;
}

/** An intent that nobody will report any more. */
export type LostIntent = Pick<Outstanding, "seq" | "isRefused">;

/** Whether a shard is known to be gone though its successor has not said so yet. */
export type IsGone = (shard: number) => boolean;

/** How far the journal is, for good. */
export interface Kept {
  /** The last group of net's own. */
  readonly group: number;
  /** The last tick of a shard. */
  tick(shard: number): number;
}

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

/** Intents up to a number are safe as soon as these shards' ticks are, and the word of those refused. */
interface Milestone {
  readonly applied: number;
  readonly ticks: ReadonlyMap<number, number>;
  /** Net's own group that has the newest refusal told by then: what is owed as untold after a crash was not durable before. */
  readonly group: number;
  /**
   * The newest event told by then: what an intent led to, a refusal above all, is not overtaken by its being safe;
   * {@link UNNUMBERED}: it has a number, but may get another.
   */
  event: number;
}

const UNNUMBERED = -1;

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
  /** Net's own group that has the newest refusal told. */
  #refusedGroup = 0;
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
    /** Those of `settled` of which the client is yet to be told that they were refused, behind the question what it has. */
    readonly untold?: readonly number[];
  }): void {
    this.#settled = new Set(image.settled);
    let upTo = image.intentsDurable;
    while (this.#settled.has(upTo + 1)) upTo++;
    this.received = upTo;
    this.durable = upTo;
    const { untold = [] } = image;
    if (untold.length > 0) {
      // The refusals first, as ever: then the word that the intents are settled for good.
      this.durable = Math.min(upTo, Math.min(...untold) - 1);
      this.#milestone = { applied: upTo, ticks: new Map(), group: 0, event: UNNUMBERED };
    }
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

  /**
   * The client begins anew: it counts on from what it is told, and has forgotten nothing. True when that is more than the
   * journal knows: a process that starts now would say less.
   */
  restart(): boolean {
    const isMore = this.#settled.size > 0 || this.#milestone?.event === UNNUMBERED;
    for (const seq of this.#settled) this.received = Math.max(this.received, seq);
    this.#settled.clear();
    this.#maySkip = false;
    return isMore;
  }

  /** An intent was sent to a shard. `received` has been raised to its number. */
  add(seq: number, room: number, shard: number): void {
    this.#outstanding.push({ seq, room, path: [shard], doubtedShard: -1, isRefused: false });
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

  /** The client is told that an intent is refused, by an event which is in this group of net's own. */
  refused(seq: number, group: number): void {
    this.#refusedGroup = group;
    for (const intent of this.#outstanding) if (intent.seq === seq) intent.isRefused = true;
  }

  /** Whether {@link durable} can still move without anything else happening. */
  get awaitsJournal(): boolean {
    return this.#milestone !== null || this.applied > this.durable;
  }

  /** Looks what has become safe. True when {@link durable} moved. `events`: the session's, by number. */
  settle(kept: Kept, events: EventsTold): boolean {
    const before = this.durable;
    for (;;) {
      this.#milestone ??= this.#nextMilestone(events);
      const milestone = this.#milestone;
      if (milestone === null) break;
      if (milestone.event === UNNUMBERED && !events.isAwaitingClient) milestone.event = events.last;
      if (!hasLeft(milestone.event, events) || !isSafe(milestone, kept)) break;
      this.durable = milestone.applied;
      this.#milestone = null;
    }
    return this.durable > before;
  }

  #nextMilestone(events: EventsTold): Milestone | null {
    const { applied } = this;
    if (applied <= this.durable) return null;
    const ticks = this.#ticks;
    this.#ticks = new Map();
    // What waits for the client's word on what it has is numbered behind that.
    const isNumbered = !events.isAwaitingClient || events.released === events.last;
    return { applied, ticks, group: this.#refusedGroup, event: isNumbered ? events.last : UNNUMBERED };
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
   * way there, and returns them. What a lost shard had is left to {@link takeLost}.
   */
  takeAdrift(shard: number): LostIntent[] {
    const isAdrift = ({ room, path, doubtedShard }: Outstanding) =>
      room === 0 && doubtedShard < 0 && path.includes(shard);
    const adrift = this.#outstanding.filter(isAdrift);
    if (adrift.length > 0) this.#outstanding = this.#outstanding.filter((intent) => !isAdrift(intent));
    return adrift;
  }

  /** The shard's successor has told everything: takes out what is in doubt still, and returns it. */
  takeLost(shard: number): LostIntent[] {
    const lost = this.#outstanding.filter(({ doubtedShard }) => doubtedShard === shard);
    if (lost.length > 0) {
      this.#outstanding = this.#outstanding.filter(({ doubtedShard }) => doubtedShard !== shard);
    }
    return lost;
  }
}

function hasLeft(event: number, events: EventsTold): boolean {
  return event !== UNNUMBERED && events.released >= Math.min(event, events.last);
}

function isSafe({ ticks, group }: Milestone, kept: Kept): boolean {
  if (kept.group < group) return false;
  for (const [shard, tick] of ticks) if (kept.tick(shard) < tick) return false;
  return true;
}
