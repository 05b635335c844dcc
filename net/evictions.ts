/**
 * Members of lost shards, of whom copies may be about that net has not heard of: they were on their way to another shard.
 * Such a copy may write the player until its shard is told to let go, so nobody is loaded before every shard has answered
 * that it has (docs/decisions/0006-the-journal-knows-who-is-adrift.md says why that is enough, and why no less is).
 */
import type { MemberRecord } from "../engine/lane/to-net.js";
import { toShard } from "../engine/lane/to-shard.js";
import type { ControlBlock } from "../engine/memory/control-block.js";
import type { Session } from "./session.js";
import type { SessionTable } from "./session-table.js";
import type { ShardLane } from "./shard-lane.js";

/** By shard, the incarnation that was told to let go, and the one that has answered; 0: none. */
interface Eviction {
  readonly told: Uint32Array;
  readonly answered: Uint32Array;
}

export class Evictions {
  readonly #sessions: SessionTable;
  readonly #shards: readonly ShardLane[];
  readonly #control: ControlBlock;
  /** Sessions are in here for as long as their place is `evicting`: none is closed before it is out again. */
  readonly #waiting = new Map<Session, Eviction>();
  /** A lane was full: somebody that runs has not been told. */
  #isUntold = false;

  constructor(parts: {
    readonly sessions: SessionTable;
    readonly shards: readonly ShardLane[];
    readonly control: ControlBlock;
  }) {
    this.#sessions = parts.sessions;
    this.#shards = parts.shards;
    this.#control = parts.control;
  }

  /** Sessions that wait for shards to let go. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Whether {@link retry} has something to do. */
  get isRetrying(): boolean {
    return this.#isUntold;
  }

  /** From here on what shards say of the session is stale, but that they have let go. */
  begin(session: Session): void {
    session.joinEpoch++;
    this.#sessions.setPlace(session, { is: "evicting" });
    const count = this.#shards.length;
    const eviction = { told: new Uint32Array(count), answered: new Uint32Array(count) };
    this.#waiting.set(session, eviction);
    for (const lane of this.#shards) this.#tell(session, eviction, lane);
  }

  #tell(session: Session, eviction: Eviction, lane: ShardLane): void {
    if (!lane.isUp || eviction.told[lane.shard] === lane.incarnation) return;
    if (lane.sendSession(toShard.evict, session)) eviction.told[lane.shard] = lane.incarnation;
    else this.#isUntold = true;
  }

  /** A shard began anew: the answer of the one before it says nothing of what has been offered to this one. */
  onHello(lane: ShardLane): void {
    for (const [session, eviction] of this.#waiting) this.#tell(session, eviction, lane);
  }

  /** A shard has let go. Returns the session if that was the last: nobody has it now, nor ever will again unless it joins. */
  onEvicted(shard: number, record: MemberRecord): Session | undefined {
    const session = this.#sessions.get(record.session);
    if (session?.joinEpoch !== record.joinEpoch) return undefined;
    const eviction = this.#waiting.get(session);
    if (eviction === undefined) return undefined;
    eviction.answered[shard] = this.#shards[shard]!.incarnation;
    if (!this.#haveAll(eviction)) return undefined;
    this.#waiting.delete(session);
    return session;
  }

  /**
   * Whether all shards have let go as they are now. One that was started again since it answered may have been offered a
   * copy by another that answered later: whoever offers knows the new incarnation, so it is seen here.
   */
  #haveAll({ answered }: Eviction): boolean {
    for (let shard = 0; shard < answered.length; shard++)
      if (answered[shard] !== this.#control.incarnation(shard)) return false;
    return true;
  }

  /** Tells those whose lanes were full. */
  retry(): void {
    if (!this.#isUntold) return;
    this.#isUntold = false;
    for (const [session, eviction] of this.#waiting)
      for (const lane of this.#shards) this.#tell(session, eviction, lane);
  }

  /**
   * A copy has come to a shard that should have refused it, or will let go of it: whose session has been joined anew since, or
   * is closed. What a shard remembers of evictions is bounded, so it is told, perhaps again.
   */
  evictStray(shard: number, record: MemberRecord): void {
    const joinEpoch = this.#sessions.get(record.session)?.joinEpoch ?? record.joinEpoch + 1;
    this.#shards[shard]!.sendSession(toShard.evict, { number: record.session, joinEpoch });
  }
}
