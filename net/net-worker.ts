/**
 * Entry of the network thread. Runs until control says that the server is stopping, or main says stop. However it
 * ends, an error included, it closes every socket first: a thread that ends with open ones takes the process along.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../engine/assert.js";
import { createLog } from "../engine/log.js";
import { Doorbell } from "../engine/memory/doorbell.js";
import { packageRoot } from "../engine/package-root.js";
import { secretBytes } from "../engine/prng.js";
import { loadGames } from "../engine/room/load-games.js";
import { systemThreadId } from "../engine/system-thread.js";
import { systemClock as clock } from "../engine/time.js";
import { Gateway } from "./gateway.js";
import { openNetLanes } from "./net-lanes.js";
import type { NetReport, NetTask, TransportModule } from "./net-proxy.js";
import * as sockets from "./open-transport.js";
import type { Peer } from "./session.js";
import { StaticFiles, serverMounts } from "./static-files.js";
import { CannotListen } from "./transport.js";

const { wiring, config, ticketKey, transport: instead } = workerData as NetTask;
assert(parentPort !== null, "the network thread is a worker");
const port = parentPort;
const report = (said: NetReport) => port.postMessage(said);
const log = createLog("net", { level: config.log.level, wallMs: clock.wallMs });
const lanes = openNetLanes(wiring);
const { control } = lanes;
const doorbell = new Doorbell(wiring.doorbells.net);
const { openTransport }: TransportModule = instead === undefined ? sockets : await import(instead);
const transport = openTransport<Peer>(config, log);
const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as {
  version: string;
};

/** Set while a duty cycle is bound to follow what sockets did in this one of the event loop. */
let isTurnDue = false;
const turn = () => {
  isTurnDue = false;
  gateway.duty(clock.nowMs());
};
const gateway = new Gateway({
  config,
  games: await loadGames(config.games, config.world.field),
  lanes,
  clock,
  log,
  transport,
  ticketKey,
  secretBytes,
  serverVersion: version,
  files: new StaticFiles(serverMounts()),
  wake: () => {
    if (isTurnDue) return;
    isTurnDue = true;
    // Behind everything that this turn's sockets have to say.
    setImmediate(turn);
  },
});

let failure: unknown = null;
let isStopping = false;
const stop = () => {
  isStopping = true;
  doorbell.ring();
};
// An error in a socket's callback ends up here: the sockets are closed before it is thrown again.
process.on("uncaughtException", (error) => {
  failure ??= error;
  stop();
});
process.on("unhandledRejection", (error) => {
  failure ??= error;
  stop();
});
port.on("message", stop);

control.setSystemThreadId(control.netThread, systemThreadId());
try {
  report({ is: "listening", port: (await gateway.start()).port });
  while (!isStopping && control.phase !== "stopping") {
    if (control.phase === "draining") gateway.beginDrain();
    gateway.duty(clock.nowMs());
    await doorbell.waitAsync(gateway.sleepMs(clock.nowMs()));
    // A duty cycle that asks for the next at once must not keep the sockets waiting.
    await new Promise(setImmediate);
  }
} catch (error) {
  if (error instanceof CannotListen) report({ is: "cannotListen", code: error.code, message: error.message });
  else failure ??= error;
}
if (failure === null) await gateway.stop();
await transport.closeAll();
port.close();
if (failure !== null) {
  process.removeAllListeners("uncaughtException");
  throw failure;
}
