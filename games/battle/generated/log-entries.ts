// Generated from the .fbs files by scripts/generate-wire.ts. Do not edit.
import * as flatbuffers from 'flatbuffers';

import { LogEntry } from './log-entry.js';

export class LogEntries {
  bb: flatbuffers.ByteBuffer|null = null;
  bb_pos = 0;
  __init(i:number, bb:flatbuffers.ByteBuffer):LogEntries {
  this.bb_pos = i;
  this.bb = bb;
  return this;
}

static getRootAsLogEntries(bb:flatbuffers.ByteBuffer, obj?:LogEntries):LogEntries {
  return (obj || new LogEntries()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

static getSizePrefixedRootAsLogEntries(bb:flatbuffers.ByteBuffer, obj?:LogEntries):LogEntries {
  bb.setPosition(bb.position() + flatbuffers.SIZE_PREFIX_LENGTH);
  return (obj || new LogEntries()).__init(bb.readInt32(bb.position()) + bb.position(), bb);
}

entries(index: number, obj?:LogEntry):LogEntry|null {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? (obj || new LogEntry()).__init(this.bb!.__vector(this.bb_pos + offset) + index * 8, this.bb!) : null;
}

entriesLength():number {
  const offset = this.bb!.__offset(this.bb_pos, 4);
  return offset ? this.bb!.__vector_len(this.bb_pos + offset) : 0;
}

static startLogEntries(builder:flatbuffers.Builder) {
  builder.startObject(1);
}

static addEntries(builder:flatbuffers.Builder, entriesOffset:flatbuffers.Offset) {
  builder.addFieldOffset(0, entriesOffset, 0);
}

static startEntriesVector(builder:flatbuffers.Builder, numElems:number) {
  builder.startVector(8, numElems, 2);
}

static endLogEntries(builder:flatbuffers.Builder):flatbuffers.Offset {
  const offset = builder.endObject();
  builder.requiredField(offset, 4) // entries
  return offset;
}

static createLogEntries(builder:flatbuffers.Builder, entriesOffset:flatbuffers.Offset):flatbuffers.Offset {
  LogEntries.startLogEntries(builder);
  LogEntries.addEntries(builder, entriesOffset);
  return LogEntries.endLogEntries(builder);
}
}
