/** Entry of a process of clients who come and go. */
import { type ChurnOptions, type ChurnReport, runChurn } from "./churn.js";
import { serveOrder } from "./told-process.js";

export type ChurnNews = "windowStart" | "windowEnd";

serveOrder<ChurnOptions, ChurnNews, ChurnReport>((options, tell) =>
  runChurn(options, {
    onWindowStart: () => tell("windowStart"),
    onWindowEnd: () => tell("windowEnd"),
  }),
);
