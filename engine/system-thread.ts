/** What the kernel calls a thread, and how much processor time it has used. Linux only; elsewhere nothing is known. */
import { readFileSync, readlinkSync } from "node:fs";

/** Kernel ticks a second in /proc: fixed at 100 for user space on Linux, whatever the kernel's own rate. */
const TICKS_PER_SECOND = 100;

/** The kernel's number of the calling thread, or 0 where there is no /proc. */
export function systemThreadId(): number {
  try {
    // A synchronous call is made by the calling thread itself, so this link points to it: "<pid>/task/<tid>".
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}

/** Processor seconds that a thread of this process has used, or -1 when it is gone or not known. */
export function threadCpuSeconds(id: number): number {
  if (id === 0) return -1;
  try {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, "utf8");
    // Fields 14 and 15 of proc(5). The second field, in brackets, may itself hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return -1;
    throw error;
  }
}
