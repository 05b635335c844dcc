/** The field of one shard: the entity table, its members, its awake cells, and the context the game's field is given. */
import { AssertionFailed, assert } from "../engine/assert.js";
import { ByteReader, type ByteWriter } from "../engine/lane/bytes.js";
import { type AdriftRecord, toNet } from "../engine/lane/to-net.js";
import type { ActRecord } from "../engine/lane/to-peer.js";
import type { EntityRecord, GrantRecord } from "../engine/lane/to-store.js";
import type { Log } from "../engine/log.js";
import type { Counters } from "../engine/memory/counters.js";
import { shardMetric } from "../engine/metrics.js";
import type { PlayerRow } from "../engine/player.js";
import { hashUnit } from "../engine/prng.js";
import { EntityTable, NO_ROW, ROW_GHOST, ROW_USED } from "../engine/room/entity-table.js";
import {
  creatureId,
  type Field,
  type FieldContext,
  type FieldMember,
  type FieldType,
  type GrantReceiver,
  homeCellOf,
  type Intent,
  isCreatureId,
  type LedgerChange,
  type RoomPlayer,
  type TableSpec,
} from "../engine/room/game.js";
import type { GameTables } from "../engine/room/game-tables.js";
import { cellAt, columnOf, type Grid, rowOf } from "../engine/space/grid.js";
import { encodePlayerChangedBody, encodeRelocatedBody } from "../engine/wire/codec.js";
import { refusals } from "../engine/wire/codes.js";
import { engineEvents, eventScopes } from "../engine/wire/message-types.js";
import type { Belongings } from "./belongings.js";
import { checkEventBody } from "./event-body.js";
import { insertById, lowerBound, metersOutside } from "./field-places.js";
import { Member, readMemberState, writeMemberState } from "./member.js";
import type { Outlet } from "./outlet.js";
import { Publisher } from "./publisher.js";

/** What the field asks of the rest of its shard. */
export interface FieldSurroundings {
  ownerOf(cell: number): number;
  /** Sends a message towards an entity or a room, wherever it is. */
  sendAct(act: {
    readonly toEntity: number;
    readonly toRoom: number;
    readonly cell: number;
    readonly fromEntity: number;
    readonly fromRoom: number;
    readonly fromCell: number;
    readonly kind: number;
    readonly grantId: string;
    readonly body: Uint8Array;
  }): void;
  openRoom(type: string, cell: number, options: Uint8Array): number;
  joinRoom(roomId: number, session: number, player: RoomPlayer): number;
  /** The row now stands in a cell of another shard. */
  handOff(row: number, cell: number): void;
  /** The entity of a person who is back after a start of the server, as it was before; given once. */
  takeReturning(session: number, playerId: string): EntityRecord | undefined;
  /** The entity is no more. */
  entityGone(entityId: number, playerId?: string): void;
}

export class FieldHost implements FieldContext {
  readonly grid: Grid;
  readonly seed: number;
  readonly tickPeriodMs: number;
  readonly entities: EntityTable;
  readonly awakeCells: Int32Array;
  awakeCount = 0;
  tick = 0;
  readonly publisher: Publisher;
  readonly members = new Map<number, Member>();
  readonly field: Field;
  readonly #shard: number;
  readonly #surroundings: FieldSurroundings;
  readonly #outlet: Outlet;
  readonly #counters: Counters;
  readonly #log: Log;
  readonly #hysteresis: number;
  readonly #tables: GameTables;
  readonly #belongings: Belongings;

  constructor(options: {
    readonly type: FieldType;
    readonly grid: Grid;
    readonly seed: number;
    readonly tickPeriodMs: number;
    readonly shard: number;
    readonly entitiesMax: number;
    readonly movesPerCellMax: number;
    readonly hysteresisMeters: number;
    readonly surroundings: FieldSurroundings;
    readonly outlet: Outlet;
    readonly counters: Counters;
    readonly log: Log;
    readonly tables: GameTables;
    readonly belongings: Belongings;
  }) {
    this.grid = options.grid;
    this.seed = options.seed;
    this.tickPeriodMs = options.tickPeriodMs;
    this.#shard = options.shard;
    this.#surroundings = options.surroundings;
    this.#outlet = options.outlet;
    this.#counters = options.counters;
    this.#log = options.log;
    this.#tables = options.tables;
    this.#belongings = options.belongings;
    this.#hysteresis = Math.min(options.hysteresisMeters, options.grid.cellSizeMeters / 4);
    this.awakeCells = new Int32Array(options.grid.cellCount);
    this.entities = new EntityTable({
      capacity: options.entitiesMax,
      cellCount: options.grid.cellCount,
      columns: options.type.columns,
    });
    this.publisher = new Publisher({
      grid: options.grid,
      entities: this.entities,
      lane: options.outlet.net,
      counters: options.counters,
      movesPerCellMax: options.movesPerCellMax,
      profileOf: (entityId) => this.members.get(entityId)?.player,
    });
    this.field = options.type.create(this);
  }

  // ---- FieldContext ----------------------------------------------------------------------------------------

  table<Row>(spec: TableSpec<Row>): readonly Row[] {
    return this.#tables.current.rows(spec);
  }

  owns(cell: number): boolean {
    return this.#surroundings.ownerOf(cell) === this.#shard;
  }

  chance(id: number, salt: number): number {
    return hashUnit(this.seed, this.tick, id, salt);
  }

  addCreature(homeCell: number, index: number, x: number, y: number): number {
    const cell = cellAt(this.grid, x, y);
    if (this.entities.isFull) return NO_ROW;
    return this.#addRow({ id: creatureId(homeCell, index), x, y, cell });
  }

  removeCreature(row: number): void {
    assert(
      isCreatureId(this.entities.id[row]!) && !this.entities.isGhost(row),
      "only own creatures are removed",
    );
    this.#surroundings.entityGone(this.entities.id[row]!);
    this.removeRow(row);
  }

  near(x: number, y: number, radius: number, out: Int32Array): number {
    const { entities, grid } = this;
    const low = cellAt(grid, x - radius, y - radius);
    const high = cellAt(grid, x + radius, y + radius);
    const radius2 = radius * radius;
    const lastColumn = columnOf(grid, high);
    const lastRow = rowOf(grid, high);
    let count = 0;
    for (let r = rowOf(grid, low); r <= lastRow; r++) {
      for (let c = columnOf(grid, low); c <= lastColumn; c++) {
        for (let row = entities.first[r * grid.widthCells + c]!; row !== NO_ROW; row = entities.next[row]!) {
          const dx = entities.x[row]! - x;
          const dy = entities.y[row]! - y;
          if (dx * dx + dy * dy > radius2 || count === out.length) continue;
          count = insertById(entities.id, out, count, row);
        }
      }
    }
    return count;
  }

  memberAt(row: number): Member | undefined {
    return this.entities.isGhost(row) ? undefined : this.members.get(this.entities.id[row]!);
  }

  tell(member: FieldMember, kind: number, body: Uint8Array): void {
    checkEventBody(body);
    this.#outlet.event({ sessions: [member.session], scope: eventScopes.field, kind, roomId: 0, body });
  }

  refuse(member: FieldMember, intentSeq: number, code: number, reason = ""): void {
    this.#counters.add(shardMetric.intents_refused_total);
    this.#outlet.refused(member.session, { intentSeq, code, reason });
  }

  act(fromRow: number, entityId: number, cell: number, kind: number, body: Uint8Array): void {
    this.#send(fromRow, { toEntity: entityId, toRoom: 0, cell, kind, grantId: "", body });
  }

  actRoom(fromRow: number, roomId: number, cell: number, kind: number, body: Uint8Array): void {
    this.#send(fromRow, { toEntity: 0, toRoom: roomId, cell, kind, grantId: "", body });
  }

  openRoom(type: string, cell: number, options: Uint8Array): number {
    return this.#surroundings.openRoom(type, cell, options);
  }

  joinRoom(roomId: number, session: number, player: RoomPlayer): number {
    return this.#surroundings.joinRoom(roomId, session, player);
  }

  save(member: FieldMember): void {
    const own = this.#own(member);
    this.publisher.renew(own.row);
    this.storeMember(own);
    this.#tellPlayer(own, true);
  }

  book(member: FieldMember, change: LedgerChange): void {
    this.#belongings.book(this.#own(member), change);
  }

  grant(from: FieldMember, to: GrantReceiver, kind: number, body: Uint8Array): void {
    const { row } = this.#own(from);
    const grantId = this.#belongings.grant(to, kind, body);
    this.#send(row, { toEntity: to.entityId, toRoom: 0, cell: to.cell, kind, grantId, body });
  }

  #own(member: FieldMember): Member {
    const own = this.members.get(member.session);
    assert(own === member, "what a member owns is changed by the shard that owns it");
    return own;
  }

  /** The client hears of its player. After a save it must be safe first: `isDurable`. */
  #tellPlayer(member: Member, isDurable: boolean): void {
    const body = encodePlayerChangedBody(member.player);
    this.#outlet.engineEvent(member.session, engineEvents.playerChanged, body, isDurable);
  }

  // ---- members ---------------------------------------------------------------------------------------------

  /** Adds a player's entity where the store knows it, or undefined when the table is full. */
  join(join: {
    readonly session: number;
    readonly joinEpoch: number;
    readonly x: number;
    readonly y: number;
    readonly player: PlayerRow;
    readonly isSuspended: boolean;
    readonly isRelocated: boolean;
    readonly grants: readonly GrantRecord[];
  }): Member | undefined {
    if (this.entities.isFull) return undefined;
    const x = Math.min(Math.max(join.x, 0), this.grid.widthMeters - 0.001);
    const y = Math.min(Math.max(join.y, 0), this.grid.heightMeters - 0.001);
    const cell = cellAt(this.grid, x, y);
    const returning = this.#surroundings.takeReturning(join.session, join.player.playerId);
    const row =
      returning === undefined
        ? this.#addRow({ id: join.session, x, y, cell })
        : this.#returnRow(returning, { x, y, cell });
    const { session, joinEpoch, player, isSuspended } = join;
    const member = new Member({ session, joinEpoch, player, isSuspended, row, applied: 0 });
    this.members.set(session, member);
    // Before the hook, which may tell the member something: the client's Welcome comes first.
    this.sayMember(toNet.joined, member);
    if (returning === undefined) this.field.onJoin?.(member);
    else this.field.onReturn?.(member);
    const { version } = player;
    for (const grant of join.grants) this.#take(member, grant);
    this.#tellPlayer(member, player.version !== version);
    if (join.isRelocated && returning === undefined) {
      const body = encodeRelocatedBody({ x, y, reason: "a server thread was restarted" });
      this.#outlet.engineEvent(session, engineEvents.relocated, body);
    }
    this.#settleRow(row);
    return member;
  }

  /** The row as it was before the server was started, where net says that it stands. */
  #returnRow(returning: EntityRecord, at: { x: number; y: number; cell: number }): number {
    const row = this.unpackRow(new ByteReader(returning.row), at.cell);
    this.entities.x[row] = at.x;
    this.entities.y[row] = at.y;
    return row;
  }

  /**
   * A member takes what it was granted, once, whichever way it comes. What the game made of it is saved with the word
   * that it has been taken; a game that throws has not taken it, and finds it at the member's next join.
   */
  #take(
    member: Member,
    grant: { grantId: string; kind: number; fromRoom: number; body: Uint8Array },
  ): boolean {
    if (member.grantsTaken.includes(grant.grantId)) return false;
    if (this.field.onGrant === undefined) return false;
    try {
      this.field.onGrant(member, grant);
    } catch (error) {
      this.#failed("onGrant", error);
      return false;
    }
    this.#belongings.take(member, grant);
    this.publisher.renew(member.row);
    this.storeMember(member);
    return true;
  }

  /** Removes a member for good: the game is told, the row goes to the store. */
  leave(member: Member): void {
    this.field.onLeave?.(member);
    this.storeMember(member);
    this.#surroundings.entityGone(member.entityId, member.player.playerId);
    this.drop(member);
    this.#outlet.left({
      session: member.session,
      joinEpoch: member.joinEpoch,
      entityId: member.entityId,
      cell: 0,
    });
  }

  /** Removes a member silently: another copy is the true one. */
  drop(member: Member): void {
    this.members.delete(member.session);
    this.removeRow(member.row);
  }

  setSuspended(member: Member, isSuspended: boolean): void {
    if (member.isSuspended === isSuspended) return;
    member.isSuspended = isSuspended;
    if (isSuspended) {
      this.field.onDrop?.(member);
    } else {
      this.field.onReconnect?.(member);
      // Whatever was missed: the state of the player is told afresh.
      this.#tellPlayer(member, false);
    }
  }

  /** Hands the member's row, with its place, to the store. */
  storeMember(member: Member): void {
    const { player } = member;
    player.x = this.entities.x[member.row]!;
    player.y = this.entities.y[member.row]!;
    member.savedX = player.x;
    member.savedY = player.y;
    this.#belongings.save(member);
  }

  /** Net is told that a member is nowhere. */
  sayAdrift(record: AdriftRecord): void {
    this.#outlet.adrift(record);
  }

  sayMember(type: number, member: Member): void {
    const { session, joinEpoch, entityId, row } = member;
    this.#outlet.member(type, { session, joinEpoch, entityId, cell: this.entities.cell[row]! });
  }

  move(member: Member, dx: number, dy: number): void {
    try {
      this.field.onMove?.(member, dx, dy);
    } catch (error) {
      this.#failed("onMove", error);
    }
  }

  intent(member: Member, intent: Intent): void {
    this.#guard("onIntent", member, intent.seq, () => this.field.onIntent?.(member, intent));
  }

  receiveAct(row: number, act: ActRecord): void {
    if (act.grantId !== "") {
      const member = this.memberAt(row);
      if (member !== undefined && this.#take(member, act)) this.#tellPlayer(member, true);
      return;
    }
    this.#guard("onAct", undefined, 0, () => this.field.onAct?.(row, act));
  }

  #guard(hook: string, member: Member | undefined, seq: number, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#failed(hook, error);
      if (member !== undefined)
        this.refuse(member, seq, refusals.fieldFailed.code, refusals.fieldFailed.reason);
    }
  }

  /** A hook that throws for one input refuses that input; the field goes on. */
  #failed(hook: string, error: unknown): void {
    if (error instanceof AssertionFailed) throw error;
    this.#counters.add(shardMetric.field_failures_total);
    this.#log.warn("the field threw on one input, which was refused; mend the game", {
      hook,
      error: String((error as Error).stack ?? error),
    });
  }

  // ---- rows and cells --------------------------------------------------------------------------------------

  /** Adds a row that {@link EntityTable.packRow} wrote on another shard. */
  unpackRow(from: ByteReader, cell: number): number {
    const row = this.entities.unpackRow(from, { cell, owner: this.#shard });
    this.publisher.entered(row);
    return row;
  }

  /** A creature of ours died with another shard. */
  creatureLost(entityId: number): void {
    this.field.onCreatureLost?.(homeCellOf(entityId), entityId & 0x7fff);
  }

  removeRow(row: number, toCell?: number): void {
    this.publisher.leaving(row, toCell);
    this.entities.remove(row);
  }

  /** Somebody sees the cell, or nobody does any more. */
  setAwake(cell: number, isAwake: boolean): void {
    if (this.isAwake(cell) === isAwake) return;
    const at = lowerBound(this.awakeCells, this.awakeCount, cell);
    if (isAwake) {
      this.awakeCells.copyWithin(at + 1, at, this.awakeCount);
      this.awakeCells[at] = cell;
      this.awakeCount++;
    } else {
      this.awakeCells.copyWithin(at, at + 1, this.awakeCount);
      this.awakeCount--;
      this.publisher.forget(cell);
    }
  }

  isAwake(cell: number): boolean {
    const at = lowerBound(this.awakeCells, this.awakeCount, cell);
    return at < this.awakeCount && this.awakeCells[at] === cell;
  }

  /** Lists every own row in the cell it stands in now, and hands off those that stand in another shard's. */
  settle(): void {
    const { entities, grid } = this;
    const { first, next, flags, x, y } = entities;
    for (let index = 0; index < this.awakeCount; index++) {
      const cell = this.awakeCells[index]!;
      const left = columnOf(grid, cell) * grid.cellSizeMeters;
      const top = rowOf(grid, cell) * grid.cellSizeMeters;
      const right = left + grid.cellSizeMeters;
      const bottom = top + grid.cellSizeMeters;
      const isOurs = this.owns(cell);
      for (let row = first[cell]!; row !== NO_ROW; ) {
        const following = next[row]!;
        // Nearly all stand where they are listed, in a cell of ours: nothing is to be done about them.
        const isInside = x[row]! >= left && x[row]! < right && y[row]! >= top && y[row]! < bottom;
        if (!(isOurs && isInside) && (flags[row]! & ROW_GHOST) === 0) this.#settleRow(row);
        row = following;
      }
    }
  }

  #settleRow(row: number): void {
    const { entities, grid } = this;
    const from = entities.cell[row]!;
    const to = cellAt(grid, entities.x[row]!, entities.y[row]!);
    if (to === from && this.owns(to)) return;
    const isInside = metersOutside(grid, from, entities.x[row]!, entities.y[row]!) < this.#hysteresis;
    if (!this.owns(to)) {
      if (this.owns(from) && isInside) return;
      const member = this.members.get(entities.id[row]!);
      // Until the last shard's marker has come, intents may still be on their way here: hold the entity too.
      if (member === undefined || member.awaitsMarkerOf < 0) this.#surroundings.handOff(row, to);
      return;
    }
    if (isInside) return;
    this.publisher.leaving(row, to);
    entities.moveToCell(row, to);
    const member = this.members.get(entities.id[row]!);
    if (member !== undefined) this.sayMember(toNet.memberCell, member);
  }

  #addRow(entity: { id: number; x: number; y: number; cell: number }): number {
    const row = this.entities.add({ ...entity, owner: this.#shard });
    this.publisher.entered(row);
    return row;
  }

  #send(
    fromRow: number,
    act: { toEntity: number; toRoom: number; cell: number; kind: number; grantId: string; body: Uint8Array },
  ): void {
    const fromEntity = fromRow === NO_ROW ? 0 : this.entities.id[fromRow]!;
    const fromCell = fromRow === NO_ROW ? act.cell : this.entities.cell[fromRow]!;
    this.#surroundings.sendAct({ ...act, fromEntity, fromRoom: 0, fromCell });
  }

  // ---- checkpoint ------------------------------------------------------------------------------------------

  /** Everything the next tick depends on, but sight: who sees what is net's, and is told again. */
  checkpoint(out: ByteWriter): void {
    out.u32(this.tick);
    this.entities.checkpoint(out);
    out.u32(this.members.size);
    for (const member of this.members.values()) writeMemberState(out, member);
    out.u32(this.#belongings.granted);
    this.field.checkpoint?.(out);
  }

  restore(from: ByteReader): void {
    this.tick = from.u32();
    this.entities.restore(from);
    this.members.clear();
    for (let left = from.u32(); left > 0; left--) {
      const member = readMemberState(from);
      this.members.set(member.session, member);
    }
    this.#belongings.granted = from.u32();
    for (let row = 0; row < this.entities.capacity; row++) {
      if ((this.entities.flags[row]! & ROW_USED) !== 0) this.publisher.entered(row);
    }
    this.field.restore?.(from);
  }
}
