/** A server in a process of its own, with its own data folder and any free ports; what a bench measures. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 15_000;
/** Lines of the log kept for the message when a server fails. */
const LOG_LINES_MAX = 100;
const LOOK_MS = 20;

/** The server did not start, or did not stop as asked; the message ends with its log. */
export class ServerFailed extends Error {
  override readonly name = "ServerFailed";
}

export type JsonObject = { readonly [key: string]: unknown };

export interface ChildServerOptions {
  /** As in gridshard.json; what is not said is a bench's default, or the server's. */
  readonly config?: { readonly [section: string]: JsonObject | readonly string[] };
  /** A command to put before node: a tracer. */
  readonly prefix?: readonly string[];
}

/** What /stats says, as far as benches look. `systemThread` is the kernel's number of the thread. */
export interface ServerStats {
  readonly residentBytes: number;
  readonly shards: readonly {
    readonly systemThread: number;
    readonly isTicking: boolean;
    readonly tickMs: { readonly p50: number; readonly p99: number; readonly max: number };
    readonly counters: Readonly<Record<string, number>>;
  }[];
  readonly net: { readonly systemThread: number; readonly counters: Readonly<Record<string, number>> };
  readonly persistence: {
    readonly systemThread: number;
    readonly counters: Readonly<Record<string, number>>;
  };
  /** Ticks of all rooms of a type so far. */
  readonly roomTypes: readonly { readonly type: string; readonly ticks: number }[];
}

/** URL of a bench's game module, for the config's `games`. */
export function gameModule(name: string): string {
  return new URL(`./${name}.js`, import.meta.url).href;
}

export class ChildServer {
  readonly url: string;
  readonly pid: number;
  readonly #adminUrl: string;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #log: string[];
  readonly #exited: Promise<unknown>;

  private constructor(parts: {
    url: string;
    adminUrl: string;
    pid: number;
    child: ChildProcess;
    folder: string;
    log: string[];
    exited: Promise<unknown>;
  }) {
    this.url = parts.url;
    this.pid = parts.pid;
    this.#adminUrl = parts.adminUrl;
    this.#child = parts.child;
    this.#folder = parts.folder;
    this.#log = parts.log;
    this.#exited = parts.exited;
  }

  /** @throws ServerFailed */
  static async start(options: ChildServerOptions = {}): Promise<ChildServer> {
    const folder = mkdtempSync(join(tmpdir(), "gridshard-bench-"));
    const file = join(folder, "gridshard.json");
    writeFileSync(file, JSON.stringify(configOf(folder, options.config ?? {})));
    const entry = fileURLToPath(new URL("../cli.js", import.meta.url));
    const [command, ...args] = [
      ...(options.prefix ?? []),
      process.execPath,
      entry,
      "serve",
      "--config",
      file,
    ];
    const child = spawn(command!, args, { stdio: ["ignore", "pipe", "pipe"], env: plainEnvironment() });
    const exited = once(child, "exit");
    const log: string[] = [];
    let adminUrl = "";
    createInterface({ input: child.stderr! }).on("line", (line) => {
      if (log.length < LOG_LINES_MAX) log.push(line);
      adminUrl = /"admin":"([^"]+)"/.exec(line)?.[1] ?? adminUrl;
    });
    const firstLine = once(createInterface({ input: child.stdout! }), "line") as Promise<[string]>;
    const deadline = AbortSignal.timeout(START_MS_MAX);
    const late = once(deadline, "abort").then(() => undefined);
    const said = await Promise.race([firstLine, exited.then(() => undefined), late]);
    if (said === undefined) {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
      throw new ServerFailed(`the server did not start:\n${log.join("\n")}`);
    }
    // The two streams are read independently; the admin address is logged before the page's is printed.
    while (adminUrl === "" && child.exitCode === null) await new Promise((resolve) => setImmediate(resolve));
    const pid = options.prefix === undefined ? child.pid! : await tracedPid(child.pid!);
    return new ChildServer({ url: said[0].trim(), adminUrl, pid, child, folder, log, exited });
  }

  /** The first groups of the log's first `count` lines that match; waits for them. */
  async logged(pattern: RegExp, count: number): Promise<string[]> {
    for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
      const found = this.#log.flatMap((line) => pattern.exec(line)?.[1] ?? []);
      if (found.length >= count) return found;
      if (waitedMs > START_MS_MAX || this.#child.exitCode !== null) {
        throw new ServerFailed(`no ${count} lines of ${pattern} in the log:\n${this.#log.join("\n")}`);
      }
      await delay(LOOK_MS);
    }
  }

  async stats(): Promise<ServerStats> {
    const response = await fetch(new URL("/stats", this.#adminUrl));
    if (!response.ok) throw new ServerFailed(`/stats answered ${response.status}`);
    return (await response.json()) as ServerStats;
  }

  /** Sum of a counter over all shards. */
  async shardCounter(name: string): Promise<number> {
    const { shards } = await this.stats();
    return shards.reduce((sum, shard) => sum + shard.counters[name]!, 0);
  }

  /** Stops it as an operator would; by force when that takes too long, and then throws. */
  async stop(): Promise<void> {
    try {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new ServerFailed(`the server had ended by itself:\n${this.#log.join("\n")}`);
      }
      process.kill(this.pid, "SIGTERM");
      const isLate = await Promise.race([
        this.#exited.then(() => false),
        new Promise<boolean>((resolve) => setTimeout(resolve, STOP_MS_MAX, true).unref()),
      ]);
      if (isLate) {
        process.kill(this.pid, "SIGKILL");
        await this.#exited;
        throw new ServerFailed(`the server did not stop within ${STOP_MS_MAX} ms:\n${this.#log.join("\n")}`);
      }
    } finally {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }
}

function configOf(folder: string, config: NonNullable<ChildServerOptions["config"]>): JsonObject {
  const { net = {}, admin = {}, log = {}, ...rest } = config as Record<string, JsonObject>;
  return {
    dataFolder: join(folder, "data"),
    // All bots have one address, and come at once.
    net: { port: 0, guestTicketsPerMinutePerAddress: 1_000_000, connectionsMax: 20_000, ...net },
    admin: { port: 0, ...admin },
    log: { level: "info", ...log },
    ...rest,
  };
}

/** The environment without what would change the server's config. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GRIDSHARD_")));
}

/** The one child of a tracer. */
async function tracedPid(tracer: number): Promise<number> {
  const { readFile } = await import("node:fs/promises");
  const children = await readFile(`/proc/${tracer}/task/${tracer}/children`, "utf8");
  return Number(children.trim().split(" ")[0]);
}
