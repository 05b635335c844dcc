// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class ItemGain {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):ItemGain {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

item():number {
  return this.bb!.readUint16(this.bb_pos);
}

count():number {
  return this.bb!.readUint16(this.bb_pos + 2);
}

static sizeOf():number {
  return 4;
}

static createItemGain(builder:flatbuffers.Builder, item: number, count: number):flatbuffers.Offset {
  builder.prep(2, 4);
  builder.writeInt16(count);
  builder.writeInt16(item);
  return builder.offset();
}

}
