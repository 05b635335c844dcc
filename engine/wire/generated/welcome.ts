// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class Welcome {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Welcome {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsWelcome(bb:flatbuffers.ByteBuffer, obj?:Welcome):Welcome {
  return (obj || new Welcome()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsWelcome(bb:flatbuffers.ByteBuffer, obj?:Welcome):Welcome {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Welcome()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

protocol():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

session():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

entity():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

playerId():string
playerId(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
playerId(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

name():string
name(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
name(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

resumeToken():string
resumeToken(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
resumeToken(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

recovered():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

eventsAcked():number {
  const offset = this.bb!.__offset(this.bb_pos, 18);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

intentsApplied():number {
  const offset = this.bb!.__offset(this.bb_pos, 20);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

tick():number {
  const offset = this.bb!.__offset(this.bb_pos, 22);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

tickPeriodMs():number {
  const offset = this.bb!.__offset(this.bb_pos, 24);
  return offset ? this.bb!.readFloat32(this.bb_pos + offset) : 0.0;
}

worldWidthCells():number {
  const offset = this.bb!.__offset(this.bb_pos, 26);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

worldHeightCells():number {
  const offset = this.bb!.__offset(this.bb_pos, 28);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

cellSizeMeters():number {
  const offset = this.bb!.__offset(this.bb_pos, 30);
  return offset ? this.bb!.readFloat32(this.bb_pos + offset) : 0.0;
}

sessionGraceMs():number {
  const offset = this.bb!.__offset(this.bb_pos, 32);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

shardCount():number {
  const offset = this.bb!.__offset(this.bb_pos, 34);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

owners(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 36);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

ownersLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 36);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

ownersArray():Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 36);
  return offset ? new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset)) : null;
}

fieldType():string
fieldType(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
fieldType(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 38);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

serverVersion():string
serverVersion(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
serverVersion(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 40);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

static startWelcome(builder:flatbuffers.Builder) {
  builder.startObject(19);
}

static addProtocol(builder:flatbuffers.Builder, protocol:number) {
  builder.addFieldInt16(0, protocol, 0);
}

static addSession(builder:flatbuffers.Builder, session:number) {
  builder.addFieldInt32(1, session, 0);
}

static addEntity(builder:flatbuffers.Builder, entity:number) {
  builder.addFieldInt32(2, entity, 0);
}

static addPlayerId(builder:flatbuffers.Builder, playerIdOffset:flatbuffers.Offset) {
  builder.addFieldOffset(3, playerIdOffset, 0);
}

static addName(builder:flatbuffers.Builder, nameOffset:flatbuffers.Offset) {
  builder.addFieldOffset(4, nameOffset, 0);
}

static addResumeToken(builder:flatbuffers.Builder, resumeTokenOffset:flatbuffers.Offset) {
  builder.addFieldOffset(5, resumeTokenOffset, 0);
}

static addRecovered(builder:flatbuffers.Builder, recovered:boolean) {
  builder.addFieldInt8(6, +recovered, +false);
}

static addEventsAcked(builder:flatbuffers.Builder, eventsAcked:number) {
  builder.addFieldInt32(7, eventsAcked, 0);
}

static addIntentsApplied(builder:flatbuffers.Builder, intentsApplied:number) {
  builder.addFieldInt32(8, intentsApplied, 0);
}

static addTick(builder:flatbuffers.Builder, tick:number) {
  builder.addFieldInt32(9, tick, 0);
}

static addTickPeriodMs(builder:flatbuffers.Builder, tickPeriodMs:number) {
  builder.addFieldFloat32(10, tickPeriodMs, 0.0);
}

static addWorldWidthCells(builder:flatbuffers.Builder, worldWidthCells:number) {
  builder.addFieldInt16(11, worldWidthCells, 0);
}

static addWorldHeightCells(builder:flatbuffers.Builder, worldHeightCells:number) {
  builder.addFieldInt16(12, worldHeightCells, 0);
}

static addCellSizeMeters(builder:flatbuffers.Builder, cellSizeMeters:number) {
  builder.addFieldFloat32(13, cellSizeMeters, 0.0);
}

static addSessionGraceMs(builder:flatbuffers.Builder, sessionGraceMs:number) {
  builder.addFieldInt32(14, sessionGraceMs, 0);
}

static addShardCount(builder:flatbuffers.Builder, shardCount:number) {
  builder.addFieldInt16(15, shardCount, 0);
}

static addOwners(builder:flatbuffers.Builder, ownersOffset:flatbuffers.Offset) {
  builder.addFieldOffset(16, ownersOffset, 0);
}

static createOwnersVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startOwnersVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static addFieldType(builder:flatbuffers.Builder, fieldTypeOffset:flatbuffers.Offset) {
  builder.addFieldOffset(17, fieldTypeOffset, 0);
}

static addServerVersion(builder:flatbuffers.Builder, serverVersionOffset:flatbuffers.Offset) {
  builder.addFieldOffset(18, serverVersionOffset, 0);
}

static endWelcome(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 10) // player_id
  builder.requiredField(offset, 12) // name
  builder.requiredField(offset, 14) // resume_token
  builder.requiredField(offset, 38) // field_type
  builder.requiredField(offset, 40) // server_version
  return offset;
}

static finishWelcomeBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset);
}

static finishSizePrefixedWelcomeBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset, undefined, true);
}

static createWelcome(builder:flatbuffers.Builder, protocol:number, session:number, entity:number, playerIdOffset:flatbuffers.Offset, nameOffset:flatbuffers.Offset, resumeTokenOffset:flatbuffers.Offset, recovered:boolean, eventsAcked:number, intentsApplied:number, tick:number, tickPeriodMs:number, worldWidthCells:number, worldHeightCells:number, cellSizeMeters:number, sessionGraceMs:number, shardCount:number, ownersOffset:flatbuffers.Offset, fieldTypeOffset:flatbuffers.Offset, serverVersionOffset:flatbuffers.Offset):flatbuffers.Offset {
  Welcome.startWelcome(builder);
  Welcome.addProtocol(builder, protocol);
  Welcome.addSession(builder, session);
  Welcome.addEntity(builder, entity);
  Welcome.addPlayerId(builder, playerIdOffset);
  Welcome.addName(builder, nameOffset);
  Welcome.addResumeToken(builder, resumeTokenOffset);
  Welcome.addRecovered(builder, recovered);
  Welcome.addEventsAcked(builder, eventsAcked);
  Welcome.addIntentsApplied(builder, intentsApplied);
  Welcome.addTick(builder, tick);
  Welcome.addTickPeriodMs(builder, tickPeriodMs);
  Welcome.addWorldWidthCells(builder, worldWidthCells);
  Welcome.addWorldHeightCells(builder, worldHeightCells);
  Welcome.addCellSizeMeters(builder, cellSizeMeters);
  Welcome.addSessionGraceMs(builder, sessionGraceMs);
  Welcome.addShardCount(builder, shardCount);
  Welcome.addOwners(builder, ownersOffset);
  Welcome.addFieldType(builder, fieldTypeOffset);
  Welcome.addServerVersion(builder, serverVersionOffset);
  return Welcome.endWelcome(builder);
}
}
