// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class MoveIntent {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):MoveIntent {
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

dx():number {
  return this.bb!.readInt8(this.bb_pos + 2);
}

dy():number {
  return this.bb!.readInt8(this.bb_pos + 3);
}

seq():number {
  return this.bb!.readUint32(this.bb_pos + 4);
}

static sizeOf():number {
  return 8;
}

static createMoveIntent(builder:flatbuffers.Builder, type: number, reserved: number, dx: number, dy: number, seq: number):flatbuffers.Offset {
  builder.prep(4, 8);
  builder.writeInt32(seq);
  builder.writeInt8(dy);
  builder.writeInt8(dx);
  builder.writeInt8(reserved);
  builder.writeInt8(type);
  return builder.offset();
}

}
