// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class DropItem {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):DropItem {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsDropItem(bb:flatbuffers.ByteBuffer, obj?:DropItem):DropItem {
  return (obj || new DropItem()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsDropItem(bb:flatbuffers.ByteBuffer, obj?:DropItem):DropItem {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new DropItem()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

item():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

static startDropItem(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addItem(builder:flatbuffers.Builder, item:number) {
  builder.addFieldInt16(0, item, 0);
}

static endDropItem(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createDropItem(builder:flatbuffers.Builder, item:number):flatbuffers.Offset {
  DropItem.startDropItem(builder);
  DropItem.addItem(builder, item);
  return DropItem.endDropItem(builder);
}
}
