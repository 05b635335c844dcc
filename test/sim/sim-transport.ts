/**
 * The third transport (net/transport.ts): no sockets, no timers, everything an event of the simulation. It does what
 * networks do: delays that vary but never reorder one direction, windows that fill when the other side does not read,
 * connections that break with data on the way, and half-open ones that swallow everything and say nothing.
 */
import type { Prng } from "../../engine/prng.js";
import type {
  Connection,
  HttpAnswer,
  HttpRequest,
  SendResult,
  Transport,
  TransportHandlers,
} from "../../net/transport.js";
import type { EventQueue } from "./event-queue.js";
import { Pipe } from "./pipe.js";
import type { Tampering } from "./planted-bugs.js";
import { SimSocket } from "./sim-socket.js";
import type { Trace } from "./trace.js";

export interface SimTransportOptions {
  readonly queue: EventQueue;
  readonly prng: Prng;
  readonly trace: Trace;
  readonly messageBytesMax: number;
  /** With more than this buffered, further messages are dropped. */
  readonly bufferedBytesMax: number;
  /** A connection that has gone silent is closed after this long. */
  readonly idleTimeoutMs: number;
  /** A bug planted on purpose. */
  readonly tamper?: ((bytes: Uint8Array) => Tampering) | undefined;
}

/** How a connection's network behaves. */
export interface LinkConditions {
  readonly latencyMsMin: number;
  readonly latencyMsMax: number;
  /** Bytes on the way from the server that the client has not read, before they pile up at the server. */
  readonly windowBytes: number;
}

/** The code a side sees when the connection broke without a close frame. */
const BROKEN = 1006;
/** From a machine's return to the moment a client hears that its connection is not known. */
const RESET_MS_MAX = 2000;

class SimConnection<Peer> implements Connection<Peer> {
  readonly id: number;
  readonly peer: Peer;
  readonly address: string;
  readonly down: Pipe;
  /** The other end. */
  readonly socket: SimSocket;
  isOpen = true;
  /** A message was dropped: what follows may come again. */
  onDrop: () => void = () => {};
  readonly #transport: SimTransport<Peer>;

  constructor(
    transport: SimTransport<Peer>,
    parts: {
      readonly id: number;
      readonly peer: Peer;
      readonly address: string;
      readonly down: Pipe;
      readonly socket: SimSocket;
    },
  ) {
    this.#transport = transport;
    this.id = parts.id;
    this.peer = parts.peer;
    this.address = parts.address;
    this.down = parts.down;
    this.socket = parts.socket;
  }

  get bufferedBytes(): number {
    return this.isOpen ? this.down.bufferedBytes : 0;
  }

  sendAll(messages: readonly Uint8Array[], count: number): number {
    let taken = 0;
    while (taken < count && this.send(messages[taken]!) !== "dropped") taken++;
    return taken;
  }

  send(bytes: Uint8Array): SendResult {
    if (!this.isOpen) return "dropped";
    if (this.down.bufferedBytes > this.#transport.options.bufferedBytesMax) {
      this.#transport.dropped++;
      this.onDrop();
      return "dropped";
    }
    const tampering = this.#transport.options.tamper?.(bytes) ?? "pass";
    if (tampering !== "drop") this.down.push(bytes);
    if (tampering === "twice") this.down.push(bytes);
    this.#transport.noteBuffered(this.down.bufferedBytes);
    return this.down.bufferedBytes > 0 ? "buffered" : "sent";
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.down.pushClose(code, reason);
    this.#transport.hasClosed(this, this.#transport.options.prng.below(2) === 0 ? "now" : "later");
  }
}

export class SimTransport<Peer> implements Transport<Peer> {
  readonly options: SimTransportOptions;
  readonly #connections = new Set<SimConnection<Peer>>();
  #handlers: TransportHandlers<Peer> | null = null;
  isListening = false;
  #lastId = 0;
  /** Messages refused because too much was buffered. */
  dropped = 0;
  /** Most bytes buffered for one connection so far. */
  bufferedBytesMost = 0;

  constructor(options: SimTransportOptions) {
    this.options = options;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  listen(handlers: TransportHandlers<Peer>): Promise<{ readonly port: number }> {
    this.#handlers = handlers;
    this.isListening = true;
    return Promise.resolve({ port: 1 });
  }

  /** A plain request, answered at once. */
  http(request: HttpRequest): HttpAnswer {
    return this.#handlers!.http(request);
  }

  /** A client dials in. */
  dial(protocols: readonly string[], conditions: LinkConditions, address: string): SimSocket {
    const { queue, prng, trace } = this.options;
    const latency = () =>
      conditions.latencyMsMin + prng.unit() * (conditions.latencyMsMax - conditions.latencyMsMin);
    const down = new Pipe({ queue, latency, windowBytes: conditions.windowBytes });
    const up = new Pipe({ queue, latency, windowBytes: Number.POSITIVE_INFINITY });
    const socket = new SimSocket({ queue, trace, up, down });
    queue.after(latency(), () => this.#upgrade(socket, { protocols, address, down, up, latency }));
    return socket;
  }

  #upgrade(
    socket: SimSocket,
    dialled: { protocols: readonly string[]; address: string; down: Pipe; up: Pipe; latency: () => number },
  ): void {
    const { address, down, up, latency } = dialled;
    const { queue } = this.options;
    if (socket.isBroken) return;
    const handlers = this.#handlers;
    const decision =
      handlers === null || !this.isListening
        ? null
        : handlers.upgrade({
            path: "/ws",
            host: "sim",
            origin: "",
            protocols: dialled.protocols.join(", "),
            address,
          });
    if (handlers === null || decision?.accept !== true) {
      queue.after(latency(), () => socket.hasClosed(BROKEN, ""));
      return;
    }
    const id = ++this.#lastId;
    const connection = new SimConnection(this, { id, peer: decision.peer, address, down, socket });
    this.#connections.add(connection);
    connection.onDrop = () => {
      socket.drops++;
    };
    down.pushOpen();
    down.onDrained = () => {
      if (connection.isOpen) handlers.drained(connection);
    };
    up.onMessage = (bytes) => {
      if (!connection.isOpen) return;
      if (bytes.length > this.options.messageBytesMax) {
        connection.close(1009, "");
        return;
      }
      handlers.message(connection, bytes, true);
      // Valid during the call only: whoever keeps them is found out.
      bytes.fill(0xaa);
    };
    up.onClose = () => this.hasClosed(connection);
    socket.onBreak = (isHeard) => {
      if (isHeard) queue.after(latency(), () => this.hasClosed(connection));
      else
        queue.after(this.options.idleTimeoutMs * (1 + this.options.prng.unit()), () =>
          this.hasClosed(connection),
        );
    };
    handlers.open(connection);
  }

  /** The connection is over for the server: forgotten and told, now or a moment later. */
  hasClosed(connection: SimConnection<Peer>, when: "now" | "later" = "now"): void {
    if (!connection.isOpen) return;
    connection.isOpen = false;
    this.#connections.delete(connection);
    const handlers = this.#handlers;
    if (when === "now") handlers!.closed(connection);
    else
      this.options.queue.after(0, () => {
        // Unless whom it concerns has died in between.
        if (this.#handlers === handlers) handlers!.closed(connection);
      });
  }

  /**
   * The process that listens is gone, and so are its ends of all connections. Killed: what it had sent arrives, or the
   * kernel resets the connection. Without power: what is on the way arrives, then silence, for good or until the
   * machine is there again to say that it knows of no such connection.
   */
  breakAll(how: "kill" | "power", downMs: number): void {
    const { queue, prng } = this.options;
    this.#handlers = null;
    this.isListening = false;
    for (const connection of this.#connections) {
      const { down, socket } = connection;
      connection.isOpen = false;
      socket.isOrphaned = true;
      const luck = prng.unit();
      if (how === "kill") {
        if (luck < 0.6) down.pushClose(BROKEN, "");
        else socket.cut(luck);
      } else {
        down.loseWaiting();
        if (luck < 0.7) queue.after(downMs + luck * RESET_MS_MAX, () => socket.hasClosed(BROKEN, ""));
      }
    }
    this.#connections.clear();
  }

  /** What was buffered for one connection at this instant. */
  noteBuffered(bytes: number): void {
    this.bufferedBytesMost = Math.max(this.bufferedBytesMost, bytes);
  }

  closeListen(): void {
    this.isListening = false;
  }

  closeAll(): Promise<void> {
    this.closeListen();
    for (const connection of [...this.#connections]) connection.close(1001, "");
    return Promise.resolve();
  }
}
