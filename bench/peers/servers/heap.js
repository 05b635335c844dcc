/** Memory of this process after a collection, as bench/shard-heap.ts tells it of a shard. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const DELAY_MS = 1500;

/** Collects garbage in a moment, then writes the heap and the buffers to stderr as a line of its own. */
export function reportHeapSoon() {
  setTimeout(() => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc");
    collect();
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    process.stderr.write(`bench heap ${heapUsed + arrayBuffers}\n`);
  }, DELAY_MS);
}
