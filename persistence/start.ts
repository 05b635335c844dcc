/** From a journal on disk to a persistence thread that is open for business, with its store or without. */
import type { Log } from "../engine/log.js";
import type { Clock } from "../engine/time.js";
import type { Persistence } from "./persistence.js";

export interface StartOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly rest: (ms: number) => Promise<unknown>;
  readonly beat: (nowMs: number) => void;
  readonly storeWaitMs: number;
}

/**
 * Reads the journal, then waits for the store, up to `storeWaitMs`: a store that is away by then is tried further on the
 * way. Throws what an operator must see to first: a damaged journal, and what keeps the store closed for good.
 */
export async function openUp(persistence: Persistence, options: StartOptions): Promise<void> {
  const { clock, log } = options;
  const beganMs = clock.nowMs();
  const { records, bytes } = await persistence.recover();
  const { image, batcher } = persistence;
  if (records > 0)
    log.info("the journal is read", {
      records,
      bytes,
      ms: Math.round(clock.nowMs() - beganMs),
      rows: batcher.pending,
      rooms: image.rooms.size,
      sessions: image.sessions.size,
      entities: image.entities.size,
      grants: image.grants.size,
    });
  await waitForStore(persistence, options);
}

/** Does the thread's work until the store is open, or has been waited for in vain. Throws what keeps it closed for good. */
export async function waitForStore(persistence: Persistence, options: StartOptions): Promise<void> {
  const { clock, log, rest, beat, storeWaitMs } = options;
  const { batcher } = persistence;
  let nowMs = clock.nowMs();
  const deadlineMs = nowMs + storeWaitMs;
  for (;;) {
    beat(nowMs);
    persistence.duty(nowMs);
    if (batcher.isOpened) return;
    if (batcher.refusal !== null) throw batcher.refusal;
    if (nowMs >= deadlineMs && batcher.hasBeenAsked) break;
    await rest(Math.min(persistence.waitMs(nowMs), Math.max(1, deadlineMs - nowMs)));
    nowMs = clock.nowMs();
  }
  log.error("the store cannot be opened; the server serves without it, and goes on trying", {
    reason: batcher.lastError,
    remedy: "bring the database back; until then players whom the journal does not know cannot enter",
  });
}
