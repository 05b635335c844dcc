/**
 * `ws` and one loop: what somebody writes who needs no framework. Each tick every cell is encoded once, and each client
 * gets one message of the cells in its sight, joined.
 */
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { announce, everyTick, readOptions, World } from "./world.js";

const options = readOptions();
const world = new World(options);
/** Sockets by person. @type {Map<number, import("ws").WebSocket>} */
const sockets = new Map();

const server = createServer();
const wss = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 4096 });
wss.on("connection", (socket) => {
  const person = world.enter();
  sockets.set(person, socket);
  const hello = Buffer.alloc(2);
  hello.writeUInt16LE(person);
  socket.send(hello);
  socket.on("message", (/** @type {Buffer} */ direction) => world.steer(person, direction));
  socket.on("error", () => {});
  socket.on("close", () => {
    sockets.delete(person);
    world.leave(person);
  });
});

everyTick(options.tickHz, () => {
  world.step();
  const cells = world.people.map((_, cell) => world.encodeCell(cell));
  for (const [person, socket] of sockets) socket.send(world.joinSight(cells, world.cellOf[person]));
});

server.listen(0, "127.0.0.1", () => {
  announce(/** @type {import("node:net").AddressInfo} */ (server.address()).port);
});
process.on("SIGTERM", () => process.exit(0));
