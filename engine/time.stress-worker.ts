/** Answers every message with what this thread's clock says. */
import { parentPort } from "node:worker_threads";
import { systemClock } from "./time.js";

parentPort!.on("message", () => parentPort!.postMessage(systemClock.nowMs()));
