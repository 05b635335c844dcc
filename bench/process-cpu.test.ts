import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { systemThreadId } from "../engine/system-thread.js";
import { readCpu, threadSeconds } from "./process-cpu.js";

const isLinux = existsSync("/proc/self/task");

test("[BE13] the CPU of a thread is read by the kernel's number, and is a part of its process's", {
  skip: isLinux ? false : "needs /proc",
}, () => {
  const own = systemThreadId();
  const from = readCpu(process.pid);
  let kept = 0;
  // Work that takes this thread some kernel ticks, however long that is.
  while (threadSeconds(from, readCpu(process.pid), [own]) < 0.05)
    for (let step = 0; step < 1e6; step++) kept += step;
  const to = readCpu(process.pid);
  assert.ok(kept > 0);
  assert.ok(from.threads.size > 1, "a Node process has several threads");
  const ours = threadSeconds(from, to, [own]);
  // Each reading is rounded to kernel ticks of 10 ms.
  assert.ok(to.kernelSeconds >= from.kernelSeconds && to.kernelSeconds < to.seconds);
  assert.ok(ours <= to.seconds - from.seconds + 0.02, `${ours} of ${to.seconds - from.seconds} s`);
});

test("[BE13] a thread that began in between counts from its beginning, one that is gone is not known", () => {
  const from = { seconds: 10, kernelSeconds: 3, threads: new Map([[1, 4]]) };
  const to = { seconds: 12, kernelSeconds: 3, threads: new Map([...from.threads, [2, 0.5]]) };
  assert.equal(threadSeconds(from, to, [1, 2]), 0.5);
  assert.equal(threadSeconds(to, from, [2]), Number.NaN);
});
