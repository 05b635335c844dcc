/** Entry of the persistence thread. Runs until told to stop, then applies what is left. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../engine/assert.js";
import { LaneWriter } from "../engine/lane/lane.js";
import { createLog } from "../engine/log.js";
import { ControlBlock } from "../engine/memory/control-block.js";
import { Counters } from "../engine/memory/counters.js";
import { Doorbell } from "../engine/memory/doorbell.js";
import { RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import { persistenceCatalogue } from "../engine/metrics.js";
import { systemThreadId } from "../engine/system-thread.js";
import { systemClock as clock } from "../engine/time.js";
import { DataFolder } from "./data-folder.js";
import { createStore, openWithin } from "./open-store.js";
import { Persistence } from "./persistence.js";
import { persistenceLimits } from "./persistence-limits.js";
import type { PersistenceReport, PersistenceTask, StopPersistence } from "./persistence-proxy.js";

const { wiring, config, hold } = workerData as PersistenceTask;
assert(parentPort !== null, "the persistence thread is a worker");
const port = parentPort;
const report = (said: PersistenceReport) => port.postMessage(said);
const log = createLog("store", { level: config.log.level, wallMs: clock.wallMs });
const doorbell = new Doorbell(wiring.doorbells.store);
const control = new ControlBlock(wiring.control);
control.setSystemThreadId(control.storeThread, systemThreadId());
const store = createStore(config.store, DataFolder.inherit(hold));
await openWithin(store, { waitMs: config.store.startWaitMs, clock, log });

const limits = persistenceLimits(config);
const toNet = new LaneWriter(
  new RingWriter(wiring.lanes.storeToNet),
  new Doorbell(wiring.doorbells.net),
  limits,
);
/** The event loop turns each time: sockets to the database and messages from main are served there. */
const rest = async (ms: number) => {
  if (ms > 0) await doorbell.waitAsync(ms);
  await new Promise(setImmediate);
};
const persistence = new Persistence({
  store,
  clock,
  log,
  limits,
  counters: new Counters(wiring.counters.persistence, persistenceCatalogue),
  fromShards: wiring.lanes.toStore.map((ring) => new RingReader(ring)),
  fromNet: new RingReader(wiring.lanes.netToStore),
  toNet,
  wake: () => doorbell.ring(),
  rest,
});
let stopping: StopPersistence | null = null;
port.once("message", (stop: StopPersistence) => {
  stopping = stop;
  doorbell.ring();
});
report({ kind: "open" });
while (stopping === null) {
  const nowMs = clock.nowMs();
  control.beat(control.storeThread, nowMs);
  persistence.duty(nowMs);
  await rest(persistence.waitMs(nowMs));
}
const { deadlineMs } = stopping as StopPersistence;
report({ kind: "closed", rowsLeft: await persistence.drainAndClose(deadlineMs) });
