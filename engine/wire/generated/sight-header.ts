// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class SightHeader {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):SightHeader {
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

count():number {
  return this.bb!.readUint16(this.bb_pos + 2);
}

center():number {
  return this.bb!.readUint16(this.bb_pos + 4);
}

shard():number {
  return this.bb!.readUint16(this.bb_pos + 6);
}

static sizeOf():number {
  return 8;
}

static createSightHeader(builder:flatbuffers.Builder, type: number, reserved: number, count: number, center: number, shard: number):flatbuffers.Offset {
  builder.prep(2, 8);
  builder.writeInt16(shard);
  builder.writeInt16(center);
  builder.writeInt16(count);
  builder.writeInt8(reserved);
  builder.writeInt8(type);
  return builder.offset();
}

}
