/**
 * What a client costs the more there are, and the more shards there are: CPU of the whole server process for each client
 * and tick, beside a bare server that sends each of them the same bytes; and the most clients whose frames come in time.
 * The clients run on the same machine, and what they cost it is shown beside: with few cores they are the limit, too.
 */
import type { LoadedRun } from "./loaded-run.js";
import { type BenchOptions, type Figures, type Measured, measuredOf, type Want } from "./measured.js";
import { median } from "./median.js";
import type { Plot, PlotLine, PlotPoint } from "./plot.js";
import { measureRounds } from "./rounds.js";
import {
  floors,
  runBare,
  runServer,
  secondsOf,
  serverName,
  TICK_HZ,
  TICK_MS,
  told,
  type Wandering,
} from "./wander.js";

interface Plan {
  readonly clientCounts: readonly number[];
  readonly shardCounts: readonly number[];
  /** How many clients there are with each number of shards. */
  readonly shardClients: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly connectsPerSecond: number;
}
const full: Plan = {
  clientCounts: [250, 500, 1000, 2000, 3000, 3500, 4000, 5000],
  shardCounts: [1, 2, 4],
  shardClients: 2000,
  seconds: 5,
  warmupSeconds: 8,
  connectsPerSecond: 1000,
};
const small: Plan = {
  clientCounts: [10, 20],
  shardCounts: [1, 2],
  shardClients: 20,
  seconds: 0.6,
  warmupSeconds: 0.2,
  connectsPerSecond: 500,
};

const SUITE = "scale";
const CLIENTS_MOST_WANTED = 4000;
const MOST_CASE = `most people whose frames come within a tick of ${TICK_MS} ms at the 99th percentile`;

/** A number of people on a number of shards. */
interface Point {
  readonly clients: number;
  readonly shards: number;
}

export async function run(options: BenchOptions): Promise<Measured[]> {
  const base = options.smoke ? small : full;
  const plan = { ...base, seconds: options.seconds ?? base.seconds };
  const points: readonly Point[] = [
    ...plan.clientCounts.map((clients) => ({ clients, shards: 1 })),
    ...plan.shardCounts
      .filter((shards) => shards !== 1)
      .map((shards) => ({ clients: plan.shardClients, shards })),
  ];
  const learned = new Map<number, LoadedRun>();
  const subjects = points.flatMap(({ clients, shards }) => {
    const load: Wandering = { ...plan, clients };
    const server = {
      name: keyOf(clients, serverName(shards)),
      measure: async () => {
        const run = await runServer(load, shards);
        if (shards === 1) learned.set(clients, run);
        return told(serverName(shards), run);
      },
    };
    if (shards !== 1) return [server];
    const bare = {
      name: keyOf(clients, floors.sendEach),
      measure: async () => told(floors.sendEach, await runBare(load, floors.sendEach, learned.get(clients)!)),
    };
    return [server, bare];
  });
  const meanClients = points.reduce((sum, { clients }) => sum + clients, 0) / points.length;
  const secondsEach = secondsOf({ ...plan, clients: meanClients });
  const figures = await measureRounds({ title: SUITE, rounds: options.rounds ?? 1, secondsEach, subjects });
  return [...measuredAt(points, figures, plan.seconds), ...mostOf(plan.clientCounts, figures)];
}

const keyOf = (clients: number, subject: string) => `${clients} people, ${subject}`;
const caseOf = (clients: number) => `${clients.toLocaleString("en")} people at ${TICK_HZ} Hz`;

function measuredAt(
  points: readonly Point[],
  figures: ReadonlyMap<string, readonly Figures[]>,
  seconds: number,
): Measured[] {
  const wants: readonly Want[] = [
    { figure: "usPerClientTick", floor: floors.sendEach },
    { figure: "errors", atMost: 0 },
  ];
  const counts = [...new Set(points.map(({ clients }) => clients))];
  return counts.flatMap((clients) => {
    const each = { suite: SUITE, case: caseOf(clients), clients, seconds };
    const rounds = (subject: string) => figures.get(keyOf(clients, subject))!;
    return [
      ...points
        .filter((point) => point.clients === clients)
        .map(({ shards }) => {
          const subject = serverName(shards);
          return measuredOf({ ...each, subject, shards, rounds: rounds(subject), wants });
        }),
      measuredOf({ ...each, subject: floors.sendEach, rounds: rounds(floors.sendEach) }),
    ];
  });
}

/**
 * The most clients such that neither they nor fewer got their frames late in the middle of the rounds; and of the bare
 * server, which shows where the machine ends.
 */
function mostOf(
  clientCounts: readonly number[],
  figures: ReadonlyMap<string, readonly Figures[]>,
): Measured[] {
  const most = (subject: string): Figures[] => {
    const isLate = (clients: number) =>
      !(median(figures.get(keyOf(clients, subject))!.map(({ lateMsP99 }) => lateMsP99!)) <= TICK_MS);
    const late = clientCounts.findIndex(isLate);
    const inTime = late === -1 ? clientCounts : clientCounts.slice(0, late);
    return [{ clientsMost: inTime.at(-1) ?? 0 }];
  };
  const each = { suite: SUITE, case: MOST_CASE };
  const wants: Want[] = [
    { figure: "clientsMost", atLeast: CLIENTS_MOST_WANTED },
    { figure: "clientsMost", floor: floors.sendEach },
  ];
  const subject = serverName(1);
  return [
    measuredOf({ ...each, subject, shards: 1, rounds: most(subject), wants }),
    measuredOf({ ...each, subject: floors.sendEach, rounds: most(floors.sendEach) }),
  ];
}

export function plotsOf(measured: readonly Measured[]): Plot[] {
  const cost = ({ figures }: Measured) => figures.usPerClientTick!;
  const servers = measured.filter(({ shards, clients }) => shards !== undefined && clients !== undefined);
  const bare = measured.filter(
    ({ subject, clients }) => subject === floors.sendEach && clients !== undefined,
  );
  // Who cannot keep the rate looks cheap: some of the work is not done.
  const pointAt = (x: number, each: Measured): PlotPoint => ({
    x,
    y: cost(each),
    isHollow: each.figures.lateMsP99! > TICK_MS,
  });
  const overClients = (of: readonly Measured[]) =>
    of.map((each) => pointAt(each.clients!, each)).sort((a, b) => a.x - b.x);
  const several = servers.find(({ shards }) => shards! > 1)?.clients;
  const sharded = servers.filter(({ clients }) => clients === several);
  const floor = bare.find(({ clients }) => clients === several);
  const bareLine = (points: PlotLine["points"]): PlotLine => ({
    name: "bare uWebSockets.js, the same bytes",
    points,
    isDashed: true,
  });
  const yLabel = "µs of CPU for each client and tick; a ring: frames later than a tick at p99";
  return [
    {
      name: "scale-clients",
      title: "Cost of a client, over the number of clients (one shard)",
      xLabel: "clients",
      yLabel,
      lines: [
        { name: "gridshard", points: overClients(servers.filter(({ shards }) => shards === 1)) },
        bareLine(overClients(bare)),
      ],
    },
    {
      name: "scale-shards",
      title: `Cost of a client, over the number of shards (${several?.toLocaleString("en")} clients)`,
      xLabel: "shards",
      yLabel,
      xMin: 1,
      xMarks: sharded.map(({ shards }) => shards!),
      lines: [
        { name: "gridshard", points: sharded.map((each) => pointAt(each.shards!, each)) },
        bareLine(floor === undefined ? [] : sharded.map((each) => pointAt(each.shards!, floor))),
      ],
    },
  ];
}
