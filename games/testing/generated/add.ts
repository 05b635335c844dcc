// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class Add {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Add {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsAdd(bb:flatbuffers.ByteBuffer, obj?:Add):Add {
  return (obj || new Add()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsAdd(bb:flatbuffers.ByteBuffer, obj?:Add):Add {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Add()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

n():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startAdd(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addN(builder:flatbuffers.Builder, n:number) {
  builder.addFieldInt32(0, n, 0);
}

static endAdd(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static finishAddBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset);
}

static finishSizePrefixedAddBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset, undefined, true);
}

static createAdd(builder:flatbuffers.Builder, n:number):flatbuffers.Offset {
  Add.startAdd(builder);
  Add.addN(builder, n);
  return Add.endAdd(builder);
}
}
