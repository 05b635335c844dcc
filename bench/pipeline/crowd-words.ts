/** What the process that measures and the crowd in its network thread say to each other, over a broadcast channel. */
import type { TallySnapshot } from "../bots/tally.js";

export const CROWD_CHANNEL = "gridshard-bench-crowd";

export type ToCrowd =
  /** Come in, as fast as this. */
  | { readonly say: "enter"; readonly clients: number; readonly perSecond: number; readonly seed: number }
  /** From here on it counts. */
  | { readonly say: "begin" }
  /** Tell what was counted since. */
  | { readonly say: "report" };

export type FromCrowd =
  | { readonly say: "entered" }
  | { readonly say: "begun" }
  | { readonly say: "report"; readonly report: CrowdReport };

export interface CrowdReport {
  readonly clients: number;
  /** To all clients. */
  readonly messages: number;
  readonly bytes: number;
  readonly movesSent: number;
  /** Time of the network thread in which the crowd sent, which is mostly the gateway's taking it in. */
  readonly sendingMs: number;
  /** Time in which those clients that read what they are sent read it. */
  readonly readingMs: number;
  /** How late moves were sent. */
  readonly sendLateness: TallySnapshot;
  /** How late frames came to those who read, from the best of the window on. */
  readonly lateness: TallySnapshot;
  /** Ticks that those who read were told of, the mean of them. */
  readonly ticksTold: number;
  /** Others in sight of those who read, the mean. */
  readonly inSight: number;
  /** Clients that read and do not see themselves. */
  readonly unplaced: number;
  readonly errors: number;
  readonly errorSamples: readonly string[];
}
