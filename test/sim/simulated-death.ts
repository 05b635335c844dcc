import { AssertionFailed } from "../../engine/assert.js";

/** Ends the shard that runs into it, in the middle of its tick, as any assertion of ours does. */
export class SimulatedDeath extends AssertionFailed {
  constructor() {
    super("the simulation ends this shard in the middle of a tick");
  }
}
