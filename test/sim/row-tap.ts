/** Reads along on the lanes to the store: every player row that a shard made visible, in the order it is taken. */
import { ByteReader } from "../../engine/lane/bytes.js";
import { toStore } from "../../engine/lane/to-store.js";
import { type RecordHandler, type RingMemory, RingReader } from "../../engine/memory/spsc-ring.js";
import { decodePlayer, type PlayerRow } from "../../engine/player.js";
import type { Fail } from "./game-record.js";

export class RowTap {
  /** The last row of each player. */
  readonly last = new Map<string, PlayerRow>();
  rows = 0;
  readonly #fail: Fail;

  constructor(fail: Fail) {
    this.#fail = fail;
  }

  reader(ring: RingMemory): RingReader {
    return new TappedReader(ring, (payload) => this.#take(payload));
  }

  #take(payload: Uint8Array): void {
    const row = decodePlayer(new ByteReader(payload));
    const known = this.last.get(row.playerId);
    this.rows++;
    if (known !== undefined && row.version <= known.version) {
      this.#fail(`a row of ${row.name} has version ${row.version} after ${known.version}`);
    }
    this.last.set(row.playerId, row);
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
