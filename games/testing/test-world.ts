/** A world of several shards without an engine: fields, rooms, ghosts, handoff and messages, one tick at a time. */
import { createHash } from "node:crypto";
import {
  type Act,
  ByteReader,
  ByteWriter,
  cellAt,
  createGrid,
  creatureId,
  EntityTable,
  type Field,
  type FieldContext,
  type FieldMember,
  type FieldType,
  type GrantReceiver,
  type Grid,
  hashUnit,
  homeCellOf,
  isCreatureId,
  type LedgerChange,
  NO_ROW,
  type PlayerRow,
  type RoomPlayer,
  type RoomType,
  type TableSpec,
} from "../../engine/room/game.js";
import type { TableSet } from "../../engine/room/game-tables.js";
import { type SentAct, TestRoom } from "./test-room.js";
import { TestStore, type WaitingGrant } from "./test-store.js";
import { testTables } from "./test-tables.js";

type Member = { -readonly [Key in keyof FieldMember]: FieldMember[Key] } & {
  /** Booked, to be kept with the next save. */
  readonly lines: LedgerChange[];
};

export interface TestWorldOptions {
  readonly field: FieldType;
  readonly rooms: readonly RoomType[];
  readonly widthCells: number;
  readonly heightCells: number;
  readonly seed: number;
  readonly shards: number;
  readonly isEmpty?: boolean;
  readonly entitiesMax?: number;
}

export class TestShard implements FieldContext {
  readonly grid: Grid;
  readonly seed: number;
  readonly tickPeriodMs = 50;
  readonly entities: EntityTable;
  readonly awakeCells: Int32Array;
  awakeCount = 0;
  readonly field: Field;
  readonly members = new Map<number, Member>();
  readonly rooms = new Map<number, TestRoom>();
  readonly index: number;
  roomsMax = 100;
  /** It dies before anything of this tick is kept: nothing it says reaches anybody. */
  isDoomed = false;
  readonly #world: TestWorld;
  #group: (() => void)[] = [];
  #roomsOpened = 0;

  constructor(world: TestWorld, index: number) {
    this.#world = world;
    this.index = index;
    this.grid = world.grid;
    this.seed = world.options.seed;
    this.entities = new EntityTable({
      capacity: world.options.entitiesMax ?? 600,
      cellCount: this.grid.cellCount,
      columns: world.options.field.columns,
    });
    this.awakeCells = new Int32Array(this.grid.cellCount);
    for (let cell = 0; cell < this.grid.cellCount; cell++)
      if (this.owns(cell)) this.awakeCells[this.awakeCount++] = cell;
    this.field = world.options.field.create(this);
  }

  get tick(): number {
    return this.#world.tick;
  }
  owns(cell: number): boolean {
    return this.#world.ownerOf(cell) === this.index;
  }
  chance(id: number, salt: number): number {
    return hashUnit(this.seed, this.tick, id, salt);
  }
  addCreature(homeCell: number, index: number, x: number, y: number): number {
    return this.entities.add({
      id: creatureId(homeCell, index),
      x,
      y,
      cell: cellAt(this.grid, x, y),
      owner: this.index,
    });
  }
  removeCreature(row: number): void {
    this.entities.remove(row);
  }
  near(x: number, y: number, radius: number, out: Int32Array): number {
    const rows: number[] = [];
    for (const row of this.rowsInUse()) {
      const dx = this.entities.x[row]! - x;
      const dy = this.entities.y[row]! - y;
      if (dx * dx + dy * dy <= radius * radius) rows.push(row);
    }
    rows.sort((a, b) => this.entities.id[a]! - this.entities.id[b]!);
    rows.slice(0, out.length).forEach((row, at) => {
      out[at] = row;
    });
    return Math.min(rows.length, out.length);
  }
  memberAt(row: number): Member | undefined {
    return this.entities.isGhost(row) ? undefined : this.members.get(this.entities.id[row]!);
  }
  table<Row>(spec: TableSpec<Row>): readonly Row[] {
    return this.#world.tables.rows(spec);
  }
  tell(member: FieldMember, kind: number, body: Uint8Array): void {
    this.#world.told.push({ session: member.session, kind, body: body.slice() });
  }
  refuse(member: FieldMember, seq: number, code: number): void {
    this.#world.refused.push({ session: member.session, seq, code });
  }
  act(fromRow: number, entityId: number, cell: number, kind: number, body: Uint8Array): void {
    this.#send(fromRow, entityId, 0, cell, kind, body);
  }
  actRoom(fromRow: number, roomId: number, cell: number, kind: number, body: Uint8Array): void {
    this.#send(fromRow, 0, roomId, cell, kind, body);
  }
  #send(
    fromRow: number,
    toEntity: number,
    toRoom: number,
    toCell: number,
    kind: number,
    body: Uint8Array,
  ): void {
    const fromEntity = this.entities.id[fromRow]!;
    const fromCell = this.entities.cell[fromRow]!;
    const act: Act = { kind, fromEntity, fromRoom: 0, fromCell, body: body.slice() };
    this.post({ toEntity, toRoom, toCell, act });
  }
  openRoom(type: string, cell: number, options: Uint8Array): number {
    if (!this.owns(cell)) throw new Error("a room is opened in a cell of one's own");
    if (this.rooms.size >= this.roomsMax) return 0;
    const roomId = (this.index + 1) * 1000 + ++this.#roomsOpened;
    const { tables } = this.#world;
    const room = new TestRoom(this.#world.roomType(type), { roomId, cell, seed: this.seed + roomId, tables });
    this.rooms.set(roomId, room);
    room.room.onCreate?.(options.slice());
    this.collect(room);
    return roomId;
  }
  joinRoom(roomId: number, session: number, player: RoomPlayer): number {
    const room = this.rooms.get(roomId);
    if (room === undefined) return 3;
    return room.join(session, player);
  }
  save(member: FieldMember): void {
    const { player, lines } = member as Member;
    player.version++;
    const row = structuredClone(player);
    const booked = lines.splice(0);
    this.#group.push(() => this.#world.store.save(row, booked));
  }
  book(member: FieldMember, change: LedgerChange): void {
    (member as Member).lines.push(change);
  }
  grant(_from: FieldMember, to: GrantReceiver, kind: number, body: Uint8Array): void {
    this.give({ ...to }, { kind, fromRoom: 0, body: body.slice() });
  }

  // ---- for the world ---------------------------------------------------------------------------------------

  rowsInUse(): Generator<number> {
    return allRows(this.entities);
  }

  /** The grant, and the short way to its receiver. */
  give({ playerId, entityId, cell }: GrantReceiver, grant: Omit<WaitingGrant, "grantId">): void {
    const grantId = this.#world.newGrantId();
    this.#group.push(() => this.#world.store.give(playerId, { grantId, ...grant }));
    const act: Act = { kind: 0, fromEntity: 0, fromRoom: 0, fromCell: 0, body: new Uint8Array(0) };
    this.post({ toEntity: entityId, toRoom: 0, toCell: cell, act, grantId });
  }

  /** Applies what waits for a member: one grant, or all. */
  take(member: Member, grantId?: string): void {
    const { playerId } = member.player;
    for (const grant of this.#world.store.waitingFor(playerId)) {
      if (grantId !== undefined && grant.grantId !== grantId) continue;
      this.field.onGrant?.(member, grant);
      this.save(member);
      this.#group.push(() => this.#world.store.taken(playerId, grant.grantId));
      // Nobody takes it again before the group is kept.
      this.commit();
    }
  }

  post(sent: SentAct): void {
    this.#group.push(() => this.#world.post(sent));
  }

  /** What was done since the last time is kept as a whole, or not at all. */
  commit(): void {
    const group = this.#group;
    this.#group = [];
    if (this.isDoomed) return;
    for (const keep of group) keep();
  }

  /** Posts what a room has said to fields; forgets a closed room. */
  collect(room: TestRoom): void {
    for (const { to, ...grant } of room.grants.splice(0)) this.give(to, grant);
    for (const sent of room.acts.splice(0)) this.post(sent);
    if (this.isDoomed) {
      room.results.length = 0;
      room.events.length = 0;
    }
    this.#world.events.push(...room.events.splice(0).map((event) => ({ ...event, room: room.roomId })));
    this.#world.frames.push(...room.frames.splice(0));
    this.#world.refused.push(...room.refused.splice(0));
    this.#world.results.push(...room.results.splice(0));
    if (!room.isOpen) this.rooms.delete(room.roomId);
  }

  checkpoint(out: ByteWriter): void {
    this.entities.checkpoint(out);
    out.u32(this.members.size);
    for (const member of [...this.members.values()].sort((a, b) => a.session - b.session)) {
      out
        .u32(member.session)
        .u32(member.row)
        .u8(member.isSuspended ? 1 : 0);
      out.text(JSON.stringify(member.player));
    }
    out.u32(this.#roomsOpened).u32(this.rooms.size);
    for (const room of this.rooms.values()) {
      out.u32(room.roomId).u32(room.cell).text(room.type.name);
      room.checkpoint(out);
    }
    this.field.checkpoint?.(out);
  }

  restore(from: ByteReader): void {
    this.entities.restore(from);
    for (let left = from.u32(); left > 0; left--) {
      const session = from.u32();
      const row = from.u32();
      const isSuspended = from.u8() === 1;
      const player = JSON.parse(from.text()) as PlayerRow;
      this.members.set(session, { session, entityId: session, row, isSuspended, player, lines: [] });
    }
    this.#roomsOpened = from.u32();
    for (let left = from.u32(); left > 0; left--) {
      const roomId = from.u32();
      const cell = from.u32();
      const room = new TestRoom(this.#world.roomType(from.text()), { roomId, cell, seed: 0 });
      room.restore(from);
      this.rooms.set(roomId, room);
    }
    this.field.restore?.(from);
  }
}

export class TestWorld {
  readonly options: TestWorldOptions;
  readonly grid: Grid;
  readonly shards: TestShard[];
  tick = 0;
  events: {
    readonly to: readonly number[];
    readonly kind: number;
    readonly body: Uint8Array;
    readonly room: number;
  }[] = [];
  frames: TestRoom["frames"] = [];
  refused: TestRoom["refused"] = [];
  results: TestRoom["results"] = [];
  told: { readonly session: number; readonly kind: number; readonly body: Uint8Array }[] = [];
  readonly store = new TestStore();
  /** In force; rooms keep the set they were opened with. */
  tables: TableSet = testTables;
  /** Messages that are lost: none, unless a test is nasty. */
  isLost: (sent: SentAct) => boolean = () => false;
  #inbox: SentAct[] = [];
  #grants = 0;

  constructor(options: TestWorldOptions) {
    this.options = options;
    this.grid = createGrid(options.widthCells, options.heightCells, 24);
    this.shards = Array.from({ length: options.shards }, (_, index) => new TestShard(this, index));
    if (options.isEmpty === true) return;
    for (let cell = 0; cell < this.grid.cellCount; cell++)
      this.shards[this.ownerOf(cell)]!.field.onCellOpen?.(cell);
  }

  newGrantId(): string {
    return (++this.#grants).toString(16).padStart(32, "0");
  }

  /** Shards share the world's columns evenly. */
  ownerOf(cell: number): number {
    return Math.floor(((cell % this.grid.widthCells) * this.options.shards) / this.grid.widthCells);
  }
  roomType(name: string): RoomType {
    return this.options.rooms.find((type) => type.name === name)!;
  }
  post(sent: SentAct): void {
    if (!this.isLost(sent)) this.#inbox.push(sent);
  }
  at(x: number, y: number): TestShard {
    return this.shards[this.ownerOf(cellAt(this.grid, x, y))]!;
  }

  join(session: number, player: PlayerRow, x: number, y: number): void {
    const shard = this.at(x, y);
    const row = shard.entities.add({ id: session, x, y, cell: cellAt(this.grid, x, y), owner: shard.index });
    const member = { session, entityId: session, row, isSuspended: false, player, lines: [] };
    shard.members.set(session, member);
    this.store.open(player);
    shard.field.onJoin?.(member);
    shard.take(member);
    shard.commit();
    this.#showGhosts();
  }

  /** The member, and the shard it is on. */
  find(session: number): { readonly shard: TestShard; readonly member: Member } | undefined {
    for (const shard of this.shards) {
      const member = shard.members.get(session);
      if (member !== undefined) return { shard, member };
    }
    return undefined;
  }

  /** Row of an entity where it is real, and its shard. */
  entity(id: number): { readonly shard: TestShard; readonly row: number } | undefined {
    for (const shard of this.shards) {
      const row = shard.entities.rowOf(id);
      if (row !== NO_ROW && !shard.entities.isGhost(row)) return { shard, row };
    }
    return undefined;
  }

  leave(session: number): void {
    const found = this.find(session);
    if (found === undefined) return;
    found.shard.field.onLeave?.(found.member);
    found.shard.save(found.member);
    found.shard.commit();
    found.shard.members.delete(session);
    found.shard.entities.remove(found.member.row);
    for (const shard of this.shards) for (const room of shard.rooms.values()) room.leave(session);
  }

  setSuspended(session: number, isSuspended: boolean): void {
    const found = this.find(session);
    if (found === undefined) return;
    found.member.isSuspended = isSuspended;
    if (isSuspended) found.shard.field.onDrop?.(found.member);
    else found.shard.field.onReconnect?.(found.member);
    for (const shard of this.shards)
      for (const room of shard.rooms.values()) room.setSuspended(session, isSuspended);
  }

  move(session: number, dx: number, dy: number): void {
    const found = this.find(session);
    found?.shard.field.onMove?.(found.member, dx, dy);
  }

  intent(session: number, kind: number, body: Uint8Array, seq = 1): void {
    const found = this.find(session);
    found?.shard.field.onIntent?.(found.member, { kind, seq, body });
    found?.shard.commit();
  }

  roomIntent(session: number, kind: number, body: Uint8Array, seq = 1): void {
    for (const shard of this.shards) {
      for (const room of shard.rooms.values()) {
        const seat = room.members.get(session);
        if (seat !== undefined) room.room.onIntent?.(seat, { kind, seq, body });
      }
    }
  }

  /**
   * A shard dies: its members and rooms are gone, and it starts anew. Its people do not come back. Its own creatures
   * do, and so those that were out on other shards are taken away there; others' that were here go home.
   */
  restartShard(index: number): void {
    const lost: number[] = [];
    for (const [at, { entities }] of this.shards.entries()) {
      for (const row of [...allRows(entities)]) {
        const id = entities.id[row]!;
        if (!isCreatureId(id)) continue;
        const isHomeLost = this.ownerOf(homeCellOf(id)) === index;
        if (at === index && !isHomeLost && !entities.isGhost(row)) lost.push(id);
        if (at !== index && isHomeLost) entities.remove(row);
      }
    }
    const fresh = new TestShard(this, index);
    this.shards[index] = fresh;
    for (let cell = 0; cell < this.grid.cellCount; cell++) {
      if (this.ownerOf(cell) === index && this.options.isEmpty !== true) fresh.field.onCellOpen?.(cell);
    }
    for (const id of lost)
      this.shards[this.ownerOf(homeCellOf(id))]!.field.onCreatureLost?.(homeCellOf(id), id & 0x7fff);
    this.#showGhosts();
  }

  /**
   * A shard dies and starts anew; its durable rooms go on, and its people are joined again as the store knows them. What
   * it did in its last tick is lost as a whole when it `diesInTick`.
   */
  crashShard(index: number, options: { readonly diesInTick: boolean }): void {
    const shard = this.shards[index]!;
    const rooms = this.#durableRooms([shard]);
    if (options.diesInTick) {
      shard.isDoomed = true;
      this.step();
    }
    const people = [...shard.members.values()].map(({ session, row, player }) => {
      return { session, player, x: shard.entities.x[row]!, y: shard.entities.y[row]! };
    });
    this.restartShard(index);
    this.#restoreRooms(rooms);
    for (const { session, player, x, y } of people) this.join(session, this.store.rowOf(player), x, y);
  }

  /** The rows of all entities, for {@link restartProcess}. */
  entityRows(): Map<number, Uint8Array> {
    const rows = new Map<number, Uint8Array>();
    for (const { entities } of this.shards) {
      for (const row of allRows(entities)) {
        if (entities.isGhost(row)) continue;
        const packed = new ByteWriter(1024);
        entities.packRow(row, packed);
        rows.set(entities.id[row]!, packed.bytes().slice());
      }
    }
    return rows;
  }

  /**
   * Everything is started again: rooms go on, entities are as they were in `rows`, some time ago, people as the store
   * knows them. Whoever has come since is joined; whoever has left since stays away. Messages under way are lost.
   */
  restartProcess(rows: ReadonlyMap<number, Uint8Array>): void {
    const rooms = this.#durableRooms(this.shards);
    const people = this.shards.flatMap((shard) =>
      [...shard.members.values()].map((member) => ({
        member,
        x: shard.entities.x[member.row]!,
        y: shard.entities.y[member.row]!,
      })),
    );
    this.#inbox = [];
    for (let index = 0; index < this.shards.length; index++) this.shards[index] = new TestShard(this, index);
    if (this.options.isEmpty !== true) {
      for (let cell = 0; cell < this.grid.cellCount; cell++)
        this.shards[this.ownerOf(cell)]!.field.onCellOpen?.(cell);
    }
    const returning = new Map(people.map((person) => [person.member.session, person.member]));
    for (const [id, packed] of rows) {
      const member = returning.get(id);
      if (member === undefined && !isCreatureId(id)) continue;
      const { shard, row } = this.#revive(id, packed);
      if (member === undefined) continue;
      const player = this.store.rowOf(member.player);
      const back = { session: id, entityId: id, row, isSuspended: true, player, lines: [] };
      shard.members.set(id, back);
      shard.field.onReturn?.(back);
      shard.take(back);
      shard.commit();
    }
    this.#restoreRooms(rooms);
    for (const { member, x, y } of people) {
      if (!rows.has(member.session)) this.join(member.session, this.store.rowOf(member.player), x, y);
    }
    this.#showGhosts();
  }

  #revive(id: number, packed: Uint8Array): { readonly shard: TestShard; readonly row: number } {
    const probe = new EntityTable({
      capacity: 1,
      cellCount: this.grid.cellCount,
      columns: this.options.field.columns,
    });
    const there = probe.unpackRow(new ByteReader(packed), { cell: 0, owner: 0 });
    const cell = cellAt(this.grid, probe.x[there]!, probe.y[there]!);
    const shard = this.shards[this.ownerOf(cell)]!;
    const fresh = this.entity(id);
    fresh?.shard.entities.remove(fresh.row);
    return { shard, row: shard.entities.unpackRow(new ByteReader(packed), { cell, owner: shard.index }) };
  }

  #durableRooms(shards: readonly TestShard[]): { readonly room: TestRoom; readonly state: Uint8Array }[] {
    return shards.flatMap((shard) =>
      [...shard.rooms.values()]
        .filter(({ type }) => type.isDurable === true)
        .map((room) => {
          const out = new ByteWriter(1 << 14);
          room.checkpoint(out);
          return { room, state: out.bytes().slice() };
        }),
    );
  }

  #restoreRooms(rooms: readonly { readonly room: TestRoom; readonly state: Uint8Array }[]): void {
    for (const { room, state } of rooms) {
      const { type, roomId, cell, tables } = room;
      const again = new TestRoom(type, { roomId, cell, seed: 0, tables });
      again.restore(new ByteReader(state));
      this.shards[this.ownerOf(cell)]!.rooms.set(roomId, again);
    }
  }

  step(ticks = 1): void {
    for (let left = ticks; left > 0; left--) this.#step();
  }

  #step(): void {
    this.tick++;
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const sent of inbox) this.#deliver(sent);
    for (const shard of this.shards) {
      shard.field.onTick();
      shard.commit();
    }
    for (const shard of this.shards) if (!shard.isDoomed) this.#settle(shard);
    for (const shard of this.shards) {
      for (const room of [...shard.rooms.values()]) {
        if (this.tick % 2 === 0) room.step();
        shard.collect(room);
      }
      shard.commit();
    }
    this.#showGhosts();
  }

  #deliver({ toEntity, toRoom, toCell, act, grantId }: SentAct): void {
    if (toRoom !== 0) {
      const shard = this.shards[this.ownerOf(toCell)]!;
      const room = shard.rooms.get(toRoom);
      if (room === undefined) return;
      room.room.onAct?.(act);
      shard.collect(room);
      shard.commit();
      return;
    }
    const found = this.entity(toEntity);
    if (found === undefined) return;
    const { shard, row } = found;
    const member = shard.memberAt(row);
    if (grantId === undefined) shard.field.onAct?.(row, act);
    else if (member !== undefined) shard.take(member, grantId);
    shard.commit();
  }

  #settle(shard: TestShard): void {
    const { entities } = shard;
    for (const row of [...shard.rowsInUse()]) {
      if (entities.isGhost(row)) continue;
      const cell = cellAt(this.grid, entities.x[row]!, entities.y[row]!);
      if (cell === entities.cell[row]) continue;
      const to = this.shards[this.ownerOf(cell)]!;
      if (to === shard) {
        entities.moveToCell(row, cell);
        continue;
      }
      const id = entities.id[row]!;
      const packed = new ByteWriter(1024);
      entities.packRow(row, packed);
      entities.remove(row);
      const ghost = to.entities.rowOf(id);
      if (ghost !== NO_ROW) to.entities.remove(ghost);
      const there = to.entities.unpackRow(new ByteReader(packed.bytes()), { cell, owner: to.index });
      const member = shard.members.get(id);
      if (member === undefined) continue;
      shard.members.delete(id);
      member.row = there;
      to.members.set(id, member);
    }
  }

  #showGhosts(): void {
    for (const shard of this.shards) {
      for (const row of [...shard.rowsInUse()]) if (shard.entities.isGhost(row)) shard.entities.remove(row);
    }
    const real = this.shards.map((shard) => [...shard.rowsInUse()]);
    for (const [index, shard] of this.shards.entries()) {
      for (const other of this.shards) {
        if (other !== shard)
          for (const row of real[index]!) copyGhost(shard.entities, row, other.entities, index);
      }
    }
  }

  checkpoint(): Uint8Array {
    const out = new ByteWriter(1 << 20).u32(this.tick).u32(this.#grants).text(this.store.checkpoint());
    for (const shard of this.shards) shard.checkpoint(out);
    out.u32(this.#inbox.length);
    for (const { toEntity, toRoom, toCell, act, grantId = "" } of this.#inbox) {
      out.u32(toEntity).u32(toRoom).u32(toCell).text(grantId);
      out.u32(act.kind).u32(act.fromEntity).u32(act.fromRoom).u32(act.fromCell).blob(act.body);
    }
    return out.bytes().slice();
  }

  /** The same world out of a checkpoint, on shards that have never run. */
  static restored(options: TestWorldOptions, bytes: Uint8Array): TestWorld {
    const world = new TestWorld({ ...options, isEmpty: true });
    const from = new ByteReader(bytes);
    world.tick = from.u32();
    world.#grants = from.u32();
    world.store.restore(from.text());
    for (const shard of world.shards) shard.restore(from);
    for (let left = from.u32(); left > 0; left--) {
      const place = { toEntity: from.u32(), toRoom: from.u32(), toCell: from.u32() };
      const grantId = from.text();
      const to = grantId === "" ? place : { ...place, grantId };
      const [kind, fromEntity, fromRoom, fromCell] = [from.u32(), from.u32(), from.u32(), from.u32()];
      world.#inbox.push({ ...to, act: { kind, fromEntity, fromRoom, fromCell, body: from.blob() } });
    }
    return world;
  }

  hash(): string {
    return createHash("sha1").update(this.checkpoint()).digest("hex");
  }
}

/** Every row, cell by cell; the one just given may be removed. */
function* allRows(entities: EntityTable): Generator<number> {
  for (let cell = 0; cell < entities.first.length; cell++) {
    for (let row = entities.first[cell]!; row !== NO_ROW; ) {
      const next = entities.next[row]!;
      yield row;
      row = next;
    }
  }
}

function copyGhost(from: EntityTable, row: number, to: EntityTable, owner: number): void {
  const id = from.id[row]!;
  const ghost = to.add({ id, x: from.x[row]!, y: from.y[row]!, cell: from.cell[row]!, owner, isGhost: true });
  to.kind[ghost] = from.kind[row]!;
  to.level[ghost] = from.level[row]!;
  to.state[ghost] = from.state[row]!;
  to.health[ghost] = from.health[row]!;
}
