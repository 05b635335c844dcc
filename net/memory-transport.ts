/**
 * A transport without a network: clients are objects in the same thread, and nothing happens but what is called.
 * For tests and for the simulation, which runs the whole gateway under one hand-cranked clock.
 */
import { assert } from "../engine/assert.js";
import type {
  Connection,
  HttpAnswer,
  HttpRequest,
  SendResult,
  Transport,
  TransportHandlers,
  UpgradeRequest,
} from "./transport.js";

export interface MemoryTransportOptions {
  /** With more than this unread, further messages are dropped. */
  readonly bufferedBytesMax: number;
}

/** The client's end of a connection. */
export class MemoryClient {
  /** Status of the upgrade: 101, or why there is no connection. */
  readonly status: number;
  readonly protocol: string;
  /** Everything that has been read and not taken, oldest first. */
  readonly messages: Uint8Array[] = [];
  /** How the server closed it; null while open, or when the client hung up. */
  closed: { readonly code: number; readonly reason: string } | null = null;
  /** Messages the server lost because too much was unread. */
  droppedCount = 0;
  readonly #connection: MemoryConnection<unknown> | null;

  constructor(status: number, protocol: string, connection: MemoryConnection<unknown> | null) {
    this.status = status;
    this.protocol = protocol;
    this.#connection = connection;
  }

  get isOpen(): boolean {
    return this.#connection?.isOpen ?? false;
  }

  /** Takes what has arrived. */
  take(): Uint8Array[] {
    return this.messages.splice(0);
  }

  send(bytes: Uint8Array): void {
    this.#connection?.hear(bytes, true);
  }

  sendText(text: string): void {
    this.#connection?.hear(new TextEncoder().encode(text), false);
  }

  /** The network is gone, without a word. */
  hangUp(): void {
    this.#connection?.end();
  }

  /** Reads no more: what is sent from here on is buffered, then dropped. */
  stall(): void {
    assert(this.#connection !== null, "a client that stalls is connected");
    this.#connection.isStalled = true;
  }

  /** Reads all there is and goes on reading. */
  unstall(): void {
    assert(this.#connection !== null, "a client that reads is connected");
    this.#connection.drain();
  }
}

class MemoryConnection<Peer> implements Connection<Peer> {
  readonly id: number;
  readonly peer: Peer;
  readonly address: string;
  isOpen = true;
  isStalled = false;
  client!: MemoryClient;
  readonly #transport: MemoryTransport<Peer>;
  #unread: Uint8Array[] = [];

  constructor(id: number, peer: Peer, address: string, transport: MemoryTransport<Peer>) {
    this.id = id;
    this.peer = peer;
    this.address = address;
    this.#transport = transport;
  }

  get bufferedBytes(): number {
    return this.#unread.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  send(bytes: Uint8Array): SendResult {
    assert(!(bytes.buffer instanceof SharedArrayBuffer), "sockets are never given shared memory");
    if (!this.isOpen) return "dropped";
    if (this.bufferedBytes > this.#transport.bufferedBytesMax) {
      this.client.droppedCount++;
      return "dropped";
    }
    const copy = bytes.slice();
    if (!this.isStalled) {
      this.client.messages.push(copy);
      return "sent";
    }
    this.#unread.push(copy);
    return "buffered";
  }

  sendAll(messages: readonly Uint8Array[], count: number): number {
    let taken = 0;
    while (taken < count && this.send(messages[taken]!) !== "dropped") taken++;
    return taken;
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.client.closed = { code, reason };
    this.end();
  }

  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#unread = [];
    this.#transport.forget(this);
  }

  hear(bytes: Uint8Array, isBinary: boolean): void {
    if (this.isOpen) this.#transport.handlers.message(this, bytes, isBinary);
  }

  drain(): void {
    this.isStalled = false;
    this.client.messages.push(...this.#unread);
    this.#unread = [];
    if (this.isOpen) this.#transport.handlers.drained(this);
  }
}

export class MemoryTransport<Peer> implements Transport<Peer> {
  readonly bufferedBytesMax: number;
  readonly #connections = new Set<MemoryConnection<Peer>>();
  #handlers: TransportHandlers<Peer> | null = null;
  #isListening = false;
  #lastId = 0;

  constructor(options: MemoryTransportOptions) {
    this.bufferedBytesMax = options.bufferedBytesMax;
  }

  get handlers(): TransportHandlers<Peer> {
    assert(this.#handlers !== null, "a transport is used after it listens");
    return this.#handlers;
  }

  async listen(handlers: TransportHandlers<Peer>): Promise<{ readonly port: number }> {
    this.#handlers = handlers;
    this.#isListening = true;
    return { port: 0 };
  }

  /** What a client does to connect. */
  connect(request: Partial<UpgradeRequest> & { readonly protocols: string }): MemoryClient {
    assert(this.#isListening, "nobody listens");
    const full: UpgradeRequest = {
      path: "/ws",
      host: "localhost",
      origin: "",
      address: "127.0.0.1",
      ...request,
    };
    const decision = this.handlers.upgrade(full);
    if (!decision.accept) return new MemoryClient(decision.status, "", null);
    const connection = new MemoryConnection(++this.#lastId, decision.peer, full.address, this);
    connection.client = new MemoryClient(101, decision.protocol, connection as MemoryConnection<unknown>);
    this.#connections.add(connection);
    this.handlers.open(connection);
    return connection.client;
  }

  /** A plain HTTP request. */
  request(request: Partial<HttpRequest> & { readonly path: string }): HttpAnswer {
    return this.handlers.http({
      method: "GET",
      host: "localhost",
      origin: "",
      ifNoneMatch: "",
      address: "127.0.0.1",
      body: new Uint8Array(0),
      ...request,
    });
  }

  forget(connection: MemoryConnection<Peer>): void {
    this.#connections.delete(connection);
    this.handlers.closed(connection);
  }

  closeListen(): void {
    this.#isListening = false;
  }

  async closeAll(): Promise<void> {
    this.closeListen();
    for (const connection of [...this.#connections]) connection.end();
  }
}
