// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class FrameExtension {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):FrameExtension {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

appears():number {
  return this.bb!.readUint16(this.bb_pos);
}

leaves():number {
  return this.bb!.readUint16(this.bb_pos + 2);
}

changes():number {
  return this.bb!.readUint16(this.bb_pos + 4);
}

moves():number {
  return this.bb!.readUint16(this.bb_pos + 6);
}

static sizeOf():number {
  return 8;
}

static createFrameExtension(builder:flatbuffers.Builder, appears: number, leaves: number, changes: number, moves: number):flatbuffers.Offset {
  builder.prep(2, 8);
  builder.writeInt16(moves);
  builder.writeInt16(changes);
  builder.writeInt16(leaves);
  builder.writeInt16(appears);
  return builder.offset();
}

}
