// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class Gift {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Gift {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsGift(bb:flatbuffers.ByteBuffer, obj?:Gift):Gift {
  return (obj || new Gift()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsGift(bb:flatbuffers.ByteBuffer, obj?:Gift):Gift {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Gift()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

from():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

item():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

count():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

gold():number {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startGift(builder:flatbuffers.Builder) {
  builder.startObject(4);
}

static addFrom(builder:flatbuffers.Builder, from:number) {
  builder.addFieldInt32(0, from, 0);
}

static addItem(builder:flatbuffers.Builder, item:number) {
  builder.addFieldInt16(1, item, 0);
}

static addCount(builder:flatbuffers.Builder, count:number) {
  builder.addFieldInt16(2, count, 0);
}

static addGold(builder:flatbuffers.Builder, gold:number) {
  builder.addFieldInt32(3, gold, 0);
}

static endGift(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createGift(builder:flatbuffers.Builder, from:number, item:number, count:number, gold:number):flatbuffers.Offset {
  Gift.startGift(builder);
  Gift.addFrom(builder, from);
  Gift.addItem(builder, item);
  Gift.addCount(builder, count);
  Gift.addGold(builder, gold);
  return Gift.endGift(builder);
}
}
