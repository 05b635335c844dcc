/** A server in a process of its own that can be killed where it stands and started again on the same port and data. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Config } from "../../engine/config-schema.js";
import { configSchema } from "../../engine/config-schema.js";
import { systemClock } from "../../engine/time.js";

const cli = fileURLToPath(new URL("../../cli.js", import.meta.url));
const START_MS_MAX = 60_000;
const STOP_MS_MAX = 30_000;
const LOG_LINES_KEPT = 400;
const LOOK_MS = 5;

/**
 * A port for all its processes. Not left to the first of them: connections of a socket that was bound to "any port" do
 * not let the port be bound again for a minute after they have ended.
 */
async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

/** A game's module of this build, for the config's `games`. */
export function gameOfBuild(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

export type Settings = { readonly [section: string]: object | string | readonly string[] };

/** What /stats says, as far as tests of crashes look. */
export interface Stats {
  readonly residentBytes: number;
  readonly shards: readonly {
    readonly tickMs: { readonly p50: number; readonly p99: number; readonly max: number };
    readonly counters: Readonly<Record<string, number>>;
  }[];
  readonly net: { readonly counters: Readonly<Record<string, number>> };
  readonly persistence: { readonly counters: Readonly<Record<string, number>> };
}

export class ServerProcess {
  readonly folder = mkdtempSync(join(tmpdir(), "gridshard-crash-"));
  readonly #settings: Settings;
  readonly #log: string[] = [];
  #child: ChildProcess | null = null;
  #exited: Promise<unknown> = Promise.resolve();
  #port = 0;
  #adminUrl = "";
  starts = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get dataFolder(): string {
    return join(this.folder, "data");
  }

  /** The last lines that all its processes have logged. */
  get log(): readonly string[] {
    return this.#log;
  }

  /** The config it runs by, for who opens its store afterwards. */
  config(): Config {
    return configSchema.parse(this.#configFile());
  }

  #configFile(): object {
    const { net = {}, ...rest } = this.#settings as Record<string, object>;
    return {
      dataFolder: this.dataFolder,
      log: { level: "info" },
      net: { port: this.#port, guestTicketsPerMinutePerAddress: 1_000_000, ...net },
      admin: { port: 0 },
      ...rest,
    };
  }

  /** Starts it and resolves when players can connect, to the milliseconds that took. */
  async start(): Promise<number> {
    assert.equal(this.#child, null, "one process at a time");
    if (this.#port === 0) this.#port = await freePort();
    const file = join(this.folder, "gridshard.json");
    writeFileSync(file, JSON.stringify(this.#configFile()));
    const startMs = systemClock.nowMs();
    const child = spawn(process.execPath, [cli, "serve", "--config", file], {
      cwd: this.folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GRIDSHARD_"))),
    });
    this.#child = child;
    this.#exited = once(child, "close");
    this.starts++;
    this.#adminUrl = "";
    createInterface({ input: child.stderr! }).on("line", (line) => {
      this.#log.push(line);
      if (this.#log.length > LOG_LINES_KEPT) this.#log.shift();
      this.#adminUrl = /"admin":"([^"]+)"/.exec(line)?.[1] ?? this.#adminUrl;
    });
    let url = "";
    createInterface({ input: child.stdout! }).on("line", (line) => {
      url = line.trim();
    });
    while (url === "" || this.#adminUrl === "") {
      const isLate = systemClock.nowMs() - startMs > START_MS_MAX;
      if (child.exitCode !== null || child.signalCode !== null || isLate)
        throw new Error(`the server did not start:\n${this.tail()}`);
      await sleep(LOOK_MS);
    }
    return systemClock.nowMs() - startMs;
  }

  /** From now until every shard that has people has made a tick. */
  async firstTicks(): Promise<void> {
    for (;;) {
      const { shards } = await this.stats();
      if (shards.some(({ counters }) => counters.ticks_total! > 0)) return;
      await sleep(LOOK_MS);
    }
  }

  async stats(): Promise<Stats> {
    const answer = await fetch(new URL("/stats", this.#adminUrl));
    return (await answer.json()) as Stats;
  }

  async metrics(): Promise<string> {
    return await (await fetch(new URL("/metrics", this.#adminUrl))).text();
  }

  async isReady(): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(new URL("/readyz", this.#adminUrl));
    return { status: answer.status, text: await answer.text() };
  }

  /** kill -9: it does not know what happened. Resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    assert.ok(child !== null && child.exitCode === null, `there is something to kill:\n${this.tail()}`);
    child.kill("SIGKILL");
    await this.#exited;
    this.#child = null;
  }

  /** Ends it in order: what waits for the store is applied. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    child.kill("SIGTERM");
    const late = sleep(STOP_MS_MAX, "late", { ref: false });
    if ((await Promise.race([this.#exited, late])) === "late") {
      child.kill("SIGKILL");
      await this.#exited;
      throw new Error(`the server did not stop:\n${this.tail()}`);
    }
    this.#child = null;
    assert.equal(child.exitCode, 0, `a stopped server exits with 0:\n${this.tail()}`);
  }

  tail(lines = 60): string {
    return this.#log.slice(-lines).join("\n");
  }

  /** Kills what still runs and removes every trace. */
  async remove(): Promise<void> {
    if (this.#child !== null) {
      this.#child.kill("SIGKILL");
      await this.#exited;
      this.#child = null;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
