/** The transport on uWebSockets.js: native, one process-wide event loop integration per thread. Its only importer. */

import type * as Uws from "uWebSockets.js";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import {
  CannotListen,
  type Connection,
  type HttpAnswer,
  type HttpRequest,
  httpStatuses,
  type SendResult,
  type Transport,
  type TransportHandlers,
  type TransportOptions,
} from "./transport.js";
import { uwsBinaries } from "./uws-binaries.js";

/** The library cannot be used here; the message says why. */
export class UwsUnavailable extends Error {
  override readonly name = "UwsUnavailable";
}

/**
 * Loads the library after checking that its binary for this platform is one we know.
 * @throws UwsUnavailable
 */
export function loadUws(known: Readonly<Record<string, string>> = uwsBinaries): typeof Uws {
  const require = createRequire(import.meta.url);
  const file = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
  const expected = known[file];
  if (expected === undefined) throw new UwsUnavailable(`no known binary ${file}`);
  try {
    const folder = dirname(require.resolve("uWebSockets.js"));
    const found = createHash("sha256")
      .update(readFileSync(join(folder, file)))
      .digest("hex");
    if (found !== expected) throw new UwsUnavailable(`${file} has SHA-256 ${found}, want ${expected}`);
    return require("uWebSockets.js") as typeof Uws;
  } catch (error) {
    if (error instanceof UwsUnavailable) throw error;
    throw new UwsUnavailable((error as Error).message);
  }
}

interface UserData<Peer> {
  readonly connection: UwsConnection<Peer>;
}
type Socket<Peer> = Uws.WebSocket<UserData<Peer>> & UserData<Peer>;

/** `WebSocket.send` answers with these. */
const SEND_BUFFERED = 0;
const SEND_DROPPED = 2;
/** Without it the kernel would share the port with whoever else listens on it. */
const EXCLUSIVE_PORT = 1;
const EMPTY = new Uint8Array(0);
const utf8 = new TextDecoder();

type ListenExclusively = (
  host: string,
  port: number,
  options: number,
  onListen: (socket: Uws.us_listen_socket | false) => void,
) => void;

class UwsConnection<Peer> implements Connection<Peer> {
  readonly id: number;
  readonly peer: Peer;
  readonly address: string;
  /** null before it opens and from the moment it closes: touching a closed socket ends the process. */
  socket: Socket<Peer> | null = null;

  constructor(id: number, peer: Peer, address: string) {
    this.id = id;
    this.peer = peer;
    this.address = address;
  }

  get isOpen(): boolean {
    return this.socket !== null;
  }

  get bufferedBytes(): number {
    return this.socket === null ? 0 : this.socket.getBufferedAmount();
  }

  send(bytes: Uint8Array): SendResult {
    if (this.socket === null) return "dropped";
    const result = this.socket.send(bytes, true, false);
    return result === SEND_DROPPED ? "dropped" : result === SEND_BUFFERED ? "buffered" : "sent";
  }

  sendAll(messages: readonly Uint8Array[], count: number): number {
    const { socket } = this;
    if (socket === null) return 0;
    // As nearly always; what is sent alone leaves in one call anyway.
    if (count === 1) return socket.send(messages[0]!, true, false) === SEND_DROPPED ? 0 : 1;
    let taken = 0;
    socket.cork(() => {
      while (taken < count && socket.send(messages[taken]!, true, false) !== SEND_DROPPED) taken++;
    });
    return taken;
  }

  close(code: number, reason: string): void {
    this.socket?.end(code, reason);
  }
}

/** The library says only that it failed, so the system is asked again. */
function whyNot(host: string, port: number): Promise<CannotListen> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once("error", (error: NodeJS.ErrnoException) =>
      resolve(new CannotListen(error.code ?? "", error.message)),
    );
    probe.listen({ host, port, exclusive: true }, () =>
      probe.close(() => resolve(new CannotListen("", `cannot listen on ${host}:${port}`))),
    );
  });
}

export class UwsTransport<Peer> implements Transport<Peer> {
  readonly #uws: typeof Uws;
  readonly #options: TransportOptions;
  #app: Uws.TemplatedApp | null = null;
  #listenSocket: Uws.us_listen_socket | null = null;
  readonly #connections = new Set<UwsConnection<Peer>>();
  #lastId = 0;

  /** @throws UwsUnavailable */
  constructor(options: TransportOptions, uws = loadUws()) {
    this.#options = options;
    this.#uws = uws;
  }

  async listen(handlers: TransportHandlers<Peer>): Promise<{ readonly port: number }> {
    const { host, port } = this.#options;
    const app = this.#uws.App();
    this.#app = app;
    app.ws<UserData<Peer>>("/*", this.#behavior(handlers));
    app.post("/*", (res, req) => this.#answerPost(res, req, handlers));
    app.any("/*", (res, req) => {
      answer(res, handlers.http(requestOf(res, req, EMPTY)));
    });
    const listenSocket = await new Promise<Uws.us_listen_socket | false>((resolve) => {
      // The declarations do not know of a host together with options; the library does.
      const listen = app.listen.bind(app) as unknown as ListenExclusively;
      listen(host, port, EXCLUSIVE_PORT, resolve);
    });
    if (listenSocket === false) {
      await this.closeAll();
      throw await whyNot(host, port);
    }
    this.#listenSocket = listenSocket;
    return { port: this.#uws.us_socket_local_port(listenSocket as Uws.us_socket) };
  }

  #behavior(handlers: TransportHandlers<Peer>): Uws.WebSocketBehavior<UserData<Peer>> {
    const connections = this.#connections;
    const of = (ws: Uws.WebSocket<UserData<Peer>>) => (ws as Socket<Peer>).connection;
    return {
      compression: this.#uws.DISABLED,
      maxPayloadLength: this.#options.messageBytesMax,
      maxBackpressure: this.#options.bufferedBytesMax,
      idleTimeout: this.#options.idleTimeoutSeconds,
      sendPingsAutomatically: true,
      closeOnBackpressureLimit: 0,
      maxLifetime: 0,
      upgrade: (res, req, context) => this.#upgrade(res, req, context, handlers),
      open: (ws) => {
        const connection = of(ws);
        connection.socket = ws as Socket<Peer>;
        connections.add(connection);
        handlers.open(connection);
      },
      message: (ws, message, isBinary) => handlers.message(of(ws), new Uint8Array(message), isBinary),
      drain: (ws) => handlers.drained(of(ws)),
      close: (ws) => {
        const connection = of(ws);
        connection.socket = null;
        connections.delete(connection);
        handlers.closed(connection);
      },
    };
  }

  #upgrade(
    res: Uws.HttpResponse,
    req: Uws.HttpRequest,
    context: Uws.us_socket_context_t,
    handlers: TransportHandlers<Peer>,
  ): void {
    const address = utf8.decode(res.getRemoteAddressAsText());
    const decision = handlers.upgrade({
      path: req.getUrl(),
      host: req.getHeader("host"),
      origin: req.getHeader("origin"),
      protocols: req.getHeader("sec-websocket-protocol"),
      address,
    });
    if (!decision.accept) {
      res.writeStatus(httpStatuses[decision.status]).end(undefined, true);
      return;
    }
    const connection = new UwsConnection(++this.#lastId, decision.peer, address);
    res.upgrade(
      { connection },
      req.getHeader("sec-websocket-key"),
      decision.protocol,
      req.getHeader("sec-websocket-extensions"),
      context,
    );
  }

  #answerPost(res: Uws.HttpResponse, req: Uws.HttpRequest, handlers: TransportHandlers<Peer>): void {
    const bodyBytesMax = this.#options.httpBodyBytesMax;
    const body = new Uint8Array(bodyBytesMax);
    // The request dies with this call, so it is read now and completed when the body is here.
    const request = requestOf(res, req, body);
    let length = 0;
    let isOver = false;
    res.onAborted(() => {
      isOver = true;
    });
    res.onData((chunk, isLast) => {
      if (isOver) return;
      if (length + chunk.byteLength > bodyBytesMax) {
        isOver = true;
        answer(res, { status: 413, headers: {}, body: "" }, { closes: true });
        return;
      }
      body.set(new Uint8Array(chunk), length);
      length += chunk.byteLength;
      if (!isLast) return;
      isOver = true;
      answer(res, handlers.http({ ...request, body: body.subarray(0, length) }));
    });
  }

  closeListen(): void {
    if (this.#listenSocket === null) return;
    this.#uws.us_listen_socket_close(this.#listenSocket);
    this.#listenSocket = null;
  }

  closeAll(): Promise<void> {
    this.closeListen();
    for (const connection of [...this.#connections]) connection.socket?.close();
    // Plain HTTP sockets as well; without this a worker that ends takes the process with it.
    this.#app?.close();
    this.#app = null;
    // The native handles are released in the loop's next turn.
    return new Promise((resolve) => setImmediate(resolve));
  }
}

function requestOf(res: Uws.HttpResponse, req: Uws.HttpRequest, body: Uint8Array): HttpRequest {
  return {
    method: req.getCaseSensitiveMethod(),
    path: req.getUrl(),
    host: req.getHeader("host"),
    origin: req.getHeader("origin"),
    ifNoneMatch: req.getHeader("if-none-match"),
    address: utf8.decode(res.getRemoteAddressAsText()),
    body,
  };
}

function answer(res: Uws.HttpResponse, with_: HttpAnswer, options?: { readonly closes: boolean }): void {
  res.cork(() => {
    res.writeStatus(httpStatuses[with_.status]);
    for (const name in with_.headers) res.writeHeader(name, with_.headers[name]!);
    if (with_.status === 204 || with_.status === 304) res.endWithoutBody(0, options?.closes ?? false);
    else res.end(with_.body, options?.closes ?? false);
  });
}
