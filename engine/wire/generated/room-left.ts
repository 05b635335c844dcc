// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class RoomLeft {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):RoomLeft {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsRoomLeft(bb:flatbuffers.ByteBuffer, obj?:RoomLeft):RoomLeft {
  return (obj || new RoomLeft()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsRoomLeft(bb:flatbuffers.ByteBuffer, obj?:RoomLeft):RoomLeft {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new RoomLeft()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

room():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

code():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

reason():string|null
reason(optionalEncoding:flatbuffers.Encoding):string|Uint8Array|null
reason(optionalEncoding?:any):string|Uint8Array|null {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.__string(this.bb_pos + offset, optionalEncoding) : null;
}

static startRoomLeft(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addRoom(builder:flatbuffers.Builder, room:number) {
  builder.addFieldInt32(0, room, 0);
}

static addCode(builder:flatbuffers.Builder, code:number) {
  builder.addFieldInt16(1, code, 0);
}

static addReason(builder:flatbuffers.Builder, reasonOffset:flatbuffers.Offset) {
  builder.addFieldOffset(2, reasonOffset, 0);
}

static endRoomLeft(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createRoomLeft(builder:flatbuffers.Builder, room:number, code:number, reasonOffset:flatbuffers.Offset):flatbuffers.Offset {
  RoomLeft.startRoomLeft(builder);
  RoomLeft.addRoom(builder, room);
  RoomLeft.addCode(builder, code);
  RoomLeft.addReason(builder, reasonOffset);
  return RoomLeft.endRoomLeft(builder);
}
}
