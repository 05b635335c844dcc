// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

import { FighterInfo } from './fighter-info.js';

export class BattleStarted {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):BattleStarted {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsBattleStarted(bb:flatbuffers.ByteBuffer, obj?:BattleStarted):BattleStarted {
  return (obj || new BattleStarted()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsBattleStarted(bb:flatbuffers.ByteBuffer, obj?:BattleStarted):BattleStarted {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new BattleStarted()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

isAuto():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

tick():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

tickMax():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

tickHz():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readUint8(this.bb_pos + offset) : 0;
}

fighters(index: number, obj?:FighterInfo):FighterInfo|null {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? (obj || new FighterInfo()).__init(this.bb!.__indirect(this.bb!.__vector(this.bb_pos + offset) + index * 4), this.bb!) : null;
}

fightersLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

static startBattleStarted(builder:flatbuffers.Builder) {
  builder.startObject(5);
}

static addIsAuto(builder:flatbuffers.Builder, isAuto:boolean) {
  builder.addFieldInt8(0, +isAuto, +false);
}

static addTick(builder:flatbuffers.Builder, tick:number) {
  builder.addFieldInt32(1, tick, 0);
}

static addTickMax(builder:flatbuffers.Builder, tickMax:number) {
  builder.addFieldInt32(2, tickMax, 0);
}

static addTickHz(builder:flatbuffers.Builder, tickHz:number) {
  builder.addFieldInt8(3, tickHz, 0);
}

static addFighters(builder:flatbuffers.Builder, fightersOffset:flatbuffers.Offset) {
  builder.addFieldOffset(4, fightersOffset, 0);
}

static createFightersVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startFightersVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static endBattleStarted(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 12) // fighters
  return offset;
}

static createBattleStarted(builder:flatbuffers.Builder, isAuto:boolean, tick:number, tickMax:number, tickHz:number, fightersOffset:flatbuffers.Offset):flatbuffers.Offset {
  BattleStarted.startBattleStarted(builder);
  BattleStarted.addIsAuto(builder, isAuto);
  BattleStarted.addTick(builder, tick);
  BattleStarted.addTickMax(builder, tickMax);
  BattleStarted.addTickHz(builder, tickHz);
  BattleStarted.addFighters(builder, fightersOffset);
  return BattleStarted.endBattleStarted(builder);
}
}
