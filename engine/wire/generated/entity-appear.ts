// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class EntityAppear {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):EntityAppear {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

id():number {
  return this.bb!.readUint32(this.bb_pos);
}

x():number {
  return this.bb!.readUint16(this.bb_pos + 4);
}

y():number {
  return this.bb!.readUint16(this.bb_pos + 6);
}

slot():number {
  return this.bb!.readUint16(this.bb_pos + 8);
}

kind():number {
  return this.bb!.readUint8(this.bb_pos + 10);
}

level():number {
  return this.bb!.readUint8(this.bb_pos + 11);
}

look():number {
  return this.bb!.readUint8(this.bb_pos + 12);
}

state():number {
  return this.bb!.readUint8(this.bb_pos + 13);
}

health():number {
  return this.bb!.readUint8(this.bb_pos + 14);
}

heading():number {
  return this.bb!.readUint8(this.bb_pos + 15);
}

static sizeOf():number {
  return 16;
}

static createEntityAppear(builder:flatbuffers.Builder, id: number, x: number, y: number, slot: number, kind: number, level: number, look: number, state: number, health: number, heading: number):flatbuffers.Offset {
  builder.prep(4, 16);
  builder.writeInt8(heading);
  builder.writeInt8(health);
  builder.writeInt8(state);
  builder.writeInt8(look);
  builder.writeInt8(level);
  builder.writeInt8(kind);
  builder.writeInt16(slot);
  builder.writeInt16(y);
  builder.writeInt16(x);
  builder.writeInt32(id);
  return builder.offset();
}

}
