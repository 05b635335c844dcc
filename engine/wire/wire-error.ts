/** A message that is not what the protocol says. On a client: the server's fault, or somebody between. */
export class WireError extends Error {
  override readonly name = "WireError";
  /** Type byte of the message, or -1 if it had none. */
  readonly messageType: number;

  constructor(messageType: number, problem: string) {
    super(`message of type ${messageType}: ${problem}`);
    this.messageType = messageType;
  }
}

/** Throws unless the message is of this type and has exactly `length` bytes. */
export function expectExactly(bytes: Uint8Array, type: number, length: number): void {
  if (bytes.length !== length || bytes[0] !== type) throw mismatch(bytes, type, length);
}

/** Throws unless the message is of this type and has at least `length` bytes. */
export function expectAtLeast(bytes: Uint8Array, type: number, length: number): void {
  if (bytes.length < length || bytes[0] !== type) throw mismatch(bytes, type, length);
}

function mismatch(bytes: Uint8Array, type: number, length: number): WireError {
  return new WireError(bytes[0] ?? -1, `${bytes.length} bytes, want type ${type} and ${length} bytes`);
}
