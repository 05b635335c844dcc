/** The schedule: what an entry costs to put in and take out, and that sleeping ones cost a tick nothing. */
import { Schedule } from "../../shards/schedule.js";
import { type BenchOptions, type Figures, type Measured, measuredOf } from "../measured.js";
import { nanosecondsEach } from "./nanoseconds.js";

const PERIOD_TICKS = 2;
const FLOOR = "array a tick";
/** Not due for weeks, and yet in the same slots of the wheel as what is. */
const FAR_TICK = 100_000_000;

export async function run({ smoke, rounds = smoke ? 1 : 9 }: BenchOptions): Promise<Measured[]> {
  const entries = smoke ? 500 : 50_000;
  const label = `${entries.toLocaleString("en")} entries`;
  const due = { suite: "shards/schedule", case: `one that is due, put in again, ${label}` };
  const idle = { suite: "shards/schedule", case: `a tick at which none is due, ${label}` };
  const wants = [{ figure: "ns", floor: FLOOR } as const];
  return [
    measuredOf({ ...due, subject: "schedule", rounds: wheelTicks(entries, rounds), wants }),
    measuredOf({ ...due, subject: FLOOR, rounds: listTicks(entries, rounds) }),
    measuredOf({ ...idle, subject: "schedule", rounds: idleTick(entries, rounds) }),
  ];
}

/** Every entry is due each {@link PERIOD_TICKS} ticks, as a room that ticks is. */
function wheelTicks(entries: number, rounds: number): Figures[] {
  const schedule = new Schedule(entries);
  for (let entry = 0; entry < entries; entry++) schedule.add(1, entry, entry % PERIOD_TICKS);
  const due = new Int32Array(1024);
  let tick = 0;
  return nanosecondsEach(rounds, entries, () => {
    for (let step = 0; step < PERIOD_TICKS; step++, tick++) {
      for (let count = schedule.collect(tick, due); count > 0; count = schedule.collect(tick, due)) {
        for (let pair = 0; pair < count; pair++) {
          schedule.add(due[pair * 2]!, due[pair * 2 + 1]!, tick + PERIOD_TICKS);
        }
      }
    }
  });
}

/** The floor: an array for every tick, which cannot cancel and makes garbage. */
function listTicks(entries: number, rounds: number): Figures[] {
  const lists = new Map<number, number[]>();
  const add = (subject: number, tick: number) => {
    const list = lists.get(tick);
    if (list === undefined) lists.set(tick, [subject]);
    else list.push(subject);
  };
  for (let entry = 0; entry < entries; entry++) add(entry, entry % PERIOD_TICKS);
  let tick = 0;
  return nanosecondsEach(rounds, entries, () => {
    for (let step = 0; step < PERIOD_TICKS; step++, tick++) {
      const due = lists.get(tick) ?? [];
      lists.delete(tick);
      for (const subject of due) add(subject, tick + PERIOD_TICKS);
    }
  });
}

/** All entries wait for a tick far away, as timers of sleeping rooms do. */
function idleTick(entries: number, rounds: number): Figures[] {
  const schedule = new Schedule(entries);
  for (let entry = 0; entry < entries; entry++) schedule.add(1, entry, FAR_TICK + entry);
  const due = new Int32Array(1024);
  const ticks = 500;
  let found = 0;
  const ns = nanosecondsEach(rounds, ticks, () => {
    for (let tick = 0; tick < ticks; tick++) found += schedule.collect(tick, due);
  });
  if (found > 0) throw new Error("nothing was due");
  return ns;
}
