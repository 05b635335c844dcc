/** What happened in one tick, laid out as the LogEntries table it is sent as, so that writing an entry is a few stores. */
import { LogEntryLayout } from "./generated/battle-layout.js";
import { FIGHTERS_MAX } from "./tables.js";

export const LOG_CRITICAL = 1;
export const LOG_GUARDED = 2;
export const LOG_HEALING = 4;
export const LOG_DEFEATED = 8;
export const LOG_FLED = 16;
export const LOG_STAYED = 32;
export const LOG_JOINED = 64;
export const LOG_WITHDREW = 128;

/** More than one tick can bring: a fighter acts once, on at most all the others, and a drain writes two. */
const ENTRIES_MAX = FIGHTERS_MAX * FIGHTERS_MAX;
/**
 * The finished table up to its vector: root offset; vtable (its length, the table's length, offset of `entries`);
 * padding; the table (distance back to the vtable, distance on to the vector); the vector's length. See the
 * FlatBuffers documentation, "Internals"; a test reads it with the generated code.
 */
const head = Uint8Array.of(12, 0, 0, 0, 6, 0, 8, 0, 4, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0);
const COUNT_AT = 20;

export class BattleLog {
  readonly #bytes = new Uint8Array(head.length + ENTRIES_MAX * LogEntryLayout.size);
  readonly #view = new DataView(this.#bytes.buffer);
  count = 0;

  constructor() {
    this.#bytes.set(head);
  }

  add(tick: number, actor: number, skill: number, target: number, flags: number, amount: number): void {
    const at = head.length + this.count++ * LogEntryLayout.size;
    const view = this.#view;
    view.setUint16(at + LogEntryLayout.tick, tick, true);
    view.setUint8(at + LogEntryLayout.actor, actor);
    view.setUint8(at + LogEntryLayout.skill, skill);
    view.setUint8(at + LogEntryLayout.target, target);
    view.setUint8(at + LogEntryLayout.flags, flags);
    view.setUint16(at + LogEntryLayout.amount, Math.min(amount, 0xffff), true);
  }

  /** Forgets the entries: nobody is there to be told. */
  clear(): void {
    this.count = 0;
  }

  /** The LogEntries table, valid until the next entry. Forgets the entries. */
  take(): Uint8Array {
    this.#view.setUint32(COUNT_AT, this.count, true);
    const table = this.#bytes.subarray(0, head.length + this.count * LogEntryLayout.size);
    this.count = 0;
    return table;
  }
}
