/** What main holds of the persistence thread. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { assert } from "../engine/assert.js";
import type { Config } from "../engine/config-schema.js";
import type { Wiring } from "../engine/wiring.js";
import type { DataFolder, DataFolderHold } from "./data-folder.js";
import type { Leftover } from "./persistence.js";

export interface PersistenceTask {
  readonly wiring: Wiring;
  readonly config: Config;
  readonly hold: DataFolderHold;
}

/** Main to the thread, once: keep and apply what is left, at the latest by `deadlineMs` of the shared clock. */
export interface StopPersistence {
  readonly deadlineMs: number;
}

/** The thread to main. */
export type PersistenceReport =
  | ({ readonly kind: "open" } & Before)
  | ({ readonly kind: "closed" } & Leftover);

/** What the journal knows of the processes before this one. */
export interface Before {
  /** The greatest tick of any shard; -1: none. */
  readonly lastTick: number;
  /** The greatest incarnation of any shard. */
  readonly incarnation: number;
}

/** One persistence thread, from its start to its end. Start another with the same wiring after it has died. */
export class PersistenceProxy {
  /** Settles when the thread is gone. Rejects with the reason when it died. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  #before: Before = { lastTick: -1, incarnation: 0 };
  #leftover: Leftover | null = null;
  /** Settles when the journal is read and the store open, or given up for now. */
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
        const { kind, ...said } = report;
        if (kind === "closed") this.#leftover = said as Leftover;
        else {
          this.#before = said as Before;
          resolve();
        }
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
   * Starts the thread. Resolves when it has read the journal, and its store is open and migrated or has been waited for in
   * vain; throws what kept it from that. `folder` is held by this process until the thread has ended.
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

  /** What the journal knows of the processes before this one. */
  get before(): Before {
    return this.#before;
  }

  /**
   * Lets the thread keep and apply what is on its lanes and pending, then ends it. Shards and net have stopped writing.
   * `deadlineMs` is on the shared monotonic clock. Returns what it left undone.
   */
  async stop(deadlineMs: number): Promise<Leftover> {
    assert(Number.isFinite(deadlineMs), "a stop has a deadline");
    this.#worker.postMessage({ deadlineMs } satisfies StopPersistence);
    await this.ended;
    assert(this.#leftover !== null, "a thread that ends well has said what it left");
    return this.#leftover;
  }

  /** Ends the thread where it stands, as a crash would. */
  async kill(): Promise<void> {
    await this.#worker.terminate();
  }
}
