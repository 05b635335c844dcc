/** A private MariaDB for one test file: its own folder, its own socket, no network; killed when the test says so. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const START_MS_MAX = 60_000;

export class MariaDb {
  /** Where it listens: the only way in. User "root", no password. */
  readonly socketPath: string;
  readonly #folder: string;
  #process: ChildProcess | null = null;

  private constructor(folder: string) {
    this.#folder = folder;
    this.socketPath = join(folder, "socket");
  }

  /** Installs an empty instance in a temporary folder and starts it. */
  static async start(options: readonly string[] = []): Promise<MariaDb> {
    const instance = new MariaDb(mkdtempSync(join(tmpdir(), "gridshard-mariadb-")));
    await promisify(execFile)("mariadb-install-db", [
      "--no-defaults",
      ...asUser(),
      `--datadir=${instance.#dataFolder}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
    ]);
    await instance.restart(options);
    return instance;
  }

  get #dataFolder(): string {
    return join(this.#folder, "data");
  }

  /** Starts it again on the same data after {@link kill}. Resolves when it takes connections. */
  async restart(options: readonly string[] = []): Promise<void> {
    assert.equal(this.#process, null, "an instance runs once");
    const log = openSync(join(this.#folder, "log"), "a");
    const running = spawn(
      "mariadbd",
      [
        "--no-defaults",
        ...asUser(),
        `--datadir=${this.#dataFolder}`,
        `--socket=${this.socketPath}`,
        "--skip-networking",
        "--innodb-buffer-pool-size=32M",
        ...options,
      ],
      { stdio: ["ignore", log, log] },
    );
    closeSync(log);
    this.#process = running;
    const deadline = Date.now() + START_MS_MAX;
    while (!(await canConnect(this.socketPath))) {
      if (running.exitCode !== null || Date.now() > deadline)
        throw new Error(`mariadbd does not start:\n${readFileSync(join(this.#folder, "log"), "utf8")}`);
      await sleep(20);
    }
  }

  /** Ends it as a power cut would, and waits until it is gone. */
  async kill(): Promise<void> {
    const running = this.#process;
    if (running === null) return;
    this.#process = null;
    const ended = once(running, "exit");
    running.kill("SIGKILL");
    await ended;
  }

  /** Stops it in its tracks: connections stay open and nobody answers. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  /** Kills it and removes every trace. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A connection of the instance's own client that stays open, for transactions in somebody's way. */
  session(database: string): MariaDbSession {
    return new MariaDbSession(this.socketPath, database);
  }

  /** Runs SQL with the instance's own client and returns its output, tab-separated, without headings. */
  async run(sql: string): Promise<string> {
    const { stdout } = await promisify(execFile)("mariadb", [
      "--no-defaults",
      "--user=root",
      `--socket=${this.socketPath}`,
      "--batch",
      "--skip-column-names",
      `--execute=${sql}`,
    ]);
    return stdout;
  }
}

/** A client that is told one thing after another. */
export class MariaDbSession {
  readonly #client: ChildProcess;
  #said = "";
  #marks = 0;

  constructor(socketPath: string, database: string) {
    const options = [
      "--no-defaults",
      "--user=root",
      `--socket=${socketPath}`,
      "--batch",
      "--skip-column-names",
    ];
    this.#client = spawn("mariadb", [...options, "--unbuffered", "--force", database], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#client.stdout?.on("data", (chunk) => {
      this.#said += chunk;
    });
  }

  /** Runs SQL and resolves with its output once it has been answered. */
  async run(sql: string): Promise<string> {
    const mark = `mark ${++this.#marks}`;
    this.#said = "";
    this.#client.stdin?.write(`${sql};\nSELECT '${mark}';\n`);
    while (!this.#said.includes(mark)) {
      assert.equal(this.#client.exitCode, null, "the client runs");
      await sleep(5);
    }
    return this.#said.replace(`${mark}\n`, "");
  }

  async end(): Promise<void> {
    const ended = once(this.#client, "exit");
    this.#client.stdin?.end();
    await ended;
  }
}

/** mariadbd does not run as root unless it is told to. */
function asUser(): string[] {
  return process.getuid?.() === 0 ? ["--user=root"] : [];
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
