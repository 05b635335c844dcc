/** An assertion that failed: our own bug. It ends the thread that finds it, never a session. */
export class AssertionFailed extends Error {
  override readonly name = "AssertionFailed";
}

/** Throws {@link AssertionFailed} unless `condition` holds. The message says what should have been true. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}

/** Ends a `switch` over a union: the compiler proves it is never reached. */
export function unreachable(value: never): never {
  throw new AssertionFailed(`unreachable state: ${JSON.stringify(value)}`);
}
