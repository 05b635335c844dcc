// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class Item {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Item {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsItem(bb:flatbuffers.ByteBuffer, obj?:Item):Item {
  return (obj || new Item()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsItem(bb:flatbuffers.ByteBuffer, obj?:Item):Item {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Item()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

item():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

count():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

static startItem(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addItem(builder:flatbuffers.Builder, item:number) {
  builder.addFieldInt16(0, item, 0);
}

static addCount(builder:flatbuffers.Builder, count:number) {
  builder.addFieldInt16(1, count, 0);
}

static endItem(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createItem(builder:flatbuffers.Builder, item:number, count:number):flatbuffers.Offset {
  Item.startItem(builder);
  Item.addItem(builder, item);
  Item.addCount(builder, count);
  return Item.endItem(builder);
}
}
