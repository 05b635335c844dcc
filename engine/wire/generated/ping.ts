// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class Ping {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Ping {
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

reserved2():number {
  return this.bb!.readUint16(this.bb_pos + 2);
}

sentMs():number {
  return this.bb!.readUint32(this.bb_pos + 4);
}

static sizeOf():number {
  return 8;
}

static createPing(builder:flatbuffers.Builder, type: number, reserved: number, reserved2: number, sent_ms: number):flatbuffers.Offset {
  builder.prep(4, 8);
  builder.writeInt32(sent_ms);
  builder.writeInt16(reserved2);
  builder.writeInt8(reserved);
  builder.writeInt8(type);
  return builder.offset();
}

}
