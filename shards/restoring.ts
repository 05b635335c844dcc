/**
 * What a shard is told by the store's thread before its first tick: everything in its cells that survived. Until the end
 * of it nothing else is read.
 */
import { ByteReader } from "../engine/lane/bytes.js";
import { fromStore, readRestoreInputs, readRestoreRoom } from "../engine/lane/from-store.js";
import { RecordParts } from "../engine/lane/parts.js";
import { readEntity } from "../engine/lane/to-store.js";
import type { Counters } from "../engine/memory/counters.js";
import type { RingReader } from "../engine/memory/spsc-ring.js";
import { shardMetric } from "../engine/metrics.js";
import type { EntityJournal } from "./entity-journal.js";
import type { RoomReplay } from "./room-replay.js";

/** Records of one duty cycle: replaying them takes time, and the shard's heart must be seen to beat. */
const DRAIN_RECORDS_MAX = 512;

export class Restoring {
  readonly #ring: RingReader;
  readonly #incarnation: number;
  readonly #replay: RoomReplay;
  readonly #entities: EntityJournal;
  readonly #counters: Counters;
  readonly #parts = new RecordParts();
  readonly #onDrained = (type: number, at: number, length: number) =>
    this.#onRecord(type, new ByteReader(this.#ring.bytes.subarray(at, at + length)));
  /** Everything has been told. */
  isDone = false;

  constructor(options: {
    readonly ring: RingReader;
    readonly incarnation: number;
    readonly replay: RoomReplay;
    readonly entities: EntityJournal;
    readonly counters: Counters;
  }) {
    this.#ring = options.ring;
    this.#incarnation = options.incarnation;
    this.#replay = options.replay;
    this.#entities = options.entities;
    this.#counters = options.counters;
  }

  get isPending(): boolean {
    return !this.#ring.isEmpty();
  }

  /** Reads what there is, up to a bound; returns how many records. */
  drain(): number {
    return this.#ring.drain(this.#onDrained, DRAIN_RECORDS_MAX);
  }

  #onRecord(type: number, from: ByteReader): void {
    if (this.isDone) {
      this.#counters.add(shardMetric.records_stale_total);
      return;
    }
    switch (type) {
      case fromStore.restoreRoom:
        this.#replay.room(readRestoreRoom(from));
        return;
      case fromStore.restoreInputs:
        this.#replay.inputs(readRestoreInputs(from));
        return;
      case fromStore.restoreEntity:
        this.#entities.restore(readEntity(from));
        return;
      case fromStore.restorePart: {
        const whole = this.#parts.add(from);
        if (whole !== undefined) this.#onRecord(whole.type, whole.from);
        return;
      }
      case fromStore.restoreEnd:
        if (from.u32() === this.#incarnation) this.isDone = true;
        // What came before was meant for a predecessor that did not live to hear the end of it.
        else this.#replay.forgetAll();
        return;
      default:
        this.#counters.add(shardMetric.records_stale_total);
    }
  }
}
