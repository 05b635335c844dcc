// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class Notice {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Notice {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsNotice(bb:flatbuffers.ByteBuffer, obj?:Notice):Notice {
  return (obj || new Notice()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsNotice(bb:flatbuffers.ByteBuffer, obj?:Notice):Notice {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Notice()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

code():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

text():string
text(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
text(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

seconds():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

static startNotice(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addCode(builder:flatbuffers.Builder, code:number) {
  builder.addFieldInt16(0, code, 0);
}

static addText(builder:flatbuffers.Builder, textOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, textOffset, 0);
}

static addSeconds(builder:flatbuffers.Builder, seconds:number) {
  builder.addFieldInt16(2, seconds, 0);
}

static endNotice(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 6) // text
  return offset;
}

static createNotice(builder:flatbuffers.Builder, code:number, textOffset:flatbuffers.Offset, seconds:number):flatbuffers.Offset {
  Notice.startNotice(builder);
  Notice.addCode(builder, code);
  Notice.addText(builder, textOffset);
  Notice.addSeconds(builder, seconds);
  return Notice.endNotice(builder);
}
}
