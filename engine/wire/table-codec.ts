/** Messages and engine events that are FlatBuffers tables: encoded by the server, verified and decoded by clients. */
import { Builder, ByteBuffer } from "flatbuffers";
import { Item } from "./generated/item.js";
import { Notice } from "./generated/notice.js";
import { PlayerChanged } from "./generated/player-changed.js";
import { Profiles } from "./generated/profiles.js";
import { Refused } from "./generated/refused.js";
import { Relocated } from "./generated/relocated.js";
import { RoomJoined } from "./generated/room-joined.js";
import { RoomLeft } from "./generated/room-left.js";
import {
  NoticeSchema,
  PlayerChangedSchema,
  ProfilesSchema,
  RefusedSchema,
  RelocatedSchema,
  RoomJoinedSchema,
  RoomLeftSchema,
  WelcomeSchema,
} from "./generated/session-schema.js";
import { Welcome } from "./generated/welcome.js";
import { messageTypes, TABLE_HEAD_BYTES } from "./message-types.js";
import type { ProfileFields, ProfilesFields } from "./profile-codec.js";
import type { TableSchema } from "./schema.js";
import { compileVerifier, type Verifier, type VerifierLimits } from "./verifier.js";
import { expectAtLeast, WireError } from "./wire-error.js";

/** What a client takes from a server: more than a server takes from a client. */
export const serverMessageLimits: VerifierLimits = { depthMax: 16, tablesMax: 65_536, readFactorMax: 4 };

/** Encoding is synchronous and copies the result out, so one builder serves a thread. */
const builder = new Builder(1024);

/** The finished table behind `headBytes` zeros, in memory of its own. */
function finish(root: number, headBytes: number): Uint8Array<ArrayBuffer> {
  builder.finish(root);
  const body = builder.asUint8Array();
  const out = new Uint8Array(headBytes + body.length);
  out.set(body, headBytes);
  return out;
}

function finishMessage(type: number, root: number): Uint8Array<ArrayBuffer> {
  const out = finish(root, TABLE_HEAD_BYTES);
  out[0] = type;
  return out;
}

/** A table that has passed the verifier, for the generated accessors. */
class VerifiedTable {
  readonly #type: number;
  readonly #name: string;
  readonly #verify: Verifier;

  constructor(type: number, schema: TableSchema) {
    this.#type = type;
    this.#name = schema.name;
    this.#verify = compileVerifier(schema, serverMessageLimits);
  }

  /** The table of a message, behind its head. */
  openMessage(message: Uint8Array): ByteBuffer {
    expectAtLeast(message, this.#type, TABLE_HEAD_BYTES);
    return this.open(message.subarray(TABLE_HEAD_BYTES));
  }

  /** The table alone. */
  open(body: Uint8Array): ByteBuffer {
    const verdict = this.#verify(body, 0, body.length);
    if (verdict !== 0) throw new WireError(this.#type, `${this.#name} failed verification with ${verdict}`);
    return new ByteBuffer(body);
  }
}

export interface WelcomeFields {
  readonly protocol: number;
  readonly session: number;
  readonly entity: number;
  /** 32 lower-case hex digits. */
  readonly playerId: string;
  readonly name: string;
  readonly resumeToken: string;
  readonly recovered: boolean;
  readonly eventsAcked: number;
  readonly intentsApplied: number;
  readonly tick: number;
  readonly tickPeriodMs: number;
  readonly worldWidthCells: number;
  readonly worldHeightCells: number;
  readonly cellSizeMeters: number;
  readonly sessionGraceMs: number;
  readonly shardCount: number;
  /** Shard of every cell, row by row; may be empty. */
  readonly owners: Uint8Array;
  readonly fieldType: string;
  readonly serverVersion: string;
}

export function encodeWelcome(fields: WelcomeFields): Uint8Array<ArrayBuffer> {
  builder.clear();
  const playerId = builder.createString(fields.playerId);
  const name = builder.createString(fields.name);
  const resumeToken = builder.createString(fields.resumeToken);
  const owners = Welcome.createOwnersVector(builder, fields.owners);
  const fieldType = builder.createString(fields.fieldType);
  const serverVersion = builder.createString(fields.serverVersion);
  Welcome.startWelcome(builder);
  Welcome.addProtocol(builder, fields.protocol);
  Welcome.addSession(builder, fields.session);
  Welcome.addEntity(builder, fields.entity);
  Welcome.addPlayerId(builder, playerId);
  Welcome.addName(builder, name);
  Welcome.addResumeToken(builder, resumeToken);
  Welcome.addRecovered(builder, fields.recovered);
  Welcome.addEventsAcked(builder, fields.eventsAcked);
  Welcome.addIntentsApplied(builder, fields.intentsApplied);
  Welcome.addTick(builder, fields.tick);
  Welcome.addTickPeriodMs(builder, fields.tickPeriodMs);
  Welcome.addWorldWidthCells(builder, fields.worldWidthCells);
  Welcome.addWorldHeightCells(builder, fields.worldHeightCells);
  Welcome.addCellSizeMeters(builder, fields.cellSizeMeters);
  Welcome.addSessionGraceMs(builder, fields.sessionGraceMs);
  Welcome.addShardCount(builder, fields.shardCount);
  Welcome.addOwners(builder, owners);
  Welcome.addFieldType(builder, fieldType);
  Welcome.addServerVersion(builder, serverVersion);
  return finishMessage(messageTypes.welcome, Welcome.endWelcome(builder));
}

const verifiedWelcome = new VerifiedTable(messageTypes.welcome, WelcomeSchema);

export function decodeWelcome(message: Uint8Array): WelcomeFields {
  const table = Welcome.getRootAsWelcome(verifiedWelcome.openMessage(message));
  return {
    protocol: table.protocol(),
    session: table.session(),
    entity: table.entity(),
    playerId: table.playerId(),
    name: table.name(),
    resumeToken: table.resumeToken(),
    recovered: table.recovered(),
    eventsAcked: table.eventsAcked(),
    intentsApplied: table.intentsApplied(),
    tick: table.tick(),
    tickPeriodMs: table.tickPeriodMs(),
    worldWidthCells: table.worldWidthCells(),
    worldHeightCells: table.worldHeightCells(),
    cellSizeMeters: table.cellSizeMeters(),
    sessionGraceMs: table.sessionGraceMs(),
    shardCount: table.shardCount(),
    owners: Uint8Array.from(table.ownersArray() ?? []),
    fieldType: table.fieldType(),
    serverVersion: table.serverVersion(),
  };
}

const verifiedProfiles = new VerifiedTable(messageTypes.profiles, ProfilesSchema);

export function decodeProfiles(message: Uint8Array): ProfilesFields {
  return readProfiles(Profiles.getRootAsProfiles(verifiedProfiles.openMessage(message)));
}

/** The profiles of a table that stands within another message. Throws {@link WireError}. */
export function decodeProfilesTable(table: Uint8Array): readonly ProfileFields[] {
  return readProfiles(Profiles.getRootAsProfiles(verifiedProfiles.open(table))).profiles;
}

function readProfiles(table: Profiles): ProfilesFields {
  const profiles: ProfileFields[] = [];
  for (let index = 0; index < table.profilesLength(); index++) {
    const profile = table.profiles(index)!;
    profiles.push({ id: profile.id(), name: profile.name(), level: profile.level() });
  }
  return { cell: table.cell(), profiles };
}

export interface ItemFields {
  readonly item: number;
  readonly count: number;
}
export interface PlayerChangedFields {
  readonly level: number;
  readonly experience: number;
  readonly gold: number;
  readonly inventory: readonly ItemFields[];
}

export function encodePlayerChangedBody(fields: PlayerChangedFields): Uint8Array<ArrayBuffer> {
  builder.clear();
  const items = fields.inventory.map(({ item, count }) => Item.createItem(builder, item, count));
  const inventory = PlayerChanged.createInventoryVector(builder, items);
  return finish(
    PlayerChanged.createPlayerChanged(builder, fields.level, fields.experience, fields.gold, inventory),
    0,
  );
}

const verifiedPlayerChanged = new VerifiedTable(messageTypes.event, PlayerChangedSchema);

export function decodePlayerChangedBody(body: Uint8Array): PlayerChangedFields {
  const table = PlayerChanged.getRootAsPlayerChanged(verifiedPlayerChanged.open(body));
  const inventory: ItemFields[] = [];
  for (let index = 0; index < table.inventoryLength(); index++) {
    const item = table.inventory(index)!;
    inventory.push({ item: item.item(), count: item.count() });
  }
  return { level: table.level(), experience: table.experience(), gold: table.gold(), inventory };
}

export interface RoomJoinedFields {
  readonly room: number;
  readonly roomType: string;
  readonly cell: number;
}

export function encodeRoomJoinedBody(fields: RoomJoinedFields): Uint8Array<ArrayBuffer> {
  builder.clear();
  const roomType = builder.createString(fields.roomType);
  return finish(RoomJoined.createRoomJoined(builder, fields.room, roomType, fields.cell), 0);
}

const verifiedRoomJoined = new VerifiedTable(messageTypes.event, RoomJoinedSchema);

export function decodeRoomJoinedBody(body: Uint8Array): RoomJoinedFields {
  const table = RoomJoined.getRootAsRoomJoined(verifiedRoomJoined.open(body));
  return { room: table.room(), roomType: table.roomType(), cell: table.cell() };
}

export interface RoomLeftFields {
  readonly room: number;
  /** 0, or a refusal code that says why. */
  readonly code: number;
  readonly reason: string;
}

export function encodeRoomLeftBody(fields: RoomLeftFields): Uint8Array<ArrayBuffer> {
  builder.clear();
  const reason = builder.createString(fields.reason);
  return finish(RoomLeft.createRoomLeft(builder, fields.room, fields.code, reason), 0);
}

const verifiedRoomLeft = new VerifiedTable(messageTypes.event, RoomLeftSchema);

export function decodeRoomLeftBody(body: Uint8Array): RoomLeftFields {
  const table = RoomLeft.getRootAsRoomLeft(verifiedRoomLeft.open(body));
  return { room: table.room(), code: table.code(), reason: table.reason() ?? "" };
}

export interface RefusedFields {
  readonly intentSeq: number;
  /** From the catalogue of refusals, or 1000 and up: the game's own. */
  readonly code: number;
  readonly reason: string;
}

export function encodeRefusedBody(fields: RefusedFields): Uint8Array<ArrayBuffer> {
  builder.clear();
  const reason = builder.createString(fields.reason);
  return finish(Refused.createRefused(builder, fields.intentSeq, fields.code, reason), 0);
}

const verifiedRefused = new VerifiedTable(messageTypes.event, RefusedSchema);

export function decodeRefusedBody(body: Uint8Array): RefusedFields {
  const table = Refused.getRootAsRefused(verifiedRefused.open(body));
  return { intentSeq: table.intentSeq(), code: table.code(), reason: table.reason() ?? "" };
}

export interface RelocatedFields {
  /** Meters in the world. */
  readonly x: number;
  readonly y: number;
  readonly reason: string;
}

export function encodeRelocatedBody(fields: RelocatedFields): Uint8Array<ArrayBuffer> {
  builder.clear();
  const reason = builder.createString(fields.reason);
  return finish(Relocated.createRelocated(builder, fields.x, fields.y, reason), 0);
}

const verifiedRelocated = new VerifiedTable(messageTypes.event, RelocatedSchema);

export function decodeRelocatedBody(body: Uint8Array): RelocatedFields {
  const table = Relocated.getRootAsRelocated(verifiedRelocated.open(body));
  return { x: table.x(), y: table.y(), reason: table.reason() ?? "" };
}

export interface NoticeFields {
  readonly code: number;
  readonly text: string;
  /** How long until it happens. */
  readonly seconds: number;
}

export function encodeNoticeBody(fields: NoticeFields): Uint8Array<ArrayBuffer> {
  builder.clear();
  const text = builder.createString(fields.text);
  return finish(Notice.createNotice(builder, fields.code, text, fields.seconds), 0);
}

const verifiedNotice = new VerifiedTable(messageTypes.event, NoticeSchema);

export function decodeNoticeBody(body: Uint8Array): NoticeFields {
  const table = Notice.getRootAsNotice(verifiedNotice.open(body));
  return { code: table.code(), text: table.text(), seconds: table.seconds() };
}
