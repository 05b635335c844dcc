/** Reads along on the lanes to the store: every player row that a shard made visible, in the order it is taken. */
import { ByteReader } from "../../engine/lane/bytes.js";
import { toStore } from "../../engine/lane/to-store.js";
import { type RecordHandler, type RingMemory, RingReader } from "../../engine/memory/spsc-ring.js";
import { decodePlayer, type PlayerRow } from "../../engine/player.js";
import type { Fail } from "./game-record.js";

export class RowTap {
  /** The newest row of each player. */
  readonly newest = new Map<string, PlayerRow>();
  rows = 0;
  readonly #fail: Fail;

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  /** Rows that nobody has taken are gone with the process, and their versions are given again. */
  processDied(): void {
    this.newest.clear();
  }

  reader(ring: RingMemory): RingReader {
    const versions = new Map<string, number>();
    return new TappedReader(ring, (payload) => this.#take(payload, versions));
  }

  /** Lanes are read in turn, so only on one of them do versions come in order: `versions` are its newest. */
  #take(payload: Uint8Array, versions: Map<string, number>): void {
    const row = decodePlayer(new ByteReader(payload));
    const { playerId, name, version } = row;
    this.rows++;
    const before = versions.get(playerId) ?? 0;
    if (version <= before) this.#fail(`a row of ${name} has version ${version} after ${before}`);
    versions.set(playerId, version);
    const newest = this.newest.get(playerId);
    if (newest?.version === version) this.#fail(`two rows of ${name} have version ${version}`);
    if (newest === undefined || version > newest.version) this.newest.set(playerId, row);
  }
}

class TappedReader extends RingReader {
  readonly #onPlayer: (payload: Uint8Array) => void;

  constructor(ring: RingMemory, onPlayer: (payload: Uint8Array) => void) {
    super(ring);
    this.#onPlayer = onPlayer;
  }

  override drain(handler: RecordHandler, limit: number): number {
    return super.drain((type, at, length) => {
      if (type === toStore.player) this.#onPlayer(this.bytes.slice(at, at + length));
      handler(type, at, length);
    }, limit);
  }
}
