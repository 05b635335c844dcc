/** Bounds of the persistence thread: those of the config, and those that nobody has a reason to move. */
import type { Config } from "../engine/config-schema.js";
import type { JournalLimits } from "./journal/journal.js";
import { mysqlStoreLimits } from "./mysql-store.js";
import type { PersistenceLimits } from "./persistence.js";

export function persistenceLimits(config: Config): PersistenceLimits & { readonly outboxBytesMax: number } {
  const { batchRowsMax, flushMs, pendingRowsMax } = config.store;
  const { segmentBytes, bytesMax } = config.journal;
  return {
    batchRowsMax,
    // SQLite works on this very thread: a second batch would only wait in it.
    batchesInFlight: config.store.kind === "mysql" ? mysqlStoreLimits.batchesMax : 1,
    flushMs,
    pendingRowsMax,
    backoffMs: 50,
    backoffMsMax: 5_000,
    heldPlayersMax: 10_000,
    // Several rounds before the journal reaches its bound, and a segment's worth at a time.
    roundBytes: Math.min(segmentBytes, Math.floor(bytesMax / 8)),
    copyBytes: 65_536,
    imageBytesMax: 268_435_456,
    recordsPerLane: 1_000,
    loadsMax: 1_000,
    outboxBytesMax: 1_048_576,
  };
}

/** Those of the journal. */
export function journalLimits(config: Config): JournalLimits {
  const { commitMs, commitBytes, segmentBytes, bytesMax, pendingBytesMax } = config.journal;
  return {
    commitMs,
    commitBytes,
    segmentBytes,
    bytesMax,
    pendingBytesMax,
    backoffMs: 50,
    backoffMsMax: 5_000,
  };
}
