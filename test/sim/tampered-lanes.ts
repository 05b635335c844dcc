/** Net's lanes to the shards, with a planted bug's fingers in them. */
import { toShard } from "../../engine/lane/to-shard.js";
import type { NetLanes } from "../../net/net-lanes.js";
import type { PlantedBug } from "./planted-bugs.js";

export function tamperedLanes(lanes: NetLanes, bug: PlantedBug | undefined): NetLanes {
  const tamper = bug?.record;
  if (tamper === undefined) return lanes;
  for (const lane of lanes.toShards) {
    const send = lane.send.bind(lane);
    lane.send = (type, out) => {
      const tampering = tamper(type);
      if (tampering === "twice") send(type, out);
      return tampering === "drop" || send(type, out);
    };
    const offerIntent = lane.offerIntent.bind(lane);
    lane.offerIntent = (session, joinEpoch, room, message) => {
      const tampering = tamper(toShard.intent);
      if (tampering === "twice") offerIntent(session, joinEpoch, room, message);
      return tampering === "drop" || offerIntent(session, joinEpoch, room, message);
    };
  }
  return lanes;
}
