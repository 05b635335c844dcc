// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

import { ItemGain } from './item-gain.js';

export class BattleOver {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):BattleOver {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsBattleOver(bb:flatbuffers.ByteBuffer, obj?:BattleOver):BattleOver {
  return (obj || new BattleOver()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsBattleOver(bb:flatbuffers.ByteBuffer, obj?:BattleOver):BattleOver {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new BattleOver()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

winningSide():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readInt8(this.bb_pos + offset) : 0;
}

ticks():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

experience():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

gold():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

items(index: number, obj?:ItemGain):ItemGain|null {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? (obj || new ItemGain()).__init(this.bb!.__vector(this.bb_pos + offset) + index * 4, this.bb!) : null;
}

itemsLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

static startBattleOver(builder:flatbuffers.Builder) {
  builder.startObject(5);
}

static addWinningSide(builder:flatbuffers.Builder, winningSide:number) {
  builder.addFieldInt8(0, winningSide, 0);
}

static addTicks(builder:flatbuffers.Builder, ticks:number) {
  builder.addFieldInt32(1, ticks, 0);
}

static addExperience(builder:flatbuffers.Builder, experience:number) {
  builder.addFieldInt32(2, experience, 0);
}

static addGold(builder:flatbuffers.Builder, gold:number) {
  builder.addFieldInt32(3, gold, 0);
}

static addItems(builder:flatbuffers.Builder, itemsOffset:flatbuffers.Offset) {
  builder.addFieldOffset(4, itemsOffset, 0);
}

static startItemsVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 2);
}

static endBattleOver(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 12) // items
  return offset;
}

static createBattleOver(builder:flatbuffers.Builder, winningSide:number, ticks:number, experience:number, gold:number, itemsOffset:flatbuffers.Offset):flatbuffers.Offset {
  BattleOver.startBattleOver(builder);
  BattleOver.addWinningSide(builder, winningSide);
  BattleOver.addTicks(builder, ticks);
  BattleOver.addExperience(builder, experience);
  BattleOver.addGold(builder, gold);
  BattleOver.addItems(builder, itemsOffset);
  return BattleOver.endBattleOver(builder);
}
}
