/** The least that a room with a timer of its own can be: an object, a map of members and `setInterval`. */
import { createServer } from "node:http";
import { reportHeapSoon } from "./heap.js";
import { announce, readOptions } from "./world.js";

const options = readOptions();

class EmptyRoom {
  members = new Map();
  tick = 0;

  open() {
    this.interval = setInterval(() => this.onTick(), 1000 / options.tickHz);
  }

  onTick() {
    this.tick++;
  }
}

const rooms = Array.from({ length: options.rooms }, () => new EmptyRoom());
for (const room of rooms) room.open();
const http = createServer();
http.listen(0, "127.0.0.1", () => {
  announce(/** @type {import("node:net").AddressInfo} */ (http.address()).port);
  reportHeapSoon();
});
process.on("SIGTERM", () => process.exit(0));
