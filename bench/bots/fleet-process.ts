/** Entry of a process of bots: told what to run, it reports and ends. */
import { once } from "node:events";
import { runFleet } from "./fleet.js";
import type { FleetNews, FleetOrder, Milestone } from "./swarm.js";

const say = (news: FleetNews) => new Promise<void>((resolve) => process.send!(news, () => resolve()));

/** Says where it is and waits for the others. */
async function meet(type: Milestone): Promise<void> {
  const go = once(process, "message");
  await say({ type });
  await go;
}

process.on("disconnect", () => process.exit(1));
process.once("message", (order: FleetOrder) => {
  if (order.type !== "run") return;
  runFleet(order.options, order.share, {
    onConnected: () => meet("connected"),
    onWarm: () => meet("warm"),
    onWindowEnd: () => meet("windowEnd"),
    onSettled: () => meet("settled"),
    onProgress: (progress) => void say({ type: "progress", progress }),
  })
    .then((report) => say({ type: "report", report }))
    .catch((error: Error) => say({ type: "failed", problem: error.stack ?? error.message }))
    .then(() => process.exit(0));
});
