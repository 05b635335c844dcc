/** Colyseus's transports: `ws`, the default, and uWebSockets.js. */
import { createServer } from "node:http";
import { WebSocketTransport } from "@colyseus/ws-transport";

/**
 * @typedef {object} OpenTransport
 * @property {import("@colyseus/core").Transport} transport
 * @property {() => number} portOf Once it listens.
 */

/** @param {"uws" | undefined} name @returns {Promise<OpenTransport>} */
export function openTransport(name) {
  return name === "uws" ? openUws() : openWs();
}

/** @returns {Promise<OpenTransport>} */
async function openWs() {
  const server = createServer();
  const portOf = () => /** @type {import("node:net").AddressInfo} */ (server.address()).port;
  return { transport: new WebSocketTransport({ server }), portOf };
}

/** @returns {Promise<OpenTransport>} */
async function openUws() {
  const { uWebSocketsTransport } = await import("@colyseus/uwebsockets-transport");
  const { default: uws } = await import("uWebSockets.js");

  /** It would listen on every address of the machine. */
  class LoopbackTransport extends uWebSocketsTransport {
    /** @type {any} */
    listening;

    /** @param {number} port @param {string} _hostname @param {number} _backlog @param {() => void} [onListening] */
    listen(port, _hostname, _backlog, onListening) {
      this.app.listen("127.0.0.1", port, (socket) => {
        this.listening = socket;
        onListening?.();
      });
      return this;
    }
  }
  const transport = new LoopbackTransport();
  return { transport, portOf: () => uws.us_socket_local_port(transport.listening) };
}
