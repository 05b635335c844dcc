/** What main holds of the network thread. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Config } from "../engine/config-schema.js";
import type { Log } from "../engine/log.js";
import type { Wiring } from "../engine/wiring.js";
import { CannotListen, type Transport } from "./transport.js";

export interface NetTask {
  readonly wiring: Wiring;
  readonly config: Config;
  /** Signs tickets. */
  readonly ticketKey: Uint8Array;
  /** URL of a {@link TransportModule} that takes the place of the sockets: for benches. No config can ask for it. */
  readonly transport?: string;
}

/** What such a module exports. It is loaded in the network thread. */
export interface TransportModule {
  openTransport<Peer>(config: Config, log: Log): Transport<Peer>;
}

/** The thread to main. */
export type NetReport =
  | { readonly is: "listening"; readonly port: number }
  | { readonly is: "cannotListen"; readonly code: string; readonly message: string };

/** Main to the thread: close every socket and end. */
export const stopNet = "stop";

/** One network thread, from its start to its end. */
export class NetProxy {
  readonly port: number;
  /** Settles when the thread is gone; rejects with the reason when it died. Its sockets are closed either way. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;

  private constructor(worker: Worker, ended: Promise<void>, port: number) {
    this.#worker = worker;
    this.ended = ended;
    this.port = port;
  }

  /**
   * Settles when players can connect.
   * @throws CannotListen, or what kept the thread from starting
   */
  static async start(task: NetTask): Promise<NetProxy> {
    const worker = new Worker(new URL("./net-worker.js", import.meta.url), { workerData: task });
    let reason: unknown = null;
    worker.on("error", (error) => {
      reason = error;
    });
    const ended = once(worker, "exit").then(([code]) => {
      if (reason !== null) throw reason;
      if (code !== 0) throw new Error(`the network thread ended with code ${code}`);
    });
    // Whoever cares waits for it; a death nobody has asked about yet is not an unhandled one.
    ended.catch(() => {});
    const report = await Promise.race([
      new Promise<NetReport>((resolve) => {
        worker.once("message", resolve);
      }),
      ended.then((): NetReport => {
        throw new Error("the network thread ended before it listened");
      }),
    ]);
    if (report.is === "listening") return new NetProxy(worker, ended, report.port);
    await ended;
    throw new CannotListen(report.code, report.message);
  }

  /** Closes every socket and ends the thread. Never terminate it: a thread with open sockets ends the process. */
  async stop(): Promise<void> {
    this.#worker.postMessage(stopNet);
    await this.ended;
  }
}
