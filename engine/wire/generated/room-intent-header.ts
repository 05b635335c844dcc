// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class RoomIntentHeader {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):RoomIntentHeader {
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

kind():number {
  return this.bb!.readUint16(this.bb_pos + 2);
}

seq():number {
  return this.bb!.readUint32(this.bb_pos + 4);
}

room():number {
  return this.bb!.readUint32(this.bb_pos + 8);
}

reserved2():number {
  return this.bb!.readUint32(this.bb_pos + 12);
}

static sizeOf():number {
  return 16;
}

static createRoomIntentHeader(builder:flatbuffers.Builder, type: number, reserved: number, kind: number, seq: number, room: number, reserved2: number):flatbuffers.Offset {
  builder.prep(4, 16);
  builder.writeInt32(reserved2);
  builder.writeInt32(room);
  builder.writeInt32(seq);
  builder.writeInt16(kind);
  builder.writeInt8(reserved);
  builder.writeInt8(type);
  return builder.offset();
}

}
