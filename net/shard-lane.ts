/** Net's end of the way to one shard: records that must arrive, and intents, which may find it full. */
import { ByteWriter } from "../engine/lane/bytes.js";
import type { LaneWriter } from "../engine/lane/lane.js";
import {
  INTENT_MESSAGE,
  toShard,
  writeMarker,
  writeRoomSession,
  writeSession,
  writeSight,
} from "../engine/lane/to-shard.js";
import type { Counters } from "../engine/memory/counters.js";
import { netMetric } from "../engine/metrics.js";
import type { Session } from "./session.js";

export class ShardLane {
  readonly shard: number;
  /** As its last `hello` said; 0 before the first: then nothing can be sent. Written into every record. */
  incarnation = 0;
  /** Everything that survived in it has been told again; members join from then on. */
  isRestored = false;
  /** Something was written since the last flush, or waits for room. */
  isDirty = false;
  readonly #writer: LaneWriter;
  readonly #out = new ByteWriter(64);

  readonly #counters: Counters;

  constructor(shard: number, writer: LaneWriter, counters: Counters) {
    this.shard = shard;
    this.#counters = counters;
    this.#writer = writer;
  }

  get isUp(): boolean {
    return this.incarnation > 0;
  }

  /**
   * A record behind all before it. False, and counted, when lane and outbox are full: then the shard has not looked
   * for seconds, will be ended by its supervisor, and everything is told anew to the one that follows.
   */
  send(type: number, out: ByteWriter): boolean {
    this.isDirty = true;
    if (this.#writer.sendWriter(type, out)) return true;
    this.#counters.add(netMetric.records_refused_total);
    return false;
  }

  /** A record that says no more than which session it is about. */
  sendSession(type: number, about: Pick<Session, "number" | "joinEpoch">): boolean {
    const { incarnation } = this;
    const { number: session, joinEpoch } = about;
    return this.send(type, writeSession(this.#out, { incarnation, session, joinEpoch }));
  }

  /** The last record about a session that `shard` has now. */
  sendMarker(about: Session, shard: number): boolean {
    const { incarnation } = this;
    const { number: session, joinEpoch } = about;
    return this.send(toShard.routeMarker, writeMarker(this.#out, { incarnation, session, joinEpoch, shard }));
  }

  sendRoom(type: number, session: number, roomId: number): boolean {
    const { incarnation } = this;
    return this.send(type, writeRoomSession(this.#out, { incarnation, session, roomId }));
  }

  sendSight(type: number, cell: number, subscribers: number): boolean {
    const { incarnation } = this;
    return this.send(type, writeSight(this.#out, { incarnation, cell, subscribers }));
  }

  /** Copies a verified message into the lane. False when it is full: back-pressure. */
  offerIntent(session: number, joinEpoch: number, room: number, message: Uint8Array): boolean {
    this.isDirty = true;
    const writer = this.#writer;
    const at = writer.tryClaim(toShard.intent, INTENT_MESSAGE + message.length);
    if (at < 0) return false;
    const { words, bytes } = writer.ring;
    const word = at >> 2;
    words[word] = this.incarnation;
    words[word + 1] = session;
    words[word + 2] = joinEpoch;
    words[word + 3] = room;
    bytes.set(message, at + INTENT_MESSAGE);
    writer.commit();
    return true;
  }

  /** Makes everything visible; wakes the shard unless it ticks, for then it looks by itself. */
  flush(): void {
    if (!this.isDirty) return;
    this.#writer.flush();
    this.isDirty = this.#writer.outboxBytes > 0;
  }
}
