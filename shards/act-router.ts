/**
 * Messages between entities and rooms. One for this shard waits until the next tick, whoever sent it, so that it makes
 * no difference on which shards sender and receiver are; one for another shard goes over the lane to it.
 */
import type { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { type ActRecord, readAct, toPeer, writeAct } from "../engine/lane/to-peer.js";
import type { Counters } from "../engine/memory/counters.js";
import { shardMetric } from "../engine/metrics.js";
import { type EntityTable, NO_ROW } from "../engine/room/entity-table.js";
import type { PeerLinks } from "./peer-links.js";

const HOPS_MAX = 8;
const INBOX_MAX = 65_536;

export class ActRouter {
  readonly #shard: number;
  readonly #peers: PeerLinks;
  readonly #counters: Counters;
  readonly #ownerOf: (cell: number) => number;
  #inbox: ActRecord[] = [];

  constructor(options: {
    readonly shard: number;
    readonly peers: PeerLinks;
    readonly counters: Counters;
    readonly ownerOf: (cell: number) => number;
  }) {
    this.#shard = options.shard;
    this.#peers = options.peers;
    this.#counters = options.counters;
    this.#ownerOf = options.ownerOf;
  }

  /** Whether something is to be delivered at the next tick. */
  get isPending(): boolean {
    return this.#inbox.length > 0;
  }

  /** Takes a message from a game of this shard, or from a peer. */
  send(act: ActRecord): void {
    if (this.#inbox.length >= INBOX_MAX) {
      this.#counters.add(shardMetric.acts_undelivered_total);
      return;
    }
    this.#inbox.push({ ...act, body: act.body.slice() });
  }

  /**
   * Delivers what arrived before this tick; what its receivers send in turn waits for the next. `whereIs` says which
   * shard has an entity that is not here (-1: this one knows of none).
   */
  deliver(
    entities: EntityTable,
    to: {
      entity(row: number, act: ActRecord): void;
      room(roomId: number, act: ActRecord): boolean;
      whereIs(entityId: number): number;
    },
  ): void {
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const act of inbox) {
      if (act.toRoom !== 0) {
        const owner = this.#ownerOf(act.cell);
        if (owner !== this.#shard) this.#pass(owner, act);
        else this.#count(to.room(act.toRoom, act));
        continue;
      }
      const row = entities.rowOf(act.toEntity);
      if (row !== NO_ROW && !entities.isGhost(row)) {
        to.entity(row, act);
        this.#count(true);
        continue;
      }
      let owner = to.whereIs(act.toEntity);
      if (owner < 0) owner = row !== NO_ROW ? entities.owner[row]! : this.#ownerOf(act.cell);
      if (owner === this.#shard) this.#count(false);
      else this.#pass(owner, act);
    }
  }

  checkpoint(out: ByteWriter): void {
    out.u32(this.#inbox.length);
    for (const act of this.#inbox) writeAct(out, act);
  }

  restore(from: ByteReader): void {
    this.#inbox = Array.from({ length: from.u32() }, () => readAct(from));
  }

  #pass(owner: number, act: ActRecord): void {
    if (act.hops >= HOPS_MAX) {
      this.#count(false);
      return;
    }
    writeAct(this.#peers.begin(owner), { ...act, hops: act.hops + 1 });
    this.#peers.send(owner, toPeer.act);
  }

  #count(isDelivered: boolean): void {
    this.#counters.add(isDelivered ? shardMetric.acts_total : shardMetric.acts_undelivered_total);
  }
}
