/** A WebSocket client on a bare TCP socket, so that tests can do everything a client must not. For tests. */
import { connect, type Socket } from "node:net";

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface RawFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

export interface RawUpgrade {
  readonly path?: string;
  readonly protocols?: string;
  readonly origin?: string;
  /** Whole header lines instead of the usual ones. */
  readonly lines?: readonly string[];
}

/** Bytes of one frame. Clients mask; the mask here is fixed. */
export function rawFrame(
  opcode: number,
  payload: Uint8Array,
  options: { fin?: boolean; masked?: boolean } = {},
): Buffer {
  const { fin = true, masked = true } = options;
  const length = payload.length;
  const head: number[] = [(fin ? 0x80 : 0) | opcode];
  const maskBit = masked ? 0x80 : 0;
  if (length < 126) head.push(maskBit | length);
  else if (length < 65_536) head.push(maskBit | 126, length >> 8, length & 0xff);
  else
    head.push(
      maskBit | 127,
      0,
      0,
      0,
      0,
      length >>> 24,
      (length >> 16) & 0xff,
      (length >> 8) & 0xff,
      length & 0xff,
    );
  const mask = masked ? [1, 2, 3, 4] : [];
  const body = Buffer.from(payload);
  if (masked) for (let at = 0; at < length; at++) body[at]! ^= mask[at & 3]!;
  return Buffer.concat([Buffer.from([...head, ...mask]), body]);
}

export class RawClient {
  readonly socket: Socket;
  /** Settles when the TCP connection is gone. */
  readonly gone: Promise<void>;
  readonly frames: RawFrame[] = [];
  status = 0;
  head = "";
  #buffer: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    this.gone = new Promise((resolve) => {
      socket.once("close", () => {
        resolve();
        this.#wake();
      });
    });
    // A reset by the server is one way for a connection to go.
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk]);
      this.#parse();
      this.#wake();
    });
  }

  /** Connects and sends the request; settles when the answer's head is here, or the connection is gone. */
  static async open(port: number, upgrade: RawUpgrade = {}): Promise<RawClient> {
    const client = new RawClient(connect({ port, host: "127.0.0.1" }));
    const { path = "/ws", protocols, origin } = upgrade;
    const lines = upgrade.lines ?? [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      ...(protocols === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocols}`]),
      ...(origin === undefined ? [] : [`Origin: ${origin}`]),
    ];
    client.socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    await client.until(() => client.status !== 0 || client.socket.destroyed);
    return client;
  }

  send(opcode: number, payload: Uint8Array, options?: { fin?: boolean; masked?: boolean }): void {
    this.socket.write(rawFrame(opcode, payload, options));
  }

  /** Waits for a fact about this connection. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The next data frame of the server. */
  async next(): Promise<RawFrame> {
    await this.until(() => this.frames.length > 0 || this.socket.destroyed);
    const frame = this.frames.shift();
    if (frame === undefined) throw new Error("the connection is gone");
    return frame;
  }

  /** Code and reason of the server's close frame; null when it closed without one. */
  async closed(): Promise<{ code: number; reason: string } | null> {
    await this.until(
      () => this.frames.some((frame) => frame.opcode === opcodes.close) || this.socket.destroyed,
    );
    const frame = this.frames.find(({ opcode }) => opcode === opcodes.close);
    if (frame === undefined || frame.payload.length < 2) return null;
    return { code: frame.payload.readUInt16BE(0), reason: frame.payload.subarray(2).toString() };
  }

  #parse(): void {
    if (this.status === 0) {
      const end = this.#buffer.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.head = this.#buffer.subarray(0, end).toString();
      this.status = Number(this.head.split(" ")[1]);
      this.#buffer = this.#buffer.subarray(end + 4);
    }
    if (this.status !== 101) return;
    for (;;) {
      if (this.#buffer.length < 2) return;
      let length = this.#buffer[1]! & 0x7f;
      let at = 2;
      if (length === 126) {
        if (this.#buffer.length < 4) return;
        length = this.#buffer.readUInt16BE(2);
        at = 4;
      } else if (length === 127) {
        if (this.#buffer.length < 10) return;
        length = Number(this.#buffer.readBigUInt64BE(2));
        at = 10;
      }
      if (this.#buffer.length < at + length) return;
      this.frames.push({ opcode: this.#buffer[0]! & 0x0f, payload: this.#buffer.subarray(at, at + length) });
      this.#buffer = this.#buffer.subarray(at + length);
    }
  }
}
