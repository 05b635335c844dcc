/**
 * Keeps the shards running: starts them, notices when one dies or spins, starts it again under a budget, and says
 * when the process is beyond help. What it supervises comes as arguments.
 */
import { assert } from "../engine/assert.js";
import { limits } from "../engine/limits.js";
import type { Log } from "../engine/log.js";
import type { ControlBlock } from "../engine/memory/control-block.js";
import type { Clock } from "../engine/time.js";
import { exitCodes } from "../engine/wire/codes.js";
import type { RestartBudget } from "./restart-budget.js";
import type { ShardThread } from "./shard-pool.js";

/** Why the server must end now, and the exit code that says so. */
export interface FatalEnd {
  readonly code: number;
  readonly reason: string;
}

export interface SupervisorOptions {
  readonly shardCount: number;
  readonly control: ControlBlock;
  readonly budget: RestartBudget;
  readonly clock: Clock;
  readonly log: Log;
  startShard(shard: number, incarnation: number): ShardThread;
  /** Called at most once. Restarts have stopped by then. */
  onFatal(end: FatalEnd): void;
}

type ShardState =
  | {
      readonly kind: "running";
      readonly thread: ShardThread;
      readonly startedAtMs: number;
      /** The predecessor's last beat: until another is seen, the thread is still starting. */
      readonly beatBefore: number;
    }
  | { readonly kind: "ended" };

const notStarted: ShardState = { kind: "ended" };

export class ShardSupervisor {
  readonly #options: SupervisorOptions;
  readonly #states: ShardState[];
  readonly #restarts: number[];
  #watchedAtMs = -1;
  #isFatal = false;
  #whenEnded: (() => void)[] = [];

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#states = Array.from({ length: options.shardCount }, () => notStarted);
    this.#restarts = Array.from({ length: options.shardCount }, () => 0);
  }

  /** Starts every shard. */
  start(): void {
    for (let shard = 0; shard < this.#states.length; shard++) this.#start(shard);
  }

  /** Terminates a shard's thread where it stands. It is started again as after any other death. */
  kill(shard: number, reason: string): void {
    const state = this.#states[shard];
    assert(state !== undefined, "a shard's number is below the shard count");
    if (state.kind === "running") state.thread.kill(reason);
  }

  /** Whether this shard's thread runs and has beaten since it was started. */
  hasBeaten(shard: number): boolean {
    const state = this.#states[shard]!;
    return state.kind === "running" && this.#options.control.heartbeat(shard) !== state.beatBefore;
  }

  /** How often this shard has been started again. */
  restarts(shard: number): number {
    return this.#restarts[shard]!;
  }

  /** Shards whose thread has not ended. */
  running(): number[] {
    return this.#states.flatMap((state, shard) => (state.kind === "running" ? [shard] : []));
  }

  /** Settles when no shard's thread runs any more: after the phase became `stopping`, or after a fatal end. */
  async ended(): Promise<void> {
    while (this.running().length > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEnded.push(resolve);
      });
    }
  }

  /** Ends shards that spin. To be called every `watchPeriodMs`. */
  watch(): void {
    const { clock, control } = this.#options;
    const nowMs = clock.nowMs();
    const pauseMs = this.#watchedAtMs < 0 ? 0 : nowMs - this.#watchedAtMs;
    this.#watchedAtMs = nowMs;
    // If even this thread stood still, the machine or the whole process did, and no shard is to blame.
    if (pauseMs > limits.heartbeatAgeMsMax / 2) return;
    this.#states.forEach((state, shard) => {
      if (state.kind !== "running") return;
      if (!this.hasBeaten(shard)) {
        if (nowMs - state.startedAtMs <= limits.threadStartMsMax) return;
        state.thread.kill(`it did not begin to work within ${limits.threadStartMsMax} ms`);
      } else if (control.heartbeatAgeMs(shard, nowMs) > limits.heartbeatAgeMsMax) {
        state.thread.kill(`it gave no sign of life for ${limits.heartbeatAgeMsMax} ms: a loop without end?`);
      }
    });
  }

  #start(shard: number): void {
    const { control, clock, startShard } = this.#options;
    const beatBefore = control.heartbeat(shard);
    const incarnation = control.raiseIncarnation(shard);
    const thread = startShard(shard, incarnation);
    this.#states[shard] = { kind: "running", thread, startedAtMs: clock.nowMs(), beatBefore };
    thread.ended.then(
      () => this.#onEnded(shard, null),
      (error: unknown) => this.#onEnded(shard, error),
    );
  }

  #onEnded(shard: number, error: unknown): void {
    const { control, log } = this.#options;
    this.#states[shard] = { kind: "ended" };
    control.setTicking(shard, false);
    const isExpected = control.phase === "stopping" || this.#isFatal;
    if (!isExpected) this.#restart(shard, reasonOf(error));
    else if (error !== null) log.warn("shard died while stopping", { shard, reason: reasonOf(error) });
    const waiting = this.#whenEnded;
    this.#whenEnded = [];
    for (const resolve of waiting) resolve();
  }

  #restart(shard: number, reason: string): void {
    const { budget, log } = this.#options;
    if (!budget.trySpend()) {
      this.#isFatal = true;
      const windowSeconds = budget.windowMs / 1000;
      this.#options.onFatal({
        code: exitCodes.restartBudgetSpent,
        reason: `shard ${shard} died (${reason}) after ${budget.restartsMax} restarts within ${windowSeconds} s; see the log for the first death, and shards.restartsMax`,
      });
      return;
    }
    this.#restarts[shard]! += 1;
    log.warn("shard died and is started again", { shard, reason, restarts: this.#restarts[shard]! });
    this.#start(shard);
  }
}

/** Why a thread ended, in words, with the place in the code when there is one. */
export function reasonOf(error: unknown): string {
  if (error === null) return "it ended by itself";
  if (!(error instanceof Error)) return String(error);
  const place = error.stack?.split("\n").find((line) => line.trimStart().startsWith("at "));
  const isOurs = error.name === "ShardKilled" || place === undefined;
  return isOurs ? error.message : `${error.name}: ${error.message} ${place.trim()}`;
}
