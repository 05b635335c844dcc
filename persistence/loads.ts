/** Answers net's loads: the player as of every row published before, with what they are still to be given. */
import { ByteWriter } from "../engine/lane/bytes.js";
import { fromStore, writeLoaded, writeLoadFailed } from "../engine/lane/from-store.js";
import type { LaneWriter } from "../engine/lane/lane.js";
import type { GrantRecord, LoadRecord } from "../engine/lane/to-store.js";
import { limits } from "../engine/limits.js";
import type { Log } from "../engine/log.js";
import type { PlayerRow } from "../engine/player.js";
import type { Batcher } from "./batcher.js";
import type { ImageGrants } from "./image-entities.js";
import { StoreRejected, StoreUnavailable } from "./store.js";

export interface LoadsOptions {
  readonly batcher: Batcher;
  readonly grants: ImageGrants;
  readonly toNet: LaneWriter;
  readonly log: Log;
  /** Where a player stood whose last checkpoint is newer than their row; asked once per player after a start. */
  readonly placeOf: (playerId: string) => { readonly x: number; readonly y: number } | null;
  readonly wake: () => void;
}

interface Answer {
  readonly load: LoadRecord;
  readonly outcome:
    | {
        readonly kind: "loaded";
        readonly player: PlayerRow | null;
        readonly grants: readonly GrantRecord[];
      }
    | { readonly kind: "failed" };
}

export class Loads {
  readonly #options: LoadsOptions;
  readonly #out = new ByteWriter(1024);
  #loading = 0;
  readonly #answers: Answer[] = [];
  #storeUpTold = false;
  /** An error of ours in a callback, to be thrown where the thread can die of it. */
  #bug: { readonly error: unknown } | null = null;
  loaded = 0;
  failed = 0;

  constructor(options: LoadsOptions) {
    this.#options = options;
  }

  /** Loads under way, and answers not sent yet. */
  get length(): number {
    return this.#loading + this.#answers.length;
  }

  /** Whether answers wait for room on the lane. */
  get isBlocked(): boolean {
    return this.#answers.length > 0 || this.#options.toNet.outboxBytes > 0;
  }

  begin(load: LoadRecord): void {
    this.#loading++;
    const answer = (outcome: Answer["outcome"]) => {
      this.#loading--;
      this.#answers.push({ load, outcome });
      this.#options.wake();
    };
    this.#options.batcher.loadPlayer(load.playerId).then(
      (player) => answer(this.#loadedAs(load.playerId, player)),
      (error: unknown) => {
        if (!(error instanceof StoreUnavailable) && !(error instanceof StoreRejected)) this.#bug = { error };
        // The store being away is logged once, where it is noticed; a player's bad row only here.
        if (error instanceof StoreRejected)
          this.#options.log.error("a player's row cannot be read", { reason: error.message });
        answer({ kind: "failed" });
      },
    );
  }

  /** Sends what is answered, and the store's state when it has changed. Returns how many answers. */
  duty(): number {
    if (this.#bug !== null) throw this.#bug.error;
    this.#tellStoreState();
    let sent = 0;
    for (const { load, outcome } of this.#answers) {
      if (!this.#send(load, outcome)) break;
      sent++;
    }
    this.#answers.splice(0, sent);
    this.#options.toNet.flush();
    return sent;
  }

  /** Row and grants of one instant: a grant is either in the row, or waits. */
  #loadedAs(playerId: string, player: PlayerRow | null): Answer["outcome"] {
    const { grants, placeOf } = this.#options;
    const place = player === null ? null : placeOf(playerId);
    return {
      kind: "loaded",
      player: player === null || place === null ? player : { ...player, ...place },
      grants: grants.of(playerId, limits.grantsWaitingMax),
    };
  }

  #send({ session, joinEpoch }: LoadRecord, outcome: Answer["outcome"]): boolean {
    const { toNet } = this.#options;
    const out = this.#out;
    if (outcome.kind === "failed") {
      writeLoadFailed(out, { session, joinEpoch });
      if (!toNet.sendWriter(fromStore.loadFailed, out)) return false;
      this.failed++;
      return true;
    }
    writeLoaded(out, { session, joinEpoch, player: outcome.player, grants: outcome.grants });
    if (!toNet.sendWriter(fromStore.loaded, out)) return false;
    this.loaded++;
    return true;
  }

  /** Said at the start and at every change; said again when the lane had no room. */
  #tellStoreState(): void {
    const { batcher, toNet } = this.#options;
    const { isStoreUp } = batcher;
    if (this.#storeUpTold === isStoreUp) return;
    this.#out.clear().u8(isStoreUp ? 1 : 0);
    if (toNet.sendWriter(fromStore.storeState, this.#out)) this.#storeUpTold = isStoreUp;
  }
}
