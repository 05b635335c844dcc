/** What a thread is told when it starts: the recovery image, or its part of it, as records of its lane. */
import { ByteWriter } from "../engine/lane/bytes.js";
import {
  fromStore,
  writeRestoreEvent,
  writeRestoreInputs,
  writeRestoreRoom,
  writeSessionImage,
} from "../engine/lane/from-store.js";
import type { LaneWriter } from "../engine/lane/lane.js";
import { partsOf } from "../engine/lane/parts.js";
import { writeEntity, writeRefused } from "../engine/lane/to-store.js";
import type { RecoveryImage } from "./recovery-image.js";

/** A record to be sent. Its bytes are valid until the next one is asked for. */
interface Record {
  readonly type: number;
  readonly out: ByteWriter;
}

export type RestoreRecords = Generator<Record, void, undefined>;

/** Every session there is, then the greatest number ever given to one. */
export function* sessionsOf(image: RecoveryImage): RestoreRecords {
  const out = new ByteWriter(1024);
  for (const session of image.sessions.values()) {
    const copy = session.copy();
    yield { type: fromStore.restoreSession, out: writeSessionImage(out, copy) };
    for (const { seq, message } of copy.events) {
      writeRestoreEvent(out, { session: copy.session, seq, message });
      yield { type: fromStore.restoreEvent, out };
    }
    for (const refusal of copy.refusals)
      yield {
        type: fromStore.restoreRefused,
        out: writeRefused(out, { session: copy.session, ...refusal }),
      };
  }
  yield { type: fromStore.sessionsRestored, out: out.clear().u32(image.lastSession) };
}

export interface ShardRestore {
  readonly incarnation: number;
  /** Whether entities are given back too: at the first start in a process. */
  readonly withEntities: boolean;
  /** The cell of this world for one of the world as it was: it may have been larger. */
  cellNow(cell: number): number;
  /** Whether the shard owns what is in a cell, or at a point. */
  ownsCell(cell: number): boolean;
  ownsPoint(x: number, y: number): boolean;
}

/** The rooms and entities of one shard. */
export function* shardRecordsOf(image: RecoveryImage, restore: ShardRestore): RestoreRecords {
  const out = new ByteWriter(1024);
  for (const room of image.rooms.values()) {
    const { roomId, checkpoint } = room;
    const cell = restore.cellNow(room.cell);
    if (!restore.ownsCell(cell)) continue;
    // As of now: while the lane is full net may say that a newer checkpoint is needed, which takes inputs away.
    const taken = room.inputs.slice();
    yield { type: fromStore.restoreRoom, out: writeRestoreRoom(out, { roomId, cell, checkpoint }) };
    for (const inputs of taken)
      yield { type: fromStore.restoreInputs, out: writeRestoreInputs(out, { roomId, ...inputs }) };
  }
  if (restore.withEntities)
    for (const { record } of image.entities.values())
      if (restore.ownsPoint(record.x, record.y))
        yield { type: fromStore.restoreEntity, out: writeEntity(out, record) };
  yield { type: fromStore.restoreEnd, out: out.clear().u32(restore.incarnation) };
}

/** Sends what may be more than a lane holds, as fast as its reader takes it. */
export class RestoreLane {
  readonly #lane: LaneWriter;
  readonly #out = new ByteWriter(4);
  #records: RestoreRecords | null = null;
  /** What is left of a record that the lane takes in parts only. */
  #parts: Iterator<ByteWriter> | null = null;
  #incarnation = 0;
  /** Records sent. */
  sent = 0;

  constructor(lane: LaneWriter) {
    this.#lane = lane;
  }

  /** Whether something is left to be sent. */
  get isBusy(): boolean {
    return this.#records !== null || this.#lane.outboxBytes > 0;
  }

  /** Begins. What was being sent for an incarnation that is gone is ended as its own. */
  begin(records: RestoreRecords, incarnation = 0): void {
    if (this.#records !== null)
      this.#lane.sendWriter(fromStore.restoreEnd, this.#out.clear().u32(this.#incarnation));
    this.#records = records;
    this.#parts = null;
    this.#incarnation = incarnation;
  }

  /** One pass. Returns how many records it sent. */
  duty(): number {
    let sent = 0;
    // Into the outbox when the ring is full: then the loop ends.
    while (this.#lane.outboxBytes === 0) {
      const part = this.#parts?.next();
      if (part?.done === false) this.#lane.sendWriter(fromStore.restorePart, part.value);
      else {
        this.#parts = null;
        const next = this.#records?.next();
        if (next?.done !== false) {
          this.#records = null;
          break;
        }
        this.#send(next.value);
        sent++;
      }
    }
    this.#lane.flush();
    this.sent += sent;
    return sent;
  }

  #send({ type, out }: Record): void {
    const { recordLengthMax } = this.#lane.ring;
    // The rings were larger when the journal took it.
    if (out.length > recordLengthMax) this.#parts = partsOf(type, out.bytes().slice(), recordLengthMax);
    else this.#lane.sendWriter(type, out);
  }
}
