/**
 * What the gateway needs of a socket server. Two implementations pass the one suite of transport-contract.ts;
 * the simulation has a third. `Peer` is what the gateway attaches to a connection when it decides the upgrade.
 *
 * All handlers are called on the transport's own thread, never from within a call into the transport, except that
 * `Connection.close` may call `closed` before it returns.
 */

/** `sent`: handed to the kernel. `buffered`: accepted and waiting. `dropped`: gone, the peer reads too slowly. */
export type SendResult = "sent" | "buffered" | "dropped";

/** One socket. After it has closed every call is allowed and does nothing. */
export interface Connection<Peer> {
  /** Unique within the transport's life. */
  readonly id: number;
  readonly peer: Peer;
  /** The other side's address as text. */
  readonly address: string;
  readonly isOpen: boolean;
  /** Bytes accepted that the kernel has not taken. */
  readonly bufferedBytes: number;
  /** One binary message. The bytes are the caller's again when it returns; they may not be shared memory. */
  send(bytes: Uint8Array): SendResult;
  /**
   * The first `count` messages, in one system call. Returns how many of them were taken, in order; the others are
   * dropped. Otherwise as {@link send}.
   */
  sendAll(messages: readonly Uint8Array[], count: number): number;
  /** Sends a close frame and ends the socket. */
  close(code: number, reason: string): void;
}

/** What is known of a client that asks to speak WebSocket. Texts are "" where the header is missing. */
export interface UpgradeRequest {
  readonly path: string;
  readonly host: string;
  readonly origin: string;
  /** The offered subprotocols, one comma-separated list as it was sent. */
  readonly protocols: string;
  readonly address: string;
}

export type UpgradeDecision<Peer> =
  | { readonly accept: true; readonly protocol: string; readonly peer: Peer }
  | { readonly accept: false; readonly status: HttpStatus };

export const httpStatuses = {
  200: "200 OK",
  204: "204 No Content",
  304: "304 Not Modified",
  400: "400 Bad Request",
  403: "403 Forbidden",
  404: "404 Not Found",
  405: "405 Method Not Allowed",
  413: "413 Payload Too Large",
  426: "426 Upgrade Required",
  429: "429 Too Many Requests",
  503: "503 Service Unavailable",
} as const;
export type HttpStatus = keyof typeof httpStatuses;

/** A plain request, its body complete. */
export interface HttpRequest {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  readonly host: string;
  readonly origin: string;
  readonly ifNoneMatch: string;
  readonly address: string;
  /** Empty unless the method is POST. Valid during the call. */
  readonly body: Uint8Array;
}

export interface HttpAnswer {
  readonly status: HttpStatus;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

export interface TransportHandlers<Peer> {
  upgrade(request: UpgradeRequest): UpgradeDecision<Peer>;
  open(connection: Connection<Peer>): void;
  /** `bytes` are valid during the call only. */
  message(connection: Connection<Peer>, bytes: Uint8Array, isBinary: boolean): void;
  /** What was buffered is less now. */
  drained(connection: Connection<Peer>): void;
  /** Last call about a connection, whoever closed it. */
  closed(connection: Connection<Peer>): void;
  http(request: HttpRequest): HttpAnswer;
}

export interface TransportOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** A longer message ends the connection before it is ever complete. */
  readonly messageBytesMax: number;
  /** With more than this buffered, further messages are dropped. */
  readonly bufferedBytesMax: number;
  readonly idleTimeoutSeconds: number;
  /** A longer body of a POST is answered with 413. */
  readonly httpBodyBytesMax: number;
}

export interface Transport<Peer> {
  /** @throws CannotListen */
  listen(handlers: TransportHandlers<Peer>): Promise<{ readonly port: number }>;
  /** Takes no more connections; those that exist go on. */
  closeListen(): void;
  /** Ends everything at once; `closed` has been called for each when the promise resolves. */
  closeAll(): Promise<void>;
}

/** The address is taken, or not ours; `code` is the system's: EADDRINUSE, EACCES … */
export class CannotListen extends Error {
  override readonly name = "CannotListen";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
