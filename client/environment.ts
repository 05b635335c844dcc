/**
 * What a client needs from the machine it runs on: a socket, a clock, a timer and chance. All of it can be handed in,
 * which is how the tests run a client through hours of bad network in a moment; these are the defaults.
 */

/** The part of a WebSocket the client uses: the browser's has it, and so has the class of the package `ws`. */
export interface SocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

type SocketClass = new (url: string, protocols: string[]) => unknown;
type SocketFactory = (url: string, protocols: string[]) => unknown;
/** A WebSocket class (the browser's, or that of `ws`) or a function that opens a socket. */
export type SocketSource = SocketClass | SocketFactory;

/** Calls `callback` once after `delayMs`; the function returned cancels it. */
export type Schedule = (delayMs: number, callback: () => void) => () => void;

/** Where a client gets time, chance and sockets. */
export interface Environment {
  readonly openSocket: (url: string, protocols: string[]) => SocketLike;
  readonly schedule: Schedule;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** Fills in what the caller did not hand over with what browsers and Node have. */
export function environmentOf(given: {
  readonly webSocket?: SocketSource;
  readonly schedule?: Schedule;
  readonly now?: () => number;
  readonly random?: () => number;
}): Environment {
  return {
    openSocket: socketOpener(given.webSocket),
    schedule: given.schedule ?? scheduleByTimeout,
    now: given.now ?? (() => performance.now()),
    random: given.random ?? Math.random,
  };
}

function scheduleByTimeout(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

function socketOpener(source: SocketSource | undefined): Environment["openSocket"] {
  const chosen = source ?? (globalThis as { WebSocket?: SocketClass }).WebSocket;
  if (chosen === undefined) {
    throw new Error("no WebSocket here: pass `webSocket`, for example the class of the package ws");
  }
  // A WebSocket class has `send` on its prototype; a factory, arrow function or not, has not.
  const isClass = typeof (chosen.prototype as { send?: unknown } | undefined)?.send === "function";
  if (isClass) return (url, protocols) => new (chosen as SocketClass)(url, protocols) as SocketLike;
  return (url, protocols) => (chosen as SocketFactory)(url, protocols) as SocketLike;
}
