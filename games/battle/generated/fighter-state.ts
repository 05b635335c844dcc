// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class FighterState {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):FighterState {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

health():number {
  return this.bb!.readUint16(this.bb_pos);
}

status():number {
  return this.bb!.readUint8(this.bb_pos + 2);
}

cooldown0():number {
  return this.bb!.readUint8(this.bb_pos + 3);
}

cooldown1():number {
  return this.bb!.readUint8(this.bb_pos + 4);
}

cooldown2():number {
  return this.bb!.readUint8(this.bb_pos + 5);
}

cooldown3():number {
  return this.bb!.readUint8(this.bb_pos + 6);
}

cooldown4():number {
  return this.bb!.readUint8(this.bb_pos + 7);
}

static sizeOf():number {
  return 8;
}

static createFighterState(builder:flatbuffers.Builder, health: number, status: number, cooldown0: number, cooldown1: number, cooldown2: number, cooldown3: number, cooldown4: number):flatbuffers.Offset {
  builder.prep(2, 8);
  builder.writeInt8(cooldown4);
  builder.writeInt8(cooldown3);
  builder.writeInt8(cooldown2);
  builder.writeInt8(cooldown1);
  builder.writeInt8(cooldown0);
  builder.writeInt8(status);
  builder.writeInt16(health);
  return builder.offset();
}

}
