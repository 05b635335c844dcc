/** Entry of the persistence thread. Runs until told to stop, then makes durable and applies what is left. */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../engine/assert.js";
import { LaneWriter } from "../engine/lane/lane.js";
import { createLog } from "../engine/log.js";
import { ControlBlock } from "../engine/memory/control-block.js";
import { Counters } from "../engine/memory/counters.js";
import { Doorbell } from "../engine/memory/doorbell.js";
import { OwnershipTable } from "../engine/memory/ownership-table.js";
import { RingReader, RingWriter } from "../engine/memory/spsc-ring.js";
import { persistenceCatalogue } from "../engine/metrics.js";
import { createGrid } from "../engine/space/grid.js";
import { systemThreadId } from "../engine/system-thread.js";
import { systemClock as clock } from "../engine/time.js";
import { DataFolder } from "./data-folder.js";
import { openJournal } from "./open-journal.js";
import { createStore } from "./open-store.js";
import { Persistence } from "./persistence.js";
import { persistenceLimits } from "./persistence-limits.js";
import type { PersistenceReport, PersistenceTask, StopPersistence } from "./persistence-proxy.js";
import { openUp } from "./start.js";

const { wiring, config, hold } = workerData as PersistenceTask;
assert(parentPort !== null, "the persistence thread is a worker");
const port = parentPort;
const report = (said: PersistenceReport) => port.postMessage(said);
const log = createLog("store", { level: config.log.level, wallMs: clock.wallMs });
const doorbell = new Doorbell(wiring.doorbells.store);
const control = new ControlBlock(wiring.control);
control.setSystemThreadId(control.storeThread, systemThreadId());
const wake = () => doorbell.ring();
const folder = DataFolder.inherit(hold);
const journal = await openJournal({ config, folder, clock, log, wake });
const limits = persistenceLimits(config);
const netBell = new Doorbell(wiring.doorbells.net);
const ownership = new OwnershipTable(wiring.ownership);
/** The event loop turns each time: disk, sockets to the database and messages from main are served there. */
const rest = async (ms: number) => {
  if (ms > 0) await doorbell.waitAsync(ms);
  await new Promise(setImmediate);
};
const persistence = new Persistence({
  store: createStore(config.store, folder),
  journal,
  clock,
  log,
  limits,
  counters: new Counters(wiring.counters.persistence, persistenceCatalogue),
  control,
  grid: createGrid(config.world.widthCells, config.world.heightCells, config.world.cellSizeMeters),
  ownerOf: (cell) => ownership.owner(cell),
  fromShards: wiring.lanes.toStore.map((ring) => new RingReader(ring)),
  fromNet: new RingReader(wiring.lanes.netToStore),
  toShards: wiring.lanes.storeToShard.map(
    (ring, shard) =>
      new LaneWriter(new RingWriter(ring), new Doorbell(wiring.doorbells.shards[shard]!), limits),
  ),
  toNet: new LaneWriter(new RingWriter(wiring.lanes.storeToNet), netBell, limits),
  netBell,
  wake,
  rest,
});
let stopping: StopPersistence | null = null;
port.once("message", (stop: StopPersistence) => {
  stopping = stop;
  doorbell.ring();
});
const beat = (nowMs: number) => control.beat(control.storeThread, nowMs);
await openUp(persistence, { clock, log, rest, beat, storeWaitMs: config.store.startWaitMs });
const { lastTick, incarnation } = persistence.image;
report({ kind: "open", lastTick, incarnation });
while (stopping === null) {
  const nowMs = clock.nowMs();
  beat(nowMs);
  persistence.duty(nowMs);
  await rest(persistence.waitMs(nowMs));
}
const { deadlineMs } = stopping as StopPersistence;
report({ kind: "closed", ...(await persistence.drainAndClose(deadlineMs)) });
