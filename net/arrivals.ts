/** How sessions get into the world: the player is loaded, then joins the shard that owns the cell. */
import { ByteWriter } from "../engine/lane/bytes.js";
import type { LoadedRecord, LoadFailedRecord } from "../engine/lane/from-store.js";
import { toShard, writeJoin } from "../engine/lane/to-shard.js";
import type { GrantRecord } from "../engine/lane/to-store.js";
import { noOwner } from "../engine/memory/ownership-table.js";
import { netMetric } from "../engine/metrics.js";
import { newPlayer, type PlayerRow } from "../engine/player.js";
import { hash32 } from "../engine/prng.js";
import type { GameCatalogue } from "../engine/room/load-games.js";
import { cellAt, type Grid } from "../engine/space/grid.js";
import { type CodeEntry, closeCodes } from "../engine/wire/codes.js";
import { limits } from "./limits.js";
import type { NetContext } from "./net-context.js";
import type { Session } from "./session.js";
import type { SessionJournal } from "./session-journal.js";
import type { SessionTable } from "./session-table.js";
import type { ShardLane } from "./shard-lane.js";

export interface ArrivalsParts extends NetContext {
  readonly games: GameCatalogue;
  readonly grid: Grid;
  readonly sessions: SessionTable;
  readonly journal: SessionJournal;
  /** Ends a session that cannot get in. */
  readonly end: (session: Session, code: CodeEntry) => void;
}

export class Arrivals {
  readonly #parts: ArrivalsParts;
  readonly #sessions: SessionTable;
  readonly #journal: SessionJournal;
  readonly #shards: readonly ShardLane[];
  readonly #out = new ByteWriter(4096);
  /** Who is to be loaded again, and when: the way to the store was full, or it did not answer. */
  readonly #loads = new Map<Session, number>();

  constructor(parts: ArrivalsParts) {
    this.#parts = parts;
    this.#sessions = parts.sessions;
    this.#journal = parts.journal;
    this.#shards = parts.lanes.toShards;
  }

  /** Whether somebody is to be loaded again. */
  get isRetrying(): boolean {
    return this.#loads.size > 0;
  }

  /** Asks for the player, under a new joinEpoch. */
  load(session: Session): void {
    session.joinEpoch++;
    this.#sessions.setPlace(session, { is: "loading" });
    const { number, joinEpoch, playerId } = session;
    this.#journal.load({ session: number, joinEpoch, playerId });
  }

  /** Ends a turn: what it wrote goes to the journal, and loads behind it. */
  endTurn(nowMs: number): void {
    const { control } = this.#parts.lanes;
    const isTicking = this.#shards.some(({ shard }) => control.isTicking(shard));
    for (const { session } of this.#journal.endTurn(nowMs, { isTicking })) {
      this.#retryLoad(session, nowMs + limits.retryMs);
    }
  }

  #retryLoad(number: number, atMs: number): void {
    const session = this.#sessions.get(number);
    if (session?.place.is === "loading") this.#loads.set(session, atMs);
  }

  onLoaded(record: LoadedRecord): void {
    const session = this.#sessions.get(record.session);
    if (session?.joinEpoch !== record.joinEpoch || session.place.is !== "loading") {
      this.#parts.lanes.counters.add(netMetric.records_stale_total);
      return;
    }
    // The ticket's name is newer than the store's: a player is renamed by a new ticket.
    const known = record.player ?? newPlayer(session.playerId, session.name);
    const player = known.name === session.name ? known : { ...known, name: session.name };
    this.#join(session, player, record.grants);
  }

  onLoadFailed(record: LoadFailedRecord): void {
    const session = this.#sessions.get(record.session);
    if (session?.joinEpoch !== record.joinEpoch || session.place.is !== "loading") return;
    // Somebody whose client is away can wait for as long as the place is kept.
    if (session.state.is === "suspended") {
      this.#retryLoad(session.number, this.#parts.clock.nowMs() + limits.loadRetryMs);
    } else this.#parts.end(session, closeCodes.storeUnavailable);
  }

  #join(session: Session, player: PlayerRow, grants: readonly GrantRecord[]): void {
    const { grid, games, config } = this.#parts;
    const isNew = player.x < 0 || player.y < 0;
    const { x, y } = isNew ? games.field.spawn(grid, spawnSeed(config.world.seed, player.playerId)) : player;
    const shard = this.ownerOf(cellAt(grid, x, y));
    if (shard < 0 || !this.#shards[shard]!.isRestored) {
      this.#sessions.setPlace(session, { is: "placing", player, grants });
      return;
    }
    this.#sessions.setPlace(session, { is: "joining", shard });
    const lane = this.#shards[shard]!;
    const record = writeJoin(this.#out, {
      incarnation: lane.incarnation,
      session: session.number,
      joinEpoch: session.joinEpoch,
      x,
      y,
      isRelocated: session.joinEpoch > 1 || session.wasWelcomed,
      isSuspended: session.state.is === "suspended",
      player,
      grants,
    });
    if (!lane.send(toShard.join, record)) {
      this.#sessions.setPlace(session, { is: "waiting" });
      this.#parts.end(session, closeCodes.overloaded);
    }
  }

  /** The shard that owns a cell, if it runs; else -1. */
  ownerOf(cell: number): number {
    const owner = this.#parts.lanes.ownership.owner(cell);
    return owner !== noOwner && this.#shards[owner]!.isUp ? owner : -1;
  }

  /** Tries again what could not be done. */
  retry(nowMs: number): void {
    for (const [session, atMs] of this.#loads) {
      if (atMs > nowMs) continue;
      this.#loads.delete(session);
      if (session.place.is === "loading" && session.state.is !== "closed") this.load(session);
    }
    this.retryPlaces();
  }

  /** A shard takes members now, or a cell has an owner. */
  retryPlaces(): void {
    for (const session of [...this.#sessions.placing()]) {
      const { place } = session;
      if (place.is === "placing") this.#join(session, place.player, place.grants);
    }
  }
}

/** The same player is placed alike in the same world. */
function spawnSeed(worldSeed: number, playerId: string): number {
  return hash32(
    worldSeed,
    Number.parseInt(playerId.slice(0, 8), 16),
    Number.parseInt(playerId.slice(8, 16), 16),
  );
}
