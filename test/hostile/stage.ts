/**
 * A server of its own process with somebody well-behaved in it. Attacks run against it; afterwards the bystander must
 * not have noticed, the server must hold nothing of the attackers, and it must stop in order.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { fileURLToPath } from "node:url";
import { issueTicket, type Ticket } from "../../net/tickets.js";
import { Player, until } from "../player.js";

const transports = ["uws", "ws"] as const;
export type TransportName = (typeof transports)[number];

const cli = fileURLToPath(new URL("../../cli.js", import.meta.url));
const SIDE_BY_SIDE = 20;
/** An hour from whenever a test runs. */
const HOUR_MS = 3_600_000;

interface Stats {
  readonly residentBytes: number;
  readonly notReady: readonly string[];
  readonly shards: readonly { readonly restarts: number; readonly counters: Record<string, number> }[];
  readonly net: { readonly counters: Record<string, number> };
}

/** What the server holds on behalf of clients. */
export interface Holdings {
  readonly connections: number;
  readonly live: number;
  readonly suspended: number;
  readonly members: number;
  readonly rooms: number;
}

/** A well-behaved player who walks to and fro, and everything that would tell of a disturbance. */
export class Bystander {
  readonly player: Player;
  readonly #rooms = new Set<number>();
  readonly #faults: string[] = [];
  #pace: NodeJS.Timeout | undefined;
  #lastSeq = 0;

  constructor(player: Player) {
    this.player = player;
    const { client } = player;
    client.on("roomJoined", ({ room }) => this.#rooms.add(room));
    client.on("roomLeft", ({ room }) => this.#rooms.delete(room));
    client.on("state", (state) => this.#faults.push(`state ${JSON.stringify(state)}`));
    client.on("relocated", () => this.#faults.push("relocated"));
    client.on("event", ({ seq }) => {
      if (seq <= this.#lastSeq) this.#faults.push(`event ${seq} after ${this.#lastSeq}`);
      this.#lastSeq = seq;
    });
    let steps = 0;
    this.#pace = setInterval(() => client.move(steps++ % 20 < 10 ? 1 : -1, 0), 50);
  }

  /** Rooms the bystander is in itself: creatures attack whom they meet. */
  get roomCount(): number {
    return this.#rooms.size;
  }

  /** Still live on the first connection, and frames go on coming. */
  async isUndisturbed(): Promise<void> {
    const before = this.player.client.stats();
    await this.player.until(
      "frames go on",
      () => this.player.client.stats().framesApplied >= before.framesApplied + 3,
    );
    assert.deepEqual(this.#faults, []);
    assert.equal(this.player.client.state.kind, "live");
    assert.equal(this.player.client.stats().reconnects, 0);
    assert.ok(this.player.self !== undefined, "the bystander stands in the world");
  }

  async leave(): Promise<void> {
    clearInterval(this.#pace);
    this.#faults.length = 0;
    await this.player.leave();
  }
}

export class Stage {
  readonly url: string;
  readonly port: number;
  readonly adminUrl: string;
  readonly bystander: Bystander;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #key: Uint8Array;
  readonly #log: () => string;
  #tickets = 0;

  private constructor(parts: {
    url: string;
    adminUrl: string;
    child: ChildProcess;
    folder: string;
    bystander: Bystander;
    log: () => string;
  }) {
    this.url = parts.url;
    this.adminUrl = parts.adminUrl;
    this.port = Number(new URL(parts.url).port);
    this.bystander = parts.bystander;
    this.#child = parts.child;
    this.#folder = parts.folder;
    this.#log = parts.log;
    this.#key = readFileSync(join(parts.folder, "server.key"));
  }

  static async open(transport: TransportName, settings: readonly string[] = []): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), "gridshard-hostile-"));
    const all = [
      "net.port=0",
      "admin.port=0",
      `net.transport=${transport}`,
      "net.handshakesPerSecond=100000",
      "net.guestTicketsPerMinutePerAddress=1000000",
      // Long enough to come back on purpose, short enough to wait for.
      "session.graceMs=1500",
      "shards.count=2",
      "world.widthCells=8",
      "world.heightCells=4",
      "log.level=info",
      `dataFolder=${folder}`,
      ...settings,
    ];
    const child = spawn(process.execPath, [cli, "serve", ...all.flatMap((set) => ["--set", set])], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    process.once("exit", () => child.kill("SIGKILL"));
    let out = "";
    let log = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
    await until("the server has started", () => {
      assert.equal(child.exitCode, null, log);
      return out.includes("\n") && log.includes('"message":"started"');
    });
    const started = log.split("\n").find((line) => line.includes('"message":"started"'))!;
    const { admin } = JSON.parse(started) as { admin: string };
    const url = out.trim();
    const bystander = new Bystander(await Player.enter(url, "Bystander"));
    return new Stage({ url, adminUrl: admin, child, folder, bystander, log: () => log });
  }

  /** A ticket as the server itself would issue it, of a new player unless said otherwise. */
  ticket(fields: Partial<Ticket> = {}): string {
    const number = ++this.#tickets;
    return issueTicket(
      {
        playerId: number.toString(16).padStart(32, "0"),
        name: `Guest ${number}`,
        issuedAt: 0,
        // No clock: a ticket far beyond every test's time.
        expiresAt: Number.MAX_SAFE_INTEGER - HOUR_MS,
        ...fields,
      },
      this.#key,
    );
  }

  /** Tickets of so many new players. */
  tickets(count: number): string[] {
    return Array.from({ length: count }, () => this.ticket());
  }

  /** The server's own key: for tickets that are signed rightly and say something absurd. */
  get key(): Uint8Array {
    return this.#key;
  }

  async stats(): Promise<Stats> {
    return (await (await fetch(`${this.adminUrl}/stats`)).json()) as Stats;
  }

  async holdings(): Promise<Holdings> {
    const { net, shards } = await this.stats();
    const sum = (name: string) => shards.reduce((total, { counters }) => total + counters[name]!, 0);
    return {
      connections: net.counters.connections!,
      live: net.counters.sessions_live!,
      suspended: net.counters.sessions_suspended!,
      members: sum("members"),
      rooms: sum("rooms"),
    };
  }

  /** Nothing of any attacker is left, no thread died, and the bystander saw nothing of it. */
  async isCalm(): Promise<void> {
    const alone = { connections: 1, live: 1, suspended: 0, members: 1 };
    let last: Holdings | undefined;
    await until("only the bystander is left", async () => {
      last = await this.holdings();
      const { rooms, ...rest } = last;
      return JSON.stringify(rest) === JSON.stringify(alone) && rooms === this.bystander.roomCount;
    }).catch((error: Error) => assert.fail(`${error.message}: ${JSON.stringify(last)}`));
    const { shards, notReady } = await this.stats();
    assert.deepEqual(notReady, []);
    assert.ok(
      shards.every(({ restarts }) => restarts === 0),
      "no shard died",
    );
    await this.bystander.player.until(
      "the bystander sees no attacker",
      () =>
        [...this.bystander.player.client.world.entities.keys()].filter((id) => id < 0x8000_0000).length === 1,
    );
    await this.bystander.isUndisturbed();
  }

  /** Stops the server, which must end with 0 and have logged nothing to worry about. */
  async close(): Promise<void> {
    try {
      if (this.#child.exitCode === null) {
        await this.bystander.leave();
        this.#child.kill("SIGTERM");
        await once(this.#child, "close");
      }
      assert.equal(this.#child.exitCode, 0, `${this.#child.signalCode} ${this.#log()}`);
      const worries = this.#log()
        .split("\n")
        .filter((line) => line !== "" && !line.includes('"level":"info"') && !line.includes("cores"));
      assert.deepEqual(worries, []);
    } finally {
      this.#child.kill("SIGKILL");
      rmSync(this.#folder, { recursive: true });
    }
  }
}

/** A suite over each transport: one stage for its tests, which may use it at once; calm and a stop in order afterwards. */
export function overEach(name: string, tests: (stage: () => Stage, transport: TransportName) => void): void {
  for (const transport of transports) {
    describe(`${name} over ${transport}`, () => {
      let stage: Stage | undefined;
      before(async () => {
        stage = await Stage.open(transport);
      });
      after(async () => {
        try {
          await stage?.isCalm();
        } finally {
          await stage?.close();
        }
      });
      tests(() => stage!, transport);
    });
  }
}

/** Several at a time: a server serves them side by side, and the test takes a fraction of the time. */
export async function sideBySide<Item>(
  items: readonly Item[],
  attack: (item: Item) => Promise<void>,
): Promise<void> {
  const left = [...items];
  await Promise.all(
    Array.from({ length: SIDE_BY_SIDE }, async () => {
      for (let item = left.pop(); item !== undefined; item = left.pop()) await attack(item);
    }),
  );
}
