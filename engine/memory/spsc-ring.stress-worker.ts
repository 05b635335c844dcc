/** The other thread of spsc-ring.stress.test.ts. A record's number tells its length and every word of it. */
import { isMainThread, workerData } from "node:worker_threads";
import { hash32 } from "../prng.js";
import { type RingMemory, RingReader, RingWriter } from "./spsc-ring.js";

export interface RingStressStart {
  readonly role: "writer" | "reader";
  readonly memory: RingMemory;
  /** The type of all records of this writer. */
  readonly type: number;
  /** Records to write; infinite for a writer that is to be killed. */
  readonly count: number;
}

/** Bytes of record `number`: at least its number, at most `lengthMax`. */
export function stressLength(number: number, lengthMax: number): number {
  return 4 + (hash32(number, 1) % (lengthMax - 3));
}

/** Writes the payload of record `number`, the last bytes first: the number itself is the last word written. */
function writePayload(writer: RingWriter, at: number, number: number, length: number): void {
  for (let index = length - 1; index >= 4; index--) writer.bytes[at + index] = (number + index) & 0xff;
  writer.view.setInt32(at, number, true);
}

/** The number of the record at `at`, if every byte of it is right; else -1. */
export function readPayload(reader: RingReader, at: number, length: number): number {
  const number = reader.view.getInt32(at, true);
  if (length !== stressLength(number, reader.bytes.length / 8)) return -1;
  for (let index = 4; index < length; index++) {
    if (reader.bytes[at + index] !== ((number + index) & 0xff)) return -1;
  }
  return number;
}

export function writeStress(start: RingStressStart): void {
  const writer = new RingWriter(start.memory);
  for (let number = 0; number < start.count; ) {
    const length = stressLength(number, writer.recordLengthMax);
    const at = writer.tryClaim(start.type, length);
    if (at < 0) {
      writer.publish();
      continue;
    }
    writePayload(writer, at, number, length);
    writer.commit();
    if (hash32(number, 2) % 4 === 0) writer.publish();
    number++;
  }
  writer.publish();
}

function readForEver(start: RingStressStart): void {
  const reader = new RingReader(start.memory);
  const onRecord = (_type: number, at: number, length: number): void => {
    if (readPayload(reader, at, length) < 0) throw new Error("torn record");
  };
  for (;;) reader.drain(onRecord, 16);
}

if (!isMainThread) {
  const start = workerData as RingStressStart;
  if (start.role === "writer") writeStress(start);
  else readForEver(start);
}
