// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class LogEntry {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):LogEntry {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

tick():number {
  return this.bb!.readUint16(this.bb_pos);
}

actor():number {
  return this.bb!.readUint8(this.bb_pos + 2);
}

skill():number {
  return this.bb!.readUint8(this.bb_pos + 3);
}

target():number {
  return this.bb!.readUint8(this.bb_pos + 4);
}

flags():number {
  return this.bb!.readUint8(this.bb_pos + 5);
}

amount():number {
  return this.bb!.readUint16(this.bb_pos + 6);
}

static sizeOf():number {
  return 8;
}

static createLogEntry(builder:flatbuffers.Builder, tick: number, actor: number, skill: number, target: number, flags: number, amount: number):flatbuffers.Offset {
  builder.prep(2, 8);
  builder.writeInt16(amount);
  builder.writeInt8(flags);
  builder.writeInt8(target);
  builder.writeInt8(skill);
  builder.writeInt8(actor);
  builder.writeInt16(tick);
  return builder.offset();
}

}
