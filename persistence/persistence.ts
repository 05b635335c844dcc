/**
 * The persistence thread's logic, one duty cycle at a time: groups from the lanes into the journal, their rows into the
 * batcher, everything else into the recovery image; who waits for durability is told; loads and starts are answered.
 */
import { assert } from "../engine/assert.js";
import type { LaneWriter } from "../engine/lane/lane.js";
import { limits as engineLimits } from "../engine/limits.js";
import type { Log } from "../engine/log.js";
import type { ControlBlock, JournalState } from "../engine/memory/control-block.js";
import type { Counters } from "../engine/memory/counters.js";
import type { Doorbell } from "../engine/memory/doorbell.js";
import type { RingReader } from "../engine/memory/spsc-ring.js";
import { persistenceMetric as metric } from "../engine/metrics.js";
import { cellAt, cellWithin, type Grid } from "../engine/space/grid.js";
import type { Clock } from "../engine/time.js";
import { Batcher, type BatcherLimits } from "./batcher.js";
import { Copying, type CopyingLimits } from "./copying.js";
import { DurableWords } from "./durable-words.js";
import { startedGroup } from "./group.js";
import { Intake, type Taken } from "./intake.js";
import type { Journal } from "./journal/journal.js";
import { checkRow, type KeptRow, keepRow, rowKindOf } from "./kept-row.js";
import { Loads } from "./loads.js";
import { type Recovered, recoverFrom } from "./recovery.js";
import { RecoveryImage } from "./recovery-image.js";
import { RestoreLane, sessionsOf, shardRecordsOf } from "./restore.js";
import type { Store } from "./store.js";

export interface PersistenceLimits extends BatcherLimits, CopyingLimits {
  /** Records taken from net's lane in one duty cycle. */
  readonly recordsPerLane: number;
  /** Loads under way and answers not sent yet. Further ones stay on their lane. */
  readonly loadsMax: number;
  /** Memory of the recovery image, about: past it the journal counts as full. */
  readonly imageBytesMax: number;
}

export interface PersistenceOptions {
  /** Not open. */
  readonly store: Store;
  /** Open, and closed by {@link Persistence.drainAndClose}. */
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: PersistenceLimits;
  readonly counters: Counters;
  readonly control: ControlBlock;
  readonly grid: Grid;
  /** The shard that owns a cell now. */
  readonly ownerOf: (cell: number) => number;
  readonly fromShards: readonly RingReader[];
  readonly fromNet: RingReader;
  readonly toShards: readonly LaneWriter[];
  readonly toNet: LaneWriter;
  /** Rung when something has become durable. */
  readonly netBell: Pick<Doorbell, "ring">;
  /** Wakes the thread from {@link PersistenceOptions.rest}: store or disk have answered. */
  readonly wake: () => void;
  /** Waits until woken, or so long. */
  readonly rest: (ms: number) => Promise<unknown>;
}

/** What a graceful end has left undone. */
export interface Leftover {
  /** Rows that the journal keeps and the store has not got. */
  readonly rowsInJournal: number;
  /** Rows that the journal could not keep either: lost. */
  readonly rowsLost: number;
}

export class Persistence {
  readonly batcher: Batcher;
  readonly image = new RecoveryImage();
  readonly #options: PersistenceOptions;
  readonly #intake: Intake;
  readonly #words: DurableWords;
  readonly #copying: Copying;
  readonly #loads: Loads;
  readonly #toNet: RestoreLane;
  readonly #toShards: readonly RestoreLane[];
  /** Shards whose entities have been given back. */
  readonly #hasEntities: boolean[];
  /** Rooms that had ended before the start, by the shard they were restored to: it says nothing of them any more. */
  readonly #ended = new Map<number, number[]>();
  /** People as of the last checkpoints before the start, until they have been loaded. */
  readonly #places = new Map<string, { readonly x: number; readonly y: number }>();
  #state: JournalState = "accepting";
  #isImageFull = false;
  #isRecovered = false;
  #rowsIn = 0;
  #restoredRooms = 0;
  #restoredSessions = 0;

  constructor(options: PersistenceOptions) {
    const { journal, control, fromShards, toShards, toNet } = options;
    assert(fromShards.length === toShards.length, "a shard has a lane each way");
    this.#options = options;
    this.batcher = new Batcher({ ...options, journalId: journal.id });
    this.#intake = new Intake(options);
    this.#words = new DurableWords(control);
    this.#copying = new Copying(journal, this.image, options.limits);
    this.#loads = new Loads({
      ...options,
      batcher: this.batcher,
      grants: this.image.grants,
      placeOf: (playerId) => this.#takePlace(playerId),
    });
    this.#toNet = new RestoreLane(toNet);
    this.#toShards = toShards.map((lane) => new RestoreLane(lane));
    this.#hasEntities = toShards.map(() => false);
  }

  /**
   * Reads the journal: before the first duty cycle, once. From then on everything that survived is known, and net is
   * told its sessions. Throws `JournalDamaged` for what cannot be made sense of.
   */
  async recover(): Promise<Recovered> {
    assert(!this.#isRecovered, "a journal is recovered once");
    const { journal, clock } = this.#options;
    const recovered = await recoverFrom(journal, (position, payload) =>
      this.#takeIn(position, payload, checkRow),
    );
    this.image.rooms.start();
    this.image.rooms.takeGone();
    this.batcher.release(journal.durablePosition, clock.nowMs());
    for (const { playerId, x, y } of this.image.entities.people()) this.#places.set(playerId, { x, y });
    this.#restoredRooms = this.image.rooms.size;
    this.#restoredSessions = this.image.sessions.size;
    this.#intake.ready.push({ kind: "started", payload: startedGroup() });
    this.#toNet.begin(sessionsOf(this.image));
    this.#isRecovered = true;
    return recovered;
  }

  /** One pass over everything. Never waits. Returns how much it did. */
  duty(nowMs: number): number {
    assert(this.#isRecovered, "the journal is read before anything is written to it");
    const { journal } = this.#options;
    let done = journal.duty(nowMs);
    done += this.#take();
    done += journal.duty(nowMs);
    done += this.#settle(nowMs);
    done += this.batcher.duty(nowMs);
    done += this.#copying.duty(this.batcher.appliedPosition);
    done += this.#toNet.duty();
    for (const lane of this.#toShards) done += lane.duty();
    // Net is to know its sessions before anything else.
    if (!this.#toNet.isBusy) done += this.#loads.duty();
    this.#tellState();
    this.#count();
    return done;
  }

  /** How long the thread may sleep unless it is woken. 0: there is more to do. */
  waitMs(nowMs: number): number {
    const { journal } = this.#options;
    if (this.#copying.isBusy || (this.#intake.isHolding && this.#intake.ready.length === 0)) return 0;
    // What found a lane, or the journal, full has nobody to wake this thread for it.
    const isBlocked =
      this.#loads.isBlocked ||
      this.#intake.ready.length > 0 ||
      this.batcher.isStuffed ||
      this.#toNet.isBusy ||
      this.#toShards.some((lane) => lane.isBusy);
    return Math.min(
      this.batcher.waitMs(nowMs),
      journal.waitMs(nowMs),
      isBlocked ? 1 : engineLimits.sleepMsMax,
    );
  }

  /**
   * The end: takes everything that is on the lanes, makes it durable, applies what the store takes until `deadlineMs` of
   * the clock, and closes journal and store. Shards and net have stopped.
   */
  async drainAndClose(deadlineMs: number): Promise<Leftover> {
    const { clock, log, rest, store, journal } = this.#options;
    this.batcher.isDraining = true;
    let nowMs = clock.nowMs();
    while (this.duty(nowMs) > 0 || !this.#isDone()) {
      if (nowMs >= deadlineMs) break;
      await rest(Math.min(this.waitMs(nowMs), deadlineMs - nowMs));
      nowMs = clock.nowMs();
    }
    const rowsLost = await this.#closeJournal(journal);
    const rowsInJournal = this.batcher.pending - rowsLost;
    if (rowsInJournal > 0)
      log.warn("stopped before the store had every row; the journal keeps them for the next start", {
        rows: rowsInJournal,
        reason: this.batcher.lastError,
      });
    await store.close();
    return { rowsInJournal, rowsLost };
  }

  /** Returns how many rows the disk did not take. */
  async #closeJournal(journal: Journal): Promise<number> {
    try {
      await journal.close();
      return 0;
    } catch (error) {
      const rows = this.batcher.fresh;
      this.#options.log.error("the journal could not be closed: what it could not write is lost", {
        rows,
        reason: error instanceof Error ? error.message : String(error),
      });
      return rows;
    }
  }

  #isDone(): boolean {
    const { journal } = this.#options;
    return (
      this.batcher.isIdle &&
      this.#loads.length === 0 &&
      this.#intake.ready.length === 0 &&
      !this.#intake.isHolding &&
      journal.durablePosition === journal.lastPosition
    );
  }

  // ---- in -------------------------------------------------------------------------------------------------

  /** Takes groups off the lanes and appends them; what the journal does not take now stays, and the lanes wait. */
  #take(): number {
    const { limits } = this.#options;
    const { ready } = this.#intake;
    let done = 0;
    if (ready.length === 0 && !this.batcher.isStuffed) {
      const loadsFree = limits.loadsMax - this.#loads.length;
      done += this.#intake.take(Math.min(loadsFree, limits.recordsPerLane));
    }
    for (let next = ready.peek(); next !== undefined; next = ready.peek()) {
      if (!this.#fetch(next)) break;
      ready.shift();
      done++;
    }
    return done;
  }

  /** False when the journal refuses it for now. */
  #fetch(taken: Taken): boolean {
    switch (taken.kind) {
      case "hello":
        this.#restore(taken.shard, taken.incarnation);
        return true;
      case "load":
        this.#loads.begin(taken.load);
        return true;
      default: {
        const { journal, control } = this.#options;
        const position = journal.append(taken.payload[0]!, taken.payload);
        if (position === 0) return false;
        this.#copying.note(taken.payload.length);
        this.#takeIn(position, taken.payload);
        if (taken.kind === "shard") {
          this.#endBehind(taken.shard, taken.tick);
          this.#words.promise(position, taken.shard, taken.tick);
        } else if (taken.kind === "net") this.#words.promise(position, control.netThread, taken.group);
        return true;
      }
    }
  }

  #takeIn(position: number, payload: Uint8Array, check?: (row: KeptRow) => void): void {
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    this.image.take(position, payload, (type, at, length) => {
      const kind = rowKindOf(type);
      assert(kind !== undefined, "the image hands out rows only");
      this.#rowsIn++;
      const row = keepRow(kind, { bytes, at, length, position });
      check?.(row);
      this.batcher.offer(row);
    });
  }

  // ---- out ------------------------------------------------------------------------------------------------

  /** Passes on what has become durable: to the batcher, and to those who wait for it. */
  #settle(nowMs: number): number {
    const { journal, netBell } = this.#options;
    this.batcher.release(journal.durablePosition, nowMs);
    const settled = this.#words.settle(journal.durablePosition);
    if (settled > 0) netBell.ring();
    return settled;
  }

  /** A shard's thread has started: it is given what it owns. */
  #restore(shard: number, incarnation: number): void {
    const { ownerOf, grid } = this.#options;
    const owns = (cell: number) => ownerOf(cell) === shard;
    const cellNow = (cell: number) => cellWithin(grid, cell);
    const withEntities = this.#hasEntities[shard] !== true;
    this.#hasEntities[shard] = true;
    const ended: number[] = [];
    for (const room of this.image.rooms.values())
      if (room.isEnding && owns(cellNow(room.cell))) ended.push(room.roomId);
    if (ended.length > 0) this.#ended.set(shard, ended);
    const restore = {
      incarnation,
      withEntities,
      cellNow,
      ownsCell: owns,
      ownsPoint: (x: number, y: number) => owns(cellAt(grid, x, y)),
    };
    this.#toShards[shard]!.begin(shardRecordsOf(this.image, restore), incarnation);
  }

  /** The first tick of a shard behind its restore: what rooms that had ended told again is with net when this tick is. */
  #endBehind(shard: number, tick: number): void {
    const ended = this.#ended.get(shard);
    if (ended === undefined || this.#toShards[shard]!.isBusy) return;
    this.#ended.delete(shard);
    for (const roomId of ended) this.image.rooms.endBehind(roomId, { shard, tick });
  }

  #takePlace(playerId: string): { readonly x: number; readonly y: number } | null {
    const place = this.#places.get(playerId);
    if (place === undefined) return null;
    this.#places.delete(playerId);
    return place;
  }

  #tellState(): void {
    const { journal, control, limits, log } = this.#options;
    // What is full stays so until there is room worth the name.
    this.#isImageFull = this.image.bytes > limits.imageBytesMax * (this.#isImageFull ? 0.9 : 1);
    const areRowsFull =
      this.#state === "full" ? this.batcher.pending > limits.pendingRowsMax * 0.9 : this.batcher.isFull;
    const isFull = areRowsFull || this.#isImageFull;
    const state = journal.state === "accepting" && isFull ? "full" : journal.state;
    if (state === this.#state) return;
    // The journal speaks for itself; this is about what only the batcher and the image know.
    if (isFull && journal.state === "accepting" && !this.batcher.isFull && this.#isImageFull)
      log.error(
        "more is to be brought back at a start than can be kept in memory: what must be durable is refused",
        {
          imageBytes: this.image.bytes,
          imageBytesMax: limits.imageBytesMax,
          rooms: this.image.rooms.size,
          sessions: this.image.sessions.size,
          entities: this.image.entities.size,
          grants: this.image.grants.size,
          grantBytes: this.image.grants.bytes,
          remedy:
            "lower journal.checkpointSeconds if rooms are busy; have games give less to players who stay away",
        },
      );
    else if (isFull && journal.state === "accepting")
      log.error("too much waits for the store: what must be durable is refused", {
        rows: this.batcher.pending,
        imageBytes: this.image.bytes,
        reason: this.batcher.lastError,
        remedy: "bring the store back; store.pendingRowsMax is the bound",
      });
    else if (this.#state === "full" && state === "accepting")
      log.info("durable work is accepted again", { rows: this.batcher.pending });
    this.#state = state;
    control.setJournalState(state);
  }

  #count(): void {
    const { counters, journal } = this.#options;
    const { batcher, image } = this;
    counters.set(metric.rows_in_total, this.#rowsIn);
    counters.set(metric.rows_pending, batcher.pending);
    counters.max(metric.rows_pending_max, batcher.pendingMax);
    counters.set(metric.rows_applied_total, batcher.appliedRows);
    counters.set(metric.rows_rejected_total, batcher.rejectedRows);
    counters.set(metric.players_held, batcher.heldPlayers);
    counters.set(metric.batches_total, batcher.batches);
    counters.set(metric.batch_seconds_total, batcher.batchMs / 1000);
    counters.set(metric.retries_total, batcher.retries);
    counters.set(metric.loads_total, this.#loads.loaded);
    counters.set(metric.loads_failed_total, this.#loads.failed);
    counters.set(metric.store_up, batcher.isStoreUp ? 1 : 0);
    counters.set(metric.journal_state, stateNumber[this.#state]);
    counters.set(metric.journal_bytes, journal.bytes);
    counters.set(metric.journal_segments, journal.segments);
    counters.set(metric.journal_pending_bytes, journal.pendingBytes);
    counters.max(metric.journal_pending_bytes_max, journal.pendingBytesMost);
    counters.set(metric.journal_groups_total, journal.records);
    counters.set(metric.journal_commits_total, journal.commits);
    counters.set(metric.journal_sync_seconds_total, journal.syncMs / 1000);
    counters.set(metric.journal_failures_total, journal.failures);
    counters.set(metric.journal_refused_total, journal.refused);
    counters.set(metric.durable_lag, this.#words.length);
    counters.set(metric.image_bytes, image.bytes);
    counters.set(metric.image_full, this.#isImageFull ? 1 : 0);
    counters.set(metric.image_rooms, image.rooms.size);
    counters.set(metric.image_sessions, image.sessions.size);
    counters.set(metric.image_entities, image.entities.size);
    counters.set(metric.image_grants, image.grants.size);
    counters.set(metric.image_grant_bytes, image.grants.bytes);
    counters.max(metric.grants_waiting_max, image.grants.waitingMost);
    counters.set(metric.image_copies_total, this.#copying.copied);
    counters.set(metric.restored_rooms, this.#restoredRooms);
    counters.set(metric.restored_sessions, this.#restoredSessions);
  }
}

const stateNumber: Readonly<Record<JournalState, number>> = { accepting: 0, full: 1, failing: 2 };
