// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class CellFramesHeader {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):CellFramesHeader {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

type():number {
  return this.bb!.readUint8(this.bb_pos);
}

reserved():number {
  return this.bb!.readUint8(this.bb_pos + 1);
}

tick():number {
  return this.bb!.readUint16(this.bb_pos + 2);
}

static sizeOf():number {
  return 4;
}

static createCellFramesHeader(builder:flatbuffers.Builder, type: number, reserved: number, tick: number):flatbuffers.Offset {
  builder.prep(2, 4);
  builder.writeInt16(tick);
  builder.writeInt8(reserved);
  builder.writeInt8(type);
  return builder.offset();
}

}
