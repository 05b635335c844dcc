/** Bounds of the persistence thread: those of the config, and those that nobody has a reason to move. */
import type { Config } from "../engine/config-schema.js";
import type { PersistenceLimits } from "./persistence.js";

export function persistenceLimits(config: Config): PersistenceLimits & { readonly outboxBytesMax: number } {
  const { batchRowsMax, flushMs, pendingRowsMax } = config.store;
  return {
    batchRowsMax,
    flushMs,
    pendingRowsMax,
    backoffMs: 50,
    backoffMsMax: 5_000,
    recordsPerLane: 1_000,
    loadsMax: 1_000,
    outboxBytesMax: 1_048_576,
  };
}
