// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class RoomFrameHeader {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):RoomFrameHeader {
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

room():number {
  return this.bb!.readUint32(this.bb_pos + 4);
}

static sizeOf():number {
  return 8;
}

static createRoomFrameHeader(builder:flatbuffers.Builder, type: number, reserved: number, kind: number, room: number):flatbuffers.Offset {
  builder.prep(4, 8);
  builder.writeInt32(room);
  builder.writeInt16(kind);
  builder.writeInt8(reserved);
  builder.writeInt8(type);
  return builder.offset();
}

}
