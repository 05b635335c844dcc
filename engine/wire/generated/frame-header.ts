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

type():number {
  return this.bb!.readUint8(this.bb_pos);
}

kind():number {
  return this.bb!.readUint8(this.bb_pos + 1);
}

cell():number {
  return this.bb!.readUint16(this.bb_pos + 2);
}

tick():number {
  return this.bb!.readUint16(this.bb_pos + 4);
}

moves():number {
  return this.bb!.readUint16(this.bb_pos + 6);
}

static sizeOf():number {
  return 8;
}

static createFrameHeader(builder:flatbuffers.Builder, type: number, kind: number, cell: number, tick: number, moves: number):flatbuffers.Offset {
  builder.prep(2, 8);
  builder.writeInt16(moves);
  builder.writeInt16(tick);
  builder.writeInt16(cell);
  builder.writeInt8(kind);
  builder.writeInt8(type);
  return builder.offset();
}

}
