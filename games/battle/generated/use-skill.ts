// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class UseSkill {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):UseSkill {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsUseSkill(bb:flatbuffers.ByteBuffer, obj?:UseSkill):UseSkill {
  return (obj || new UseSkill()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsUseSkill(bb:flatbuffers.ByteBuffer, obj?:UseSkill):UseSkill {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new UseSkill()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

skill():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint8(this.bb_pos + offset) : 0;
}

target():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint8(this.bb_pos + offset) : 0;
}

static startUseSkill(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addSkill(builder:flatbuffers.Builder, skill:number) {
  builder.addFieldInt8(0, skill, 0);
}

static addTarget(builder:flatbuffers.Builder, target:number) {
  builder.addFieldInt8(1, target, 0);
}

static endUseSkill(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static finishUseSkillBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset);
}

static finishSizePrefixedUseSkillBuffer(builder:flatbuffers.Builder, offset:flatbuffers.Offset) {
  builder.finish(offset, undefined, true);
}

static createUseSkill(builder:flatbuffers.Builder, skill:number, target:number):flatbuffers.Offset {
  UseSkill.startUseSkill(builder);
  UseSkill.addSkill(builder, skill);
  UseSkill.addTarget(builder, target);
  return UseSkill.endUseSkill(builder);
}
}
