// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class Give {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Give {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsGive(bb:flatbuffers.ByteBuffer, obj?:Give):Give {
  return (obj || new Give()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsGive(bb:flatbuffers.ByteBuffer, obj?:Give):Give {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Give()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

entity():number {
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

static startGive(builder:flatbuffers.Builder) {
  builder.startObject(4);
}

static addEntity(builder:flatbuffers.Builder, entity:number) {
  builder.addFieldInt32(0, entity, 0);
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

static endGive(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createGive(builder:flatbuffers.Builder, entity:number, item:number, count:number, gold:number):flatbuffers.Offset {
  Give.startGive(builder);
  Give.addEntity(builder, entity);
  Give.addItem(builder, item);
  Give.addCount(builder, count);
  Give.addGold(builder, gold);
  return Give.endGive(builder);
}
}
