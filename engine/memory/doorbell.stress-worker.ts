/** The other threads of doorbell.test.ts. */
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { hash32 } from "../prng.js";
import { Doorbell, type DoorbellMemory } from "./doorbell.js";
import { type RingMemory, RingReader, RingWriter } from "./spsc-ring.js";

export interface DoorbellStressStart {
  /**
   * `echo` sends back each record it gets, asleep in between; `echoAsync` the same by `waitAsync`; `ring` writes
   * and rings `count` times; `sleep` blocks until it is killed; `wait` says "waiting", waits once with nothing else
   * to keep it alive, and says how that ended.
   */
  readonly role: "echo" | "echoAsync" | "ring" | "sleep" | "wait";
  readonly count: number;
  readonly inRing: RingMemory;
  readonly inDoorbell: DoorbellMemory;
  readonly outRing: RingMemory;
  readonly outDoorbell: DoorbellMemory;
}

/** A lost wake-up shows as a wait that lasts this long. */
export const lostAfterMs = 10_000;

/** Spins for a moment that differs each time, so that the threads meet in every phase. */
export function jitter(number: number): number {
  let spun = 0;
  for (let left = hash32(number, 3) % 300; left > 0; left--) spun += left;
  return spun;
}

/** Writes one record of one number and rings. False when the ring is full. */
export function send(writer: RingWriter, doorbell: Doorbell, number: number): boolean {
  const at = writer.tryClaim(1, 4);
  if (at < 0) return false;
  writer.view.setInt32(at, number, true);
  writer.commit();
  writer.publish();
  doorbell.ring();
  return true;
}

async function echo(start: DoorbellStressStart): Promise<void> {
  const mine = new Doorbell(start.inDoorbell);
  const theirs = new Doorbell(start.outDoorbell);
  const reader = new RingReader(start.inRing);
  const writer = new RingWriter(start.outRing);
  const isReady = () => !reader.isEmpty();
  const onRecord = (_type: number, at: number): void => {
    const number = reader.view.getInt32(at, true);
    jitter(number);
    send(writer, theirs, number);
  };
  for (let done = 0; done < start.count; ) {
    done += reader.drain(onRecord, 16);
    if (done === start.count) return;
    const isWoken =
      start.role === "echo" ? mine.wait(lostAfterMs, isReady) : await mine.waitAsync(lostAfterMs);
    if (!isWoken) throw new Error("a wake-up was lost");
  }
}

function ring(start: DoorbellStressStart): void {
  const theirs = new Doorbell(start.outDoorbell);
  const writer = new RingWriter(start.outRing);
  for (let number = 0; number < start.count; ) {
    if (send(writer, theirs, number)) jitter(number++);
  }
}

async function waitOnce(start: DoorbellStressStart): Promise<void> {
  const mine = new Doorbell(start.inDoorbell);
  parentPort!.postMessage("waiting");
  parentPort!.postMessage(await mine.waitAsync(start.count));
}

if (!isMainThread) {
  const start = workerData as DoorbellStressStart;
  if (start.role === "ring") ring(start);
  else if (start.role === "wait") await waitOnce(start);
  else if (start.role === "sleep") {
    parentPort!.postMessage("waiting");
    new Doorbell(start.inDoorbell).wait(Number.POSITIVE_INFINITY, () => false);
  } else await echo(start);
}
