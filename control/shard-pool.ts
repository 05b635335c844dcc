/**
 * Shard threads as piscina tasks that run for as long as the shard lives. The only file that knows piscina.
 *
 * Every start gets a pool of one thread. So it is known which thread runs which shard, a shard that died leaves
 * nothing behind in a thread that is used again, and shards can be added while others run: the size of a piscina
 * pool is fixed when it is made.
 */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { Piscina } from "piscina";
import { assert } from "../engine/assert.js";

/** A shard's thread, from its start to its end. */
export interface ShardThread {
  /** Settles when the thread is gone. Rejects with the reason when it died or was killed. */
  readonly ended: Promise<void>;
  /** Terminates the thread, wherever it is in its code. `ended` then rejects with {@link ShardKilled}. */
  kill(reason: string): void;
}

/** A shard's thread was terminated from outside. */
export class ShardKilled extends Error {
  override readonly name = "ShardKilled";
}

/** Runs `entry`'s default export with `data` in a thread of its own. */
export function startShardThread(entry: URL, data: unknown): ShardThread {
  const abort = new AbortController();
  let killedFor = "";
  const pool = new Piscina({
    // The thread is made by `run`, and not made again behind our back when it dies.
    minThreads: 0,
    maxThreads: 1,
    idleTimeout: Number.POSITIVE_INFINITY,
    // A shard sleeps on its own doorbell; piscina must not put it to sleep on another.
    atomics: "disabled",
  });
  // Given to the task, not to the pool: so a module that fails to load rejects the task.
  const task: Promise<void> = pool.run(data, { filename: fileURLToPath(entry), signal: abort.signal });
  const thread: Worker | undefined = pool.threads[0];
  assert(thread !== undefined, "piscina makes the thread as the task is given to it");
  thread.ref();
  const exited = once(thread, "exit");
  const run = async () => {
    try {
      await task;
    } catch (error) {
      throw abort.signal.aborted ? new ShardKilled(killedFor) : error;
    } finally {
      // The task settles before its thread is gone, and the successor must not meet it.
      await pool.destroy();
      await exited;
    }
  };
  return {
    ended: run(),
    kill: (reason) => {
      if (abort.signal.aborted) return;
      killedFor = reason;
      abort.abort();
    },
  };
}
