/**
 * Client of bench/peers/servers/socket-io.js: as much of Engine.IO 4, Socket.IO 5 and msgpack as that server speaks. A message is
 * `{type, data: [event, bytes], …}`; the bytes are found behind the event's name.
 */
import { CLIENT_FRAME_HEAD_BYTES, clientFrame } from "../bots/websocket.js";
import type { PersonKey, PersonPlace } from "../sight-check.js";
import { isSampled, WalkingClient } from "./peer-client.js";
import { findPerson, read16, readPeople, TICK_BYTES } from "./plain-frames.js";

const ENGINE_OPEN = 0x30;
const ENGINE_PING = 0x32;
const ENGINE_PONG = "3";
const TEXT_FRAME = 0x81;

const BIN_8 = 0xc4;
const BIN_16 = 0xc5;

/** `{type: 0, nsp: "/"}` */
const connectPacket = Buffer.from([0x82, ...packed("type"), 0, ...packed("nsp"), ...packed("/")]);
/** `{type: 2, data: ["m", 2 bytes], nsp: "/"}`; the bytes are the last. */
const movePacket = Buffer.from([
  ...[0x83, ...packed("nsp"), ...packed("/"), ...packed("type"), 2],
  ...[...packed("data"), 0x92, ...packed("m"), BIN_8, 2, 0, 0],
]);

/** A short string in msgpack. */
function packed(text: string): number[] {
  return [0xa0 | text.length, ...Buffer.from(text, "latin1")];
}

/** An array of two of which the first is the event's name. */
const eventHead = (event: string) => Buffer.from([0x92, ...packed(event)]);
const events = { hello: eventHead("h"), sight: eventHead("t"), cell: eventHead("c") } as const;

export class SocketIoClient extends WalkingClient {
  /** By cell; one for all where the sight comes joined. */
  readonly #cells = new Map<number, Map<PersonKey, PersonPlace>>();
  readonly #cellTicks = new Map<number, number>();
  #person = -1;
  #tick = -1;

  async connect(): Promise<void> {
    this.open("/socket.io/?EIO=4&transport=websocket");
  }

  /** What rooms told lately: nobody says that a room was left, its messages end. */
  seen(): ReadonlyMap<PersonKey, PersonPlace> | undefined {
    if (!isSampled(this.options)) return undefined;
    const seen = new Map<PersonKey, PersonPlace>();
    for (const [cell, people] of this.#cells) {
      if (((this.#tick - this.#cellTicks.get(cell)!) & 0xffff) > 1) continue;
      for (const [key, place] of people) seen.set(key, place);
    }
    return seen;
  }

  protected override onText(bytes: Uint8Array): void {
    if (bytes[0] === ENGINE_OPEN) {
      this.socket?.send(connectPacket);
    } else if (bytes[0] === ENGINE_PING) {
      const frame = clientFrame(1);
      frame[0] = TEXT_FRAME;
      frame.write(ENGINE_PONG, CLIENT_FRAME_HEAD_BYTES);
      this.socket?.sendFrame(frame);
    }
  }

  protected onMessage(bytes: Uint8Array): void {
    const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const sight = bodyOf(message, events.sight);
    const cell = sight === undefined ? bodyOf(message, events.cell) : undefined;
    if (sight !== undefined) {
      this.#frame(sight, 0, TICK_BYTES);
    } else if (cell !== undefined) {
      this.#frame(cell, read16(cell, TICK_BYTES), TICK_BYTES + 2);
    } else {
      const hello = bodyOf(message, events.hello);
      if (hello === undefined) return;
      this.#person = read16(hello, 0);
      this.key = this.#person;
    }
  }

  #frame(bytes: Uint8Array, cell: number, from: number): void {
    const tick = read16(bytes, 0);
    if (tick !== this.#tick) this.frameOfTick(tick);
    this.#tick = tick;
    const own = findPerson(bytes, from, this.#person);
    if (own !== undefined) {
      this.x = own.x;
      this.y = own.y;
    }
    if (!isSampled(this.options)) return;
    const people = new Map<PersonKey, PersonPlace>();
    readPeople(bytes, from, people);
    this.#cells.set(cell, people);
    this.#cellTicks.set(cell, tick);
  }

  protected directionFrame(dx: number, dy: number): Buffer {
    const frame = clientFrame(movePacket.length);
    frame.set(movePacket, CLIENT_FRAME_HEAD_BYTES);
    frame[frame.length - 2] = dx;
    frame[frame.length - 1] = dy;
    return frame;
  }
}

/** The bytes an event came with; undefined when it is another event. */
function bodyOf(message: Buffer, head: Buffer): Uint8Array | undefined {
  const found = message.indexOf(head);
  if (found < 0) return undefined;
  const at = found + head.length;
  if (message[at] === BIN_8) return message.subarray(at + 2, at + 2 + message[at + 1]!);
  if (message[at] !== BIN_16) return undefined;
  return message.subarray(at + 3, at + 3 + message.readUInt16BE(at + 1));
}
