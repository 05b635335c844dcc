/**
 * Records longer than their lane takes, in parts: what the journal kept while rings were larger is given back through
 * smaller ones all the same.
 *
 * ```
 *   u8 type of the whole record, u8 1 for its first part + 2 for its last, the bytes of this part
 * ```
 */
import { ByteReader, ByteWriter } from "./bytes.js";

const FIRST = 1;
const LAST = 2;
const HEAD_BYTES = 2;

export interface WholeRecord {
  readonly type: number;
  readonly from: ByteReader;
}

/** The parts of a record, in order, each at most `partBytesMax` long and valid until the next is asked for. */
export function* partsOf(type: number, payload: Uint8Array, partBytesMax: number): Generator<ByteWriter> {
  const out = new ByteWriter(partBytesMax);
  const step = partBytesMax - HEAD_BYTES;
  for (let at = 0; at === 0 || at < payload.length; at += step) {
    const flags = (at === 0 ? FIRST : 0) | (at + step >= payload.length ? LAST : 0);
    yield out
      .clear()
      .u8(type)
      .u8(flags)
      .raw(payload.subarray(at, at + step));
  }
}

/** Puts parts together again. A first part begins anew, whatever came before: its writer may have been cut short. */
export class RecordParts {
  readonly #whole = new ByteWriter(1024);

  /** The record, when this is its last part; its bytes are valid until the next part is added. */
  add(part: ByteReader): WholeRecord | undefined {
    const type = part.u8();
    const flags = part.u8();
    if ((flags & FIRST) !== 0) this.#whole.clear();
    this.#whole.raw(part.rest());
    return (flags & LAST) === 0 ? undefined : { type, from: new ByteReader(this.#whole.bytes()) };
  }
}
