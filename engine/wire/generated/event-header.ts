// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class EventHeader {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):EventHeader {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

type():number {
  return this.bb!.readUint8(this.bb_pos);
}

scope():number {
  return this.bb!.readUint8(this.bb_pos + 1);
}

kind():number {
  return this.bb!.readUint16(this.bb_pos + 2);
}

seq():number {
  return this.bb!.readUint32(this.bb_pos + 4);
}

room():number {
  return this.bb!.readUint32(this.bb_pos + 8);
}

reserved():number {
  return this.bb!.readUint32(this.bb_pos + 12);
}

static sizeOf():number {
  return 16;
}

static createEventHeader(builder:flatbuffers.Builder, type: number, scope: number, kind: number, seq: number, room: number, reserved: number):flatbuffers.Offset {
  builder.prep(4, 16);
  builder.writeInt32(reserved);
  builder.writeInt32(room);
  builder.writeInt32(seq);
  builder.writeInt16(kind);
  builder.writeInt8(scope);
  builder.writeInt8(type);
  return builder.offset();
}

}
