/**
 * What a suite hands to `npm run bench`: the figures of one subject in one case, and what they are held against. Figures
 * have one name everywhere, the same in JSON, in saved runs and in plots; a name ends in its unit.
 */

/** Every figure there is, with the words and the unit that people are shown. */
export const figureCatalogue = {
  cpuCores: { label: "CPU of the server", unit: "cores" },
  netCores: { label: "CPU of the net thread", unit: "cores" },
  shardCores: { label: "CPU of the shard threads", unit: "cores" },
  persistenceCores: { label: "CPU of the persistence thread", unit: "cores" },
  generatorCores: { label: "CPU of the load generator", unit: "cores" },
  usPerClientTick: { label: "CPU of a client and tick", unit: "µs" },
  bytesPerClientSecond: { label: "received by a client", unit: "B/s" },
  messagesPerClientSecond: { label: "messages to a client", unit: "/s" },
  inSight: { label: "others in sight", unit: "entities" },
  lateMsP50: { label: "frame lateness p50", unit: "ms" },
  lateMsP99: { label: "frame lateness p99", unit: "ms" },
  lateMsMax: { label: "frame lateness at most", unit: "ms" },
  effectMsP50: { label: "intent to effect p50", unit: "ms" },
  effectMsP99: { label: "intent to effect p99", unit: "ms" },
  staleMsP99: { label: "age of what is seen p99", unit: "ms" },
  wrongSights: { label: "wrongly in or out of sight", unit: "entities" },
  rssMB: { label: "memory of the server", unit: "MB" },
  heapMB: { label: "heaps of the shards", unit: "MB" },
  gcMsMax: { label: "longest garbage pause", unit: "ms" },
  errors: { label: "protocol errors and lost clients", unit: "errors" },
  count: { label: "count", unit: "" },
  cpuPercent: { label: "CPU", unit: "% of a core" },
  bytesEach: { label: "memory of one", unit: "B" },
  perSecond: { label: "done", unit: "/s" },
  rowsPerSecond: { label: "rows", unit: "rows/s" },
  ns: { label: "time of one", unit: "ns" },
  us: { label: "time of one", unit: "µs" },
  ms: { label: "time", unit: "ms" },
} as const satisfies Readonly<Record<string, { readonly label: string; readonly unit: string }>>;

export type FigureName = keyof typeof figureCatalogue;
export type Figures = Readonly<Partial<Record<FigureName, number>>>;

/** What one figure is held against. */
export interface Want {
  readonly figure: FigureName;
  /** The subject of the same case, measured in the same run, that `ratio` divides by. */
  readonly floor?: string;
  /** Median over the rounds of this subject's figure divided by the floor's. */
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
  /** Simulated clients, and the length of one measured window, where there are such. */
  readonly clients?: number;
  readonly seconds?: number;
  /** Medians over the rounds. */
  readonly figures: Figures;
  /** The same figures round by round, for the noise between rounds. */
  readonly rounds?: readonly Figures[];
  readonly wants?: readonly Want[];
}
