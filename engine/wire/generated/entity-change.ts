// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class EntityChange {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):EntityChange {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

slot():number {
  return this.bb!.readUint16(this.bb_pos);
}

state():number {
  return this.bb!.readUint8(this.bb_pos + 2);
}

health():number {
  return this.bb!.readUint8(this.bb_pos + 3);
}

static sizeOf():number {
  return 4;
}

static createEntityChange(builder:flatbuffers.Builder, slot: number, state: number, health: number):flatbuffers.Offset {
  builder.prep(2, 4);
  builder.writeInt8(health);
  builder.writeInt8(state);
  builder.writeInt16(slot);
  return builder.offset();
}

}
