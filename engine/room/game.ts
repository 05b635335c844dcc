/**
 * The public API of a game: what field types and room types implement, and what they are given.
 *
 * Fields and rooms are deterministic state machines. Time, chance and everything from outside come in through
 * the context or as a hook's arguments; a game that reads a clock, rolls its own dice or keeps state in a module
 * breaks recovery, replay and the property tests. Use only + − × ÷ √ on numbers: sine, power and their kin differ
 * between engine versions.
 */
import type { ByteReader, ByteWriter } from "../lane/bytes.js";
import type { BattleFighterRow, BattleResultRow, ItemStack, PlayerRow } from "../player.js";
import type { Grid } from "../space/grid.js";
import type { TableSchema } from "../wire/schema.js";
import type { EntityTable } from "./entity-table.js";

export { ByteReader, ByteWriter } from "../lane/bytes.js";
export { hash32, hashUnit, Prng } from "../prng.js";
export { cellAt, cellsAround, columnOf, createGrid, type Grid, rowOf } from "../space/grid.js";
export { refusals } from "../wire/codes.js";
export type { TableSchema } from "../wire/schema.js";
export { EntityTable, NO_ROW } from "./entity-table.js";
export type { BattleFighterRow, BattleResultRow, ItemStack, PlayerRow };

/** A game: the default export of a module named in the config. */
export interface Game {
  readonly fields: readonly FieldType[];
  readonly rooms: readonly RoomType[];
  /** Static data that fields and rooms read: skills, creatures, items. */
  readonly tables?: readonly TableSpec[];
  /**
   * What holds between tables, such as that every skill a species names exists. Throws as {@link TableSpec.parse} does;
   * the tables are then refused together.
   */
  checkTables?(tables: TableRows): void;
}

/** Tables that belong together. */
export interface TableRows {
  rows<Row>(spec: TableSpec<Row>): readonly Row[];
}

/** One table of static game data: a JSON file, read at the start and again, alone, whenever it has changed. */
export interface TableSpec<Row = unknown> {
  /** Lower-case letters, digits and dashes; the file is `<name>.json`. */
  readonly name: string;
  /** The file shipped with the game, as a URL; an operator's file of the same name takes precedence. */
  readonly file: URL;
  /** Checks everything. Throws an Error that names row, column, what it got and what it wants. */
  parse(json: unknown): readonly Row[];
}

/** One kind of reliable intent a field or room understands. Unknown kinds never reach the game. */
export interface IntentSpec {
  /** 1..65535, unique within the field or room type. */
  readonly kind: number;
  readonly name: string;
  /** Shape of the body, from the generated code; `null` when there is none and the message must end at its header. */
  readonly schema: TableSchema | null;
  /** Token bucket per session: sustained rate and burst. */
  readonly perSecond: number;
  readonly burst: number;
  /**
   * Of a field: what it does is to be kept safe, so it is refused by name while that is not possible. Every intent of a
   * durable room is.
   */
  readonly isDurable?: boolean;
}

/** Something for a player that neither a crash nor an absence may lose or double: a reward, a gift, a traded thing. */
export interface Grant {
  /** 32 hex digits, unique for ever. */
  readonly grantId: string;
  /** The game's own number. */
  readonly kind: number;
  /** Room it is from, or 0. */
  readonly fromRoom: number;
  /** The hook's for the call only. */
  readonly body: Uint8Array;
}

/** Whom a grant is for: by who they are, and where they may be found at once. */
export interface GrantReceiver {
  readonly playerId: string;
  readonly entityId: number;
  /** Cell the entity was last seen in. */
  readonly cell: number;
}

/** A change of what a player owns: one line of the ledger. */
export interface LedgerChange {
  /** The game's word for why, at most 32 characters. */
  readonly reason: string;
  /** Gained, or lost when negative; default 0. */
  readonly gold?: number;
  /** Kind of item; default 0: only gold moved. */
  readonly item?: number;
  /** Items gained, or lost when negative; default 0. */
  readonly count?: number;
}

/** A verified intent. `body` holds the FlatBuffers table (empty when the spec has no schema) and is the hook's for the call only. */
export interface Intent {
  readonly kind: number;
  /** The sender's number, to name in a refusal. */
  readonly seq: number;
  readonly body: Uint8Array;
}

/** A message from one entity or room to another, on any shard. Delivered at the start of a later tick, in order per sender. */
export interface Act {
  /** The game's own number. */
  readonly kind: number;
  /** Entity that sent it, or 0. */
  readonly fromEntity: number;
  /** Room that sent it, or 0. */
  readonly fromRoom: number;
  /** Cell to answer to. */
  readonly fromCell: number;
  /** The hook's for the call only. */
  readonly body: Uint8Array;
}

/** A player in the field. The engine moves it from shard to shard together with its entity. */
export interface FieldMember {
  readonly session: number;
  /** The entity's id; also the key of {@link FieldContext.act}. */
  readonly entityId: number;
  /** Row in the entity table, as long as the member is on this shard. */
  readonly row: number;
  /** Change it freely, then call {@link FieldContext.save}. */
  readonly player: PlayerRow;
  /** True while the socket is gone and the grace time runs. */
  readonly isSuspended: boolean;
}

/** One type of extra entity column. They are checkpointed and handed off with the entity. */
export type ColumnKind = "u8" | "u16" | "u32" | "i32" | "f64";

export interface FieldType {
  readonly name: string;
  readonly intents: readonly IntentSpec[];
  /** Extra columns of the entity table, zero for a new entity. */
  readonly columns: Readonly<Record<string, ColumnKind>>;
  /** Where a player stands who has never been placed. Pure. `seed` differs from player to player. */
  spawn(grid: Grid, seed: number): { readonly x: number; readonly y: number };
  create(context: FieldContext): Field;
}

/** The part of a world that one shard owns. All hooks are optional but `onTick`. */
export interface Field {
  /** This shard begins to own a cell nobody simulated before: put creatures in. */
  onCellOpen?(cell: number): void;
  /** A creature of an own cell was lost with another shard: put it back at home. Only called for what this shard does not have. */
  onCreatureLost?(homeCell: number, index: number): void;
  /** The member's entity has just been added at the place the store knows. */
  onJoin?(member: FieldMember): void;
  /**
   * The server was started again and the member's entity is back as of its last checkpoint, some seconds old: place,
   * columns and all. Called instead of onJoin.
   */
  onReturn?(member: FieldMember): void;
  /**
   * Something granted to the member: change `member.player` and book it. Called once per grant, however often the
   * server dies; the engine saves the player afterwards.
   */
  onGrant?(member: FieldMember, grant: Grant): void;
  /** The socket is gone; the member stays for the grace time. */
  onDrop?(member: FieldMember): void;
  onReconnect?(member: FieldMember): void;
  /** Called before the entity is removed. The engine saves the player afterwards. */
  onLeave?(member: FieldMember): void;
  /** Direction in −127..127 per axis, already clamped; 0,0 stops. */
  onMove?(member: FieldMember, dx: number, dy: number): void;
  onIntent?(member: FieldMember, intent: Intent): void;
  /** A message for the entity in `row`, which this shard owns. */
  onAct?(row: number, act: Act): void;
  /** One step of `tickPeriodMs`. Only cells awake need work: iterate `context.awakeCells`. */
  onTick(): void;
  onDispose?(): void;
  /** What the field keeps beside the entity table. Nothing, ideally. */
  checkpoint?(out: ByteWriter): void;
  restore?(from: ByteReader): void;
}

export interface FieldContext {
  readonly grid: Grid;
  /** Seed of the world: the same on every shard and after every restart. */
  readonly seed: number;
  readonly tickPeriodMs: number;
  /** Number of the step being made. */
  readonly tick: number;
  /** The rows of a table as they are now: ask at each use, an operator may have changed them. */
  table<Row>(spec: TableSpec<Row>): readonly Row[];
  readonly entities: EntityTable;
  /** Cells somebody can see, in ascending order; the first `awakeCount` entries. A cell asleep is not to be touched. */
  readonly awakeCells: Int32Array;
  readonly awakeCount: number;
  /** Whether this shard owns the cell. */
  owns(cell: number): boolean;
  /** Chance in [0, 1), a pure function of seed, tick, `id` and `salt`: the same on any shard. */
  chance(id: number, salt: number): number;
  /**
   * Adds a creature at a point of a cell this shard owns and returns its row.
   * `index` is unique within its home cell (0..32767): id = creatureId(homeCell, index).
   */
  addCreature(homeCell: number, index: number, x: number, y: number): number;
  /** Removes a creature. A player's entity is removed by leaving. */
  removeCreature(row: number): void;
  /** Rows within `radius` meters of a point, ghosts included, in ascending id order; returns how many were written. */
  near(x: number, y: number, radius: number, out: Int32Array): number;
  /** The member in a row, or undefined for creatures and ghosts. */
  memberAt(row: number): FieldMember | undefined;
  /** Reliable event to one member. `body` is copied. */
  tell(member: FieldMember, kind: number, body: Uint8Array): void;
  /** Refuses one intent by a code of the catalogue (`refusals`) or the game's own (1000 and up). */
  refuse(member: FieldMember, intentSeq: number, code: number, reason?: string): void;
  /** Sends a message to an entity, wherever it is by now. `cell` is where it was last seen. `body` is copied. */
  act(fromRow: number, entityId: number, cell: number, kind: number, body: Uint8Array): void;
  /** Sends a message to a room; unknown rooms ignore it. */
  actRoom(fromRow: number, roomId: number, cell: number, kind: number, body: Uint8Array): void;
  /** Opens a room in a cell this shard owns; returns its id, or 0 when there can be no more. `options` is copied. */
  openRoom(type: string, cell: number, options: Uint8Array): number;
  /** Makes a session a member of a room of this shard; the session may be on any shard. Returns 0 or a refusal code. */
  joinRoom(roomId: number, session: number, player: RoomPlayer): number;
  /** Hands the member's row to the store and tells the client its new state. */
  save(member: FieldMember): void;
  /** Writes a line of the ledger for a change of what the member owns. It is kept with the row of the next save, or not at all. */
  book(member: FieldMember, change: LedgerChange): void;
  /**
   * Gives something to a player, who may be anywhere, or away. It is kept together with the giver's row, so what the
   * giver loses and what the receiver gains happen both or neither. `body` is copied. Save the giver in the same hook.
   */
  grant(from: FieldMember, to: GrantReceiver, kind: number, body: Uint8Array): void;
}

/** Id of a creature: high bit, home cell, index within it. People have the high bit clear. */
export function creatureId(homeCell: number, index: number): number {
  return (0x8000_0000 | (homeCell << 15) | index) >>> 0;
}
/** Whether an entity id is a creature's. */
export function isCreatureId(id: number): boolean {
  return id >= 0x8000_0000;
}
/** Home cell of a creature's id. */
export function homeCellOf(id: number): number {
  return (id >>> 15) & 0xffff;
}

/** What a room knows of a player who joins: a copy, as of joining. */
export interface RoomPlayer {
  readonly playerId: string;
  readonly name: string;
  readonly level: number;
  readonly entityId: number;
  /** Cell of the entity when it joined: where to send acts. */
  readonly cell: number;
}

export interface RoomMember {
  readonly session: number;
  readonly player: RoomPlayer;
  readonly isSuspended: boolean;
}

export interface RoomType {
  readonly name: string;
  /** Ticks a second; 0 for a room that only reacts to intents, acts and timers. A divisor of the world's tick rate is exact, others are rounded. */
  readonly tickHz: number;
  readonly membersMax: number;
  readonly intents: readonly IntentSpec[];
  /**
   * The room survives the death of its thread and of the process: its inputs and checkpoints are kept on disk, it goes
   * on where it was, and everybody in it sees each of its events once, in order. It must implement checkpoint and
   * restore, and stay below `limits.roomCheckpointBytesMax`. Default false: it ends with its thread.
   */
  readonly isDurable?: boolean;
  /**
   * Of a durable room: raise it whenever older checkpoints or inputs mean something else to its code. Rooms of another
   * version are then set aside at a start, not fed to code that does not know them. Default: none.
   */
  readonly stateVersion?: number;
  /** What becomes of a member whose socket is gone: `stay` for the session's grace time, or `leave` at once. */
  readonly onSocketLost: "stay" | "leave";
  create(context: RoomContext): Room;
}

/** One bounded simulation. All hooks are optional. A hook that throws stops this room alone. */
export interface Room {
  onCreate?(options: Uint8Array): void;
  onJoin?(member: RoomMember): void;
  onDrop?(member: RoomMember): void;
  onReconnect?(member: RoomMember): void;
  onLeave?(member: RoomMember): void;
  onIntent?(member: RoomMember, intent: Intent): void;
  onAct?(act: Act): void;
  onTick?(): void;
  /** A timer set with {@link RoomContext.setTimer} is due. */
  onTimer?(id: number): void;
  onDispose?(): void;
  checkpoint?(out: ByteWriter): void;
  restore?(from: ByteReader): void;
}

export interface RoomContext {
  readonly roomId: number;
  readonly cell: number;
  /** Room ticks made so far; during onTick, the number of this one, from 1. */
  readonly tick: number;
  readonly tickPeriodMs: number;
  /** Wall clock of the tick being made, for rows people read. A room's state must not depend on it. */
  readonly wallMs: number;
  /** The rows of a table as they were when the room was opened: a room ends by the rules it began with. */
  table<Row>(spec: TableSpec<Row>): readonly Row[];
  readonly members: ReadonlyMap<number, RoomMember>;
  /** The room's own dice: seeded by the room's id, checkpointed by the engine. */
  chance(): number;
  /** Integer in [0, count). */
  chanceBelow(count: number): number;
  /** A fresh id for a row: 32 hex digits, from the room's dice and id. */
  newRowId(): string;
  tell(member: RoomMember, kind: number, body: Uint8Array): void;
  tellAll(kind: number, body: Uint8Array): void;
  /** Latest-wins state to all members; may be skipped for a slow one. */
  broadcast(kind: number, body: Uint8Array): void;
  refuse(member: RoomMember, intentSeq: number, code: number, reason?: string): void;
  act(entityId: number, cell: number, kind: number, body: Uint8Array): void;
  /** Calls onTimer(id) after `ticks` world ticks (at least 1), also in a room that does not tick. One timer per id (0..15). */
  setTimer(id: number, ticks: number): void;
  clearTimer(id: number): void;
  appendResult(result: BattleResultRow): void;
  /** Gives something to a player, exactly once. For durable rooms only. `body` is copied. */
  grant(to: GrantReceiver, kind: number, body: Uint8Array): void;
  /** Puts a member out; onLeave is called. */
  remove(member: RoomMember): void;
  /** Whether the room ticks: a room with nothing to do for now turns this off and costs nothing until it turns it on. Starts true. */
  setActive(isActive: boolean): void;
  /** Closes the room after this hook: members are told, onDispose is called. */
  close(): void;
}
