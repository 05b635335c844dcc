/** Looks at the heartbeats of all threads, again and again: ends shards that spin, tells of others that are silent. */
import { limits } from "../engine/limits.js";
import type { Log } from "../engine/log.js";
import { systemThreadId } from "../engine/system-thread.js";
import type { Clock } from "../engine/time.js";
import type { ServerView } from "./server-view.js";
import type { ShardSupervisor } from "./supervisor.js";

export interface ThreadWatchOptions {
  readonly view: ServerView;
  readonly supervisor: ShardSupervisor;
  readonly clock: Clock;
  readonly log: Log;
}

export class ThreadWatch {
  readonly #options: ThreadWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  /** Told of already: one line when a thread falls silent, one when it is back. */
  #silent = new Set<number>();

  constructor(options: ThreadWatchOptions) {
    this.#options = options;
  }

  /** Begins to watch; this thread itself beats from here on. */
  open(): void {
    const { control } = this.#options.view;
    control.setSystemThreadId(control.mainThread, systemThreadId());
    this.look();
    this.#timer = setInterval(() => this.look(), limits.watchPeriodMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** One look at every thread. */
  look(): void {
    const { view, supervisor, clock, log } = this.#options;
    const { control } = view;
    control.beat(control.mainThread, clock.nowMs());
    supervisor.watch();
    for (const thread of [control.netThread, control.storeThread]) {
      const ageMs = view.heartbeatAgeMs(thread);
      const isSilent = Number.isFinite(ageMs) && ageMs > view.heartbeatAgeMsMax(thread);
      if (isSilent === this.#silent.has(thread)) continue;
      const fields = { thread: view.threadName(thread), heartbeatAgeMs: ageMs };
      if (isSilent) {
        this.#silent.add(thread);
        log.error("a thread gives no sign of life; if it stays so, restart the process", fields);
      } else {
        this.#silent.delete(thread);
        log.info("a thread is back", fields);
      }
    }
  }
}
