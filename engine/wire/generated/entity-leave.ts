// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class EntityLeave {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):EntityLeave {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

slot():number {
  return this.bb!.readUint16(this.bb_pos);
}

toCell():number {
  return this.bb!.readUint16(this.bb_pos + 2);
}

static sizeOf():number {
  return 4;
}

static createEntityLeave(builder:flatbuffers.Builder, slot: number, to_cell: number):flatbuffers.Offset {
  builder.prep(2, 4);
  builder.writeInt16(to_cell);
  builder.writeInt16(slot);
  return builder.offset();
}

}
