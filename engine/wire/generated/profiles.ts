// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

import { Profile } from './profile.js';

export class Profiles {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Profiles {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsProfiles(bb:flatbuffers.ByteBuffer, obj?:Profiles):Profiles {
  return (obj || new Profiles()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsProfiles(bb:flatbuffers.ByteBuffer, obj?:Profiles):Profiles {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Profiles()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

cell():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint16(this.bb_pos + offset) : 0;
}

profiles(index: number, obj?:Profile):Profile|null {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? (obj || new Profile()).__init(this.bb!.__indirect(this.bb!.__vector(this.bb_pos + offset) + index * 4), this.bb!) : null;
}

profilesLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

static startProfiles(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addCell(builder:flatbuffers.Builder, cell:number) {
  builder.addFieldInt16(0, cell, 0);
}

static addProfiles(builder:flatbuffers.Builder, profilesOffset:flatbuffers.Offset) {
  builder.addFieldOffset(1, profilesOffset, 0);
}

static createProfilesVector(builder:flatbuffers.Builder, data:flatbuffers.Offset[]):flatbuffers.Offset {
  builder.startVector(4, data.length, 4);
  for (let i = data.length - 1; i >= 0; i--) {
    builder.addOffset(data[i]!);
  }
  return builder.endVector();
}

static startProfilesVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(4, numElems, 4);
}

static endProfiles(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createProfiles(builder:flatbuffers.Builder, cell:number, profilesOffset:flatbuffers.Offset):flatbuffers.Offset {
  Profiles.startProfiles(builder);
  Profiles.addCell(builder, cell);
  Profiles.addProfiles(builder, profilesOffset);
  return Profiles.endProfiles(builder);
}
}
