/** Entry of the process of clients: told what to run, it reports and ends. */
import { once } from "node:events";
import { type PeerFleetReport, runPeerFleet } from "./fleet.js";
import type { PeerLoad } from "./peer-client.js";

/** To the process; it waits for "go" after each milestone. */
export type PeerOrder = { readonly type: "run"; readonly load: PeerLoad } | { readonly type: "go" };
export type PeerNews =
  | { readonly type: "warm" | "windowEnd" }
  | { readonly type: "report"; readonly report: PeerFleetReport }
  | { readonly type: "failed"; readonly problem: string };

const say = (news: PeerNews) => new Promise<void>((resolve) => process.send!(news, () => resolve()));

async function meet(type: "warm" | "windowEnd"): Promise<void> {
  const go = once(process, "message");
  await say({ type });
  await go;
}

process.on("disconnect", () => process.exit(1));
process.once("message", (order: PeerOrder) => {
  if (order.type !== "run") return;
  runPeerFleet(order.load, { onWarm: () => meet("warm"), onWindowEnd: () => meet("windowEnd") })
    .then((report) => say({ type: "report", report }))
    .catch((error: Error) => say({ type: "failed", problem: error.stack ?? error.message }))
    .then(() => process.exit(0));
});
