/**
 * The load of the suites world and scale: people who wander over a world that grows with their number, so that each
 * sees about as many others whatever their number; and the bare servers it is held against.
 */
import { gameModule } from "./child-server.js";
import { floorOf } from "./floor-run.js";
import type { FloorOptions } from "./floor-server.js";
import { figuresOf, type LoadedRun, runFloor, runLoaded } from "./loaded-run.js";
import type { Figures } from "./measured.js";

export const TICK_HZ = 20;
export const TICK_MS = 1000 / TICK_HZ;

/** A thousand on 17 × 18 cells of 24 m: nine cells hold about 28 of them, edges reckoned in. */
const PEOPLE_PER_CELL = 1000 / (17 * 18);
/** Beyond so many, one process has no time to read all that its clients are sent; each further one wants a core of the server's. */
const CLIENTS_PER_PROCESS = 4000;
/** Of so many one reads and checks all it is sent. */
const DECODE_EVERY = 20;

/** People of bench-walk. The tolerance is the hysteresis of a border, a metre, and four steps. */
const sightCheck = {
  cellSizeMeters: 24,
  metersPerSecond: 5,
  toleranceMeters: 2,
  needsSecondLook: true,
};

export interface Wandering {
  readonly clients: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly connectsPerSecond: number;
}

/** Bare servers that send each client as many bytes as often as the server did, one way or another. */
export const floors = {
  /** One send for each client, as its bytes are its own. What any server does at the very least whose clients see different things. */
  sendEach: "bare, send each",
  /** One publish for each group of clients: stricter, for nobody's clients see the same. */
  published: "bare, published",
  /** Published in as many messages as the server sent. */
  inParts: "bare, in parts",
} as const;

export const serverName = (shards: number) =>
  shards === 1 ? "gridshard, 1 shard" : `gridshard, ${shards} shards`;

/** Cells of a world in which so many people are as dense as a thousand on 17 × 18. */
export function worldFor(clients: number): { readonly widthCells: number; readonly heightCells: number } {
  const cells = clients / PEOPLE_PER_CELL;
  const heightCells = Math.max(3, Math.floor(Math.sqrt(cells)));
  return { widthCells: Math.max(3, Math.round(cells / heightCells)), heightCells };
}

/** Start and stop of a server, settling and leaving of its clients. */
const AROUND_SECONDS = 4;

/** About how long one run of this load takes. */
export function secondsOf(load: Wandering): number {
  return load.seconds + load.warmupSeconds + load.clients / load.connectsPerSecond + AROUND_SECONDS;
}

export function runServer(load: Wandering, shards: number): Promise<LoadedRun> {
  const { cellSizeMeters } = sightCheck;
  const world = { field: "bench-walk", ...worldFor(load.clients), cellSizeMeters, tickHz: TICK_HZ };
  const config = { games: [gameModule("games-world")], world, shards: { count: shards } };
  return runLoaded({ config }, botsOf(load), { sightCheck });
}

/** `learned`: a run of the server whose bytes, and messages, the bare one sends. */
export function runBare(load: Wandering, floor: string, learned: LoadedRun): Promise<LoadedRun> {
  const bytesPerClientSecond = learned.report.kilobytesPerSecondPerClient * 1000;
  const options: FloorOptions = {
    ...floorOf({ clients: load.clients, tickHz: TICK_HZ, bytesPerClientSecond }),
    messagesPerTick: floor === floors.inParts ? messagesPerTickOf(learned) : 1,
    way: floor === floors.sendEach ? "send" : "publish",
  };
  return runFloor(options, botsOf(load));
}

export function messagesPerTickOf(run: LoadedRun): number {
  return Math.max(1, Math.round(run.report.messagesPerSecondPerClient / TICK_HZ));
}

/** The bots of this load, by the options of their command. */
export function botsOf(load: Wandering): Readonly<Record<string, string | number>> {
  return {
    clients: load.clients,
    seconds: load.seconds,
    "warmup-seconds": load.warmupSeconds,
    "intents-per-second": 10,
    "reliable-per-second": 0,
    "connects-per-second": load.connectsPerSecond,
    "decode-every": DECODE_EVERY,
    processes: Math.ceil(load.clients / CLIENTS_PER_PROCESS),
  };
}

/** Figures of a run, which is told on stderr: a long suite that says nothing cannot be judged before its end. */
export function told(subject: string, run: LoadedRun): Figures {
  const { lateness, failures } = run.report;
  const problems = failures.length === 0 ? "" : `  ${failures.join("; ")}`;
  process.stderr.write(
    `      ${subject}: ${run.cores.toFixed(3)} cores, p99 ${lateness.p99Ms} ms${problems}\n`,
  );
  const figures = figuresOf(run);
  // A tick that nobody was told of is not cheap but missing. In a crowd there is something to tell at every tick.
  const ticksTold = Math.min(TICK_HZ, run.report.messagesPerSecondPerClient);
  return { ...figures, usPerClientTick: (run.cores * 1e6) / (run.report.options.clients * ticksTold) };
}
