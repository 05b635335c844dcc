/** What goes wrong in a run, and how often. Rates are per second of simulated time. */
import type { LinkConditions } from "./sim-transport.js";

export interface Faults {
  /** Per client. */
  readonly cuts: number;
  readonly halfOpens: number;
  readonly pauses: number;
  readonly secondLogins: number;
  readonly goodbyes: number;
  /** Per shard, between two of its duty cycles or within a hook of its game. */
  readonly deaths: number;
  /** Per thread: it does not get the processor for a while. */
  readonly stalls: number;
  /** Per store. */
  readonly outages: number;
  /** The whole process: killed, or the machine's power lost. */
  readonly kills: number;
  readonly powerCuts: number;
  /** Per disk: it answers nothing for a while, or fails whatever it is asked to write. */
  readonly diskStalls: number;
  readonly diskOutages: number;
  /** Share of the disk's writes and syncs that fail by themselves. */
  readonly diskFailures: number;
  /** Share of the store's calls that fail by themselves. */
  readonly storeFailures: number;
  readonly link: LinkConditions;
  /** Bytes that the transport buffers for a connection. */
  readonly bufferedBytesMax: number;
}

export function hasCrashes({ kills, powerCuts }: Faults): boolean {
  return kills + powerCuts > 0;
}

const none: Faults = {
  cuts: 0,
  halfOpens: 0,
  pauses: 0,
  secondLogins: 0,
  goodbyes: 0,
  deaths: 0,
  stalls: 0,
  outages: 0,
  kills: 0,
  powerCuts: 0,
  diskStalls: 0,
  diskOutages: 0,
  diskFailures: 0,
  storeFailures: 0,
  link: { latencyMsMin: 1, latencyMsMax: 15, windowBytes: 65_536 },
  bufferedBytesMax: 65_536,
};

const network: Partial<Faults> = {
  cuts: 0.25,
  halfOpens: 0.04,
  secondLogins: 0.08,
  goodbyes: 0.06,
  link: { latencyMsMin: 5, latencyMsMax: 180, windowBytes: 16_384 },
};

const slow: Partial<Faults> = {
  pauses: 0.6,
  cuts: 0.05,
  link: { latencyMsMin: 5, latencyMsMax: 60, windowBytes: 600 },
  bufferedBytesMax: 2048,
};

const deaths: Partial<Faults> = { deaths: 0.25, stalls: 0.3 };
const store: Partial<Faults> = { outages: 0.3, storeFailures: 0.15, goodbyes: 0.15, secondLogins: 0.05 };
const stalls: Partial<Faults> = { stalls: 0.8 };

const kill: Partial<Faults> = { kills: 0.3, cuts: 0.05, stalls: 0.2 };
const disk: Partial<Faults> = {
  kills: 0.06,
  powerCuts: 0.06,
  diskStalls: 0.3,
  diskOutages: 0.2,
  diskFailures: 0.02,
};

export const faultFamilies = {
  calm: none,
  network: { ...none, ...network },
  slow: { ...none, ...slow },
  store: { ...none, ...store },
  stalls: { ...none, ...stalls, cuts: 0.1 },
  deaths: { ...none, ...deaths },
  kill: { ...none, ...kill },
  power: { ...none, ...kill, kills: 0, powerCuts: 0.3 },
  disk: { ...none, ...disk },
  failover: { ...none, ...deaths, stalls: 2, cuts: 0.15, secondLogins: 0.05, goodbyes: 0.05 },
  everything: {
    ...none,
    ...network,
    ...store,
    ...stalls,
    cuts: 0.12,
    pauses: 0.2,
    deaths: 0.06,
    kills: 0.04,
    powerCuts: 0.03,
    diskStalls: 0.05,
    diskOutages: 0.05,
    diskFailures: 0.005,
    link: { latencyMsMin: 2, latencyMsMax: 120, windowBytes: 1200 },
    bufferedBytesMax: 4096,
  },
} as const satisfies Record<string, Faults>;
export type FaultFamily = keyof typeof faultFamilies;
