/**
 * 64-byte records from one thread to another: the ring, against ringbuf.js, against postMessage. Rounds are
 * interleaved, so that a disturbance meets all of them; figures are medians, ratios medians of each round's ratio.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { RingBuffer } from "ringbuf.js";
import { createRing, RingWriter } from "../../engine/memory/spsc-ring.js";
import { systemClock } from "../../engine/time.js";
import { type BenchOptions, type Figures, type Measured, measuredOf, type Want } from "../measured.js";
import { type RingBenchStart, type RingSubject, recordWords, ringBytes } from "./ring.bench-worker.js";

const CASE = "64 B records, two threads";
const PUBLISH_EVERY = 64;

/** Writes `count` records as fast as the subject takes them. */
type Write = (count: number) => void;

interface Lane {
  readonly subject: string;
  readonly write: Write;
  readonly worker: Worker;
  /** This subject's share of the records of a round: slow ones get fewer. */
  readonly share: number;
  readonly figures: Figures[];
}

export async function run({ smoke, rounds = smoke ? 1 : 9 }: BenchOptions): Promise<Measured[]> {
  const count = smoke ? 20_000 : 1_000_000;
  const lanes = await Promise.all([openRing(PUBLISH_EVERY), openRing(1), openRingbuf(), openPostMessage()]);
  const [batched, single, ringbuf, posted] = lanes as [Lane, Lane, Lane, Lane];
  try {
    // The first round lets the compilers do their work and is thrown away.
    for (let round = 0; round <= rounds; round++) {
      for (const lane of lanes) {
        const perSecond = await measure(lane, Math.ceil(count * lane.share));
        if (round > 0) lane.figures.push({ perSecond });
      }
    }
  } finally {
    await Promise.all(lanes.map((lane) => lane.worker.terminate()));
  }
  const against = (floor: Lane, atLeast?: number): Want => ({
    figure: "perSecond",
    floor: floor.subject,
    ...(atLeast === undefined ? {} : { atLeast }),
  });
  return [
    measured(batched, [against(ringbuf, 3), against(posted, 15)]),
    measured(single, [against(ringbuf)]),
    measured(ringbuf),
    measured(posted),
  ];
}

function measured({ subject, figures }: Lane, wants: readonly Want[] = []): Measured {
  return measuredOf({ suite: "memory/ring", case: CASE, subject, rounds: figures, wants });
}

async function measure(lane: Lane, count: number): Promise<number> {
  lane.worker.postMessage(count);
  await once(lane.worker, "message");
  const finished = once(lane.worker, "message");
  const startMs = systemClock.nowMs();
  lane.write(count);
  const [endMs] = (await finished) as [number];
  return count / ((endMs - startMs) / 1000);
}

async function open(subject: string, share: number, start: RingBenchStart, write: Write): Promise<Lane> {
  const worker = new Worker(new URL("./ring.bench-worker.js", import.meta.url), { workerData: start });
  await once(worker, "online");
  return { subject, share, worker, write, figures: [] };
}

function openRing(publishEvery: number): Promise<Lane> {
  const memory = createRing(ringBytes);
  const writer = new RingWriter(memory);
  const words = writer.words;
  const record = new Int32Array(recordWords).fill(7);
  const write: Write = (count) => {
    let unpublished = 0;
    for (let done = 0; done < count; ) {
      const at = writer.tryClaim(1, recordWords * 4);
      if (at < 0) {
        writer.publish();
        continue;
      }
      for (let word = 0, to = at >> 2; word < recordWords; word++, to++) words[to] = record[word]!;
      writer.commit();
      done++;
      if (++unpublished === publishEvery) {
        writer.publish();
        unpublished = 0;
      }
    }
    writer.publish();
  };
  return open(`ring, published every ${publishEvery}`, 1, { subject: "ring", memory }, write);
}

function openRingbuf(): Promise<Lane> {
  const memory = RingBuffer.getStorageForCapacity(ringBytes / 4, Int32Array);
  const ring = new RingBuffer(memory, Int32Array);
  const record = new Int32Array(recordWords).fill(7);
  const write: Write = (count) => {
    for (let done = 0; done < count; ) {
      // It pushes what fits, so a whole record must be seen to fit first.
      if (ring.available_write() < recordWords) continue;
      ring.push(record, recordWords);
      done++;
    }
  };
  return open("ringbuf.js", 0.5, { subject: "ringbuf", memory }, write);
}

async function openPostMessage(): Promise<Lane> {
  const record = new Int32Array(recordWords).fill(7);
  const subject: RingSubject = "postMessage";
  const lane = await open("postMessage", 0.1, { subject }, (count) => {
    for (let done = 0; done < count; done++) lane.worker.postMessage(record);
  });
  return lane;
}
