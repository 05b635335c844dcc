// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

import { Color } from './color.js';
import { Point } from './point.js';

export class Badge {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):Badge {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

color():Color {
  return this.bb!.readUint8(this.bb_pos);
}

at(obj?:Point):Point|null {
  return (obj || new Point()).__init(this.bb_pos + 8, this.bb!);
}

number():number {
  return this.bb!.readUint16(this.bb_pos + 24);
}

static sizeOf():number {
  return 32;
}

static createBadge(builder:flatbuffers.Builder, color: Color, at_x: number, at_y: number, at_z: number, number: number):flatbuffers.Offset {
  builder.prep(8, 32);
  builder.pad(6);
  builder.writeInt16(number);
  builder.prep(8, 16);
  builder.writeFloat64(at_z);
  builder.writeFloat32(at_y);
  builder.writeFloat32(at_x);
  builder.pad(7);
  builder.writeInt8(color);
  return builder.offset();
}

}
