/**
 * What the journal holds of ours: one record per group, so that a shard's tick or net's turn is kept whole or not at
 * all, and records of the persistence thread itself. The type stands in the journal's record and in the first byte.
 *
 * ```
 *  shardGroup  u8 1 · u16 shard · u32 incarnation · u32 tick · f64 wallMs · items
 *  netGroup    u8 2 · u32 group · u16 n · n × i32 tick · items
 *  started     u8 3                  a process began here: what was on its way to net in the one before never arrived
 *  copies      u8 4 · items          of the recovery image, written again so that old segments can go
 *
 *  item        u8 type · u32 length · as the lane had it (engine/lane/to-store.ts), or as image-items.ts has it
 * ```
 */
import { assert } from "../engine/assert.js";
import { ByteReader } from "../engine/lane/bytes.js";
import { toStore } from "../engine/lane/to-store.js";
import { limits } from "../engine/limits.js";
import { imageItem } from "./image-items.js";

/** Types of journal records. A number is never given a second meaning. */
export const groupType = { shardGroup: 1, netGroup: 2, started: 3, copies: 4 } as const;
export type GroupType = (typeof groupType)[keyof typeof groupType];

const SHARD_HEAD_BYTES = 19;
const NET_HEAD_BYTES = 7;
const ITEM_HEAD_BYTES = 5;
const FIRST_BYTES = 4096;

/** One shard's tick. */
export interface ShardHead {
  readonly shard: number;
  readonly incarnation: number;
  readonly tick: number;
  /** Wall-clock milliseconds, as the tick's rooms saw them. */
  readonly wallMs: number;
}

/** One of net's turns. */
export interface NetHead {
  readonly group: number;
  /** Per shard, the last tick whose records net has put into effect. */
  readonly ticks: readonly number[];
}

/** Called for each item: its bytes are `length` at `at` of the payload. */
export type ItemHandler = (type: number, at: number, length: number) => void;

/** Collects the items of one group after the other. */
export class GroupWriter {
  readonly #type: GroupType;
  readonly #headBytes: number;
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length: number;
  /** Items of the group so far. */
  items = 0;

  private constructor(type: GroupType, headBytes: number) {
    this.#type = type;
    this.#headBytes = headBytes;
    this.#length = headBytes;
  }

  static ofShard(): GroupWriter {
    return new GroupWriter(groupType.shardGroup, SHARD_HEAD_BYTES);
  }

  static ofNet(shardCount: number): GroupWriter {
    return new GroupWriter(groupType.netGroup, NET_HEAD_BYTES + shardCount * 4);
  }

  static ofCopies(): GroupWriter {
    return new GroupWriter(groupType.copies, 1);
  }

  /** Bytes of the group so far. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was collected. */
  clear(): void {
    this.#length = this.#headBytes;
    this.items = 0;
  }

  /** Takes an item: `length` bytes at `at` of `from`. */
  add(type: number, from: Uint8Array, at = 0, length = from.length): void {
    const start = this.#length;
    const end = start + ITEM_HEAD_BYTES + length;
    assert(end <= limits.groupBytesMax, "a group is at most groupBytesMax");
    if (end > this.#bytes.length) this.#grow(end);
    this.#view.setUint8(start, type);
    this.#view.setUint32(start + 1, length, true);
    this.#bytes.set(from.subarray(at, at + length), start + ITEM_HEAD_BYTES);
    this.#length = end;
    this.items++;
  }

  /** The whole group as the journal is to have it. What follows is another. */
  endShard(head: ShardHead): Uint8Array {
    const view = this.#view;
    view.setUint16(1, head.shard, true);
    view.setUint32(3, head.incarnation, true);
    view.setUint32(7, head.tick, true);
    view.setFloat64(11, head.wallMs, true);
    return this.end();
  }

  /** As {@link endShard}, of net. */
  endNet(head: NetHead): Uint8Array {
    assert(this.#headBytes === NET_HEAD_BYTES + head.ticks.length * 4, "net says a tick for every shard");
    const view = this.#view;
    view.setUint32(1, head.group, true);
    view.setUint16(5, head.ticks.length, true);
    for (const [shard, tick] of head.ticks.entries()) view.setInt32(NET_HEAD_BYTES + shard * 4, tick, true);
    return this.end();
  }

  /** As {@link endShard}, of a record without a head. */
  end(): Uint8Array {
    this.#bytes[0] = this.#type;
    const payload = this.#bytes.slice(0, this.#length);
    this.clear();
    return payload;
  }

  #grow(least: number): void {
    const larger = new Uint8Array(Math.max(least, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** The record that begins a process. */
export function startedGroup(): Uint8Array {
  return Uint8Array.of(groupType.started);
}

export function readShardHead(payload: Uint8Array): ShardHead {
  const from = new ByteReader(payload.subarray(1));
  return { shard: from.u16(), incarnation: from.u32(), tick: from.u32(), wallMs: from.f64() };
}

export function readNetHead(payload: Uint8Array): NetHead {
  const from = new ByteReader(payload.subarray(1));
  return { group: from.u32(), ticks: Array.from({ length: from.u16() }, () => from.i32()) };
}

/** Hands every item of a group to `handle`, in order. Throws RangeError when it is not whole, or none of ours. */
export function forEachItem(payload: Uint8Array, handle: ItemHandler): void {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let at = itemsAt(payload);
  while (at < payload.length) {
    const begin = at + ITEM_HEAD_BYTES;
    const length = begin <= payload.length ? view.getUint32(at + 1, true) : 0;
    if (begin + length > payload.length) throw new RangeError("an item of a group ends early");
    handle(view.getUint8(at), begin, length);
    at = begin + length;
  }
  if (at !== payload.length) throw new RangeError("a group ends early");
}

function itemsAt(payload: Uint8Array): number {
  switch (payload[0]) {
    case groupType.shardGroup:
      return SHARD_HEAD_BYTES;
    case groupType.netGroup:
      return NET_HEAD_BYTES + readNetHead(payload).ticks.length * 4;
    case groupType.started:
    case groupType.copies:
      return 1;
    default:
      throw new RangeError(`no group has type ${payload[0] ?? "of an empty record"}`);
  }
}

const itemNames = new Map<number, string>(
  [...Object.entries(toStore), ...Object.entries(imageItem)].map(([name, type]) => [type, name]),
);

/**
 * A group in one line, for people: `shard 1#3 tick 8123 at 2026-11-20T10:00:00.000Z: 2 player, 1 settled`. Says what is
 * wrong with one that is malformed.
 */
export function describeGroup(payload: Uint8Array): string {
  try {
    const counts = new Map<string, number>();
    forEachItem(payload, (type) => {
      const name = itemNames.get(type) ?? `item ${type}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    });
    const items = [...counts].map(([name, count]) => `${count} ${name}`).join(", ");
    return `${headText(payload)}: ${items === "" ? "nothing" : items}`;
  } catch (error) {
    if (error instanceof RangeError) return `malformed: ${error.message}`;
    throw error;
  }
}

function headText(payload: Uint8Array): string {
  switch (payload[0]) {
    case groupType.shardGroup: {
      const { shard, incarnation, tick, wallMs } = readShardHead(payload);
      return `shard ${shard}#${incarnation} tick ${tick} at ${new Date(wallMs).toISOString()}`;
    }
    case groupType.netGroup: {
      const { group, ticks } = readNetHead(payload);
      return `net ${group}, ticks ${ticks.join(" ")}`;
    }
    case groupType.started:
      return "a process started";
    default:
      return "copies";
  }
}
