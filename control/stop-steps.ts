/** Runs the steps of a graceful stop one after the other, each within its share of the time there is. */
import type { Clock } from "../engine/time.js";

export interface StopStep {
  /** What it finishes, in words for the log: "players leave". */
  readonly name: string;
  /** When it must be done, in ms from the beginning of the stop. */
  readonly byMs: number;
  /** Begins the step; settles when it is done. */
  run(): Promise<void>;
  /** Called when time is up: cuts short what would stand in the way of the steps behind it. */
  giveUp?(): Promise<void>;
}

/**
 * Returns what did not finish, with reasons, or null when everything did. A step that fails or is late does not
 * keep the ones behind it from running: what can still be saved is saved.
 */
export async function runStopSteps(steps: readonly StopStep[], clock: Clock): Promise<string | null> {
  const beganMs = clock.nowMs();
  const failures: string[] = [];
  for (const step of steps) {
    const leftMs = Math.max(0, step.byMs - (clock.nowMs() - beganMs));
    const outcome = await outcomeOf(step, leftMs);
    if (outcome === "done") continue;
    if (outcome !== "late") failures.push(`${step.name}: ${outcome.message}`);
    else {
      failures.push(`${step.name}: not done within ${Math.round(step.byMs)} ms`);
      await step.giveUp?.();
    }
  }
  return failures.length === 0 ? null : failures.join("; ");
}

async function outcomeOf(step: StopStep, leftMs: number): Promise<"done" | "late" | Error> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), leftMs);
  });
  const done = step.run().then(
    () => "done" as const,
    (error: Error) => error,
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
