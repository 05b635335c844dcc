/**
 * The composition root: from a config to a running server. Makes what the threads share, starts them, watches
 * them, and ends them in the order in which nothing is lost.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AdminServer } from "./control/admin.js";
import { preferShortPauses } from "./control/garbage.js";
import { assignPartition, partition } from "./control/partition.js";
import { RestartBudget } from "./control/restart-budget.js";
import { loadServerKey } from "./control/server-key.js";
import { ServerView } from "./control/server-view.js";
import { startShardThread } from "./control/shard-pool.js";
import { listenRefused, StartRefused, storeRefused, urlOf, warnOfCores } from "./control/start-refused.js";
import { runStopSteps, type StopStep } from "./control/stop-steps.js";
import { type FatalEnd, reasonOf, ShardSupervisor } from "./control/supervisor.js";
import { TableFiles } from "./control/table-files.js";
import { ThreadWatch } from "./control/thread-watch.js";
import type { Config } from "./engine/config-schema.js";
import { limits } from "./engine/limits.js";
import { createLog, type Log } from "./engine/log.js";
import type { ControlBlock } from "./engine/memory/control-block.js";
import { Doorbell } from "./engine/memory/doorbell.js";
import { netMetric } from "./engine/metrics.js";
import { packageRoot } from "./engine/package-root.js";
import { type GameCatalogue, GameInvalid, loadGames } from "./engine/room/load-games.js";
import { tablesFolder } from "./engine/room/table-folder.js";
import { createGrid } from "./engine/space/grid.js";
import { type Clock, systemClock } from "./engine/time.js";
import { exitCodes } from "./engine/wire/codes.js";
import { createWiring, type Wiring } from "./engine/wiring.js";
import { NetProxy } from "./net/net-proxy.js";
import { DataFolder, DataFolderOwned, DataFolderUnusable } from "./persistence/data-folder.js";
import { PersistenceProxy } from "./persistence/persistence-proxy.js";

export { StartRefused } from "./control/start-refused.js";
export { ConfigInvalid, type LoadedConfig, loadConfig } from "./engine/config.js";
export type { Config } from "./engine/config-schema.js";

export interface ServerOptions {
  readonly clock?: Clock;
  /** Default: JSON lines to stderr, at the config's level. Worker threads write their own. */
  readonly log?: Log;
  /** The memory that the threads will share, for tests that look inside. */
  readonly wiring?: Wiring;
  /** Without sockets, for benches: a module's URL, see net/net-proxy.ts. */
  readonly transport?: string;
}

export interface RunningServer {
  /** The game page. */
  readonly url: string;
  readonly adminUrl: string;
  /** What the threads share of their state. */
  readonly control: ControlBlock;
  /** Settles with the process's exit code when every thread has ended, however that came about. Never rejects. */
  readonly closed: Promise<number>;
  /** Ends everything in order: players leave, shards save, rows are applied. Settles when it is done. */
  stop(): Promise<void>;
  /** Ends at once: closes the sockets and leaves the rest. `closed` then settles with a failure. */
  abandon(): Promise<void>;
  /** Terminates a shard's thread where it stands, as a crash would. */
  killShard(shard: number): void;
  /** False while process.exit would abort the process: a thread with open sockets does not survive it. */
  readonly canExit: boolean;
}

/**
 * Starts a server and settles when players can connect.
 * @throws StartRefused when things as they are do not allow it; whatever was begun has been ended
 */
export async function startServer(config: Config, options: ServerOptions = {}): Promise<RunningServer> {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? createLog("main", { level: config.log.level, wallMs: clock.wallMs });
  const games = await gamesOf(config);
  const folder = acquireFolder(config);
  preferShortPauses();
  const server = new Server({
    config,
    clock,
    log,
    games,
    folder,
    wiring: options.wiring ?? createWiring(config),
    ...(options.transport === undefined ? {} : { transport: options.transport }),
  });
  try {
    await server.start();
  } catch (error) {
    await server.end({ code: exitCodes.failed, reason: "the start failed" });
    throw error;
  }
  return server;
}

/** The version of this package. */
export function packageVersion(): string {
  const text = readFileSync(join(packageRoot(), "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

interface ServerParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly games: GameCatalogue;
  readonly folder: DataFolder;
  readonly wiring: Wiring;
  readonly transport?: string;
}

/** How often the start, or a stop, looks at a fact in shared memory. */
const LOOK_MS = 5;

class Server implements RunningServer {
  readonly closed: Promise<number>;
  readonly control: ControlBlock;
  url = "";
  adminUrl = "";
  readonly #parts: ServerParts;
  readonly #wiring: Wiring;
  readonly #view: ServerView;
  readonly #supervisor: ShardSupervisor;
  readonly #doorbells: readonly Doorbell[];
  readonly #watch: ThreadWatch;
  #persistence: PersistenceProxy | null = null;
  #net: NetProxy | null = null;
  #admin: AdminServer | null = null;
  #tables: TableFiles | null = null;
  #ending: Promise<void> | null = null;
  #fatal: FatalEnd | null = null;
  #isAbandoned = false;
  #isNetGone = true;
  #isPersistenceGone = true;
  #close: (code: number) => void = () => {};

  constructor(parts: ServerParts) {
    const { config, clock, log, games } = parts;
    this.#parts = parts;
    this.#wiring = parts.wiring;
    const { doorbells } = this.#wiring;
    this.#doorbells = [doorbells.net, doorbells.store, ...doorbells.shards].map(
      (memory) => new Doorbell(memory),
    );
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
    const entry = new URL("./shards/shard-worker.js", import.meta.url);
    this.#view = new ServerView({
      config,
      wiring: this.#wiring,
      clock,
      version: packageVersion(),
      roomTypes: [...games.rooms.keys()],
      hasShardBeaten: (shard) => this.#supervisor.hasBeaten(shard),
      shardRestarts: (shard) => this.#supervisor.restarts(shard),
      tables: () => this.#tables?.describe() ?? null,
    });
    this.control = this.#view.control;
    this.#supervisor = new ShardSupervisor({
      shardCount: config.shards.count,
      control: this.control,
      budget: new RestartBudget(clock, {
        restartsMax: config.shards.restartsMax,
        windowMs: config.shards.restartWindowSeconds * 1000,
      }),
      clock,
      log,
      startShard: (shard, incarnation) =>
        startShardThread(entry, { wiring: this.#wiring, config, shard, incarnation }),
      onFatal: (end) => this.#onFatal(end),
    });
    this.#watch = new ThreadWatch({ view: this.#view, supervisor: this.#supervisor, clock, log });
  }

  async start(): Promise<void> {
    const { config, clock, log, folder, games } = this.#parts;
    const ticketKey = loadServerKey(folder.file("server.key"));
    const grid = createGrid(config.world.widthCells, config.world.heightCells, config.world.cellSizeMeters);
    assignPartition(this.#view.ownership, partition(grid, config.shards.count));
    warnOfCores(config, log);
    // Before any shard: they read what it puts in force.
    this.#tables = new TableFiles({
      specs: games.tables ?? { list: [], checks: [] },
      folder: tablesFolder(folder.path),
      operatorFolder: config.tables.folder,
      log,
      onChange: () => this.control.raiseTablesVersion(),
    });
    this.#tables.watch();
    this.#admin = await AdminServer.open(this.#view, { ...config.admin, log }).catch(
      listenRefused(config, "admin"),
    );
    this.adminUrl = this.#admin.url;
    this.#persistence = await PersistenceProxy.start({ wiring: this.#wiring, config, folder }).catch(
      storeRefused,
    );
    this.#isPersistenceGone = false;
    this.#persistence.ended.then(
      () => this.#onThreadGone("persistence", null),
      (error: unknown) => this.#onThreadGone("persistence", error),
    );
    const { lastTick, incarnation } = this.#persistence.before;
    // Ticks go on where the journal ends, so that nothing in it is of a tick still to come.
    this.control.originMs = clock.nowMs() - (lastTick + 1) * (1000 / config.world.tickHz);
    this.control.setIncarnationBase(incarnation);
    this.#supervisor.start();
    this.#watch.open();
    const { transport } = this.#parts;
    const task = { wiring: this.#wiring, config, ticketKey };
    this.#net = await NetProxy.start(transport === undefined ? task : { ...task, transport }).catch(
      listenRefused(config, "net"),
    );
    this.#isNetGone = false;
    this.#net.ended.then(
      () => this.#onThreadGone("net", null),
      (error: unknown) => this.#onThreadGone("net", error),
    );
    this.#view.isStarted = true;
    await until(() => this.#fatal !== null || this.#view.notReady().length === 0);
    if (this.#fatal !== null) throw new StartRefused(this.#fatal.code, this.#fatal.reason);
    this.url = urlOf(config.net.host, this.#net.port);
    log.info("started", { url: this.url, admin: this.adminUrl, shards: config.shards.count });
  }

  stop(): Promise<void> {
    return this.end({ code: exitCodes.ok, reason: "asked to stop" });
  }

  killShard(shard: number): void {
    this.#supervisor.kill(shard, "killed on request");
  }

  /** Ends the server, once. A later call waits for the first. */
  end(end: FatalEnd): Promise<void> {
    this.#ending ??= this.#end(end);
    return this.#ending;
  }

  /** Closes the sockets, within a bound: a thread that does not answer cannot be helped. */
  async abandon(): Promise<void> {
    this.#isAbandoned = true;
    const net = this.#net;
    if (net === null || this.canExit) return;
    await Promise.race([net.stop().catch(() => {}), sleep(limits.stopReportMsMax)]);
  }

  get canExit(): boolean {
    return this.#isNetGone;
  }

  async #end(end: FatalEnd): Promise<void> {
    const { config, clock, log, folder } = this.#parts;
    if (end.code === exitCodes.ok) log.info("stopping", { reason: end.reason });
    const unfinished = await runStopSteps(this.#stopSteps(config.stop.deadlineMs), clock);
    this.#watch.close();
    this.#tables?.close();
    await this.#admin?.close();
    if (unfinished !== null) log.error("the stop is not complete", { unfinished });
    if (this.#isNetGone && this.#isPersistenceGone) folder.release();
    const isClean = unfinished === null && !this.#isAbandoned;
    const code = end.code === exitCodes.ok && !isClean ? exitCodes.failed : end.code;
    log.info("stopped", { code });
    this.#close(code);
  }

  /** Each step has its share of the time, so that what is stuck in one does not cost the others theirs. */
  #stopSteps(totalMs: number): StopStep[] {
    const rowsByMs = this.#parts.clock.nowMs() + totalMs;
    return [
      {
        name: "players leave",
        byMs: totalMs * 0.4,
        run: async () => {
          this.#setPhase("draining");
          // With the net thread gone nobody is left to count them down.
          await until(() => this.#isNetGone || this.#isNetEmpty());
        },
      },
      {
        name: "shards end",
        byMs: totalMs * 0.7,
        run: async () => {
          this.#setPhase("stopping");
          await this.#supervisor.ended();
        },
        giveUp: async () => {
          for (const shard of this.#supervisor.running()) {
            this.#supervisor.kill(shard, "it did not end in time; what it had not saved is lost");
          }
          await this.#supervisor.ended();
        },
      },
      { name: "sockets close", byMs: totalMs * 0.8, run: async () => this.#net?.stop() },
      {
        // What the store has not got by then stays in the journal, for the next start.
        name: "rows are kept",
        byMs: totalMs + limits.stopReportMsMax,
        run: async () => {
          const left = await this.#persistence?.stop(rowsByMs);
          if (left !== undefined && left.rowsLost > 0)
            throw new Error(`the journal could not be written: ${left.rowsLost} rows are lost`);
        },
      },
    ];
  }

  #isNetEmpty(): boolean {
    const { net } = this.#view;
    const gauges = [netMetric.connections, netMetric.sessions_live, netMetric.sessions_suspended];
    return gauges.every((index) => net.get(index) === 0);
  }

  #setPhase(phase: "draining" | "stopping"): void {
    this.control.setPhase(phase);
    for (const doorbell of this.#doorbells) doorbell.ring();
  }

  /** Net and persistence hold what nobody else has: sockets, and rows on their way. So the server ends with them. */
  #onThreadGone(thread: "net" | "persistence", error: unknown): void {
    if (thread === "net") this.#isNetGone = true;
    else this.#isPersistenceGone = true;
    if (this.#ending !== null) return;
    const reason = `the ${thread} thread ended (${reasonOf(error)}): report it with the log; the process must be started again`;
    this.#onFatal({ code: exitCodes.internal, reason });
  }

  #onFatal(end: FatalEnd): void {
    this.#parts.log.error("the server cannot go on", { reason: end.reason, code: end.code });
    this.#fatal ??= end;
    void this.end(end);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Waits for a fact that others write to shared memory. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(LOOK_MS);
}

async function gamesOf(config: Config): Promise<GameCatalogue> {
  let games: GameCatalogue;
  try {
    games = await loadGames(config.games, config.world.field);
  } catch (error) {
    if (error instanceof GameInvalid)
      throw new StartRefused(exitCodes.config, error.message, { cause: error });
    throw error;
  }
  const strangers = Object.keys(config.rooms).filter((type) => !games.rooms.has(type));
  if (strangers.length > 0) {
    const known = [...games.rooms.keys()].join(", ");
    const list = strangers.map((type) => `rooms.${type}: there is no such room type, want one of ${known}`);
    throw new StartRefused(exitCodes.config, list.join("\n"));
  }
  return games;
}

function acquireFolder(config: Config): DataFolder {
  try {
    return DataFolder.acquire(config.dataFolder);
  } catch (error) {
    if (!(error instanceof DataFolderUnusable || error instanceof DataFolderOwned)) throw error;
    const message = `${error.message} (dataFolder, GRIDSHARD_DATA_FOLDER)`;
    throw new StartRefused(exitCodes.dataFolder, message, { cause: error });
  }
}
