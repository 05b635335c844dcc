/** Control in ownership-table.test.ts: gives one cell to shard after shard until it is ended. */
import { isMainThread, workerData } from "node:worker_threads";
import { type OwnershipMemory, OwnershipTable, ownerMax } from "./ownership-table.js";

if (!isMainThread) {
  const table = new OwnershipTable(workerData as OwnershipMemory);
  // The epoch after an assignment tells the owner it gave.
  for (;;) table.assign(1, (table.epoch(1) + 1) & ownerMax);
}
