/** Colyseus rooms that nobody is in: an empty state, the default patch rate, and a timestep ten times a second. */
import { createServer } from "node:http";
import { matchMaker, Room, Server } from "@colyseus/core";
import { schema, t } from "@colyseus/schema";
import { WebSocketTransport } from "@colyseus/ws-transport";
import { reportHeapSoon } from "./heap.js";
import { announce, readOptions } from "./world.js";

const options = readOptions();
const Member = schema({ x: t.uint16(), y: t.uint16() }, "Member");
const State = schema({ members: t.map(Member) }, "State");

class EmptyRoom extends Room {
  state = new State();
  autoDispose = false;
  maxClients = 16;

  onCreate() {
    this.setTimestep(() => {}, 1000 / options.tickHz);
  }
}

const http = createServer();
const server = new Server({
  transport: new WebSocketTransport({ server: http }),
  greet: false,
  gracefullyShutdown: false,
});
server.define("empty", EmptyRoom);
await server.listen(0, "127.0.0.1");
for (let room = 0; room < options.rooms; room++) await matchMaker.createRoom("empty", {});
announce(/** @type {import("node:net").AddressInfo} */ (http.address()).port);
reportHeapSoon();
process.on("SIGTERM", () => process.exit(0));
