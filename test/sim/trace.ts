/** A running hash of everything that happened: two runs that differ in anything differ in it. */
export class Trace {
  #hash = 0x811c9dc5;

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** A fact in up to four numbers. */
  note(a: number, b = 0, c = 0, d = 0): void {
    this.#mix(a);
    this.#mix(b);
    this.#mix(c);
    this.#mix(d);
  }

  noteBytes(bytes: Uint8Array): void {
    let hash = this.#hash;
    for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    this.#hash = hash;
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value | 0), 0x01000193);
    this.#hash ^= this.#hash >>> 15;
  }
}
