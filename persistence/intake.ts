/**
 * Takes records off the lanes and puts whole groups into the order in which the journal is to have them: behind
 * everything that caused them.
 *
 * A shard makes a tick's group visible before anything else that the tick says. What it says is taken up by other shards
 * in a later tick at the earliest, and by net after that. So: take (0) what net has said so far, then (1) what the shards
 * have said, over and over until one look at all lanes finds nothing new. Whatever caused a group was visible before it,
 * so that look would have found it. What was taken until then is ordered by its stamps, which no cause and effect
 * contradict, while ticks may: a late shard hears in a tick what another has said in the one of that number. Net's (0) comes
 * behind it.
 */
import { assert } from "../engine/assert.js";
import { recordReader } from "../engine/lane/lane.js";
import { type LoadRecord, readLoad, readNetEnd, readTickEnd, toStore } from "../engine/lane/to-store.js";
import type { RingReader } from "../engine/memory/spsc-ring.js";
import { Fifo } from "./fifo.js";
import { GroupWriter } from "./group.js";

/** What is ready for the journal, or to be answered, in this order. */
export type Taken =
  | { readonly kind: "started"; readonly payload: Uint8Array }
  | { readonly kind: "shard"; readonly shard: number; readonly tick: number; readonly payload: Uint8Array }
  | { readonly kind: "hello"; readonly shard: number; readonly incarnation: number }
  | { readonly kind: "net"; readonly group: number; readonly payload: Uint8Array }
  | { readonly kind: "load"; readonly load: LoadRecord };

type FromShard = Extract<Taken, { kind: "shard" | "hello" }>;
type FromNet = Extract<Taken, { kind: "net" | "load" }>;

/** Everything a shard may say, beside what begins and ends its groups. */
const shardItems: ReadonlySet<number> = new Set([
  toStore.player,
  toStore.battleResult,
  toStore.ledger,
  toStore.grant,
  toStore.granted,
  toStore.roomInputs,
  toStore.roomCheckpoint,
  toStore.roomClosed,
  toStore.entity,
  toStore.settled,
  toStore.refused,
]);
const netItems: ReadonlySet<number> = new Set([
  toStore.sessionOpened,
  toStore.sessionProgress,
  toStore.sessionEvent,
  toStore.sessionRoom,
  toStore.sessionClosed,
]);
const ALL = Number.MAX_SAFE_INTEGER;
/** Looks at the lanes in one take. */
const LOOKS_MAX = 16;

export class Intake {
  /** Ordered and not fetched yet. Fetch all of it before the next {@link take}. */
  readonly ready = new Fifo<Taken>();
  readonly #shards: readonly ShardLane[];
  readonly #net: NetLane;

  constructor(options: { readonly fromShards: readonly RingReader[]; readonly fromNet: RingReader }) {
    this.#shards = options.fromShards.map((lane, shard) => new ShardLane(lane, shard));
    this.#net = new NetLane(options.fromNet, options.fromShards.length);
  }

  /** Whether whole groups wait for the next {@link take}, though nothing may be on the lanes. */
  get isHolding(): boolean {
    return this.#net.taken.length > 0 || this.#shards.some((shard) => shard.groups.length > 0);
  }

  /** Looks at all lanes, and at no more than `netRecords` of net's. Returns how many records it took. */
  take(netRecords: number): number {
    assert(this.ready.length === 0, "what was taken before goes first");
    let records = this.#net.take(netRecords);
    for (let look = 0; look < LOOKS_MAX; look++) {
      const found = this.#look();
      records += found;
      if (found > 0) continue;
      this.#order();
      break;
    }
    // Shards that never paused for the length of a look: what was taken waits for the next time.
    return records;
  }

  #look(): number {
    let records = 0;
    for (const shard of this.#shards) records += shard.take();
    return records;
  }

  /** Merges the shards' groups, smallest stamp first, and of one shard in its own order; then come net's. */
  #order(): void {
    for (;;) {
      let first: ShardLane | null = null;
      for (const shard of this.#shards)
        if (shard.groups.length > 0 && (first === null || shard.isBefore(first))) first = shard;
      if (first === null) break;
      this.ready.push(first.groups.shift()!.taken);
    }
    for (let one = this.#net.taken.shift(); one !== undefined; one = this.#net.taken.shift())
      this.ready.push(one);
  }
}

/** One shard's lane: its groups that are whole, and the one that is not yet. */
class ShardLane {
  readonly groups = new Fifo<{ readonly taken: FromShard; readonly stamp: number }>();
  readonly #lane: RingReader;
  readonly #shard: number;
  readonly #open = GroupWriter.ofShard();
  #incarnation = 0;
  /** Of the last group. */
  #stamp = 0;

  constructor(lane: RingReader, shard: number) {
    this.#lane = lane;
    this.#shard = shard;
  }

  /** Whether its first group goes before that of another. Each of them has one. */
  isBefore(other: ShardLane): boolean {
    // Stamps wrap.
    return ((this.groups.peek()!.stamp - other.groups.peek()!.stamp) | 0) < 0;
  }

  take(): number {
    return this.#lane.drain(this.#onRecord, ALL);
  }

  readonly #onRecord = (type: number, at: number, length: number): void => {
    if (shardItems.has(type)) this.#open.add(type, this.#lane.bytes, at, length);
    else if (type === toStore.tickEnd) this.#end(at, length);
    else {
      assert(type === toStore.hello, "a shard says only what a shard may say");
      // What its predecessor had not ended never happened.
      this.#open.clear();
      this.#incarnation = recordReader(this.#lane, at, length).u32();
      const hello = { kind: "hello", shard: this.#shard, incarnation: this.#incarnation } as const;
      // Behind what its predecessor has said, and before what others say because of it.
      this.groups.push({ taken: hello, stamp: this.#stamp });
    }
  };

  #end(at: number, length: number): void {
    const { tick, wallMs, stamp } = readTickEnd(recordReader(this.#lane, at, length));
    const shard = this.#shard;
    const payload = this.#open.endShard({ shard, incarnation: this.#incarnation, tick, wallMs });
    this.#stamp = stamp;
    this.groups.push({ taken: { kind: "shard", shard, tick, payload }, stamp });
  }
}

class NetLane {
  /** Not given out yet. */
  readonly taken = new Fifo<FromNet>();
  readonly #lane: RingReader;
  readonly #open: GroupWriter;

  constructor(lane: RingReader, shardCount: number) {
    this.#lane = lane;
    this.#open = GroupWriter.ofNet(shardCount);
  }

  take(limit: number): number {
    return limit <= 0 ? 0 : this.#lane.drain(this.#onRecord, limit);
  }

  readonly #onRecord = (type: number, at: number, length: number): void => {
    if (netItems.has(type)) this.#open.add(type, this.#lane.bytes, at, length);
    else if (type === toStore.load)
      this.taken.push({ kind: "load", load: readLoad(recordReader(this.#lane, at, length)) });
    else {
      assert(type === toStore.netEnd, "net says only what net may say");
      const head = readNetEnd(recordReader(this.#lane, at, length));
      this.taken.push({ kind: "net", group: head.group, payload: this.#open.endNet(head) });
    }
  };
}
