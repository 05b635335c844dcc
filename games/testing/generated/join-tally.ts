// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class JoinTally {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):JoinTally {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsJoinTally(bb:flatbuffers.ByteBuffer, obj?:JoinTally):JoinTally {
  return (obj || new JoinTally()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsJoinTally(bb:flatbuffers.ByteBuffer, obj?:JoinTally):JoinTally {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new JoinTally()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

room():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startJoinTally(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addRoom(builder:flatbuffers.Builder, room:number) {
  builder.addFieldInt32(0, room, 0);
}

static endJoinTally(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createJoinTally(builder:flatbuffers.Builder, room:number):flatbuffers.Offset {
  JoinTally.startJoinTally(builder);
  JoinTally.addRoom(builder, room);
  return JoinTally.endJoinTally(builder);
}
}
