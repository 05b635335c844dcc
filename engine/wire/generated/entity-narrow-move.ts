// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class EntityNarrowMove {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):EntityNarrowMove {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

slot():number {
  return this.bb!.readUint8(this.bb_pos);
}

dx():number {
  return this.bb!.readInt8(this.bb_pos + 1);
}

dy():number {
  return this.bb!.readInt8(this.bb_pos + 2);
}

static sizeOf():number {
  return 3;
}

static createEntityNarrowMove(builder:flatbuffers.Builder, slot: number, dx: number, dy: number):flatbuffers.Offset {
  builder.prep(1, 3);
  builder.writeInt8(dy);
  builder.writeInt8(dx);
  builder.writeInt8(slot);
  return builder.offset();
}

}
