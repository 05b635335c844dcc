/** Entry of a process of clients who look. */
import { serveOrder } from "./told-process.js";
import { runWatchers, type WatchersOptions, type WatchReport } from "./watchers.js";

export type WatchNews = "ready";

serveOrder<WatchersOptions, WatchNews, WatchReport>((options, tell, heard) =>
  runWatchers(options, { onReady: () => tell("ready"), heard }),
);
