// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class BattleFrameHeader {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):BattleFrameHeader {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

tick():number {
  return this.bb!.readUint16(this.bb_pos);
}

fighters():number {
  return this.bb!.readUint8(this.bb_pos + 2);
}

reserved():number {
  return this.bb!.readUint8(this.bb_pos + 3);
}

static sizeOf():number {
  return 4;
}

static createBattleFrameHeader(builder:flatbuffers.Builder, tick: number, fighters: number, reserved: number):flatbuffers.Offset {
  builder.prep(2, 4);
  builder.writeInt8(reserved);
  builder.writeInt8(fighters);
  builder.writeInt16(tick);
  return builder.offset();
}

}
