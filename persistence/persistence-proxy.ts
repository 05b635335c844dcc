/** What main holds of the persistence thread. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { assert } from "../engine/assert.js";
import type { Config } from "../engine/config-schema.js";
import type { Wiring } from "../engine/wiring.js";
import type { DataFolder, DataFolderHold } from "./data-folder.js";

export interface PersistenceTask {
  readonly wiring: Wiring;
  readonly config: Config;
  readonly hold: DataFolderHold;
}

/** Main to the thread, once: apply what is left, at the latest by `deadlineMs` of the shared clock. */
export interface StopPersistence {
  readonly deadlineMs: number;
}

/** The thread to main. */
export type PersistenceReport =
  | { readonly kind: "open" }
  | { readonly kind: "closed"; readonly rowsLeft: number };

/** One persistence thread, from its start to its end. Start another with the same wiring after it has died. */
export class PersistenceProxy {
  /** Settles when the thread is gone. Rejects with the reason when it died. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  #rowsLeft = 0;
  /** Settles when the store is open, or with {@link ended}. */
  readonly #opened: Promise<void>;

  private constructor(task: PersistenceTask) {
    const worker = new Worker(new URL("./persistence-worker.js", import.meta.url), { workerData: task });
    this.#worker = worker;
    let reason: unknown = null;
    worker.on("error", (error) => {
      reason = error;
    });
    this.#opened = new Promise((resolve) => {
      worker.on("message", (report: PersistenceReport) => {
        if (report.kind === "open") resolve();
        else this.#rowsLeft = report.rowsLeft;
      });
    });
    this.ended = once(worker, "exit").then(([code]) => {
      if (reason !== null) throw reason;
      if (code !== 0) throw new Error(`the persistence thread ended with code ${code}`);
    });
    // Whoever cares waits for it; a death nobody has asked about yet is not an unhandled one.
    this.ended.catch(() => {});
  }

  /**
   * Starts the thread. Resolves when its store is open and migrated; throws what kept it from that. `folder` is
   * held by this process until the thread has ended.
   */
  static async start(options: {
    readonly wiring: Wiring;
    readonly config: Config;
    readonly folder: DataFolder;
  }): Promise<PersistenceProxy> {
    const { wiring, config, folder } = options;
    const proxy = new PersistenceProxy({ wiring, config, hold: folder.hold });
    await Promise.race([proxy.#opened, proxy.ended]);
    return proxy;
  }

  /**
   * Lets the thread apply what is on its lanes and pending, then ends it. Shards and net have stopped writing.
   * `deadlineMs` is on the shared monotonic clock. Returns how many rows were left behind.
   */
  async stop(deadlineMs: number): Promise<number> {
    assert(Number.isFinite(deadlineMs), "a stop has a deadline");
    this.#worker.postMessage({ deadlineMs } satisfies StopPersistence);
    await this.ended;
    return this.#rowsLeft;
  }

  /** Ends the thread where it stands, as a crash would. */
  async kill(): Promise<void> {
    await this.#worker.terminate();
  }
}
