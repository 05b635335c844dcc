/** Runs the steps of a graceful stop one after the other, for as long as the deadline allows. */

export interface StopStep {
  /** What it finishes, in words for the log: "players leave". */
  readonly name: string;
  /** Begins the step; settles when it is done. */
  run(): Promise<void>;
}

/**
 * Returns the name of the step that did not finish, with the reason, or null when all did. A step that fails
 * does not keep the ones behind it from running: what can still be saved is saved.
 */
export async function runStopSteps(steps: readonly StopStep[], deadlineMs: number): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), deadlineMs);
  });
  const failures: string[] = [];
  try {
    for (const step of steps) {
      const outcome = await Promise.race([
        step.run().then(
          () => "done" as const,
          (error: Error) => error,
        ),
        deadline,
      ]);
      if (outcome === "late") {
        failures.push(`${step.name}: not done after ${deadlineMs} ms (stop.deadlineMs)`);
        break;
      }
      if (outcome !== "done") failures.push(`${step.name}: ${outcome.message}`);
    }
  } finally {
    clearTimeout(timer);
  }
  return failures.length === 0 ? null : failures.join("; ");
}
