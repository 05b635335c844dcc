/** CPU time and memory of another process and of its threads, as Linux tells. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

let ticksPerSecond = 0;

/** CPU so far, in seconds. */
export interface CpuTime {
  readonly seconds: number;
  /** What of it the kernel spent for them: on sockets, most of all. */
  readonly kernelSeconds: number;
}

/** One reading of the whole process and of each of its threads, by the kernel's number of the thread. */
export interface CpuReading extends CpuTime {
  readonly threads: ReadonlyMap<number, number>;
}

/** Of all threads of the process, those that have ended too. */
export function cpuOf(pid: number): CpuTime {
  return timeIn(readFileSync(`/proc/${pid}/stat`, "utf8"));
}

/** Reads both at one moment, so that the parts are parts of this whole. */
export function readCpu(pid: number): CpuReading {
  const threads = new Map<number, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      threads.set(Number(thread), timeIn(readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8")).seconds);
    } catch (error) {
      // It ended between the listing and the reading.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" && code !== "ESRCH") throw error;
    }
  }
  return { ...cpuOf(pid), threads };
}

/** Seconds that these threads have used from one reading to the next; one that began in between counts from its beginning. */
export function threadSeconds(from: CpuReading, to: CpuReading, threads: readonly number[]): number {
  return threads.reduce(
    (sum, thread) => sum + (to.threads.get(thread) ?? Number.NaN) - (from.threads.get(thread) ?? 0),
    0,
  );
}

function timeIn(stat: string): CpuTime {
  if (ticksPerSecond === 0)
    ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  // The name in parentheses may hold spaces; what follows it does not.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const kernelSeconds = Number(fields[12]) / ticksPerSecond;
  return { seconds: Number(fields[11]) / ticksPerSecond + kernelSeconds, kernelSeconds };
}

/** Bytes of the process that are in memory. */
export function residentBytesOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]) * 1024;
}
