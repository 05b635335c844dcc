/**
 * What a suite hands to `npm run bench`: the figures of one subject in one case, and what they are held against. Figures
 * have one name everywhere, the same in JSON, in saved runs and in plots; a name ends in its unit.
 */
import { median } from "./median.js";

interface FigureKind {
  readonly label: string;
  readonly unit: string;
  /** Which way is better; less, where nothing is said; "neither" for what only describes the load. */
  readonly better?: "more" | "neither";
  /** Counts of what must not happen are summed over the rounds: a median would hide the one that did. */
  readonly isSummed?: true;
}

/** Every figure there is, with the words and the unit that people are shown. */
export const figureCatalogue = {
  cpuCores: { label: "CPU of the server", unit: "cores" },
  kernelCores: { label: "what of that the kernel spent for it", unit: "cores" },
  netCores: { label: "CPU of the net thread", unit: "cores" },
  shardCores: { label: "CPU of the shard threads", unit: "cores" },
  persistenceCores: { label: "CPU of the persistence thread", unit: "cores" },
  restCores: { label: "CPU of main, compilers and collectors", unit: "cores" },
  generatorCores: { label: "CPU of the load generator", unit: "cores", better: "neither" },
  generatorLateMsP99: { label: "the generator's own lateness p99", unit: "ms", better: "neither" },
  usPerClientTick: { label: "CPU of a client and tick", unit: "µs" },
  netUsPerClientTick: { label: "net thread of that", unit: "µs" },
  intakeUsPerClientTick: { label: "of net: taking in what clients send", unit: "µs" },
  shardUsPerClientTick: { label: "shard threads of that", unit: "µs" },
  persistenceUsPerClientTick: { label: "persistence thread of that", unit: "µs" },
  restUsPerClientTick: { label: "main, compilers, collectors of that", unit: "µs" },
  clientTicksPerSecond: { label: "ticks of clients", unit: "/s", better: "more" },
  ticksLate: { label: "ticks late, given up or not awaited", unit: "" },
  bytesPerClientSecond: { label: "received by a client", unit: "B/s" },
  messagesPerClientSecond: { label: "messages to a client", unit: "/s" },
  ticksPerSecond: { label: "ticks that clients are told of", unit: "/s", better: "neither" },
  inSight: { label: "others in sight", unit: "entities", better: "neither" },
  lateMsP50: { label: "frame lateness p50", unit: "ms" },
  lateMsP99: { label: "frame lateness p99", unit: "ms" },
  lateMsMax: { label: "frame lateness at most", unit: "ms" },
  effectMsP50: { label: "intent to effect p50", unit: "ms" },
  effectMsP99: { label: "intent to effect p99", unit: "ms" },
  crossingMsP99: { label: "between two cells p99", unit: "ms" },
  crossingMsMax: { label: "between two cells at most", unit: "ms" },
  staleMsP99: { label: "age of what is seen p99", unit: "ms" },
  tickMsP99: { label: "tick of a shard p99", unit: "ms" },
  wrongSights: { label: "wrongly in or out of sight", unit: "entities", isSummed: true },
  clientsMost: { label: "most clients within a tick", unit: "clients", better: "more" },
  rssMB: { label: "memory of the server", unit: "MB" },
  heapMB: { label: "heaps of the shards", unit: "MB" },
  gcMsMax: { label: "longest garbage pause", unit: "ms" },
  gcMsP50: { label: "garbage pause p50", unit: "ms" },
  gcPerSecond: { label: "garbage pauses of a shard", unit: "/s" },
  gcPercent: { label: "time of a shard in garbage pauses", unit: "%" },
  connectsPerSecond: { label: "clients placed in time", unit: "/s", better: "more" },
  inTimePercent: { label: "of those due, placed within a second", unit: "%", better: "more" },
  placedMsP50: { label: "connect to placed p50", unit: "ms" },
  placedMsP99: { label: "connect to placed p99", unit: "ms" },
  placedMsMax: { label: "connect to placed at most", unit: "ms" },
  leftBehind: { label: "sockets, sessions, members left", unit: "", isSummed: true },
  skips: { label: "skips of a slow client's state", unit: "", better: "neither" },
  growthMB: { label: "memory the server grew by meanwhile", unit: "MB" },
  keptKB: { label: "kept for a slow client", unit: "kB" },
  backlogKB: { label: "with the client's own kernel", unit: "kB" },
  currentMsMax: { label: "slow client current again, at most", unit: "ms" },
  notCurrent: { label: "slow clients not current again", unit: "clients", isSummed: true },
  eventsLost: { label: "events lost", unit: "", isSummed: true },
  fighterTicksPerSecond: { label: "ticks of fighters", unit: "/s", better: "more" },
  fighterTicksPerCpuSecond: { label: "the same, by shard CPU", unit: "/s", better: "more" },
  errors: { label: "protocol errors and lost clients", unit: "errors", isSummed: true },
  handoffs: { label: "handoffs between shards", unit: "", better: "neither" },
  reliableSent: { label: "numbered intents sent", unit: "", better: "neither" },
  reliableLost: { label: "numbered intents lost", unit: "", isSummed: true },
  duplicates: { label: "entities in two places", unit: "", isSummed: true },
  vanished: { label: "own entity gone", unit: "", isSummed: true },
  unplaced: { label: "clients that do not see themselves", unit: "clients", isSummed: true },
  membersOff: { label: "members counted by shards, off by", unit: "", isSummed: true },
  sessionsOff: { label: "sessions counted by net, off by", unit: "", isSummed: true },
  writesPerClientTick: { label: "writes to sockets, a client and tick", unit: "calls" },
  otherWritesPerTick: { label: "other writes, mostly wake-ups, a tick", unit: "calls" },
  usPerRoomTick: { label: "the shard's time of a room and tick", unit: "µs" },
  cpuUsPerRoomTick: { label: "CPU of a room and tick", unit: "µs" },
  roomsDeferred: { label: "room ticks put off for want of time", unit: "" },
  roomsMissing: { label: "rooms missing at the end", unit: "rooms", isSummed: true },
  roomsLeft: { label: "rooms left when all are over", unit: "rooms", isSummed: true },
  rowsStored: { label: "over and stored", unit: "rows", better: "neither" },
  count: { label: "count", unit: "", better: "neither" },
  cpuPercent: { label: "CPU", unit: "% core" },
  bytesEach: { label: "memory of one", unit: "B" },
  bytes: { label: "length", unit: "B" },
  perSecond: { label: "done", unit: "/s", better: "more" },
  rowsPerSecond: { label: "rows", unit: "rows/s", better: "more" },
  ns: { label: "time of one", unit: "ns" },
  us: { label: "time of one", unit: "µs" },
  usP50: { label: "time of one p50", unit: "µs" },
  usP99: { label: "time of one p99", unit: "µs" },
  usMax: { label: "time of one at most", unit: "µs" },
  ms: { label: "time", unit: "ms" },
} as const satisfies Readonly<Record<string, FigureKind>>;

export type FigureName = keyof typeof figureCatalogue;
export type Figures = Readonly<Partial<Record<FigureName, number>>>;

/** How a suite is to be run. What is not said is the suite's own choice. */
export interface BenchOptions {
  /** In small, a second or two, only to show that it works. */
  readonly smoke: boolean;
  /** Rounds of everything that is compared. */
  readonly rounds?: number;
  /** Length of one measured window, where a suite has such. */
  readonly seconds?: number;
}

/** What one figure is held against. */
export interface Want {
  readonly figure: FigureName;
  /** The subject of the same case, measured in the same run, that `ratio` divides by. */
  readonly floor?: string;
  /** Median over the rounds of this subject's figure divided by the floor's; worked out where it is not given. */
  readonly ratio?: number;
  /** Bounds of the ratio where there is one, else of the figure. Without any the comparison is only shown. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One measured subject of one case. */
export interface Measured {
  readonly suite: string;
  readonly case: string;
  readonly subject: string;
  /** Simulated clients, shards, and the length of one measured window, where there are such. */
  readonly clients?: number;
  readonly shards?: number;
  readonly seconds?: number;
  /** Medians over the rounds. */
  readonly figures: Figures;
  /** The same figures round by round, for the noise between rounds. */
  readonly rounds?: readonly Figures[];
  readonly wants?: readonly Want[];
}

export function figureNames(figures: Figures): FigureName[] {
  return Object.keys(figures) as FigureName[];
}

/** What the catalogue says of a figure. */
export function kindOf(figure: FigureName): FigureKind {
  return figureCatalogue[figure];
}

/** Medians of the figures of all rounds, and sums of what must not happen. */
export function foldRounds(rounds: readonly Figures[]): Figures {
  const names = new Set(rounds.flatMap(figureNames));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = rounds.flatMap((round) => round[name] ?? []);
      const isSummed = kindOf(name).isSummed === true;
      return [name, isSummed ? values.reduce((sum, value) => sum + value, 0) : median(values)];
    }),
  );
}

/** A subject from its rounds. */
export function measuredOf(
  parts: Omit<Measured, "figures" | "rounds"> & { readonly rounds: readonly Figures[] },
): Measured {
  return { ...parts, figures: foldRounds(parts.rounds) };
}

export type Verdict = "PASS" | "FAIL" | "";

/** A want, with what came out. */
export interface Judged {
  readonly want: Want;
  readonly value: number;
  /** Both only where there is a floor. */
  readonly floorValue?: number;
  readonly ratio?: number;
  readonly verdict: Verdict;
}

/** What became of the wants of one subject; `all` holds the floors. */
export function judge(measured: Measured, all: readonly Measured[]): Judged[] {
  return (measured.wants ?? []).map((want) => {
    const value = measured.figures[want.figure] ?? Number.NaN;
    if (want.floor === undefined) return { want, value, verdict: verdictOf(want, value) };
    const floor = all.find(
      (other) =>
        other.suite === measured.suite && other.case === measured.case && other.subject === want.floor,
    );
    const floorValue = floor?.figures[want.figure] ?? Number.NaN;
    const ratio = want.ratio ?? ratioOf(measured, floor, want.figure);
    return { want, value, floorValue, ratio, verdict: verdictOf(want, ratio) };
  });
}

/** Median of each round's ratio; the ratio of the medians where rounds do not pair. NaN where there is no floor. */
function ratioOf(measured: Measured, floor: Measured | undefined, figure: FigureName): number {
  if (floor === undefined) return Number.NaN;
  const over = measured.rounds ?? [];
  const under = floor.rounds ?? [];
  if (over.length === 0 || over.length !== under.length) {
    return (measured.figures[figure] ?? Number.NaN) / (floor.figures[figure] ?? Number.NaN);
  }
  return median(
    over.map((round, index) => (round[figure] ?? Number.NaN) / (under[index]![figure] ?? Number.NaN)),
  );
}

function verdictOf({ atLeast, atMost }: Want, judged: number): Verdict {
  if (atLeast === undefined && atMost === undefined) return "";
  // What could not be had (NaN) meets no bound.
  const isMet = (atLeast === undefined || judged >= atLeast) && (atMost === undefined || judged <= atMost);
  return isMet ? "PASS" : "FAIL";
}
