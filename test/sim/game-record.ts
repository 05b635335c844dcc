/** What the game did, told by its hooks: the truth that clients and the store are compared with. */
import { DurableTruth } from "./durable-truth.js";
import { SimulatedDeath } from "./simulated-death.js";

/** Says what must not have happened. Throws. */
export type Fail = (message: string) => never;

/** One incarnation of one shard. */
export type ShardLife = string;

interface SessionRecord {
  /** Numbers of reliable intents that took effect, wherever, in this process … */
  readonly applied: Set<number>;
  /** … and in those before. */
  readonly appliedBefore: Set<number>;
  /** The newest of them per room; the field is 0. */
  readonly newest: Map<number, number>;
  /** Those of the field since the member last joined. */
  appliedSinceJoin: number;
  /** Reliable events told, per stream. */
  readonly told: Map<number, number>;
}

export class GameRecord {
  /** Nothing moves and nothing is said by itself any more: what was is brought to its end. */
  isStill = false;
  /** The shard whose hooks run now. */
  life: ShardLife = "";
  /** The shard that is to die within its next hook. */
  dying: ShardLife | null = null;
  readonly dead = new Set<ShardLife>();
  readonly durable: DurableTruth;
  /** Reliable intents refused, as clients heard it, per session. */
  readonly refused = new Map<number, Set<number>>();
  readonly #fail: Fail;
  readonly #lifeOfStream: ShardLife[] = [];
  readonly #sessions = new Map<number, SessionRecord>();
  readonly #earned = new Map<string, number>();
  /** Sessions of a process that died whose clients are to miss nothing. */
  mustRecover: ReadonlySet<number> = new Set();
  intentsApplied = 0;
  eventsTold = 0;

  constructor(fail: Fail) {
    this.#fail = fail;
    this.durable = new DurableTruth({ fail, mayDie: () => this.mayDie(), refused: this.refused });
  }

  /** A source of numbered events: one field of one shard's life, or one room. */
  newStream(): number {
    return this.#lifeOfStream.push(this.life) - 1;
  }

  isStreamAlive(stream: number): boolean {
    return !this.dead.has(this.#lifeOfStream[stream]!);
  }

  mayDie(): void {
    if (this.dying === this.life) throw new SimulatedDeath();
  }

  /** All that was not kept is gone, and may be done again. */
  processDied(): void {
    this.dying = null;
    this.durable.processDied();
    for (const known of this.#sessions.values()) {
      for (const seq of known.applied) known.appliedBefore.add(seq);
      known.applied.clear();
      known.newest.clear();
      known.appliedSinceJoin = 0;
    }
  }

  /** Whatever had its number before is forgotten, and was never safe. */
  began(session: number): void {
    this.durable.began(session);
    this.of(session).appliedBefore.clear();
  }

  joined(session: number): void {
    this.of(session).appliedSinceJoin = 0;
  }

  applied(intent: { readonly session: number; readonly room: number; readonly seq: number }): void {
    const { session, room, seq } = intent;
    const known = this.of(session);
    const newest = known.newest.get(room) ?? 0;
    if (known.appliedBefore.has(seq) && seq <= this.durable.acknowledgedOf(session))
      this.#fail(`intent ${seq} of session ${session} was durable and took effect again`);
    if (known.applied.has(seq)) this.#fail(`intent ${seq} of session ${session} took effect twice`);
    if (seq < newest) {
      this.#fail(`intent ${seq} of session ${session} took effect after ${newest} (room ${room})`);
    }
    known.newest.set(room, seq);
    known.applied.add(seq);
    if (room === 0) known.appliedSinceJoin++;
    this.intentsApplied++;
  }

  /** Numbers an event that is about to be told. */
  told(session: number, stream: number): number {
    const { told } = this.of(session);
    const number = (told.get(stream) ?? 0) + 1;
    told.set(stream, number);
    this.eventsTold++;
    return number;
  }

  earned(playerId: string, amount: number): void {
    this.#earned.set(playerId, this.earnedBy(playerId) + amount);
  }

  earnedBy(playerId: string): number {
    return this.#earned.get(playerId) ?? 0;
  }

  of(session: number): SessionRecord {
    let known = this.#sessions.get(session);
    if (known === undefined) {
      known = {
        applied: new Set(),
        appliedBefore: new Set(),
        newest: new Map(),
        appliedSinceJoin: 0,
        told: new Map(),
      };
      this.#sessions.set(session, known);
    }
    return known;
  }
}
