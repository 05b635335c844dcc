/** The transport on `ws`: for platforms without a uWebSockets.js binary. Its only importer. */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import {
  CannotListen,
  type Connection,
  type HttpAnswer,
  type HttpRequest,
  type SendResult,
  type Transport,
  type TransportHandlers,
  type TransportOptions,
} from "./transport.js";

const REQUEST_TIMEOUT_MS = 10_000;
const HEADER_BYTES_MAX = 8192;
/** Idle sockets are looked at this often within their time. */
const IDLE_CHECKS = 4;
const EMPTY = new Uint8Array(0);

/** What the connections of one transport share. */
interface Shared {
  readonly bufferedBytesMax: number;
  /** Corked since the turn began; all are let go at its end. */
  readonly corked: Socket[];
}

class WsConnection<Peer> implements Connection<Peer> {
  readonly id: number;
  readonly peer: Peer;
  readonly address: string;
  readonly socket: Socket;
  readonly webSocket: WebSocket;
  isOpen = true;
  /** Checks of the idle timer since anything was heard. */
  silentChecks = 0;
  readonly #shared: Shared;

  constructor(id: number, peer: Peer, sockets: { webSocket: WebSocket; socket: Socket }, shared: Shared) {
    this.id = id;
    this.peer = peer;
    this.address = sockets.socket.remoteAddress ?? "";
    this.webSocket = sockets.webSocket;
    this.socket = sockets.socket;
    this.#shared = shared;
  }

  get bufferedBytes(): number {
    return this.webSocket.bufferedAmount;
  }

  send(bytes: Uint8Array): SendResult {
    if (!this.isOpen || this.webSocket.bufferedAmount > this.#shared.bufferedBytesMax) return "dropped";
    this.#corkForThisTurn();
    // A copy: the library keeps what it is given until the kernel takes it.
    this.webSocket.send(Buffer.from(bytes), { binary: true });
    return this.webSocket.bufferedAmount > 0 ? "buffered" : "sent";
  }

  /** Whatever is sent within one turn leaves together. */
  #corkForThisTurn(): void {
    if (this.socket.writableCorked > 0) return;
    this.socket.cork();
    const { corked } = this.#shared;
    corked.push(this.socket);
    if (corked.length > 1) return;
    setImmediate(() => {
      for (const socket of corked) socket.uncork();
      corked.length = 0;
    });
  }

  sendAll(messages: readonly Uint8Array[], count: number): number {
    let taken = 0;
    while (taken < count && this.send(messages[taken]!) !== "dropped") taken++;
    return taken;
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.socket.uncork();
    this.webSocket.close(code, reason);
    this.hasClosed();
  }

  /** Forgets the socket; `closed` is told once. */
  hasClosed: () => void = () => {};
}

export class WsTransport<Peer> implements Transport<Peer> {
  readonly #options: TransportOptions;
  readonly #connections = new Set<WsConnection<Peer>>();
  readonly #shared: Shared;
  /** Every TCP socket, whatever it speaks: one that was told to close may linger until its peer answers. */
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #idleTimer: NodeJS.Timeout | undefined;
  #lastId = 0;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#shared = { bufferedBytesMax: options.bufferedBytesMax, corked: [] };
  }

  async listen(handlers: TransportHandlers<Peer>): Promise<{ readonly port: number }> {
    const server = createServer({
      maxHeaderSize: HEADER_BYTES_MAX,
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
    });
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    const protocolOf = new WeakMap<IncomingMessage, string>();
    const webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: this.#options.messageBytesMax,
      handleProtocols: (_offered, request) => protocolOf.get(request) ?? false,
    });
    server.on("request", (request, response) => this.#onRequest(request, response, handlers));
    server.on("upgrade", (request, stream, head) => {
      const socket = stream as Socket;
      const discard = () => socket.destroy();
      socket.on("error", discard);
      const decision = handlers.upgrade({
        path: pathOf(request),
        host: request.headers.host ?? "",
        origin: request.headers.origin ?? "",
        protocols: request.headers["sec-websocket-protocol"] ?? "",
        address: socket.remoteAddress ?? "",
      });
      if (!decision.accept) {
        const status = `${decision.status} ${STATUS_CODES[decision.status] ?? ""}`;
        // Destroyed behind it: a peer that never ends its side would hold the socket for ever.
        socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, discard);
        return;
      }
      if (decision.protocol !== "") protocolOf.set(request, decision.protocol);
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        socket.off("error", discard);
        this.#onOpen(decision.peer, { webSocket, socket }, handlers);
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) =>
        reject(new CannotListen(error.code ?? "", error.message)),
      );
      server.listen(this.#options.port, this.#options.host, resolve);
    });
    this.#watchIdle();
    return { port: (server.address() as AddressInfo).port };
  }

  #onOpen(
    peer: Peer,
    sockets: { webSocket: WebSocket; socket: Socket },
    handlers: TransportHandlers<Peer>,
  ): void {
    const { webSocket, socket } = sockets;
    const connection = new WsConnection(++this.#lastId, peer, sockets, this.#shared);
    this.#connections.add(connection);
    connection.hasClosed = () => {
      if (!connection.isOpen) return;
      connection.isOpen = false;
      this.#connections.delete(connection);
      handlers.closed(connection);
    };
    webSocket.on("message", (data, isBinary) => {
      connection.silentChecks = 0;
      // Nothing is heard from a connection that has been told to close.
      if (connection.isOpen) handlers.message(connection, data as Buffer, isBinary);
    });
    webSocket.on("pong", () => {
      connection.silentChecks = 0;
    });
    socket.on("drain", () => {
      if (connection.isOpen) handlers.drained(connection);
    });
    webSocket.on("close", connection.hasClosed);
    // What the peer did wrong; the library closes the socket itself.
    webSocket.on("error", connection.hasClosed);
    handlers.open(connection);
  }

  #watchIdle(): void {
    const periodMs = (this.#options.idleTimeoutSeconds * 1000) / IDLE_CHECKS;
    this.#idleTimer = setInterval(() => {
      for (const connection of this.#connections) {
        connection.silentChecks++;
        if (connection.silentChecks > IDLE_CHECKS) connection.webSocket.terminate();
        else if (connection.silentChecks > 1) connection.webSocket.ping();
      }
    }, periodMs);
  }

  #onRequest(request: IncomingMessage, response: ServerResponse, handlers: TransportHandlers<Peer>): void {
    if (request.method !== "POST") {
      request.resume();
      answer(response, handlers.http(requestOf(request, EMPTY)));
      return;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= this.#options.httpBodyBytesMax) chunks.push(chunk);
      else if (!response.headersSent) {
        answer(response, { status: 413, headers: { connection: "close" }, body: "" });
      }
    });
    request.on("end", () => {
      if (!response.headersSent) answer(response, handlers.http(requestOf(request, Buffer.concat(chunks))));
    });
    // An aborted request has nobody to answer to.
    request.on("error", () => response.destroy());
  }

  closeListen(): void {
    this.#server?.close();
  }

  async closeAll(): Promise<void> {
    clearInterval(this.#idleTimer);
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const isClosed = new Promise<void>((resolve) => {
      if (server.listening) server.once("close", resolve);
      server.close(() => resolve());
    });
    for (const connection of [...this.#connections]) {
      connection.webSocket.terminate();
      connection.hasClosed();
    }
    for (const socket of this.#sockets) socket.destroy();
    await isClosed;
  }
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? "/";
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}

function requestOf(request: IncomingMessage, body: Uint8Array): HttpRequest {
  return {
    method: request.method ?? "GET",
    path: pathOf(request),
    host: request.headers.host ?? "",
    origin: request.headers.origin ?? "",
    ifNoneMatch: request.headers["if-none-match"] ?? "",
    address: request.socket.remoteAddress ?? "",
    body,
  };
}

function answer(response: ServerResponse, with_: HttpAnswer): void {
  response.writeHead(with_.status, with_.headers);
  response.end(with_.status === 204 || with_.status === 304 ? undefined : with_.body);
}
