// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class FrameHeader {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):FrameHeader {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

cell():number {
  return this.bb!.readUint16(this.bb_pos);
}

kind():number {
  return this.bb!.readUint8(this.bb_pos + 2);
}

moves():number {
  return this.bb!.readUint8(this.bb_pos + 3);
}

static sizeOf():number {
  return 4;
}

static createFrameHeader(builder:flatbuffers.Builder, cell: number, kind: number, moves: number):flatbuffers.Offset {
  builder.prep(2, 4);
  builder.writeInt8(moves);
  builder.writeInt8(kind);
  builder.writeInt16(cell);
  return builder.offset();
}

}
