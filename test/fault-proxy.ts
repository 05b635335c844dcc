/**
 * A wire between the store and a real database server that can be cut, frozen, slowed down, and made to say no. It
 * listens on loopback and leads to the server's unix socket. It reads just enough of the protocol to know where a query
 * begins and where its answer ends: https://mariadb.com/kb/en/0-packet/
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

const HEADER_BYTES = 4;
const COM_QUERY = 3;
const SERVER_MORE_RESULTS_EXISTS = 8;

/** What becomes of a query. */
export type Fate =
  /** Nothing special. */
  | { readonly kind: "pass" }
  /** The server never hears of it, and the client hears this error, which rolled its transaction back. */
  | { readonly kind: "refuse"; readonly errno: number; readonly sqlState: string; readonly message: string }
  /** The server has it; the connection is cut at that moment. */
  | { readonly kind: "cut when sent" }
  /** The server has carried it out and answered; the answer is thrown away and the connection cut. */
  | { readonly kind: "cut when answered" };

export const deadlock: Fate = {
  kind: "refuse",
  errno: 1213,
  sqlState: "40001",
  message: "Deadlock found when trying to get lock; try restarting transaction",
};

const pass: Fate = { kind: "pass" };

export class FaultProxy {
  port = 0;
  /** Decides about every query; `sql` is its text. */
  judge: (sql: string) => Fate = () => pass;
  /** Added to every byte's way, in both directions. */
  delayMs = 0;
  /** Connections taken, and those cut by a fate. */
  connections = 0;
  cuts = 0;
  refusals = 0;
  readonly #target: string;
  readonly #listener: Server;
  readonly #wires = new Set<Wire>();
  #isCut = false;
  #isFrozen = false;

  private constructor(socketPath: string) {
    this.#target = socketPath;
    this.#listener = createServer((near) => this.#join(near));
  }

  /** A proxy to the server that listens on that unix socket. */
  static async listen(socketPath: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(socketPath);
    proxy.#listener.listen(0, "127.0.0.1");
    await once(proxy.#listener, "listening");
    const address = proxy.#listener.address();
    assert.ok(address !== null && typeof address === "object");
    proxy.port = address.port;
    return proxy;
  }

  get open(): number {
    return this.#wires.size;
  }

  /** Ends every connection and lets none live, until {@link mend}. */
  cut(): void {
    this.#isCut = true;
    for (const wire of this.#wires) wire.end();
  }

  mend(): void {
    this.#isCut = false;
  }

  /** Nothing gets through any more, in either direction; connections stay, and new ones are taken. */
  freeze(): void {
    this.#isFrozen = true;
    for (const wire of this.#wires) wire.freeze();
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const wire of this.#wires) wire.thaw();
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.cut();
    if (!this.#listener.listening) return;
    const closed = once(this.#listener, "close");
    this.#listener.close();
    await closed;
  }

  #join(near: Socket): void {
    this.connections++;
    if (this.#isCut) {
      near.destroy();
      return;
    }
    const wire = new Wire(near, connect(this.#target), this);
    this.#wires.add(wire);
    wire.closed.then(() => this.#wires.delete(wire));
    if (this.#isFrozen) wire.freeze();
  }
}

/** One connection of the client, and the one to the server that belongs to it. */
class Wire {
  readonly closed: Promise<void>;
  readonly #near: Socket;
  readonly #far: Socket;
  readonly #proxy: FaultProxy;
  #fromClient: Buffer = Buffer.alloc(0);
  #fromServer = new AnswerScan();
  #isDoomed = false;

  constructor(near: Socket, far: Socket, proxy: FaultProxy) {
    this.#near = near;
    this.#far = far;
    this.#proxy = proxy;
    near.setNoDelay(true);
    near.on("data", (bytes) => this.#later(() => this.#clientSaid(bytes)));
    far.on("data", (bytes) => this.#later(() => this.#serverSaid(bytes)));
    for (const socket of [near, far]) {
      // Whoever ends or fails takes the other with it; a reset is one way to end.
      socket.on("error", () => this.end());
      socket.on("close", () => this.end());
    }
    this.closed = new Promise((resolve) => {
      near.on("close", () => far.closed && resolve());
      far.on("close", () => near.closed && resolve());
    });
  }

  end(): void {
    this.#near.destroy();
    this.#far.destroy();
  }

  freeze(): void {
    this.#near.pause();
    this.#far.pause();
  }

  thaw(): void {
    this.#near.resume();
    this.#far.resume();
  }

  #later(then: () => void): void {
    const { delayMs } = this.#proxy;
    if (delayMs === 0) then();
    else setTimeout(then, delayMs);
  }

  #clientSaid(bytes: Buffer): void {
    this.#fromClient = Buffer.concat([this.#fromClient, bytes]);
    for (;;) {
      const packet = firstPacket(this.#fromClient);
      if (packet === null) return;
      this.#fromClient = this.#fromClient.subarray(packet.length);
      this.#clientAsked(packet);
    }
  }

  #clientAsked(packet: Buffer): void {
    // Commands begin a sequence; what has a higher number belongs to the handshake.
    const isQuery = packet[3] === 0 && packet[HEADER_BYTES] === COM_QUERY;
    const fate = isQuery ? this.#proxy.judge(packet.toString("utf8", HEADER_BYTES + 1)) : pass;
    switch (fate.kind) {
      case "pass":
        this.#far.write(packet);
        return;
      case "refuse":
        this.#proxy.refusals++;
        this.#near.write(errorPacket(fate));
        return;
      case "cut when sent":
        this.#proxy.cuts++;
        // All of it reaches the server, which reads it before it learns that nobody listens any more.
        this.#isDoomed = true;
        this.#far.end(packet);
        this.#near.destroy();
        return;
      case "cut when answered":
        this.#isDoomed = true;
        this.#fromServer = new AnswerScan();
        this.#far.write(packet);
        return;
    }
  }

  #serverSaid(bytes: Buffer): void {
    if (!this.#isDoomed) {
      this.#near.write(bytes);
      return;
    }
    if (!this.#fromServer.isWholeAfter(bytes)) return;
    this.#proxy.cuts++;
    this.end();
  }
}

/** Finds the end of the answer to statements without rows: the first packet that promises no further result. */
class AnswerScan {
  #bytes: Buffer = Buffer.alloc(0);

  isWholeAfter(bytes: Buffer): boolean {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    for (;;) {
      const packet = firstPacket(this.#bytes);
      if (packet === null) return false;
      this.#bytes = this.#bytes.subarray(packet.length);
      if (packet[HEADER_BYTES] === 0xff) return true;
      assert.equal(packet[HEADER_BYTES], 0, "an answer thrown away has no rows");
      const rowsAt = HEADER_BYTES + 1;
      const insertIdAt = rowsAt + lengthOfInteger(packet, rowsAt);
      const statusAt = insertIdAt + lengthOfInteger(packet, insertIdAt);
      if ((packet.readUInt16LE(statusAt) & SERVER_MORE_RESULTS_EXISTS) === 0) return true;
    }
  }
}

/** Bytes of a length-encoded integer. */
function lengthOfInteger(packet: Buffer, at: number): number {
  const first = packet[at];
  return first === 0xfc ? 3 : first === 0xfd ? 4 : first === 0xfe ? 9 : 1;
}

/** The first whole packet, header included; null while there is none. */
function firstPacket(bytes: Buffer): Buffer | null {
  if (bytes.length < HEADER_BYTES) return null;
  const end = HEADER_BYTES + bytes.readUIntLE(0, 3);
  return bytes.length < end ? null : bytes.subarray(0, end);
}

function errorPacket(fate: {
  readonly errno: number;
  readonly sqlState: string;
  readonly message: string;
}): Buffer {
  const text = `#${fate.sqlState}${fate.message}`;
  const packet = Buffer.alloc(HEADER_BYTES + 3 + text.length);
  packet.writeUIntLE(3 + text.length, 0, 3);
  packet[3] = 1;
  packet[HEADER_BYTES] = 0xff;
  packet.writeUInt16LE(fate.errno, HEADER_BYTES + 1);
  packet.write(text, HEADER_BYTES + 3, "latin1");
  return packet;
}
