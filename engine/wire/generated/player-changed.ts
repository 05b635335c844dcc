// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

import { Item } from './item.js';

export class PlayerChanged {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):PlayerChanged {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsPlayerChanged(bb:flatbuffers.ByteBuffer, obj?:PlayerChanged):PlayerChanged {
  return (obj || new PlayerChanged()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsPlayerChanged(bb:flatbuffers.ByteBuffer, obj?:PlayerChanged):PlayerChanged {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new PlayerChanged()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

level():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

experience():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readFloat64(this.bb_pos + offset) : 0.0;
}

gold():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readFloat64(this.bb_pos + offset) : 0.0;
}

inventory(index: number, obj?:Item):Item|null {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? (obj || new Item()).__init(this.bb!.__indirect(this.bb!.__vector(this.bb_pos + offset) + index * 4), this.bb!) : null;
}

inventoryLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

static startPlayerChanged(builder:flatbuffers.Builder) {
  builder.startObject(4);
}

static addLevel(builder:flatbuffers.Builder, level:number) {
  builder.addFieldInt16(0, level, 0);
}

static addExperience(builder:flatbuffers.Builder, experience:number) {
  builder.addFieldFloat64(1, experience, 0.0);
}

static addGold(builder:flatbuffers.Builder, gold:number) {
  builder.addFieldFloat64(2, gold, 0.0);
}

static addInventory(builder:flatbuffers.Builder, inventoryOffset:flatbuffers.Offset) {
  builder.addFieldOffset(3, inventoryOffset, 0);
}

static createInventoryVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startInventoryVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static endPlayerChanged(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createPlayerChanged(builder:flatbuffers.Builder, level:number, experience:number, gold:number, inventoryOffset:flatbuffers.Offset):flatbuffers.Offset {
  PlayerChanged.startPlayerChanged(builder);
  PlayerChanged.addLevel(builder, level);
  PlayerChanged.addExperience(builder, experience);
  PlayerChanged.addGold(builder, gold);
  PlayerChanged.addInventory(builder, inventoryOffset);
  return PlayerChanged.endPlayerChanged(builder);
}
}
