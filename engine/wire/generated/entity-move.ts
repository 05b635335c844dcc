// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class EntityMove {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):EntityMove {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

slot():number {
  return this.bb!.readUint16(this.bb_pos);
}

dx():number {
  return this.bb!.readInt8(this.bb_pos + 2);
}

dy():number {
  return this.bb!.readInt8(this.bb_pos + 3);
}

static sizeOf():number {
  return 4;
}

static createEntityMove(builder:flatbuffers.Builder, slot: number, dx: number, dy: number):flatbuffers.Offset {
  builder.prep(2, 4);
  builder.writeInt8(dy);
  builder.writeInt8(dx);
  builder.writeInt16(slot);
  return builder.offset();
}

}
