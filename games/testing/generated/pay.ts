// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class Pay {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Pay {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsPay(bb:flatbuffers.ByteBuffer, obj?:Pay):Pay {
  return (obj || new Pay()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsPay(bb:flatbuffers.ByteBuffer, obj?:Pay):Pay {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Pay()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

entity():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

amount():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startPay(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addEntity(builder:flatbuffers.Builder, entity:number) {
  builder.addFieldInt32(0, entity, 0);
}

static addAmount(builder:flatbuffers.Builder, amount:number) {
  builder.addFieldInt32(1, amount, 0);
}

static endPay(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createPay(builder:flatbuffers.Builder, entity:number, amount:number):flatbuffers.Offset {
  Pay.startPay(builder);
  Pay.addEntity(builder, entity);
  Pay.addAmount(builder, amount);
  return Pay.endPay(builder);
}
}
