// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class FighterInfo {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):FighterInfo {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsFighterInfo(bb:flatbuffers.ByteBuffer, obj?:FighterInfo):FighterInfo {
  return (obj || new FighterInfo()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsFighterInfo(bb:flatbuffers.ByteBuffer, obj?:FighterInfo):FighterInfo {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new FighterInfo()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

index():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint8(this.bb_pos + offset) : 0;
}

entity():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

name():string
name(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
name(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

side():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readUint8(this.bb_pos + offset) : 0;
}

species():number {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readUint8(this.bb_pos + offset) : 0;
}

look():number {
  const offset = this.bb!.__offset(this.bb_pos, 14);
  return offset ? this.bb!.readUint8(this.bb_pos + offset) : 0;
}

level():number {
  const offset = this.bb!.__offset(this.bb_pos, 16);
  return offset ? this.bb!.readUint8(this.bb_pos + offset) : 0;
}

health():number {
  const offset = this.bb!.__offset(this.bb_pos, 18);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

healthMax():number {
  const offset = this.bb!.__offset(this.bb_pos, 20);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

skills(index: number):number|null {
  const offset = this.bb!.__offset(this.bb_pos, 22);
  return offset ? this.bb!.readUint8(this.bb!.__vector(this.bb_pos + offset) + index) : 0;
}

skillsLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 22);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

skillsArray():Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 22);
  return new Uint8Array(this.bb!.bytes().buffer, this.bb!.bytes().byteOffset + this.bb!.__vector(this.bb_pos + offset), this.bb!.__vector_len(this.bb_pos + offset));
}

static startFighterInfo(builder:flatbuffers.Builder) {
  builder.startObject(10);
}

static addIndex(builder:flatbuffers.Builder, index:number) {
  builder.addFieldInt8(0, index, 0);
}

static addEntity(builder:flatbuffers.Builder, entity:number) {
  builder.addFieldInt32(1, entity, 0);
}

static addName(builder:flatbuffers.Builder, nameOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, nameOffset, 0);
}

static addSide(builder:flatbuffers.Builder, side:number) {
  builder.addFieldInt8(3, side, 0);
}

static addSpecies(builder:flatbuffers.Builder, species:number) {
  builder.addFieldInt8(4, species, 0);
}

static addLook(builder:flatbuffers.Builder, look:number) {
  builder.addFieldInt8(5, look, 0);
}

static addLevel(builder:flatbuffers.Builder, level:number) {
  builder.addFieldInt8(6, level, 0);
}

static addHealth(builder:flatbuffers.Builder, health:number) {
  builder.addFieldInt16(7, health, 0);
}

static addHealthMax(builder:flatbuffers.Builder, healthMax:number) {
  builder.addFieldInt16(8, healthMax, 0);
}

static addSkills(builder:flatbuffers.Builder, skillsOffset:flatbuffers.Offset) {
  builder.addFieldOffset(9, skillsOffset, 0);
}

static createSkillsVector(builder:flatbuffers.Builder, data:number[]|Uint8Array):flatbuffers.Offset {
  builder.startVector(1, data.length, 1);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addInt8(data[i]!);
  }
  return builder.endVector();
}

static startSkillsVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(1, numElems, 1);
}

static endFighterInfo(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 8) // name
  builder.requiredField(offset, 22) // skills
  return offset;
}

static createFighterInfo(builder:flatbuffers.Builder, index:number, entity:number, nameOffset:flatbuffers.Offset, side:number, species:number, look:number, level:number, health:number, healthMax:number, skillsOffset:flatbuffers.Offset):flatbuffers.Offset {
  FighterInfo.startFighterInfo(builder);
  FighterInfo.addIndex(builder, index);
  FighterInfo.addEntity(builder, entity);
  FighterInfo.addName(builder, nameOffset);
  FighterInfo.addSide(builder, side);
  FighterInfo.addSpecies(builder, species);
  FighterInfo.addLook(builder, look);
  FighterInfo.addLevel(builder, level);
  FighterInfo.addHealth(builder, health);
  FighterInfo.addHealthMax(builder, healthMax);
  FighterInfo.addSkills(builder, skillsOffset);
  return FighterInfo.endFighterInfo(builder);
}
}
