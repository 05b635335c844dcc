/**
 * The client end of a WebSocket on a raw socket: as little work per message as Node allows, because the generator
 * shares the machine with what it measures. All sockets of the process read into one buffer, and a message is a view
 * of it for the length of the callback. Frames go out masked with the key zero, which leaves the payload as it is:
 * RFC 6455 asks for unpredictable keys to protect proxies from web pages, and there is neither here.
 */
import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";

const MESSAGE_BYTES_MAX = 1 << 20;
const RESPONSE_BYTES_MAX = 16_384;
/** Past this the server is not reading; further sends are refused. */
const UNSENT_BYTES_MAX = 65_536;

const OPCODE_CONTINUATION = 0;
const OPCODE_TEXT = 1;
const OPCODE_BINARY = 2;
const OPCODE_CLOSE = 8;
const OPCODE_PING = 9;
const OPCODE_PONG = 10;
const FIN = 0x80;
const MASKED = 0x80;
const KEY_BYTES = 4;

/** Close codes of our own making, where the server gave none. */
export const CLOSED_WITHOUT_CODE = 1005;
export const CLOSED_ABRUPTLY = 1006;

export interface SocketEvents {
  /** The upgrade is done. */
  onOpen(): void;
  /** A binary message; the bytes are the callee's for the call only. */
  onMessage(bytes: Uint8Array): void;
  /** A text message; without this they end the connection. */
  onText?(bytes: Uint8Array): void;
  /** Bytes as they came off the wire, before any message of them. */
  onBytes(count: number): void;
  /** Last call. `problem` says what the server did wrong on the WebSocket layer, or why there was no connection. */
  onClose(code: number, reason: string, problem: string | null): void;
}

export interface SocketTarget {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly protocols: readonly string[];
}

const shared = { buffer: Buffer.allocUnsafe(1 << 16) };
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
// The key only proves that the server speaks WebSocket; one for all will do.
const handshakeKey = Buffer.from("gridshard bots!!").toString("base64");
const handshakeAccept = createHash("sha1")
  .update(handshakeKey + ACCEPT_SUFFIX)
  .digest("base64");

/** A frame of at most 125 bytes from a client, ready to be written. */
export function clientFrame(payloadLength: number): Buffer {
  const frame = Buffer.allocUnsafe(2 + KEY_BYTES + payloadLength);
  frame[0] = FIN | OPCODE_BINARY;
  frame[1] = MASKED | payloadLength;
  frame.fill(0, 2, 2 + KEY_BYTES);
  return frame;
}
export const CLIENT_FRAME_HEAD_BYTES = 2 + KEY_BYTES;

export class BotSocket {
  readonly #events: SocketEvents;
  readonly #socket: Socket;
  #state: "upgrading" | "open" | "closing" | "closed" = "upgrading";
  /** What was read of an unfinished response or frame. */
  #rest: Buffer = Buffer.alloc(0);
  #closeCode = CLOSED_ABRUPTLY;
  #closeReason = "";
  #problem: string | null = null;

  constructor(target: SocketTarget, events: SocketEvents) {
    this.#events = events;
    this.#socket = connect({
      host: target.host,
      port: target.port,
      noDelay: true,
      onread: {
        buffer: shared.buffer,
        callback: (count, buffer) => {
          this.#onRead(buffer as Buffer, count);
          return true;
        },
      },
    });
    this.#socket.on("connect", () => this.#socket.write(upgradeRequest(target)));
    this.#socket.on("error", (error) => {
      this.#problem ??= this.#state === "upgrading" ? error.message : null;
    });
    this.#socket.on("end", () => this.#socket.destroy());
    this.#socket.on("close", () => this.#onClosed());
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Writes a frame made by {@link clientFrame}. False when too much is unsent already, or the socket is not open. */
  sendFrame(frame: Buffer): boolean {
    if (this.#state !== "open" || this.#socket.writableLength > UNSENT_BYTES_MAX) return false;
    this.#socket.write(frame);
    return true;
  }

  send(message: Uint8Array): boolean {
    const frame = clientFrame(message.length);
    frame.set(message, CLIENT_FRAME_HEAD_BYTES);
    return this.sendFrame(frame);
  }

  /** Says goodbye on the WebSocket layer; `onClose` follows. */
  close(): void {
    if (this.#state === "open") {
      this.#state = "closing";
      this.#sendControl(OPCODE_CLOSE, Buffer.from([1000 >> 8, 1000 & 0xff]));
      this.#socket.end();
    } else if (this.#state === "upgrading") {
      this.#socket.destroy();
    }
  }

  /** Reads nothing more, so that what the server sends piles up, until {@link resume}. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Drops the socket as a broken network would. */
  destroy(): void {
    this.#socket.destroy();
  }

  #onClosed(): void {
    if (this.#state === "closed") return;
    if (this.#state === "upgrading") this.#problem ??= "the connection ended before the upgrade";
    this.#state = "closed";
    this.#rest = Buffer.alloc(0);
    this.#events.onClose(this.#closeCode, this.#closeReason, this.#problem);
  }

  #fail(problem: string): void {
    this.#problem ??= problem;
    this.#socket.destroy();
  }

  #onRead(buffer: Buffer, count: number): void {
    this.#events.onBytes(count);
    let bytes: Buffer = buffer;
    let length = count;
    if (this.#rest.length > 0) {
      bytes = Buffer.concat([this.#rest, buffer.subarray(0, count)]);
      length = bytes.length;
    }
    let at = 0;
    if (this.#state === "upgrading") {
      at = this.#readResponse(bytes, length);
      if (at < 0) return;
    }
    at = this.#readFrames(bytes, at, length);
    if (at < length && this.#state !== "closed") this.#rest = Buffer.from(bytes.subarray(at, length));
    else if (this.#rest.length > 0) this.#rest = Buffer.alloc(0);
  }

  /** Bytes of the response once it is whole, or -1. */
  #readResponse(bytes: Buffer, length: number): number {
    const end = bytes.subarray(0, length).indexOf("\r\n\r\n");
    if (end < 0) {
      if (length > RESPONSE_BYTES_MAX) this.#fail("the response to the upgrade has no end");
      this.#rest = Buffer.from(bytes.subarray(0, length));
      return -1;
    }
    const head = bytes.toString("latin1", 0, end);
    const status = head.slice(0, head.indexOf("\r\n"));
    if (!/^HTTP\/1\.1 101(?: |$)/.test(status))
      this.#fail(`the upgrade was answered with ${status.slice(0, 80)}`);
    else if (!head.includes(handshakeAccept)) this.#fail("the upgrade was not answered with our key");
    if (this.#problem !== null) return -1;
    this.#state = "open";
    this.#events.onOpen();
    return end + 4;
  }

  /** Handles every whole frame in `bytes[at..length)`; returns where the rest begins. */
  #readFrames(bytes: Buffer, from: number, length: number): number {
    let at = from;
    while (length - at >= 2) {
      const first = bytes[at]!;
      let payload = bytes[at + 1]!;
      let head = 2;
      if (payload === 126) {
        head = 4;
        if (length - at < head) break;
        payload = (bytes[at + 2]! << 8) | bytes[at + 3]!;
      } else if (payload === 127) {
        head = 10;
        if (length - at < head) break;
        payload = bytes.readUInt32BE(at + 2) === 0 ? bytes.readUInt32BE(at + 6) : MESSAGE_BYTES_MAX + 1;
      } else if (payload > 127) {
        this.#fail("a frame from the server was masked");
        return length;
      }
      if (payload > MESSAGE_BYTES_MAX) {
        this.#fail(`a frame of more than ${MESSAGE_BYTES_MAX} bytes`);
        return length;
      }
      const start = at + head;
      if (length - start < payload) break;
      at = start + payload;
      if (first === (FIN | OPCODE_BINARY)) this.#events.onMessage(bytes.subarray(start, at));
      else this.#onOther(first, bytes.subarray(start, at));
      if (this.#state === "closed" || this.#socket.destroyed) return length;
    }
    return at;
  }

  #onOther(first: number, payload: Buffer): void {
    switch (first) {
      case FIN | OPCODE_PING:
        this.#sendControl(OPCODE_PONG, payload);
        return;
      case FIN | OPCODE_PONG:
        return;
      case FIN | OPCODE_CLOSE:
        this.#closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : CLOSED_WITHOUT_CODE;
        this.#closeReason = payload.toString("utf8", 2);
        if (this.#state === "open") this.#sendControl(OPCODE_CLOSE, payload.subarray(0, 2));
        this.#state = "closing";
        this.#socket.end();
        return;
      case FIN | OPCODE_TEXT:
        if (this.#events.onText === undefined) this.#fail("a text message on a binary protocol");
        else this.#events.onText(payload);
        return;
      case OPCODE_BINARY:
      case OPCODE_CONTINUATION:
      case FIN | OPCODE_CONTINUATION:
        this.#fail("a fragmented message, which no server of ours sends");
        return;
      default:
        this.#fail(`a frame that begins with 0x${first.toString(16)}`);
    }
  }

  #sendControl(opcode: number, payload: Buffer): void {
    if (payload.length > 125 || this.#socket.writableLength > UNSENT_BYTES_MAX) return;
    const frame = clientFrame(payload.length);
    frame[0] = FIN | opcode;
    frame.set(payload, CLIENT_FRAME_HEAD_BYTES);
    this.#socket.write(frame);
  }
}

function upgradeRequest(target: SocketTarget): string {
  const host = target.host.includes(":") ? `[${target.host}]` : target.host;
  return [
    `GET ${target.path} HTTP/1.1`,
    `Host: ${host}:${target.port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${handshakeKey}`,
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Protocol: ${target.protocols.join(", ")}`,
    "",
    "",
  ].join("\r\n");
}
