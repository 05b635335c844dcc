/**
 * Socket.IO as its page on performance advises: WebSocket only, no compression, the msgpack parser for binary data, so
 * that a message is one frame. Two ways to tell clients what is around them:
 * - "joined": one volatile message a client and tick, of the cells in its sight; the cheapest there is.
 * - "rooms": a room for each cell, which every client in sight of it joins; one message a cell, tick and client.
 */
import { createServer } from "node:http";
import { Server } from "socket.io";
import parser from "socket.io-msgpack-parser";
import { announce, everyTick, readOptions, TICK_BYTES, World } from "./world.js";

const options = readOptions();
const world = new World(options);
const roomOf = world.people.map((_, cell) => `cell ${cell}`);
/** Sockets by person. @type {Map<number, import("socket.io").Socket>} */
const sockets = new Map();

const server = createServer();
const io = new Server(server, {
  transports: ["websocket"],
  serveClient: false,
  perMessageDeflate: false,
  parser,
});
io.on("connection", (socket) => {
  const person = world.enter();
  sockets.set(person, socket);
  const hello = Buffer.alloc(2);
  hello.writeUInt16LE(person);
  socket.emit("h", hello);
  if (options.sight === "rooms") socket.join(world.around[world.cellOf[person]].map((cell) => roomOf[cell]));
  socket.on("m", (direction) => world.steer(person, direction));
  socket.on("disconnect", () => {
    sockets.delete(person);
    world.leave(person);
  });
});

/** @param {number} person @param {number} from @param {number} to */
function moveSight(person, from, to) {
  const socket = sockets.get(person);
  const before = world.around[from];
  const after = world.around[to];
  for (const cell of before) if (!after.includes(cell)) socket?.leave(roomOf[cell]);
  socket?.join(after.filter((cell) => !before.includes(cell)).map((cell) => roomOf[cell]));
}

function tellJoined() {
  world.step();
  const cells = world.people.map((_, cell) => world.encodeCell(cell));
  for (const [person, socket] of sockets) {
    socket.volatile.emit("t", world.joinSight(cells, world.cellOf[person]));
  }
}

/** Not volatile: that would drop all but the first of a client's messages of a tick. */
function tellRooms() {
  world.step(moveSight);
  for (let cell = 0; cell < roomOf.length; cell++) {
    const people = world.encodeCell(cell);
    const bytes = Buffer.allocUnsafe(TICK_BYTES + 2 + people.length);
    bytes.writeUInt16LE(world.tick & 0xffff, 0);
    bytes.writeUInt16LE(cell, TICK_BYTES);
    people.copy(bytes, TICK_BYTES + 2);
    io.to(roomOf[cell]).emit("c", bytes);
  }
}

everyTick(options.tickHz, options.sight === "rooms" ? tellRooms : tellJoined);
server.listen(0, "127.0.0.1", () => {
  announce(/** @type {import("node:net").AddressInfo} */ (server.address()).port);
});
process.on("SIGTERM", () => process.exit(0));
