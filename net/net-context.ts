/** What every part of the gateway is given: config, time, chance and the ways to the other threads. */
import type { Config } from "../engine/config-schema.js";
import type { Log } from "../engine/log.js";
import type { Clock } from "../engine/time.js";
import type { NetLanes } from "./net-lanes.js";

export interface NetContext {
  readonly config: Config;
  readonly lanes: NetLanes;
  readonly clock: Clock;
  readonly log: Log;
  /** Bytes nobody can guess. */
  readonly secretBytes: (length: number) => Uint8Array;
  readonly serverVersion: string;
}
