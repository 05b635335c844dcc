/** Records kept in order until they may be sent, in one stretch of memory that is used again. */
import { ByteWriter } from "../engine/lane/bytes.js";

const HEAD_BYTES = 8;
const KEPT_BYTES_MAX = 1 << 20;

export class HeldRecords {
  #bytes = new ByteWriter(4096);

  /** Bytes held, heads included. */
  get length(): number {
    return this.#bytes.length;
  }

  add(type: number, record: ByteWriter): void {
    this.#bytes.u32(type).u32(record.length).append(record);
  }

  /** Hands all of them to `send`, each as `length` bytes at `at`, valid for the call only, and holds nothing any more. */
  release(send: (type: number, bytes: Uint8Array, at: number, length: number) => void): void {
    const bytes = this.#bytes.bytes();
    if (bytes.length === 0) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length; ) {
      const length = view.getUint32(at + 4, true);
      send(view.getUint32(at, true), bytes, at + HEAD_BYTES, length);
      at += HEAD_BYTES + length;
    }
    // What one extraordinary tick needed is not kept for ever.
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = new ByteWriter(4096);
    else this.#bytes.clear();
  }
}
