// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class Earn {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Earn {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsEarn(bb:flatbuffers.ByteBuffer, obj?:Earn):Earn {
  return (obj || new Earn()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsEarn(bb:flatbuffers.ByteBuffer, obj?:Earn):Earn {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Earn()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

amount():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startEarn(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addAmount(builder:flatbuffers.Builder, amount:number) {
  builder.addFieldInt32(0, amount, 0);
}

static endEarn(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createEarn(builder:flatbuffers.Builder, amount:number):flatbuffers.Offset {
  Earn.startEarn(builder);
  Earn.addAmount(builder, amount);
  return Earn.endEarn(builder);
}
}
