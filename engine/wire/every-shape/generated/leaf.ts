// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

import { Color } from './color.js';

export class Leaf {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Leaf {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsLeaf(bb:flatbuffers.ByteBuffer, obj?:Leaf):Leaf {
  return (obj || new Leaf()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsLeaf(bb:flatbuffers.ByteBuffer, obj?:Leaf):Leaf {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new Leaf()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

name():string
name(optionalEncoding:flatbuffers.Encoding):string|Uint8Array
name(optionalEncoding?:any):string|Uint8Array {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return this.bb!.__string(this.bb_pos + offset, optionalEncoding);
}

big():bigint {
  const offset = this.bb!.__offset(this.bb_pos, 6);
  return offset ? this.bb!.readUint64(this.bb_pos + offset) : BigInt('0');
}

color():Color {
  const offset = this.bb!.__offset(this.bb_pos, 8);
  return offset ? this.bb!.readUint8(this.bb_pos + offset) : Color.Green;
}

flag():boolean {
  const offset = this.bb!.__offset(this.bb_pos, 10);
  return offset ? !!this.bb!.readInt8(this.bb_pos + offset) : false;
}

count():number|null {
  const offset = this.bb!.__offset(this.bb_pos, 12);
  return offset ? this.bb!.readInt32(this.bb_pos + offset) : null;
}

static startLeaf(builder:flatbuffers.Builder) {
  builder.startObject(5);
}

static addName(builder:flatbuffers.Builder, nameOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, nameOffset, 0);
}

static addBig(builder:flatbuffers.Builder, big:bigint) {
  builder.addFieldInt64(1, big, BigInt('0'));
}

static addColor(builder:flatbuffers.Builder, color:Color) {
  builder.addFieldInt8(2, color, Color.Green);
}

static addFlag(builder:flatbuffers.Builder, flag:boolean) {
  builder.addFieldInt8(3, +flag, +false);
}

static addCount(builder:flatbuffers.Builder, count:number) {
  builder.addFieldInt32(4, count, null);
}

static endLeaf(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // name
  return offset;
}

static createLeaf(builder:flatbuffers.Builder, nameOffset:flatbuffers.Offset, big:bigint, color:Color, flag:boolean, count:number|null):flatbuffers.Offset {
  Leaf.startLeaf(builder);
  Leaf.addName(builder, nameOffset);
  Leaf.addBig(builder, big);
  Leaf.addColor(builder, color);
  Leaf.addFlag(builder, flag);
  if (count !== null)
    Leaf.addCount(builder, count);
  return Leaf.endLeaf(builder);
}
}
