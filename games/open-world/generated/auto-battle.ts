// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

export class AutoBattle {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):AutoBattle {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsAutoBattle(bb:flatbuffers.ByteBuffer, obj?:AutoBattle):AutoBattle {
  return (obj || new AutoBattle()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsAutoBattle(bb:flatbuffers.ByteBuffer, obj?:AutoBattle):AutoBattle {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new AutoBattle()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

species():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.readUint8(this.bb_pos + offset) : 0;
}

count():number {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint8(this.bb_pos + offset) : 0;
}

static startAutoBattle(builder:flatbuffers.Builder) {
  builder.startObject(2);
}

static addSpecies(builder:flatbuffers.Builder, species:number) {
  builder.addFieldInt8(0, species, 0);
}

static addCount(builder:flatbuffers.Builder, count:number) {
  builder.addFieldInt8(1, count, 0);
}

static endAutoBattle(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  return offset;
}

static createAutoBattle(builder:flatbuffers.Builder, species:number, count:number):flatbuffers.Offset {
  AutoBattle.startAutoBattle(builder);
  AutoBattle.addSpecies(builder, species);
  AutoBattle.addCount(builder, count);
  return AutoBattle.endAutoBattle(builder);
}
}
