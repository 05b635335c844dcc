/**
 * Memory of a shard thread, told by the game module a bench runs in it: the resident size of a whole process moves by
 * tens of megabytes from run to run, what lives on one thread's heap after a collection does not.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { stderrSink } from "../engine/log.js";

/** Long enough for the shard to have opened its cells, and for the optimizing compilers to settle. */
const DELAY_MS = 1500;

/** What {@link reportHeapSoon} writes. */
export const heapLine = /^bench heap (\d+)$/;

/** Collects garbage in a moment, and then writes this thread's heap and buffers to stderr as a line of its own. */
export function reportHeapSoon(): void {
  setTimeout(() => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    collect();
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    stderrSink(`bench heap ${heapUsed + arrayBuffers}\n`);
  }, DELAY_MS).unref();
}
