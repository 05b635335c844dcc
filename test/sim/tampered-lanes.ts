/** Lanes with a planted bug's fingers in them. */
import type { LaneWriter } from "../../engine/lane/lane.js";
import { toShard } from "../../engine/lane/to-shard.js";
import type { NetLanes } from "../../net/net-lanes.js";
import type { PlantedBug } from "./planted-bugs.js";

/** Net's lanes to the shards, and what it knows of the journal. */
export function tamperedNet(lanes: NetLanes, bug: PlantedBug | undefined): NetLanes {
  if (bug?.isDurableEarly === true) lanes.control.durable = () => 0x7fff_ffff;
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

/** A lane from persistence. */
export function tamperedWriter(lane: LaneWriter, bug: PlantedBug | undefined): LaneWriter {
  const tamper = bug?.fromStore;
  if (tamper === undefined) return lane;
  const send = lane.sendWriter.bind(lane);
  lane.sendWriter = (type, out) => {
    const tampering = tamper(type);
    if (tampering === "twice") send(type, out);
    return tampering === "drop" || send(type, out);
  };
  return lane;
}
