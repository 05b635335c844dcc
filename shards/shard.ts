/**
 * One shard: the field in its cells, the rooms anchored in them, and the lanes to everybody else. It runs wherever its
 * duty cycle is called, under whatever clock: a thread of its own, or a test.
 */

import type { Config } from "../engine/config-schema.js";
import type { ByteReader, ByteWriter } from "../engine/lane/bytes.js";
import { LaneWriter } from "../engine/lane/lane.js";
import { readAct, toPeer } from "../engine/lane/to-peer.js";
import type { Log } from "../engine/log.js";
import { ControlBlock } from "../engine/memory/control-block.js";
import { Counters } from "../engine/memory/counters.js";
import { Doorbell } from "../engine/memory/doorbell.js";
import { Histogram, HistogramPool } from "../engine/memory/histogram.js";
import { OwnershipTable } from "../engine/memory/ownership-table.js";
import { RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import { shardCatalogue, shardMetric } from "../engine/metrics.js";
import { GameTables } from "../engine/room/game-tables.js";
import type { GameCatalogue } from "../engine/room/load-games.js";
import { cellWithin, createGrid, type Grid } from "../engine/space/grid.js";
import type { Clock } from "../engine/time.js";
import type { Wiring } from "../engine/wiring.js";
import { ActRouter } from "./act-router.js";
import { Belongings } from "./belongings.js";
import { EntityJournal } from "./entity-journal.js";
import { FieldHost } from "./field-host.js";
import { Ghosts } from "./ghosts.js";
import { Handoff } from "./handoff.js";
import { NetIntake } from "./net-intake.js";
import { OUTBOX_BYTES_MAX, Outlet } from "./outlet.js";
import { PeerLinks } from "./peer-links.js";
import { Restoring } from "./restoring.js";
import { ROOM_TIMERS_MAX } from "./room-host.js";
import { RoomReplay } from "./room-replay.js";
import { ENTRY_ROOM_TICK } from "./room-schedule.js";
import { RoomTable } from "./room-table.js";
import { Schedule, WHEEL_TICKS } from "./schedule.js";
import { TickMeter } from "./tick-meter.js";

const DUE_PAIRS = 512;
/** People are waited for as long as their sessions are kept, and this much longer, after a start. */
const RETURN_MS = 60_000;
/** Where entities stand goes to the journal so often, each time some: all shards' in the same ticks. */
const STRIDE_MS = 250;
/** Looked at again when the store's lane had no room for the shard's first word. */
const HELLO_RETRY_MS = 10;

export interface ShardOptions {
  readonly wiring: Wiring;
  readonly config: Config;
  readonly shard: number;
  readonly incarnation: number;
  readonly games: GameCatalogue;
  /** Default: the tables as they are shipped, for good. */
  readonly tables?: GameTables;
  readonly clock: Clock;
  readonly log: Log;
}

export class Shard {
  readonly field: FieldHost;
  readonly rooms: RoomTable;
  readonly counters: Counters;
  readonly #config: Config;
  readonly #shard: number;
  readonly #incarnation: number;
  readonly #clock: Clock;
  readonly #control: ControlBlock;
  readonly #grid: Grid;
  readonly #intake: NetIntake;
  readonly #netBell: Doorbell;
  readonly #outlet: Outlet;
  readonly #peers: PeerLinks;
  readonly #acts: ActRouter;
  readonly #handoff: Handoff;
  readonly #ghosts: Ghosts;
  readonly #schedule: Schedule;
  readonly #tables: GameTables;
  readonly #belongings: Belongings;
  readonly #entities: EntityJournal;
  readonly #replay: RoomReplay;
  readonly #restoring: Restoring;
  readonly #meter: TickMeter;
  readonly #periodMs: number;
  readonly #due = new Int32Array(DUE_PAIRS * 2);
  #nextTick = 0;
  /** Up to which tick the schedule has been emptied. */
  #collectedTick = -1;
  #isTicking = false;
  #isRestored = false;
  /** Wall time of the group that is being made, read when its first input may come; negative: none is. */
  #wallMs = -1;
  /** Something was written that only the end of a tick makes visible. */
  #owesTick = true;

  constructor(options: ShardOptions) {
    const { wiring, config, shard, incarnation, games, clock, log } = options;
    this.#config = config;
    this.#shard = shard;
    this.#incarnation = incarnation;
    this.#clock = clock;
    this.#periodMs = 1000 / config.world.tickHz;
    this.#grid = createGrid(config.world.widthCells, config.world.heightCells, config.world.cellSizeMeters);
    this.#control = new ControlBlock(wiring.control);
    this.counters = new Counters(wiring.counters.shards[shard]!, shardCatalogue);
    this.#meter = new TickMeter(new Histogram(wiring.histograms.ticks[shard]!), this.#periodMs);
    this.#netBell = new Doorbell(wiring.doorbells.net);
    const storeBell = new Doorbell(wiring.doorbells.store);
    const lane = (
      ring: ConstructorParameters<typeof RingWriter>[0],
      bell: Doorbell,
      isReaderBusy = () => false,
    ) => new LaneWriter(new RingWriter(ring), bell, { outboxBytesMax: OUTBOX_BYTES_MAX, isReaderBusy });
    const { counters } = this;
    this.#outlet = new Outlet(
      {
        net: lane(wiring.lanes.toNet[shard]!, this.#netBell),
        store: lane(wiring.lanes.toStore[shard]!, storeBell),
      },
      { counters, log },
    );
    this.#tables = options.tables ?? GameTables.shipped(games.tables ?? { list: [], checks: [] });
    this.#belongings = new Belongings({ shard, incarnation, outlet: this.#outlet, counters });
    this.#peers = new PeerLinks({
      control: this.#control,
      incarnation,
      links: wiring.lanes.toPeer.map((row, peer) => {
        const out = wiring.lanes.toPeer[shard]![peer];
        const back = row[shard];
        if (out === null || out === undefined || back === null || back === undefined) return null;
        const bell = new Doorbell(wiring.doorbells.shards[peer]!);
        return { out: lane(out, bell, () => this.#control.isTicking(peer)), in: new RingReader(back) };
      }),
    });
    const ownership = new OwnershipTable(wiring.ownership);
    const ownerOf = (cell: number) => ownership.owner(cell);
    this.#schedule = new Schedule(config.shards.roomsMax * (1 + ROOM_TIMERS_MAX));
    this.#acts = new ActRouter({
      shard,
      peers: this.#peers,
      counters: this.counters,
      // Rooms remember cells for longer than a world may have them.
      ownerOf: (cell) => ownerOf(cellWithin(this.#grid, cell)),
    });
    const typeNames = [...games.rooms.keys()];
    const checkpointTicks = Math.max(1, Math.round(config.journal.checkpointSeconds * config.world.tickHz));
    this.rooms = new RoomTable({
      shard,
      incarnation,
      types: games.rooms,
      overrides: config.rooms,
      worldTickHz: config.world.tickHz,
      roomsMax: config.shards.roomsMax,
      seed: config.world.seed,
      schedule: this.#schedule,
      outlet: this.#outlet,
      acts: this.#acts,
      counters: this.counters,
      histograms: new HistogramPool(wiring.histograms.rooms[shard]!),
      typeHistograms: new Map(
        typeNames.map((name, at) => [name, new Histogram(wiring.histograms.roomTypes[shard]![at]!)]),
      ),
      clock,
      log,
      tables: this.#tables,
      checkpointTicks,
    });
    this.#replay = new RoomReplay({
      rooms: this.rooms,
      roomsMax: config.shards.roomsMax,
      types: games.rooms,
      tables: this.#tables,
      outlet: this.#outlet,
      counters,
      log,
    });
    this.field = new FieldHost({
      type: games.field,
      grid: this.#grid,
      seed: config.world.seed,
      tickPeriodMs: this.#periodMs,
      shard,
      entitiesMax: config.shards.entitiesMax,
      movesPerCellMax: config.world.movesPerCellMax,
      hysteresisMeters: config.shards.handoffHysteresisMeters,
      outlet: this.#outlet,
      counters: this.counters,
      log,
      tables: this.#tables,
      belongings: this.#belongings,
      surroundings: {
        ownerOf,
        sendAct: (act) => this.#acts.send({ ...act, hops: 0 }),
        openRoom: (type, cell, roomOptions) => this.rooms.open(type, cell, roomOptions),
        joinRoom: (roomId, session, player) => {
          this.#entities.touch(session);
          return this.rooms.join(roomId, session, player);
        },
        handOff: (row, cell) => this.#handoff.offer(row, cell),
        takeReturning: (session, playerId) => this.#entities.takeReturning(session, playerId),
        entityGone: (entityId, playerId) => this.#entities.gone(entityId, playerId),
      },
    });
    this.#entities = new EntityJournal({
      field: this.field,
      outlet: this.#outlet,
      counters,
      periodTicks: checkpointTicks,
      strideTicks: Math.max(1, Math.round((config.world.tickHz * STRIDE_MS) / 1000)),
      returnTicks: Math.ceil((config.session.graceMs + RETURN_MS) / this.#periodMs),
    });
    this.#restoring = new Restoring({
      ring: new RingReader(wiring.lanes.storeToShard[shard]!),
      incarnation,
      replay: this.#replay,
      entities: this.#entities,
      counters,
    });
    this.#handoff = new Handoff({
      shard,
      field: this.field,
      peers: this.#peers,
      counters: this.counters,
      intentsMax: config.shards.handoffIntentsMax,
      ownerOf,
      apply: (member, record) => this.#intake.apply(member, record),
      refuse: (session, intent) => this.#intake.refuse(session, intent),
    });
    this.#intake = new NetIntake({
      ring: new RingReader(wiring.lanes.toShard[shard]!),
      incarnation,
      intentsMax: config.shards.handoffIntentsMax,
      field: this.field,
      rooms: this.rooms,
      handoff: this.#handoff,
      outlet: this.#outlet,
      counters: this.counters,
      durableKinds: new Set(
        games.field.intents.filter((spec) => spec.isDurable === true).map((spec) => spec.kind),
      ),
    });
    this.#ghosts = new Ghosts({
      grid: this.#grid,
      shard,
      entities: this.field.entities,
      peers: this.#peers,
      ownerOf,
    });
    this.#outlet.hello(incarnation);
    this.#beginGroup();
    for (let cell = 0; cell < this.#grid.cellCount; cell++) {
      if (ownerOf(cell) === shard) this.field.field.onCellOpen?.(cell);
    }
  }

  /** Whether it has been given back what survived: from then on it ticks. */
  get isRestored(): boolean {
    return this.#isRestored;
  }

  /** Whether a lane to this shard holds anything: asked before it goes to sleep. */
  hasInput(): boolean {
    if (!this.#isRestored) return this.#restoring.isPending;
    return this.#intake.isPending || this.#peers.isPending;
  }

  /** How long the shard may sleep unless its doorbell rings, in milliseconds; Infinity when nothing is planned. */
  waitMs(nowMs: number): number {
    if (!this.#isRestored)
      return this.#outlet.store.outboxBytes > 0 ? HELLO_RETRY_MS : Number.POSITIVE_INFINITY;
    if (this.#isTicking) return Math.max(0, this.#tickAtMs(this.#nextTick) - nowMs);
    const tick = Math.max(0, Math.floor((nowMs - this.#control.originMs) / this.#periodMs));
    const due = this.#schedule.nextDue(tick);
    return due < 0 ? Number.POSITIVE_INFINITY : Math.max(0, this.#tickAtMs(due) - nowMs);
  }

  /** One pass: reads the lanes, makes at most one tick if it is time. Returns how many records and ticks that was. */
  duty(nowMs: number): number {
    this.#control.beat(this.#shard, nowMs);
    let work = 0;
    if (!this.#isRestored) {
      work = this.#restore(nowMs);
      if (!this.#isRestored) return work;
    }
    // Asleep, it has taken nothing in.
    if (!this.#isTicking) this.#wallMs = -1;
    this.#beginGroup();
    // Before anything is read: what is read plans ahead from the tick that comes next.
    if (!this.#isTicking && (this.hasInput() || this.#needsTick(nowMs))) this.#startTicking(nowMs);
    work += this.#drain();
    if (this.#isTicking && nowMs >= this.#tickAtMs(this.#nextTick)) {
      this.#tick(nowMs);
      work++;
    }
    return work;
  }

  /** Before the first tick: what survived. Returns how many records of it were read. */
  #restore(nowMs: number): number {
    this.#outlet.store.flush();
    const work = this.#restoring.drain();
    if (!this.#restoring.isDone) return work;
    this.#isRestored = true;
    this.#startTicking(nowMs);
    this.#replay.finish();
    // The replay went by the times of long ago.
    this.#wallMs = -1;
    this.#outlet.restored(this.#incarnation);
    this.#owesTick = true;
    return work;
  }

  /**
   * What is taken in from here on belongs to the next tick, and so does the wall time it sees. The journal's state is
   * looked at once, too: a tick is of one mind about what it takes on.
   */
  #beginGroup(): void {
    if (this.#wallMs >= 0) return;
    this.#wallMs = this.#clock.wallMs();
    this.rooms.wallMs = this.#wallMs;
    this.#belongings.wallMs = this.#wallMs;
    const { journalState } = this.#control;
    this.rooms.isAccepting = journalState === "accepting" && !this.#outlet.isBehind;
    this.rooms.takesCheckpoints = journalState !== "failing" && !this.#outlet.isBehind;
    if (this.#tables.isStale()) this.#tables.refresh();
  }

  /** The last pass of a graceful stop: rows of members still here go to the store. */
  stop(nowMs: number): void {
    // One that was never told what survived has nothing of its own yet.
    if (!this.#isRestored) return;
    this.#beginGroup();
    this.#drain();
    for (const member of [...this.field.members.values()]) this.field.leave(member);
    this.#tick(nowMs);
    this.field.field.onDispose?.();
    this.#control.setTicking(this.#shard, false);
  }

  /** After {@link stop}: whether all that the store is to be told is on its lane. Asked until it is. */
  handOver(): boolean {
    return this.#outlet.handOver();
  }

  /**
   * All simulated state between two ticks. What is not in it is told again by others after a restore: who sees what,
   * by net; ghosts, by the neighbours.
   */
  checkpoint(out: ByteWriter): void {
    this.field.checkpoint(out);
    this.#acts.checkpoint(out);
    this.rooms.checkpoint(out);
  }

  /** Continues from {@link checkpoint}, in a shard that has just been made. */
  restore(from: ByteReader): void {
    this.field.restore(from);
    this.#acts.restore(from);
    this.rooms.restore(from, this.field.tick);
    this.#collectedTick = this.field.tick;
    this.#isRestored = true;
    this.#owesTick = true;
  }

  #tickAtMs(tick: number): number {
    return this.#control.originMs + tick * this.#periodMs;
  }

  // ---- input -----------------------------------------------------------------------------------------------

  #drain(): number {
    let count = this.#peers.drain(
      (peer, type, from, sender) => this.#onPeerRecord(peer, type, from, sender),
      (peer) => this.#onPeerLost(peer),
    );
    count += this.#intake.drain();
    if (count > 0) this.#owesTick = true;
    return count;
  }

  #onPeerRecord(peer: number, type: number, from: ByteReader, senderIncarnation: number): void {
    switch (type) {
      case toPeer.ghosts:
        this.#ghosts.receive(peer, from);
        return;
      case toPeer.handoff:
        this.#handoff.onOffer(peer, from, senderIncarnation);
        return;
      case toPeer.accepted:
        this.#handoff.onAccepted(peer, from.u32());
        return;
      case toPeer.declined:
        this.#handoff.onDeclined(peer, from.u32());
        return;
      case toPeer.forward:
        this.#handoff.onForward(from);
        return;
      case toPeer.marker:
        this.#handoff.onMarker(peer, from.u32());
        return;
      case toPeer.act:
        this.#acts.send(readAct(from));
        return;
      case toPeer.away:
        this.#handoff.onAway(peer, from.u32());
        return;
      case toPeer.recall:
        this.#handoff.onRecall(from.u32());
        return;
      default:
        this.counters.add(shardMetric.records_stale_total);
    }
  }

  #onPeerLost(peer: number): void {
    this.#ghosts.peerLost(peer);
    this.#handoff.peerLost(peer);
    this.#owesTick = true;
  }

  // ---- ticks -----------------------------------------------------------------------------------------------

  #needsTick(nowMs: number): boolean {
    if (this.#owesTick || this.field.awakeCount > 0 || this.rooms.activeCount > 0) return true;
    if (this.#acts.isPending || this.#handoff.isPending || this.#outlet.isHolding) return true;
    if (this.#outlet.net.outboxBytes + this.#outlet.store.outboxBytes > 0) return true;
    const tick = Math.floor((nowMs - this.#control.originMs) / this.#periodMs);
    const due = this.#schedule.nextDue(Math.max(0, tick));
    return due >= 0 && due <= tick + 1;
  }

  #startTicking(nowMs: number): void {
    const tick = Math.floor((nowMs - this.#control.originMs) / this.#periodMs) + 1;
    this.#nextTick = Math.max(tick, this.#nextTick);
    this.field.tick = this.#nextTick - 1;
    this.rooms.tick = this.#nextTick - 1;
    this.#isTicking = true;
    // Net waits for ticking shards: it must not wait for ticks this one has slept through.
    this.#control.setPublishedTick(this.#shard, this.#nextTick - 1);
    this.#control.setTicking(this.#shard, true);
  }

  #tick(nowMs: number): void {
    const tick = this.#forfeit(nowMs);
    const startedMs = this.#clock.nowMs();
    this.#owesTick = false;
    this.field.tick = tick;
    this.rooms.tick = tick;
    this.#acts.deliver(this.field.entities, {
      entity: (row, act) => {
        if (act.fromRoom !== 0) this.#entities.touch(this.field.entities.id[row]!);
        this.field.receiveAct(row, act);
      },
      room: (roomId, act) => this.rooms.receiveAct(roomId, act),
      whereIs: (entityId) => this.#handoff.whereIs(entityId),
    });
    if (this.field.awakeCount > 0) this.field.field.onTick();
    this.field.settle();
    this.#runDue(tick, startedMs);
    if (this.rooms.isAccepting && this.#outlet.takesVolatile) {
      this.#savePlaces(tick);
      this.#entities.roll(tick);
    }
    this.rooms.endTick();
    this.#intake.tellApplied(tick);
    this.#outlet.endGroup({ tick, wallMs: this.#wallMs, stamp: this.#control.nextStamp() });
    this.#wallMs = -1;
    this.#ghosts.show((cell) => this.field.isAwake(cell));
    for (let index = 0; index < this.field.awakeCount; index++) {
      this.field.publisher.publish(this.field.awakeCells[index]!, tick);
    }
    this.#outlet.finishTick(tick);
    this.#control.setPublishedTick(this.#shard, tick);
    this.#netBell.ring();
    // Behind all of net's lane, so that net hears of an acceptance before the shard that offered does; and behind all of
    // the store's, so that no shard acts on what the journal has not been told: while anything waits for room there,
    // peers wait too.
    if (this.#outlet.net.outboxBytes === 0 && !this.#outlet.isHolding) this.#peers.flush();
    this.#nextTick = tick + 1;
    this.#meter.record((this.#clock.nowMs() - startedMs) / 1000, this);
    if (!this.#needsTick(nowMs)) {
      this.#isTicking = false;
      this.#control.setTicking(this.#shard, false);
    }
  }

  /** The tick to make: a shard that is a whole period late gives up what it missed rather than hurry after it. */
  #forfeit(nowMs: number): number {
    const current = Math.floor((nowMs - this.#control.originMs) / this.#periodMs);
    if (current > this.#nextTick) {
      this.counters.add(shardMetric.ticks_forfeited_total, current - this.#nextTick);
      return current;
    }
    return this.#nextTick;
  }
  /** Rooms and timers that are due, as long as the budget lasts; then rooms are put off to the next tick. */
  #runDue(tick: number, startedMs: number): void {
    const budgetMs = (this.#periodMs * this.#config.shards.tickBudgetPercent) / 100;
    let isOver = false;
    // Ticks slept through or forfeited: what was due at them is due all the same.
    for (let at = Math.max(this.#collectedTick + 1, tick - WHEEL_TICKS + 1); at <= tick; at++) {
      for (;;) {
        const count = this.#schedule.collect(at, this.#due);
        if (count === 0) break;
        for (let index = 0; index < count; index++)
          this.rooms.schedule.taken(this.#due[index * 2]!, this.#due[index * 2 + 1]!);
        for (let index = 0; index < count; index++) {
          const kind = this.#due[index * 2]!;
          const subject = this.#due[index * 2 + 1]!;
          if ((index & 15) === 0) isOver = isOver || this.#clock.nowMs() - startedMs > budgetMs;
          if (isOver && kind === ENTRY_ROOM_TICK) this.rooms.schedule.deferTick(subject);
          else this.rooms.due(kind, subject);
        }
      }
    }
    this.#collectedTick = tick;
  }

  /** A walking player's place goes to the store now and then; losing the last seconds of it is declared. */
  #savePlaces(tick: number): void {
    const { tickHz, saveSeconds } = this.#config.world;
    if (tick % tickHz !== 0) return;
    const { x, y } = this.field.entities;
    for (const member of this.field.members.values()) {
      if ((member.session + tick / tickHz) % saveSeconds !== 0) continue;
      if (x[member.row] !== member.savedX || y[member.row] !== member.savedY) this.field.storeMember(member);
    }
  }
}
