/**
 * The other end of a client, for tests: sockets that a test opens, feeds and breaks by hand, a clock it cranks, and
 * real messages of the real codec. No network, no waiting.
 */
import { encodeWelcome, type WelcomeFields } from "../engine/wire/codec.js";
import type { ConnectOptions } from "./client.js";

/** A socket whose far end is the test. */
export class ScriptedSocket {
  binaryType = "";
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { readonly data: unknown }) => void) | null = null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly url: string;
  readonly protocols: readonly string[];
  /** What the client sent on it. */
  readonly sent: Uint8Array[] = [];
  isClosed = false;

  constructor(url: string, protocols: readonly string[]) {
    this.url = url;
    this.protocols = protocols;
  }

  send(data: Uint8Array): void {
    if (!this.isClosed) this.sent.push(data);
  }

  close(): void {
    this.isClosed = true;
  }

  /** The server accepts the connection. */
  accept(): void {
    this.onopen?.({} as never);
  }

  /** A message from the server. */
  deliver(message: Uint8Array): void {
    this.onmessage?.({ data: Uint8Array.from(message).buffer });
  }

  /** The connection ends. */
  end(code: number, reason = ""): void {
    this.isClosed = true;
    this.onclose?.({ code, reason });
  }

  /** What the client sent of one type, in order. */
  sentOfType(type: number): Uint8Array[] {
    return this.sent.filter((message) => message[0] === type);
  }
}

/** All sockets a client opens, and its clock. */
export class ScriptedServer {
  readonly sockets: ScriptedSocket[] = [];
  nowMs = 1000;
  #timers: { atMs: number; callback: () => void }[] = [];

  /** The socket opened last. */
  get socket(): ScriptedSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("the client opened no socket");
    return socket;
  }

  /** Options that connect a client to this server. Chance is always `random`. */
  options(random = () => 0.5): ConnectOptions {
    return {
      url: "ws://test/ws",
      ticket: "a.b",
      clientName: "test-0.1.0",
      webSocket: (url: string, protocols: string[]) => {
        const socket = new ScriptedSocket(url, protocols);
        this.sockets.push(socket);
        return socket;
      },
      schedule: (delayMs, callback) => {
        const timer = { atMs: this.nowMs + delayMs, callback };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        };
      },
      now: () => this.nowMs,
      random,
    };
  }

  /** Moves time on, running what falls due in order. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.nowMs = Math.max(this.nowMs, due.atMs);
      due.callback();
    }
    this.nowMs = untilMs;
  }

  get timersWaiting(): number {
    return this.#timers.length;
  }

  /** Accepts the newest socket and welcomes the client on it. */
  welcome(fields: Partial<WelcomeFields> = {}): void {
    this.socket.accept();
    this.socket.deliver(encodeWelcome(welcomeFields(fields)));
  }
}

/** A Welcome to a world of 4 × 3 cells of 16 meters. */
export function welcomeFields(fields: Partial<WelcomeFields> = {}): WelcomeFields {
  return {
    protocol: 1,
    session: 7,
    entity: 7,
    playerId: "00112233445566778899aabbccddeeff",
    name: "Ada",
    resumeToken: "token-1",
    recovered: false,
    eventsAcked: 0,
    intentsApplied: 0,
    tick: 100,
    tickPeriodMs: 50,
    worldWidthCells: 4,
    worldHeightCells: 3,
    cellSizeMeters: 16,
    sessionGraceMs: 30_000,
    shardCount: 2,
    owners: new Uint8Array(12),
    fieldType: "test",
    serverVersion: "0.1.0",
    ...fields,
  };
}
