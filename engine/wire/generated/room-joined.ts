// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class RoomJoined {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):RoomJoined {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsRoomJoined(bb:flatbuffers.ByteBuffer, obj?:RoomJoined):RoomJoined {
  return (obj || new RoomJoined()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsRoomJoined(bb:flatbuffers.ByteBuffer, obj?:RoomJoined):RoomJoined {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new RoomJoined()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

room():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

roomType():string
roomType(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
roomType(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

cell():number {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

static startRoomJoined(builder:flatbuffers.Builder) {
  builder.startObject(3);
}

static addRoom(builder:flatbuffers.Builder, room:number) {
  builder.addFieldInt32(0, room, 0);
}

static addRoomType(builder:flatbuffers.Builder, roomTypeOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, roomTypeOffset, 0);
}

static addCell(builder:flatbuffers.Builder, cell:number) {
  builder.addFieldInt16(2, cell, 0);
}

static endRoomJoined(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 6) // room_type
  return offset;
}

static createRoomJoined(builder:flatbuffers.Builder, room:number, roomTypeOffset:flatbuffers.Offset, cell:number):flatbuffers.Offset {
  RoomJoined.startRoomJoined(builder);
  RoomJoined.addRoom(builder, room);
  RoomJoined.addRoomType(builder, roomTypeOffset);
  RoomJoined.addCell(builder, cell);
  return RoomJoined.endRoomJoined(builder);
}
}
