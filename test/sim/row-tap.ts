/** Reads along on the lanes to the store: every player row that a shard made visible, in the order it is taken. */
import { ByteReader } from "../../engine/lane/bytes.js";
import { toStore } from "../../engine/lane/to-store.js";
import { type RecordHandler, type RingMemory, RingReader } from "../../engine/memory/spsc-ring.js";
import { decodePlayer, type PlayerRow } from "../../engine/player.js";
import type { Fail } from "./game-record.js";
import type { PlantedBug } from "./planted-bugs.js";

export class RowTap {
  /** The newest row of each player. */
  readonly newest = new Map<string, PlayerRow>();
  rows = 0;
  readonly #fail: Fail;
  readonly #bug: PlantedBug | undefined;

  constructor(fail: Fail, bug: PlantedBug | undefined) {
    this.#fail = fail;
    this.#bug = bug;
  }

  /** Rows that nobody has taken are gone with the process, and their versions are given again. */
  processDied(): void {
    this.newest.clear();
  }

  reader(ring: RingMemory): RingReader {
    const versions = new Map<string, number>();
    return new TappedReader(ring, (payload) => this.#take(payload, versions), this.#bug);
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
  readonly #bug: PlantedBug | undefined;
  #isGroupDropped = false;

  constructor(ring: RingMemory, onPlayer: (payload: Uint8Array) => void, bug: PlantedBug | undefined) {
    super(ring);
    this.#onPlayer = onPlayer;
    this.#bug = bug;
  }

  override drain(handler: RecordHandler, limit: number): number {
    return super.drain((type, at, length) => {
      if (type === toStore.player) this.#onPlayer(this.bytes.slice(at, at + length));
      for (let times = this.#times(type); times > 0; times--) handler(type, at, length);
    }, limit);
  }

  /** How often a record is handed on: once, but for a planted bug. */
  #times(type: number): number {
    const { toStore: tamper, group } = this.#bug ?? {};
    if (group !== undefined) {
      const isEnd = type === toStore.tickEnd || type === toStore.hello;
      if (this.#isGroupDropped && !isEnd) return 0;
      if (isEnd) this.#isGroupDropped = group() === "drop";
    }
    const tampering = tamper?.(type) ?? "pass";
    return tampering === "drop" ? 0 : tampering === "twice" ? 2 : 1;
  }
}
