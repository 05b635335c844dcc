// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class IntentAck {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):IntentAck {
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

applied():number {
  return this.bb!.readUint32(this.bb_pos + 4);
}

durable():number {
  return this.bb!.readUint32(this.bb_pos + 8);
}

static sizeOf():number {
  return 12;
}

static createIntentAck(builder:flatbuffers.Builder, type: number, reserved: number, reserved2: number, applied: number, durable: number):flatbuffers.Offset {
  builder.prep(4, 12);
  builder.writeInt32(durable);
  builder.writeInt32(applied);
  builder.writeInt16(reserved2);
  builder.writeInt8(reserved);
  builder.writeInt8(type);
  return builder.offset();
}

}
