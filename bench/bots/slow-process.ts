/** Entry of a process of clients who stop reading for a while. */
import { runSlowFleet, type SlowFleetOptions, type SlowReport } from "./slow-fleet.js";
import { serveOrder } from "./told-process.js";

/** After "resuming" it waits to hear "resume". */
export type SlowNews = "ready" | "resuming";

serveOrder<SlowFleetOptions, SlowNews, SlowReport>((options, tell, heard) =>
  runSlowFleet(options, {
    onReady: () => tell("ready"),
    onResuming: () => {
      tell("resuming");
      return heard("resume");
    },
    heard,
  }),
);
