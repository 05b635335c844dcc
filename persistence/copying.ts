/**
 * Lets the journal forget. Segments can go when the store has their rows and the recovery image needs nothing in them.
 * What the image has needed for long, a room nobody visits or a session that is quiet, is written again now and then,
 * so that old segments never stay for its sake.
 */
import { ByteWriter } from "../engine/lane/bytes.js";
import { GroupWriter } from "./group.js";
import { imageItem } from "./image-items.js";
import type { Journal } from "./journal/journal.js";
import type { RecoveryImage, StaleItem } from "./recovery-image.js";

export interface CopyingLimits {
  /** A round of copies follows when the journal has grown by so much since the last, or by the image's own size. */
  readonly roundBytes: number;
  /** Bytes copied in one duty cycle, about. */
  readonly copyBytes: number;
}

/** One round: everything the image has from before `cutoff` is written again. */
interface Round {
  readonly cutoff: number;
  readonly items: Generator<StaleItem, void, undefined>;
}

export class Copying {
  readonly #journal: Journal;
  readonly #image: RecoveryImage;
  readonly #limits: CopyingLimits;
  readonly #writer = GroupWriter.ofCopies();
  #round: Round | null = null;
  /** Where the next round's copies end: the last position when the round before began. */
  #nextCutoff: number;
  #nextAtBytes: number;
  /** As {@link Copying.#nextAtBytes}, of a journal that is full: hardly anything is appended to it any more. */
  #nextWhenFullAtBytes = 0;
  /** Bytes appended to the journal in all. */
  #appendedBytes = 0;
  /** A round that is written and not known to be durable. */
  #written: { readonly cutoff: number; readonly position: number } | null = null;
  /** The image needs nothing before this position. */
  #imageNeeds = 0;
  copied = 0;

  constructor(journal: Journal, image: RecoveryImage, limits: CopyingLimits) {
    this.#journal = journal;
    this.#image = image;
    this.#limits = limits;
    this.#nextCutoff = journal.lastPosition + 1;
    // What was there at the start counts as grown.
    this.#nextAtBytes = Math.max(0, limits.roundBytes - journal.bytes);
  }

  /** Something has been appended. */
  note(bytes: number): void {
    this.#appendedBytes += bytes;
  }

  /** Whether {@link duty} has more to copy at once. */
  get isBusy(): boolean {
    return this.#round !== null;
  }

  /** One pass. `applied`: the store needs nothing up to there. Returns how many items it copied. */
  duty(applied: number): number {
    const copied = this.#tellGone() + this.#copy(applied);
    this.copied += copied;
    const { durablePosition } = this.#journal;
    if (this.#written !== null && durablePosition >= this.#written.position) {
      this.#imageNeeds = this.#written.cutoff;
      this.#written = null;
    }
    this.#journal.prune(Math.min(applied + 1, this.#imageNeeds));
    return copied;
  }

  #copy(applied: number): number {
    this.#round ??= this.#begin(applied);
    const round = this.#round;
    if (round === null) return 0;
    const moved: StaleItem[] = [];
    let isDone = false;
    while (!isDone && this.#writer.length < this.#limits.copyBytes) {
      const next = round.items.next();
      if (next.done) isDone = true;
      else {
        this.#writer.add(next.value.type, next.value.bytes);
        moved.push(next.value);
      }
    }
    const position = this.#append();
    if (position === 0) {
      // The disk is behind: this round is given up, and begun again when there is room.
      this.#round = null;
      return 0;
    }
    for (const item of moved) item.moved(position);
    if (isDone) {
      this.#round = null;
      this.#written = { cutoff: round.cutoff, position };
      this.#nextCutoff = position + 1;
      this.#nextAtBytes = this.#appendedBytes + Math.max(this.#limits.roundBytes, this.#image.bytes);
      this.#nextWhenFullAtBytes = this.#appendedBytes + this.#limits.copyBytes;
    }
    return moved.length;
  }

  /** A round, when one is due and what keeps the old segments is not the store. */
  #begin(applied: number): Round | null {
    const cutoff = this.#nextCutoff;
    const { state } = this.#journal;
    const atBytes = state === "full" ? this.#nextWhenFullAtBytes : this.#nextAtBytes;
    if (this.#appendedBytes < atBytes || this.#written !== null) return null;
    if (state === "failing" || applied + 1 < cutoff) return null;
    return { cutoff, items: this.#image.stale(cutoff) };
  }

  /** Ends of rooms that no other record shows. */
  #tellGone(): number {
    const gone = this.#image.rooms.takeGone();
    if (gone.length === 0) return 0;
    const out = new ByteWriter(4);
    for (const roomId of gone) this.#writer.add(imageItem.roomGone, out.clear().u32(roomId).bytes());
    // Refused: the next life of the process restores these rooms, finds that they end, and says so again.
    this.#append();
    return gone.length;
  }

  #append(): number {
    const { length } = this.#writer;
    const payload = this.#writer.end();
    const position = this.#journal.append(payload[0]!, payload);
    if (position > 0) this.#appendedBytes += length;
    return position;
  }
}
