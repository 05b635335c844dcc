/** What breaks networks in tests of the page. */
import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A wire between browser and server that outlives the server and can be cut. */
export class CuttableWire {
  port = 0;
  #target = 0;
  #isCut = false;
  readonly #sockets = new Set<Socket>();
  readonly #listener: Server;

  constructor() {
    this.#listener = createServer((near) => this.#join(near));
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#listener.listen(0, "127.0.0.1", resolve));
    const address = this.#listener.address();
    assert.ok(address !== null && typeof address === "object");
    this.port = address.port;
  }

  leadTo(url: string): void {
    this.#target = Number(new URL(url).port);
  }

  #join(near: Socket): void {
    if (this.#isCut) {
      near.destroy();
      return;
    }
    const far = connect(this.#target, "127.0.0.1");
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#listener.close(() => resolve()));
  }
}
