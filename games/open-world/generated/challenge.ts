// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class Challenge {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Challenge {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsChallenge(bb:flatbuffers.ByteBuffer, obj?:Challenge):Challenge {
  return (obj || new Challenge()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsChallenge(bb:flatbuffers.ByteBuffer, obj?:Challenge):Challenge {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Challenge()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

entity():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint32(this.bb_pos + offset) : 0;
}

static startChallenge(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addEntity(builder:flatbuffers.Builder, entity:number) {
  builder.addFieldInt32(0, entity, 0);
}

static endChallenge(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static finishChallengeBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset);
}

static finishSizePrefixedChallengeBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset, undefined, true);
}

static createChallenge(builder:flatbuffers.Builder, entity:number):flatbuffers.Offset {
  Challenge.startChallenge(builder);
  Challenge.addEntity(builder, entity);
  return Challenge.endChallenge(builder);
}
}
