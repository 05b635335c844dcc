// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class Refused {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Refused {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsRefused(bb:flatbuffers.ByteBuffer, obj?:Refused):Refused {
  return (obj || new Refused()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsRefused(bb:flatbuffers.ByteBuffer, obj?:Refused):Refused {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Refused()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

intentSeq():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

code():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

reason():string|null
reason(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
reason(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

static startRefused(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addIntentSeq(builder:flatbuffers.Builder, intentSeq:number) {
  builder.addFieldInt32(0, intentSeq, 0);
}

static addCode(builder:flatbuffers.Builder, code:number) {
  builder.addFieldInt16(1, code, 0);
}

static addReason(builder:flatbuffers.Builder, reasonOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, reasonOffset, 0);
}

static endRefused(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createRefused(builder:flatbuffers.Builder, intentSeq:number, code:number, reasonOffset:flatbuffers.Offset):flatbuffers.Offset {
  Refused.startRefused(builder);
  Refused.addIntentSeq(builder, intentSeq);
  Refused.addCode(builder, code);
  Refused.addReason(builder, reasonOffset);
  return Refused.endRefused(builder);
}
}
