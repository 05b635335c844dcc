/** Entry of a whole run of the suite slow-clients, in a network of its own. */
import { runSlowRound, type SlowPlan, type SlowRun } from "../slow-round.js";
import { serveOrder } from "./told-process.js";

serveOrder<SlowPlan, never, SlowRun>((plan) => runSlowRound(plan));
