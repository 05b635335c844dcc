/** The lanes between this shard and the others, and what is believed of the shards at their other ends. */
import { AssertionFailed } from "../engine/assert.js";
import { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import type { LaneWriter } from "../engine/lane/lane.js";
import { readPeerReceiver, readPeerSender, writePeerHead } from "../engine/lane/to-peer.js";
import type { ControlBlock } from "../engine/memory/control-block.js";
import type { RingReader } from "../engine/memory/spsc-ring.js";

/** Both directions of one neighbour; the array is indexed by shard, null at this shard's own place. */
export interface PeerLink {
  readonly out: LaneWriter;
  readonly in: RingReader;
}

/** What to do with a record that was meant for this incarnation. */
export type PeerHandler = (peer: number, type: number, from: ByteReader, senderIncarnation: number) => void;

const DRAIN_RECORDS_MAX = 4096;

export class PeerLinks {
  readonly #links: readonly (PeerLink | null)[];
  readonly #control: ControlBlock;
  readonly #incarnation: number;
  readonly #known: Uint32Array;
  readonly #out = new ByteWriter(1024);
  readonly #readers: readonly (ByteReader | null)[];
  /** Records of older incarnations, refused. */
  stale = 0;

  constructor(options: {
    readonly links: readonly (PeerLink | null)[];
    readonly control: ControlBlock;
    readonly incarnation: number;
  }) {
    this.#links = options.links;
    this.#control = options.control;
    this.#incarnation = options.incarnation;
    this.#readers = options.links.map((link) => (link === null ? null : new ByteReader(link.in.bytes)));
    this.#known = Uint32Array.from(options.links, (_, peer) => options.control.incarnation(peer));
  }

  /** The incarnation of a peer that this shard has taken notice of. */
  knownIncarnation(peer: number): number {
    return this.#known[peer]!;
  }

  /** Starts a record to a peer: append to it, then {@link send}. */
  begin(peer: number): ByteWriter {
    return writePeerHead(this.#out, { receiver: this.#known[peer]!, sender: this.#incarnation });
  }

  /** Sends what {@link begin} started. */
  send(peer: number, type: number): void {
    if (!this.#links[peer]!.out.sendWriter(type, this.#out)) {
      throw new AssertionFailed(`shard ${peer} drains its lanes: the outbox to it is full`);
    }
  }

  /** As {@link send}, but false when the record found no room: for what comes again next tick. */
  offer(peer: number, type: number): boolean {
    const link = this.#links[peer]!;
    const at = link.out.tryClaim(type, this.#out.length);
    if (at < 0) return false;
    this.#out.copyTo(link.out.ring.bytes, at);
    link.out.commit();
    return true;
  }

  /** Whether a peer has written anything not read yet. */
  get isPending(): boolean {
    for (const link of this.#links) if (link !== null && !link.in.isEmpty()) return true;
    return false;
  }

  /**
   * Reads what peers wrote, then reports those that were restarted since. Incarnations are looked at before the
   * lanes are read, so that all a dead peer ever said has been handled when its loss is.
   */
  drain(handle: PeerHandler, onPeerLost: (peer: number) => void): number {
    let count = 0;
    for (let peer = 0; peer < this.#links.length; peer++) {
      const link = this.#links[peer];
      if (link === null || link === undefined) continue;
      const incarnation = this.#control.incarnation(peer);
      const ring = link.in;
      const from = this.#readers[peer]!;
      count += ring.drain((type, at, length) => {
        from.over(at, length);
        const receiver = readPeerReceiver(from);
        const sender = readPeerSender(from);
        if (receiver === this.#incarnation) handle(peer, type, from, sender);
        else this.stale++;
      }, DRAIN_RECORDS_MAX);
      if (incarnation !== this.#known[peer]! && ring.isEmpty()) {
        this.#known[peer] = incarnation;
        onPeerLost(peer);
      }
    }
    return count;
  }

  flush(): void {
    for (const link of this.#links) link?.out.flush();
  }
}
